//! What the wasm is made of, from the names of its functions, in builds that keep them.

use std::collections::BTreeMap;

use crate::shell::{read, root};
use crate::wasm::{Effort, Module, Names, SEARCH, STORES};
use crate::wasm_names::code_by_function;
use crate::weigh::kb;

/// The heaviest are listed down to this share of the wasm.
const LISTED_SHARE: f64 = 0.02;

/// Where the search stands in the core, which the stores' wasm has no part of.
const SEARCH_ROOM: &str = "bytestow::features::search";

/// Prints the stores' wasm by crate; gives what is wrong with it.
pub fn of_stores() -> Result<Option<String>, String> {
    let functions = functions(&STORES)?;
    print("crate", &functions, crate_of);
    let strange: Vec<_> = functions.iter().map(|(name, _)| name).filter(|name| name.contains(SEARCH_ROOM)).collect();
    Ok((!strange.is_empty()).then(|| format!("the stores' wasm has code of the search: {strange:?}")))
}

/// Prints the search wasm by module.
pub fn of_search() -> Result<(), String> {
    print("module", &functions(&SEARCH)?, module_of);
    Ok(())
}

/// `(name, bytes)` of every function.
fn functions(module: &Module) -> Result<Vec<(String, usize)>, String> {
    let wasm = module.bind(&module.compile(&[])?, &root().join("target/size"), Names::Kept, Effort::Most)?;
    let functions = code_by_function(&read(&wasm)?)?;
    Ok(functions.into_iter().map(|(name, bytes)| (rustc_demangle::demangle(&name).to_string(), bytes)).collect())
}

fn print(what: &str, functions: &[(String, usize)], part_of: fn(&str) -> String) {
    let mut parts = BTreeMap::<String, usize>::new();
    for (name, bytes) in functions {
        *parts.entry(part_of(name)).or_default() += bytes;
    }
    let total: usize = parts.values().sum();
    let mut rows: Vec<_> = parts.into_iter().collect();
    rows.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    println!("its code by {what} ({:.1} kB of code, not gzipped):", kb(total));
    let mut rest = 0;
    for (name, bytes) in rows {
        let share = bytes as f64 / total as f64;
        if share >= LISTED_SHARE {
            println!("  {name:<44} {:>7.1} kB {:>5.1} %", kb(bytes), share * 100.0);
        } else {
            rest += bytes;
        }
    }
    println!("  {:<44} {:>7.1} kB {:>5.1} %", "others", kb(rest), rest as f64 / total as f64 * 100.0);
}

/// The path of a function, without what stands before it where it belongs to a trait.
fn path_of(name: &str) -> &str {
    let path = name.trim_start_matches(['<', '&', '(', '[']);
    path.strip_prefix("dyn ").unwrap_or(path)
}

fn crate_of(name: &str) -> String {
    let path = path_of(name);
    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(path.len());
    match path.split_at(end) {
        (name, rest) if rest.starts_with("::") || rest.starts_with('[') => name.to_owned(),
        _ => "glue and intrinsics".to_owned(),
    }
}

/// The module of the search, or the crate.
fn module_of(name: &str) -> String {
    let Some(inside) = path_of(name).strip_prefix(SEARCH_ROOM) else { return crate_of(name) };
    let is_module = |part: &&str| part.starts_with(|c: char| c.is_ascii_lowercase()) && !part.contains(['<', '{', '(']);
    let parts = inside.split("::").skip(1).take(2).take_while(is_module);
    parts.fold("search".to_owned(), |path, part| path + "::" + part)
}
