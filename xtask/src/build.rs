//! The npm package, from Rust to tarball.

use std::path::{Path, PathBuf};

use base64::Engine;
use wasm_bindgen_cli_support::Bindgen;

use crate::setup;
use crate::shell::{self, Outcome, command, read, root, write};
use crate::short_names;
use crate::weigh::{pair, squeeze};

/// The wasm features that every runtime on our list has. Named one by one: with `--all-features` binaryen writes
/// encodings that they refuse.
const WASM_FEATURES: [&str; 6] =
    ["bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"];

/// What is packed besides the code.
const TEXTS: [&str; 4] = ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"];

const WASM_OPT: &str = "pkg/node_modules/binaryen/bin/wasm-opt";

/// How the module is made small. No address is below 1,024 (but for the end of the stack), and memory begins as zeros:
/// neither can be seen from the module, and together they save 0.6 kB gzipped. What did not pay (less than 0.3 kB or worse):
/// merging similar functions, `--gufa-optimizing`, `--flatten --rereloop`, `-Os`, LLVM's inline thresholds.
const OPTIMISE: [&str; 4] = ["-Oz", "--converge", "--low-memory-unused", "--zero-filled-memory"];

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
    wasm(&pkg.join("src/wasm"), &[])?;
    contract(&pkg.join("src/testing/contract.ts"))?;
    shell::remove(&pkg.join("dist"))?;
    shell::run("compile TypeScript", command("npm", &["run", "--silent", "build"]).current_dir(&pkg))?;
    for file in ["bytestow_wasm.js", "bytestow_wasm_bg.wasm"] {
        shell::copy(&pkg.join("src/wasm").join(file), &pkg.join("dist/wasm").join(file))?;
    }
    for file in TEXTS {
        shell::copy(&root().join(file), &pkg.join(file))?;
    }
    pack(&pkg)
}

/// What the suites of `tests` need besides the package.
pub fn for_tests() -> Outcome {
    trapping_package()?;
    page()
}

/// A copy of the unpacked package whose wasm has exports that trap, for the tests of survival.
fn trapping_package() -> Outcome {
    let plain = root().join("tests/node_modules/bytestow");
    let trapping = root().join("tests/node_modules/bytestow-trap");
    shell::remove(&trapping)?;
    shell::run("copy the package", command("cp", &["-r"]).arg(&plain).arg(&trapping))?;
    let glue = root().join("target/trap");
    wasm(&glue, &["--features", "trap"])?;
    for file in ["bytestow_wasm.js", "bytestow_wasm_bg.wasm"] {
        shell::copy(&glue.join(file), &trapping.join("dist/wasm").join(file))?;
    }
    shell::copy(&glue.join("inline.ts"), &trapping.join("dist/wasm/inline.js"))
}

/// The page, over the package as a user would import it.
pub fn page() -> Outcome {
    shell::run("bundle the page", &mut shell::node("www/build.mjs"))
}

/// Compiles the bindings; gives the module as the compiler leaves it.
pub fn compile(features: &[&str]) -> Result<PathBuf, String> {
    // A build of its own for other features, so that neither makes the other start from scratch.
    let target = root().join(if features.is_empty() { "target" } else { "target/features" });
    let mut cargo = command("cargo", &["build", "--release", "--locked", "-p", "bytestow-wasm"]);
    cargo.args(["--target", "wasm32-unknown-unknown", "--target-dir"]).arg(&target).args(features);
    // Panics name their source file: without the machine's own folders, so that every machine builds the same bytes.
    let home = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")));
    let registry = format!("{}/registry/src", home.unwrap_or_default());
    let sources = std::fs::read_dir(&registry).into_iter().flatten().flatten().map(|entry| entry.path());
    let remapped = sources.map(|folder| format!("--remap-path-prefix={}=", folder.display()));
    cargo.env("CARGO_ENCODED_RUSTFLAGS", remapped.collect::<Vec<_>>().join("\u{1f}"));
    shell::run("compile the core to wasm", &mut cargo)?;
    Ok(target.join("wasm32-unknown-unknown/release/bytestow_wasm.wasm"))
}

/// Compiles the bindings and writes glue, wasm and the inlined wasm into `out`.
fn wasm(out: &Path, features: &[&str]) -> Outcome {
    let wasm = bind(&compile(features)?, out, Names::Dropped)?;
    mend(&out.join("bytestow_wasm.js"), &out.join("bytestow_wasm.d.ts"))?;
    shorten(out)?;
    let gzipped = squeeze(&read(&wasm)?)?;
    let text = base64::engine::general_purpose::STANDARD.encode(&gzipped);
    write(&out.join("inline.ts"), inlined(&text))?;
    println!("wasm: {}", pair(read(&wasm)?.len(), gzipped.len()));
    Ok(())
}

