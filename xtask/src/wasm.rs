//! The wasm: compiled, bound, made small, inlined.

use std::path::{Path, PathBuf};

use base64::Engine;
use wasm_bindgen_cli_support::Bindgen;

use crate::shell::{self, Outcome, command, read, root, write};
use crate::weigh::{pair, squeeze};
use crate::{glue, short_names};

/// The wasm features that every runtime on our list has. Named one by one: with `--all-features` binaryen writes
/// encodings that they refuse.
const WASM_FEATURES: [&str; 6] =
    ["bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"];

const WASM_OPT: &str = "pkg/node_modules/binaryen/bin/wasm-opt";

/// How the module is made small. No address is below 1,024 (but for the end of the stack), and memory begins as zeros:
/// neither can be seen from the module, and together they save 0.6 kB gzipped. What did not pay (less than 0.3 kB or worse):
/// merging similar functions, `--gufa-optimizing`, `--flatten --rereloop`, `-Os`, LLVM's inline thresholds.
const OPTIMISE: [&str; 4] = ["-Oz", "--converge", "--low-memory-unused", "--zero-filled-memory"];

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
    let flags: Vec<String> = sources.map(|folder| format!("--remap-path-prefix={}=", folder.display())).collect();
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    shell::run("compile the core to wasm", &mut cargo)?;
    Ok(target.join("wasm32-unknown-unknown/release/bytestow_wasm.wasm"))
}

/// Compiles the bindings and writes glue, wasm and the inlined wasm into `out`.
pub fn make(out: &Path, features: &[&str]) -> Outcome {
    let wasm = bind(&compile(features)?, out, Names::Dropped)?;
    glue::mend(&out.join("bytestow_wasm.js"), &out.join("bytestow_wasm.d.ts"))?;
    shorten(out)?;
    let gzipped = squeeze(&read(&wasm)?)?;
    let text = base64::engine::general_purpose::STANDARD.encode(&gzipped);
    write(&out.join("inline.ts"), inlined(&text))?;
    println!("wasm: {}", pair(read(&wasm)?.len(), gzipped.len()));
    Ok(())
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
