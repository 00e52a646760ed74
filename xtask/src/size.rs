//! What the package weighs over the network, and what that is made of.

mod composition;

use crate::shell::{self, Outcome, command, read, root};
use crate::wasm::{Effort, Module, Names, SEARCH, STORES};
use crate::weigh::{gzip, kb, pair, squeeze};

/// The most that an entry may weigh, JS and wasm together, bundled, minified and gzipped, in kB. What was aimed at is 105:
/// reqwest takes 29 of it (a bare fetch behind the same trait is what `report` weighs it against), Upstash and the tiers
/// more than was thought, the embeddings cache 11, and the log under IndexedDB 58, with all that makes it safe among tabs,
/// crashes and full disks. All entries carry all of it: one wasm serves them all. Those of runtimes without IndexedDB need not.
const BUDGET_KB: f64 = 206.5;

/// The most that `bytestow/embeddings` may add, likewise. What was aimed at is 10: six digests for the keys of three
/// programs, four precisions and single flight take more.
const EMBEDDINGS_KB: f64 = 13.6;

/// The most that the search wasm may weigh, gzipped. What was aimed at is 30: kernels, scans and rescoring are about a sixth
/// of it. The rest is what keeps an index in a store: blocks and manifests, writers that merge, absorb and bury each other,
/// compaction, and all of it in slices, each a state machine of the compiler's. All of it is Rust so that it is one, natively
/// and here.
const SEARCH_KB: f64 = 92.0;

/// The most that `bytestow/vectorstores` may weigh, as an entry.
const VECTORSTORES_KB: f64 = 112.0;

/// The most that `bytestow/memory` may weigh. It has no wasm.
const MEMORY_KB: f64 = 3.2;

/// An entry, or several in one program.
struct Entry {
    names: &'static [&'static str],
    /// The condition by which a bundler finds them, if they need one.
    condition: &'static str,
    /// The most that they may weigh.
    budget: f64,
    /// Which wasm they may bring.
    may: &'static [&'static str],
}

impl Entry {
    const fn stores(name: &'static [&'static str], condition: &'static str) -> Self {
        Self { names: name, condition, budget: BUDGET_KB, may: &[STORES.name] }
    }

    const fn vectorstores(name: &'static [&'static str], condition: &'static str) -> Self {
        Self { names: name, condition, budget: VECTORSTORES_KB, may: &[SEARCH.name] }
    }
}

/// All entries.
const ENTRIES: [Entry; 12] = [
    Entry::stores(&["bytestow"], ""),
    Entry::stores(&["bytestow"], "workerd"),
    Entry::stores(&["bytestow"], "edge-light"),
    Entry::stores(&["bytestow/slim"], ""),
    Entry::stores(&["bytestow/embeddings"], ""),
    Entry::stores(&["bytestow/testing"], ""),
    Entry::vectorstores(&["bytestow/vectorstores"], ""),
    Entry::vectorstores(&["bytestow/vectorstores"], "workerd"),
    Entry::vectorstores(&["bytestow/vectorstores"], "edge-light"),
    Entry::vectorstores(&["bytestow/slim/vectorstores"], ""),
    Entry { names: &["bytestow/memory"], condition: "", budget: MEMORY_KB, may: &[] },
    Entry {
        names: &["bytestow", "bytestow/vectorstores"],
        condition: "",
        budget: BUDGET_KB + VECTORSTORES_KB,
        may: &[STORES.name, SEARCH.name],
    },
];

/// What is typically imported of `bytestow` or of `bytestow/slim` (there beside `initWasm`, which weighs 0.1 kB).
const IMPORTS: [&str; 7] = [
    "InMemoryByteStore",
    "IndexedDBByteStore",
    "TieredByteStore",
    "UpstashRedisByteStore",
    "WrappedByteStore",
    "IndexedDBByteStore, TieredByteStore, UpstashRedisByteStore",
    "BytestowError",
];

/// Prints what all entries weigh; fails past a budget.
pub fn check() -> Outcome {
    Package::weighed()?.check()
}

