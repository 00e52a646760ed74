//! What the package weighs over the network, and what that is made of.

use std::path::Path;

use crate::build::{Names, bind, compile};
use crate::shell::{self, Outcome, command, read, root};
use crate::weigh::{gzip, kb, pair, squeeze};

/// The most that an entry may weigh, JS and wasm together, bundled, minified and gzipped, in kB.
const BUDGET_KB: f64 = 164.0;

/// The heaviest functions' crates are listed down to this share of the wasm.
const LISTED_SHARE: f64 = 0.02;

/// What is imported, and how the bundle is named.
const IMPORTS: [(&str, &str); 4] = [
    ("bytestow", "export * from 'bytestow';"),
    ("bytestow, InMemoryByteStore alone", "export { InMemoryByteStore } from 'bytestow';"),
    ("bytestow, IndexedDBByteStore alone", "export { IndexedDBByteStore } from 'bytestow';"),
    ("bytestow/slim, its wasm apart", "export * from 'bytestow/slim';"),
];

/// Prints the weights; fails past the budget.
pub fn report() -> Outcome {
    let dist = root().join("tests/node_modules/bytestow/dist");
    let wasm = read(&dist.join("wasm/bytestow_wasm_bg.wasm"))?;
    let wasm_gzipped = squeeze(&wasm)?.len();
    println!("\n== size (bundled and minified by esbuild for a browser; wasm gzipped by zopfli; 1 kB = 1,000 bytes)");
    let mut heaviest = 0.0_f64;
    for (name, source) in IMPORTS {
        let bundle = bundle(source)?;
        let mut weight = gzip(&bundle)?.len();
        let apart = name.contains("apart");
        if apart {
            weight += wasm_gzipped;
        }
        heaviest = heaviest.max(kb(weight));
        println!("{name:<40} {:>8.1} kB gzipped, JS and wasm together", kb(weight));
    }
    let slim = bundle("export * from 'bytestow/slim';")?;
    println!("of it: wasm {}; JS {}", pair(wasm.len(), wasm_gzipped), pair(slim.len(), gzip(&slim)?.len()));
    let testing = bundle("export * from 'bytestow/testing';")?;
    println!("{:<40} {:>8.1} kB gzipped (the kit; no wasm)", "bytestow/testing", kb(gzip(&testing)?.len()));
    composition()?;
    without_reqwest(wasm_gzipped)?;
    if heaviest > BUDGET_KB {
        return Err(format!("the package weighs {heaviest:.1} kB, and its budget is {BUDGET_KB:.1} kB"));
    }
    println!("budget: {heaviest:.1} of {BUDGET_KB:.1} kB");
    Ok(())
}

fn bundle(source: &str) -> Result<Vec<u8>, String> {
    // Beside the unpacked package, so that it is found as any dependency is.
    let folder = root().join("tests/node_modules/.size");
    let entry = folder.join("entry.mjs");
    let out = folder.join("out.js");
    shell::write(&entry, source)?;
    let esbuild = root().join("tests/node_modules/esbuild/bin/esbuild");
    let mut bundle =
        command(&esbuild.to_string_lossy(), &["--bundle", "--minify", "--format=esm", "--log-level=error"]);
    bundle.arg("--platform=browser").arg(&entry).arg(format!("--outfile={}", out.display()));
    shell::output(&mut bundle)?;
    read(&out)
}

/// What reqwest costs: against a build with requests by `fetch` itself behind the same trait.
fn without_reqwest(with: usize) -> Outcome {
    let compiled = compile(&["--no-default-features", "--features", "bare-fetch"])?;
    let wasm = bind(&compiled, &root().join("target/bare-fetch"), Names::Dropped)?;
    let without = squeeze(&read(&wasm)?)?.len();
    println!(
        "reqwest: {:.1} kB of the gzipped wasm ({:.1} kB with it, {:.1} kB with a bare fetch behind the same trait)",
        kb(with.saturating_sub(without)),
        kb(with),
        kb(without)
    );
    Ok(())
}

/// The wasm's code by crate, from the function names of the same build with its names kept.
fn composition() -> Outcome {
    let compiled = root().join("target/wasm32-unknown-unknown/release/bytestow_wasm.wasm");
    let rows = by_crate(&bind(&compiled, &root().join("target/size"), Names::Kept)?)?;
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
