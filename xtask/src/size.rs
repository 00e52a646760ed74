//! What the package weighs over the network, and what that is made of.

use std::path::Path;

use crate::shell::{self, Outcome, command, read, root};
use crate::wasm::{Names, STORES};
use crate::weigh::{gzip, kb, pair, squeeze};

/// The most that an entry may weigh, JS and wasm together, bundled, minified and gzipped, in kB. What was aimed at is 105:
/// reqwest takes 38 of it (a bare fetch behind the same trait is what `report` weighs it against), Upstash and the tiers
/// more than was thought, the embeddings cache 11, and the log under IndexedDB 58, with all that makes it safe among tabs,
/// crashes and full disks. All entries carry all of it: one wasm serves them all. Those of runtimes without IndexedDB need not.
const BUDGET_KB: f64 = 224.0;

/// The most that `bytestow/embeddings` may add, likewise. What was aimed at is 10: six digests for the keys of three
/// programs, four precisions and single flight take more.
const EMBEDDINGS_KB: f64 = 13.6;

/// The heaviest functions' crates are listed down to this share of the wasm.
const LISTED_SHARE: f64 = 0.02;

/// The entries, each with the condition by which a bundler finds it, if it needs one.
const ENTRIES: [(&str, &str); 6] = [
    ("bytestow", ""),
    ("bytestow", "workerd"),
    ("bytestow", "edge-light"),
    ("bytestow/slim", ""),
    ("bytestow/embeddings", ""),
    ("bytestow/testing", ""),
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

/// What stands in every bundle that needs the wasm: its glue.
const GLUE: &str = "WebAssembly.instantiate";

/// Prints the weights; fails past the budget.
pub fn report() -> Outcome {
    let dist = root().join("tests/node_modules/bytestow/dist");
    let wasm = read(&dist.join("wasm/bytestow_wasm_bg.wasm"))?;
    let package = Package { inlined: inlined(&dist)?, wasm_gzipped: squeeze(&wasm)?.len() };
    println!("\n== size (bundled, shaken and minified by esbuild; wasm gzipped by zopfli; 1 kB = 1,000 bytes)");
    println!("{:<44} {:>8} {:>8}   {:<7} {:>8} {:>10}", "kB", "JS", "gzipped", "wasm", "gzipped", "all of it");
    let mut heaviest = 0;
    for (entry, condition) in ENTRIES {
        let name = if condition.is_empty() { entry.to_owned() } else { format!("{entry} ({condition})") };
        heaviest = heaviest.max(package.row(&name, entry, condition, "*")?);
    }
    for entry in ["bytestow", "bytestow/slim"] {
        for names in IMPORTS {
            let name = format!("{entry}: {}", names.replace("ByteStore", ""));
            heaviest = heaviest.max(package.row(&name, entry, "", &format!("{{ {names} }}"))?);
        }
    }
    println!("the wasm: {}; one for all stores", pair(wasm.len(), package.wasm_gzipped));
    composition()?;
    without_reqwest(package.wasm_gzipped)?;
    embeddings(&package)?;
    let heaviest = kb(heaviest);
    if heaviest > BUDGET_KB {
        return Err(format!("the package weighs {heaviest:.1} kB, and its budget is {BUDGET_KB:.1} kB"));
    }
    println!("budget: {heaviest:.1} of {BUDGET_KB:.1} kB");
    Ok(())
}

/// The wasm's text in the default entry.
fn inlined(dist: &Path) -> Result<String, String> {
    let module = text(read(&dist.join("wasm/inline.js"))?)?;
    module.split('"').nth(1).map(str::to_owned).ok_or_else(|| "no text in inline.js".to_owned())
}

/// What the imports are weighed by.
struct Package {
    /// The wasm's text in the default entry.
    inlined: String,
    wasm_gzipped: usize,
}

impl Package {
    /// Prints what `names` of an entry weigh; gives it, in gzipped bytes.
    fn row(&self, name: &str, entry: &str, condition: &str, names: &str) -> Result<usize, String> {
        self.source_row(name, &format!("export {names} from '{entry}';"), condition)
    }

    /// Prints what a module of `source` weighs; gives it, in gzipped bytes.
    fn source_row(&self, name: &str, source: &str, condition: &str) -> Result<usize, String> {
        let bundle = bundle(source, condition)?;
        let code = bundle.replace(&self.inlined, "");
        let code_gzipped = gzip(code.as_bytes())?.len();
        let (place, all) = if code.len() < bundle.len() {
            ("inlined", gzip(bundle.as_bytes())?.len())
        } else if code.contains(GLUE) {
            ("apart", code_gzipped + self.wasm_gzipped)
        } else {
            ("none", code_gzipped)
        };
        println!(
            "{name:<44} {:>8.1} {:>8.1}   {place:<7} {:>8.1} {:>10.1}",
            kb(code.len()),
            kb(code_gzipped),
            kb(all - code_gzipped),
            kb(all)
        );
        Ok(all)
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
    let wasm = STORES.bind(&STORES.compile(arguments)?, &out, Names::Dropped)?;
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
fn embeddings(package: &Package) -> Outcome {
    let stores = "export * from 'bytestow';";
    let both = "export * from 'bytestow'; export * from 'bytestow/embeddings';";
    let alone = package.source_row("bytestow", stores, "")?;
    let beside = package.source_row("bytestow and bytestow/embeddings", both, "")?;
    let code = beside.saturating_sub(alone);
    let without = wasm_of("no-embeddings", &["--no-default-features", "--features", "bytestow/reqwest"])?;
    let wasm = package.wasm_gzipped.saturating_sub(without);
    let all = kb(code + wasm);
    println!(
        "embeddings: {all:.1} kB, JS {:.1} (without @langchain/core) and wasm {:.1} (against {:.1} kB without the feature)",
        kb(code),
        kb(wasm),
        kb(without)
    );
    if all > EMBEDDINGS_KB {
        return Err(format!("the embeddings cache adds {all:.1} kB, and its budget is {EMBEDDINGS_KB:.1} kB"));
    }
    Ok(())
}

/// The wasm's code by crate, from the function names of the same build with its names kept.
fn composition() -> Outcome {
    let compiled = root().join("target/wasm32-unknown-unknown/release/bytestow_wasm.wasm");
    let rows = by_crate(&STORES.bind(&compiled, &root().join("target/size"), Names::Kept)?)?;
    let total: usize = rows.iter().map(|(_, bytes)| bytes).sum();
    println!("the wasm's code by crate ({:.1} kB of code, not gzipped):", kb(total));
    let mut rest = 0;
    for (name, bytes) in rows {
        let share = bytes as f64 / total as f64;
        if share >= LISTED_SHARE {
            println!("  {name:<28} {:>7.1} kB {:>5.1} %", kb(bytes), share * 100.0);
        } else {
            rest += bytes;
        }
    }
    println!("  {:<28} {:>7.1} kB {:>5.1} %", "others", kb(rest), rest as f64 / total as f64 * 100.0);
    Ok(())
}

fn by_crate(path: &Path) -> Result<Vec<(String, usize)>, String> {
    let sections = crate::wasm_names::code_by_function(&read(path)?)?;
    let mut crates = std::collections::BTreeMap::<String, usize>::new();
    for (name, bytes) in sections {
        *crates.entry(crate_of(&name)).or_default() += bytes;
    }
    let mut rows: Vec<(String, usize)> = crates.into_iter().collect();
    rows.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    Ok(rows)
}

fn crate_of(symbol: &str) -> String {
    let path = rustc_demangle::demangle(symbol).to_string();
    let path = path.trim_start_matches(['<', '&', '(', '[']);
    let path = path.strip_prefix("dyn ").unwrap_or(path);
    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(path.len());
    match path.split_at(end) {
        (name, rest) if rest.starts_with("::") || rest.starts_with('[') => name.to_owned(),
        _ => "glue and intrinsics".to_owned(),
    }
}