/// Prints besides what that is made of, for which other packages are built; fails past a budget.
pub fn report() -> Outcome {
    let package = Package::weighed()?;
    package.check()?;
    let [stores, search] = &package.modules;
    println!("the stores' wasm: {}; one for all stores", pair(stores.raw, stores.gzipped));
    let mut past: Vec<String> = composition::of_stores()?.into_iter().collect();
    without_reqwest(stores.gzipped)?;
    past.extend(embeddings(&package)?);
    println!("the search wasm: {}", pair(search.raw, search.gzipped));
    composition::of_search()?;
    within(&past)
}

fn within(past: &[String]) -> Outcome {
    if past.is_empty() { Ok(()) } else { Err(past.join("\n")) }
}

/// A program that exports all of these entries.
fn all_of(entries: &[&str]) -> String {
    entries.iter().map(|entry| format!("export * from '{entry}';")).collect()
}

/// What is to be said of `bytes` that are more than `budget` kB.
fn beyond(name: &str, bytes: usize, budget: f64) -> Option<String> {
    (kb(bytes) > budget).then(|| format!("{name} weighs {:.1} kB, and its budget is {budget:.1} kB", kb(bytes)))
}

/// A module of wasm, as the package has it.
struct Weighed {
    name: &'static str,
    /// Its text, where it is inlined.
    inlined: String,
    raw: usize,
    gzipped: usize,
}

impl Weighed {
    fn of(module: &Module) -> Result<Self, String> {
        let folder = root().join("tests/node_modules/bytestow/dist/wasm");
        let wasm = read(&folder.join(module.wasm()))?;
        let inline = text(read(&folder.join(module.inline.replace(".ts", ".js")))?)?;
        let inlined = inline.split('"').nth(1).ok_or_else(|| format!("no text of {}", module.name))?.to_owned();
        Ok(Self { name: module.name, inlined, raw: wasm.len(), gzipped: squeeze(&wasm)?.len() })
    }

    /// Whether `code` has its glue, if not its text: what says where it is to come from stands in whatever needs it.
    fn is_awaited_by(&self, code: &str) -> bool {
        let asks = if self.name == STORES.name { "call initWasm(" } else { "call initSearchWasm(" };
        code.contains(asks)
    }
}

/// What a program weighs, gzipped, and which wasm it needs.
struct Row {
    bytes: usize,
    modules: Vec<&'static str>,
}

/// What programs are weighed by.
struct Package {
    modules: [Weighed; 2],
}

impl Package {
    fn weighed() -> Result<Self, String> {
        Ok(Self { modules: [Weighed::of(&STORES)?, Weighed::of(&SEARCH)?] })
    }

    fn check(&self) -> Outcome {
        println!("\n== size (bundled, shaken and minified by esbuild; wasm gzipped by zopfli; 1 kB = 1,000 bytes)");
        println!("{:<44} {:>8} {:>8}   {:<7} {:>8} {:>10}", "kB", "JS", "gzipped", "wasm", "gzipped", "all of it");
        let mut past = Vec::new();
        for entry in &ENTRIES {
            let mut name = entry.names.join(", ");
            if !entry.condition.is_empty() {
                name.push_str(&format!(" ({})", entry.condition));
            }
            let row = self.row(&name, &all_of(entry.names), entry.condition)?;
            for module in row.modules.iter().filter(|module| !entry.may.contains(module)) {
                past.push(format!("{name} brings {module}, which it has no use for"));
            }
            past.extend(beyond(&name, row.bytes, entry.budget));
        }
        for entry in ["bytestow", "bytestow/slim"] {
            for names in IMPORTS {
                let name = format!("{entry}: {}", names.replace("ByteStore", ""));
                let row = self.row(&name, &format!("export {{ {names} }} from '{entry}';"), "")?;
                past.extend(beyond(&name, row.bytes, BUDGET_KB));
            }
        }
        past.extend(beyond("the search wasm", self.modules[1].gzipped, SEARCH_KB));
        within(&past)?;
        println!(
            "within the budgets: stores {BUDGET_KB:.1} kB, bytestow/vectorstores {VECTORSTORES_KB:.1}, bytestow/memory {MEMORY_KB:.1}, the search wasm {SEARCH_KB:.1}"
        );
        Ok(())
    }

