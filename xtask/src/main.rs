//! The project's commands. `cargo xtask build | demo | test [--quick] | bench | size`.
//!
//! Orchestration only: what is done to TypeScript stands in `pkg/package.json`, what is tested in `tests`.

mod alike;
mod build;
mod glue;
mod lanes;
mod setup;
mod shell;
mod short_names;
mod size;
mod test;
mod wasm;
mod wasm_names;
mod weigh;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask build            the npm package: wasm, glue, TypeScript, target/npm/bytestow-<version>.tgz
                             (--probe: the search wasm's kernels by themselves alone, into target/probe;
                              --for-tests: what the suites of tests/ need besides, so that they run alone)
cargo xtask pack             the tarball alone (BYTESTOW_ROOT: of a copy of the repository, for tests)
cargo xtask demo [PORT]      builds, and serves the page on 127.0.0.1
cargo xtask test [--quick]   everything that CI runs; --quick leaves out what takes longest
cargo xtask bench [ARGS]     ours and the peers' side by side, in ratios; ARGS go to tests/bench/run.mjs
cargo xtask size             what the package weighs, and what that is made of";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["build"] => build::package().map(drop),
        ["build", "--for-tests"] => {
            build::package().and_then(|_| build::for_tests()).and_then(|()| test::install_suites())
        }
        ["build", "--probe"] => build::probe(wasm::Effort::Most),
        ["pack"] => build::tarball().map(drop),
        ["demo", rest @ ..] => demo(rest),
        ["test"] => test::all(test::Extent::Whole),
        ["test", "--quick"] => test::all(test::Extent::Quick),
        ["bench", rest @ ..] => bench(rest),
        ["size"] => build::package().and_then(|_| size::report()),
        _ => Err(format!("usage:\n{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\n{message}");
            ExitCode::FAILURE
        }
    }
}

fn demo(args: &[&str]) -> shell::Outcome {
    build::package()?;
    build::page()?;
    let page = shell::root().join("www/dist");
    let mut command = shell::node("tests/page/demo.mjs");
    command.arg(page).args(args);
    shell::run("serve the page (Ctrl-C ends it)", &mut command)
}

fn bench(args: &[&str]) -> shell::Outcome {
    build::package()?;
    setup::npm_ci("tests/bench")?;
    setup::npm_ci("www")?;
    setup::chromium()?;
    setup::firefox()?;
    setup::redis()?;
    build::probe(wasm::Effort::Most)?;
    shell::run("bench", shell::node("tests/bench/run.mjs").args(args))
}
