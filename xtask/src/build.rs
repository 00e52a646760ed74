//! The npm package, from Rust to tarball.

use std::path::{Path, PathBuf};

use crate::shell::{self, Outcome, command, root, write};
use crate::wasm::Effort;
use crate::{setup, wasm};

/// What the package has of wasm.
const MODULES: [wasm::Module; 2] = [wasm::STORES, wasm::SEARCH];

/// What is packed besides the code.
const TEXTS: [&str; 4] = ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"];

/// Builds and packs the package, and unpacks it where the tests import it from. Gives the tarball's path.
pub fn package() -> Result<PathBuf, String> {
    setup::npm_ci("tests")?;
    let tarball = tarball()?;
    unpack(&tarball, &root().join("tests/node_modules/bytestow"))?;
    Ok(tarball)
}

/// Builds and packs the package, and nothing else. Gives the tarball's path.
pub fn tarball() -> Result<PathBuf, String> {
    setup::node()?;
    setup::wasm_target()?;
    setup::npm_ci("pkg")?;
    let pkg = root().join("pkg");
    for module in MODULES {
        module.make(&pkg.join("src/wasm"), &[], Effort::Most)?;
    }
    contract(&pkg.join("src/testing/contract.ts"))?;
    shell::remove(&pkg.join("dist"))?;
    shell::run("compile TypeScript", command("npm", &["run", "--silent", "build"]).current_dir(&pkg))?;
    for file in MODULES.iter().flat_map(|module| [module.glue(), module.wasm()]) {
        shell::copy(&pkg.join("src/wasm").join(&file), &pkg.join("dist/wasm").join(file))?;
    }
    for file in TEXTS {
        shell::copy(&root().join(file), &pkg.join(file))?;
    }
    pack(&pkg)
}

/// What the suites of `tests` need besides the package.
pub fn for_tests() -> Outcome {
    trapping_package()?;
    probe(Effort::Little)?;
    page()
}

/// The search wasm with its kernels by themselves, for tests and, with more effort, for benches.
pub fn probe(effort: Effort) -> Outcome {
    setup::npm_ci("pkg")?;
    setup::wasm_target()?;
    wasm::SEARCH.make(&root().join("target/probe"), &["--features", "probe"], effort)
}

/// A copy of the unpacked package whose wasm has exports that trap, for the tests of survival.
fn trapping_package() -> Outcome {
    let plain = root().join("tests/node_modules/bytestow");
    let trapping = root().join("tests/node_modules/bytestow-trap");
    shell::remove(&trapping)?;
    shell::run("copy the package", command("cp", &["-r"]).arg(&plain).arg(&trapping))?;
    let glue = root().join("target/trap");
    wasm::STORES.make(&glue, &["--features", "trap"], Effort::Little)?;
    for file in [wasm::STORES.glue(), wasm::STORES.wasm()] {
        shell::copy(&glue.join(&file), &trapping.join("dist/wasm").join(file))?;
    }
    shell::copy(&glue.join("inline.ts"), &trapping.join("dist/wasm/inline.js"))
}

/// The page, over the package as a user would import it.
pub fn page() -> Outcome {
    setup::npm_ci("www")?;
    shell::run("bundle the page", &mut shell::node("www/build.mjs"))
}

/// The rules' ids and titles for the published kit. They stand once, in the core.
fn contract(path: &Path) -> Outcome {
    let mut text = String::from(
        "/** The rules of the contract, generated from the Rust core's list. */\nexport const RULE_TITLES = {\n",
    );
    for rule in bytestow::RULES.iter().filter(|rule| rule.kits != bytestow::Kits::Rust) {
        text.push_str(&format!("  {:?}: {:?},\n", rule.id, rule.title));
    }
    text.push_str("} as const;\n\n/** The id of a rule. */\nexport type RuleId = keyof typeof RULE_TITLES;\n");
    write(path, text)
}

fn pack(pkg: &Path) -> Result<PathBuf, String> {
    let out = root().join("target/npm");
    shell::remove(&out)?;
    std::fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    // npm packs the files' rights too, in which the builder's umask has a say.
    let mut chmod = command("chmod", &["-R", "u=rwX,go=rX", "dist", "package.json"]);
    shell::run("set the files' rights", chmod.args(TEXTS).current_dir(pkg))?;
    let mut npm = command("npm", &["pack", "--silent", "--pack-destination"]);
    shell::run("npm pack", npm.arg(&out).current_dir(pkg))?;
    let entry = std::fs::read_dir(&out).ok().and_then(|mut entries| entries.next()).and_then(Result::ok);
    entry.map(|entry| entry.path()).ok_or_else(|| "npm pack left no tarball".to_owned())
}

fn unpack(tarball: &Path, folder: &Path) -> Outcome {
    shell::remove(folder)?;
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    shell::run(
        "unpack it for the tests",
        command("tar", &["-xzf"]).arg(tarball).args(["--strip-components=1", "-C"]).arg(folder),
    )
}