    /// Prints what a program of `source` weighs, and gives it.
    fn row(&self, name: &str, source: &str, condition: &str) -> Result<Row, String> {
        let bundle = bundle(source, condition)?;
        let code = self.modules.iter().fold(bundle.clone(), |code, module| code.replace(&module.inlined, ""));
        let code_gzipped = gzip(code.as_bytes())?.len();
        let needed: Vec<_> = self.modules.iter().filter(|module| module.is_awaited_by(&code)).collect();
        let (place, bytes) = if code.len() < bundle.len() {
            ("inlined", gzip(bundle.as_bytes())?.len())
        } else {
            let place = if needed.is_empty() { "none" } else { "apart" };
            (place, code_gzipped + needed.iter().map(|module| module.gzipped).sum::<usize>())
        };
        println!(
            "{name:<44} {:>8.1} {:>8.1}   {place:<7} {:>8.1} {:>10.1}",
            kb(code.len()),
            kb(code_gzipped),
            kb(bytes - code_gzipped),
            kb(bytes)
        );
        Ok(Row { bytes, modules: needed.iter().map(|module| module.name).collect() })
    }
}

/// Bundles `source` for a browser, or as whoever takes `condition` does: there `.wasm` files stay apart.
fn bundle(source: &str, condition: &str) -> Result<String, String> {
    // Beside the unpacked package, so that it is found as any dependency is.
    let folder = root().join("tests/node_modules/.size");
    let entry = folder.join("entry.mjs");
    let out = folder.join("out.js");
    shell::write(&entry, source)?;
    let esbuild = root().join("tests/node_modules/esbuild/bin/esbuild");
    let mut bundle =
        command(&esbuild.to_string_lossy(), &["--bundle", "--minify", "--format=esm", "--log-level=error"]);
    bundle.arg("--external:@langchain/core/*");
    bundle.arg("--platform=browser").arg(&entry).arg(format!("--outfile={}", out.display()));
    if !condition.is_empty() {
        bundle.args(["--external:*.wasm", "--external:*.wasm?module"]).arg(format!("--conditions={condition}"));
    }
    shell::output(&mut bundle)?;
    text(read(&out)?)
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| format!("not text: {error}"))
}

/// What a build with these arguments weighs, gzipped.
fn wasm_of(name: &str, arguments: &[&str]) -> Result<usize, String> {
    let out = root().join("target").join(name);
    let wasm = STORES.bind(&STORES.compile(arguments)?, &out, Names::Dropped, Effort::Most)?;
    STORES.shorten(&out)?;
    Ok(squeeze(&read(&wasm)?)?.len())
}

/// What reqwest costs: against a build with requests by `fetch` itself behind the same trait.
fn without_reqwest(with: usize) -> Outcome {
    let without = wasm_of("bare-fetch", &["--no-default-features", "--features", "bare-fetch,embeddings"])?;
    println!(
        "reqwest: {:.1} kB of the gzipped wasm ({:.1} kB with it, {:.1} kB with a bare fetch behind the same trait)",
        kb(with.saturating_sub(without)),
        kb(with),
        kb(without)
    );
    Ok(())
}

/// What the embeddings cache adds: its wasm against a build without the feature, its JavaScript against the stores alone.
fn embeddings(package: &Package) -> Result<Option<String>, String> {
    let both = ["bytestow", "bytestow/embeddings"];
    let [alone, beside] = [&both[..1], &both[..]].map(|names| package.row(&names.join(", "), &all_of(names), ""));
    let code = beside?.bytes.saturating_sub(alone?.bytes);
    let without = wasm_of("no-embeddings", &["--no-default-features", "--features", "bytestow/reqwest"])?;
    let wasm = package.modules[0].gzipped.saturating_sub(without);
    println!(
        "embeddings: {:.1} kB, JS {:.1} (without @langchain/core) and wasm {:.1} (against {:.1} kB without the feature)",
        kb(code + wasm),
        kb(code),
        kb(wasm),
        kb(without)
    );
    Ok(beyond("what the embeddings cache adds", code + wasm, EMBEDDINGS_KB))
}
