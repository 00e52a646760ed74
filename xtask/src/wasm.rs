//! The wasm: compiled, bound, made small, inlined.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use base64::Engine;
use wasm_bindgen_cli_support::Bindgen;

use crate::shell::{self, Outcome, command, read, root, write};
use crate::weigh::{pair, squeeze};
use crate::{alike, glue, short_names};

/// The wasm features that every runtime on our list has. Named one by one: with `--all-features` binaryen writes
/// encodings that they refuse.
const WASM_FEATURES: [&str; 6] =
    ["bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"];

/// A module that is built.
pub struct Module {
    /// The crate.
    package: &'static str,
    /// What its files are called.
    pub name: &'static str,
    /// Cargo's profile, and the folder that it writes into.
    profile: &'static str,
    /// Where it is built: another for other flags, so that neither makes the other start from scratch.
    target: &'static str,
    /// Flags for rustc.
    pub flags: &'static [&'static str],
    /// Features of wasm that it needs besides.
    wasm_features: &'static [&'static str],
    /// The module of its text.
    pub inline: &'static str,
}

/// The stores.
pub const STORES: Module = Module {
    package: "bytestow-wasm",
    name: "bytestow_wasm",
    profile: "release",
    target: "target",
    // What LLVM makes of addresses in loops costs 1.0 kB gzipped, and nothing that is measured is faster by it.
    flags: &["-Cllvm-args=-disable-lsr"],
    wasm_features: &[],
    inline: "inline.ts",
};

/// The vector index.
pub const SEARCH: Module = Module {
    package: "bytestow-wasm-search",
    name: "bytestow_search",
    profile: "search",
    target: "target/search",
    flags: &["-Ctarget-feature=+simd128"],
    wasm_features: &["simd"],
    inline: "search_inline.ts",
};

const WASM_OPT: &str = "pkg/node_modules/binaryen/bin/wasm-opt";

/// Which version of it there is.
const BINARYEN: &str = "pkg/node_modules/binaryen/package.json";

/// Where modules stand that were made small before.
const OPTIMISED: &str = "target/optimised";

/// How the module is made small. No address is below 1,024 (but for the end of the stack), and memory begins as zeros:
/// neither can be seen from the module, and together they save 0.6 kB gzipped. What did not pay (less than 0.3 kB or worse):
/// merging similar functions, `--gufa-optimizing`, `--flatten --rereloop`, `-Os`, LLVM's inline thresholds.
const OPTIMISE: [&str; 4] = ["-Oz", "--converge", "--low-memory-unused", "--zero-filled-memory"];

impl Module {
    /// Its glue.
    pub fn glue(&self) -> String {
        format!("{}.js", self.name)
    }

    /// Its wasm.
    pub fn wasm(&self) -> String {
        format!("{}_bg.wasm", self.name)
    }

    fn features(&self) -> impl Iterator<Item = String> {
        WASM_FEATURES.iter().chain(self.wasm_features).map(|feature| format!("--enable-{feature}"))
    }

    /// Compiles the bindings; gives the module as the compiler leaves it.
    pub fn compile(&self, features: &[&str]) -> Result<PathBuf, String> {
        let target = root().join(self.target);
        let mut cargo = command("cargo", &["build", "--locked", "--profile", self.profile, "-p", self.package]);
        cargo.args(["--target", "wasm32-unknown-unknown", "--target-dir"]).arg(&target).args(features);
        // Panics name their source file: without the machine's own folders, so that every machine builds the same bytes.
        let home = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")));
        let registry = format!("{}/registry/src", home.unwrap_or_default());
        let sources = std::fs::read_dir(&registry).into_iter().flatten().flatten().map(|entry| entry.path());
        let remapped = sources.map(|folder| format!("--remap-path-prefix={}=", folder.display()));
        let flags: Vec<String> = self.flags.iter().map(|flag| (*flag).to_owned()).chain(remapped).collect();
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        shell::run(&format!("compile {} to wasm", self.package), &mut cargo)?;
        Ok(target.join(format!("wasm32-unknown-unknown/{}/{}.wasm", self.profile, self.name)))
    }

