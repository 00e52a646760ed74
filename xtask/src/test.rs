//! `cargo xtask test`: the one test command. Fast parts come first, and two go at a time.

use std::process::Command;
use std::time::Instant;

use crate::shell::{self, Outcome, command, root};
use crate::wasm::SEARCH;
use crate::{build, lanes, setup, size};

/// The suite that prints the table of stores and runtimes.
const GRID: &str = "test:grid";

/// How much is run.
#[derive(Clone, Copy, PartialEq)]
pub enum Extent {
    /// Everything.
    Whole,
    /// What a working day needs.
    Quick,
}

/// Runs the tests; stops at the first step that fails.
pub fn all(extent: Extent) -> Outcome {
    let began = Instant::now();
    setup::node()?;
    setup::wasm_target()?;
    setup::chromium()?;
    setup::firefox()?;
    setup::redis()?;
    setup::python()?;

    // Where what is compiled stands, cargo lets one in: these two have places of their own, for the most part.
    let package = move || {
        build::package()?;
        build::for_tests()?;
        if extent == Extent::Whole {
            install_suites()?;
        }
        python_packages()
    };
    lanes::run(vec![Box::new(move || core(extent)), Box::new(package)])?;
    suites(extent)?;

    println!("\n== what ran, in {:.0} s: {}", began.elapsed().as_secs_f64(), described(extent));
    Ok(())
}

fn described(extent: Extent) -> &'static str {
    match extent {
        Extent::Whole => "everything",
        Extent::Quick => {
            "the daily part; left out: cargo doc, the examples as programs, Firefox, Deno, Bun and newer Nodes, the faults, tabs at work and killed browsers, the broken stores, vitest, packaging, apps, traps, leaks, the page, the README's snippets, the tarball built once more, the table"
        }
    }
}

/// The Rust core: format, lints, documentation, tests.
fn core(extent: Extent) -> Outcome {
    step("cargo fmt", &mut cargo(&["fmt", "--all", "--check"]))?;
    let strict = ["--", "-D", "warnings"];
    let native = ["clippy", "--locked", "--workspace", "--all-targets", "--all-features"];
    let bindings = ["--exclude", "bytestow-wasm", "--exclude", "bytestow-wasm-search"];
    step("cargo clippy, native", cargo(&native).args(bindings).args(strict))?;
    // With vector instructions, as the search is built: without them its kernels are the native ones.
    let wasm = ["clippy", "--locked", "--all-features", "--target", "wasm32-unknown-unknown", "-p", "bytestow"];
    step(
        "cargo clippy, wasm32",
        cargo(&wasm)
            .args(["-p", "bytestow-wasm", "-p", "bytestow-wasm-search", "--target-dir", "target/search"])
            .args(strict)
            .env("RUSTFLAGS", SEARCH.flags.join(" ")),
    )?;
    step("cargo test", &mut cargo(&["test", "--locked", "-p", "bytestow", "-p", "idna"]))?;
    if extent == Extent::Whole {
        let doc = ["doc", "--locked", "--no-deps", "--all-features", "-p", "bytestow"];
        step("cargo doc, native", cargo(&doc).env("RUSTDOCFLAGS", "-D warnings"))?;
        // Where clippy has looked at what it stands on.
        step(
            "cargo doc, wasm32",
            cargo(&doc)
                .args(["-p", "bytestow-wasm", "-p", "bytestow-wasm-search", "--target", "wasm32-unknown-unknown"])
                .args(["--target-dir", "target/search"])
                .env("RUSTFLAGS", SEARCH.flags.join(" "))
                .env("RUSTDOCFLAGS", "-D warnings"),
        )?;
        for example in ["quick_start", "own_store", "embeddings_cache", "vector_index"] {
            // As the tests are compiled, and what they need with them.
            let run = ["run", "--locked", "--quiet", "--profile", "test", "--example", example];
            step(&format!("example {example}"), &mut cargo(&run))?;
        }
    }
    Ok(())
}

/// The TypeScript sources, and programs of users against the packed package.
fn typescript() -> Outcome {
    step("lint and format, pkg", command("npm", &["run", "--silent", "lint"]).current_dir(root().join("pkg")))?;
    step(
        "lint and format, tests and page",
        command("npm", &["run", "--silent", "lint"]).current_dir(root().join("tests")),
    )?;
    step("types of users' programs", command("npm", &["run", "--silent", "types"]).current_dir(root().join("tests")))
}

/// The suites of `tests`, by Node's own runner; beside them what is said of the package without running it.
fn suites(extent: Extent) -> Outcome {
    let mut jobs: Vec<lanes::Job> = vec![Box::new(typescript), Box::new(size::check)];
    let mut scripts = vec!["test:search", "test:node", "test:chromium", "test:workerd"];
    if extent == Extent::Whole {
        scripts.extend(["test:broken", "test:vitest", "test:tidy", "test:page", "test:faults"]);
        // The longest that are left first: what begins last should not go on alone.
        scripts.extend(["test:endurance", "test:tabs"]);
        scripts.extend(["test:packaging", "test:traps", "test:runtimes", "test:web", "test:services", "test:firefox"]);
        scripts.push("test:reproducible");
    }
    jobs.extend(scripts.into_iter().map(|script| Box::new(move || suite(script)) as lanes::Job));
    let done = lanes::run(jobs);
    if extent == Extent::Whole {
        // Last, of what all the others have found: what has run is shown also where one failed, and which cells are empty.
        let shown = suite(GRID);
        return done.and(shown);
    }
    done
}

fn suite(script: &str) -> Outcome {
    step(script, command("npm", &["run", "--silent", script]).current_dir(root().join("tests")))
}

/// What suites need that have packages of their own: runtimes, and the tools of other people's apps.
pub fn install_suites() -> Outcome {
    for folder in ["tests/runtimes", "tests/packaging/declarations", "tests/apps/web", "tests/apps/services"] {
        setup::npm_ci(folder)?;
    }
    Ok(())
}

/// Those of LangChain for Python. The suites that use them run at once, and each would install them.
fn python_packages() -> Outcome {
    let install = "import('./support/venv.mjs').then(({ venv }) => venv())";
    step("pip install", command("node", &["--eval", install]).current_dir(root().join("tests")))
}

fn step(what: &str, command: &mut Command) -> Outcome {
    shell::run(what, command)
}

fn cargo(args: &[&str]) -> Command {
    command("cargo", args)
}