/// What the generated glue does that must not be: each as it stands, and as it is to be.
const MENDED: [(&str, &str); 7] = [
    // What an instance that has trapped still waits for comes all the same. Thrown, it would be an uncaught error in a
    // page's console, and of a promise's callback the end of a Node process.
    ("throw new Error('Cannot invoke closure from previous WASM instance');", "return __wbg_let_go(args[0]);"),
    ("function makeMutClosure(", concat!(include_str!("let_go.js"), "\nfunction makeMutClosure(")),
    // An instance is dead when it traps, not when the next call replaces it: until then promises settle and objects are
    // collected, and after an overflow of the stack whatever enters wasm traps again, where nobody catches it.
    (
        "export function __wbg_reset_state () {",
        "export function __wbg_give_up() {\n    __wbg_instance_id++;\n}\n\nexport function __wbg_reset_state () {",
    ),
    (
        "            wasm.__wbindgen_destroy_closure(state.a, state.b);\n            state.a = 0;",
        "            if (state.instance === __wbg_instance_id) wasm.__wbindgen_destroy_closure(state.a, state.b);\n            state.a = 0;",
    ),
    // One promise for all who wait for the first instance: at the edge no request may wait for another's. Who may share it
    // has a promise already (`core/runtime.ts`); of several instances the first stays.
    (
        "    if (__wbg_init_promise === undefined) {\n        __wbg_init_promise = __wbg_init_once(module_or_path);\n        \
         __wbg_init_promise.catch(() => { __wbg_init_promise = undefined; });\n    }\n    return __wbg_init_promise;",
        "    return __wbg_init_once(module_or_path);",
    ),
    (
        "function __wbg_finalize_init(instance, module) {\n",
        "function __wbg_finalize_init(instance, module) {\n    if (wasm !== undefined) return wasm;\n",
    ),
    // reqwest panics at a response without a URL, which is what a `fetch` gives that a test has put in its place.
    ("const ret = arg1.url;", "const ret = arg1.url || 'http://response.invalid/';"),
];

fn mend(glue: &Path, types: &Path) -> Outcome {
    let mut text = String::from_utf8(read(glue)?).map_err(|error| format!("{}: {error}", glue.display()))?;
    for (wrong, right) in MENDED {
        if text.matches(wrong).count() != 1 {
            return Err(format!("{}: `{wrong}` does not stand in it exactly once any more", glue.display()));
        }
        text = text.replace(wrong, right);
    }
    write(glue, text)?;
    let mut declared = read(types)?;
    declared.extend_from_slice(b"\nexport function __wbg_give_up(): void;\n");
    write(types, declared)
}

/// Whether a module keeps the names of its functions.
#[derive(Clone, Copy, PartialEq)]
pub enum Names {
    /// For reports on what it is made of.
    Kept,
    /// For users.
    Dropped,
}

/// Makes the glue and the optimised module of the `compiled` one in `out`; gives the module's path.
pub fn bind(compiled: &Path, out: &Path, names: Names) -> Result<PathBuf, String> {
    Bindgen::new()
        .input_path(compiled)
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(true)
                .omit_default_module_path(true)
                .reset_state_function(true)
                .remove_name_section(names == Names::Dropped)
                .remove_producers_section(true)
                .generate(out)
        })
        .map_err(|error| format!("wasm-bindgen: {error:#}"))?;
    let wasm = out.join("bytestow_wasm_bg.wasm");
    let features = WASM_FEATURES.map(|feature| format!("--enable-{feature}"));
    let mut optimise = shell::node(WASM_OPT);
    optimise.args(OPTIMISE).args(&features);
    if names == Names::Kept {
        optimise.arg("--debuginfo");
    }
    shell::run("wasm-opt", optimise.arg(&wasm).arg("-o").arg(&wasm))?;
    Ok(wasm)
}

/// Gives what glue and module in `out` call each other short names. Last of all: what is mended in the glue says the long
/// ones, and `--converge` would shorten the short ones again.
pub fn shorten(out: &Path) -> Outcome {
    let wasm = out.join("bytestow_wasm_bg.wasm");
    let mut shorten = shell::node(WASM_OPT);
    shorten.arg("--minify-imports-and-exports-and-modules");
    shorten.args(WASM_FEATURES.map(|feature| format!("--enable-{feature}"))).arg(&wasm).arg("-o").arg(&wasm);
    short_names::rename(&out.join("bytestow_wasm.js"), &shell::output(&mut shorten)?)
}

/// A module of the wasm's text, in what is both JavaScript and TypeScript. A `let`: of a `const` the compiler would take
/// the literal for the type, and repeat it in the declarations.
fn inlined(text: &str) -> String {
    format!("export let gzipped = \"{text}\";\n")
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