    /// Compiles the bindings and writes glue, wasm and the inlined wasm into `out`.
    pub fn make(&self, out: &Path, features: &[&str], effort: Effort) -> Outcome {
        let wasm = self.bind(&self.compile(features)?, out, Names::Dropped, effort)?;
        glue::mend(&out.join(self.glue()), &out.join(format!("{}.d.ts", self.name)))?;
        self.shorten(out)?;
        let gzipped = squeeze(&read(&wasm)?)?;
        let text = base64::engine::general_purpose::STANDARD.encode(&gzipped);
        write(&out.join(self.inline), inlined(&text))?;
        println!("{}: {}", self.wasm(), pair(read(&wasm)?.len(), gzipped.len()));
        Ok(())
    }

    /// Makes the glue and the optimised module of the `compiled` one in `out`; gives the module's path.
    pub fn bind(&self, compiled: &Path, out: &Path, names: Names, effort: Effort) -> Result<PathBuf, String> {
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
        let wasm = out.join(self.wasm());
        let mut arguments: Vec<String> = self.features().collect();
        match effort {
            Effort::Most => arguments.extend(OPTIMISE.map(str::to_owned)),
            Effort::Little => arguments.push("-O1".to_owned()),
        }
        if names == Names::Kept {
            arguments.push("--debuginfo".to_owned());
        }
        optimise(&wasm, &arguments)?;
        Ok(wasm)
    }

    /// Gives what glue and module in `out` call each other short names, and puts alike functions side by side. Last of all:
    /// what is mended in the glue says the long names, and `--converge` would shorten the short ones, and sort, again.
    pub fn shorten(&self, out: &Path) -> Outcome {
        let wasm = out.join(self.wasm());
        write(&wasm, alike::named(&read(&wasm)?)?)?;
        let mut shorten = shell::node(WASM_OPT);
        shorten.arg("--minify-imports-and-exports-and-modules").args(alike::REORDER);
        shorten.args(self.features()).arg(&wasm).arg("-o").arg(&wasm);
        short_names::rename(&out.join(self.glue()), &shell::output(&mut shorten)?)
    }
}

/// Whether a module keeps the names of its functions.
#[derive(Clone, Copy, PartialEq)]
pub enum Names {
    /// For reports on what it is made of.
    Kept,
    /// For users.
    Dropped,
}

/// How much is done to make a module small.
#[derive(Clone, Copy, PartialEq)]
pub enum Effort {
    /// All that pays: for users, and for what is measured.
    Most,
    /// For modules that only tests look into.
    Little,
}

/// Makes a module small, where it stands. What was made of the same module, by the same arguments and version, is taken as
/// it was: it takes a minute.
fn optimise(wasm: &Path, arguments: &[String]) -> Outcome {
    let mut of = format!("{}\n", arguments.join(" ")).into_bytes();
    of.extend(read(&root().join(BINARYEN))?);
    of.extend(read(wasm)?);
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    let made = root().join(OPTIMISED).join(format!("{:016x}.wasm", hasher.finish()));
    let made_of = made.with_extension("of");
    if !made.exists() || !read(&made_of).is_ok_and(|known| known == of) {
        let unfinished = made.with_extension("unfinished");
        write(&unfinished, [])?;
        shell::run("wasm-opt", shell::node(WASM_OPT).args(arguments).arg(wasm).arg("-o").arg(&unfinished))?;
        std::fs::rename(&unfinished, &made).map_err(|error| format!("{}: {error}", made.display()))?;
        write(&made_of, &of)?;
    }
    shell::copy(&made, wasm)
}

/// A module of the wasm's text, in what is both JavaScript and TypeScript. A `let`: of a `const` the compiler would take
/// the literal for the type, and repeat it in the declarations.
fn inlined(text: &str) -> String {
    format!("export let gzipped = \"{text}\";\n")
}
