//! A test of the source tree: what stands where, and how much of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytestow::store::{Kits, RULES};

/// The longest a file of source may be, in lines.
const LONGEST: usize = 600;

/// What is made by tools, or is somebody else's.
const NOT_OURS: [&str; 6] = ["node_modules", "target", "dist", ".git", "fixtures", "proptest-regressions"];

/// Where our sources are, in whatever language.
const SOURCES: [&str; 7] = ["src", "pkg/src", "pkg/wasm/src", "pkg/wasm-search/src", "xtask/src", "www/src", "tests"];

/// Where whole crates are, with their `mod`s.
const CRATES: [&str; 5] = ["src", "pkg/wasm/src", "pkg/wasm-search/src", "xtask/src", "tests/it"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of `folder` that we write, by their paths from the root, with their text.
fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                // `pkg/src/wasm` is wasm-bindgen's.
                if !NOT_OURS.contains(&name.as_str()) && !path.ends_with("pkg/src/wasm") {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) && name != "contract.ts" {
                let shown = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                // A file may go while we look: others build.
                let Ok(text) = fs::read_to_string(&path) else { continue };
                found.push((shown, text));
            }
        }
    }
    found.sort_unstable();
    found
}

fn rust() -> Vec<(String, String)> {
    let all: Vec<_> = CRATES.into_iter().chain(["tests/examples"]).flat_map(|folder| files(folder, &[".rs"])).collect();
    assert!(all.len() > 20, "the tree is not where it was: {} Rust files", all.len());
    all
}

/// What of `text` is code: lines without their comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.map(|(at, line)| (at, line.split("//").next().unwrap_or_default()))
}

/// Where any of `words` stands in the code of files that `may_not` have them.
fn offences(words: &[&str], may_not: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in rust().iter().filter(|(path, _)| may_not(path)) {
        for (at, line) in code(text) {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                found.push(format!("{path}:{at}: {word}"));
            }
        }
    }
    found
}

const NONE: [&str; 0] = [];

#[test]
fn javascript_stands_in_web_and_pkg_only() {
    let words = ["wasm_bindgen", "js_sys", "web_sys", "JsValue"];
    let may_not = |path: &str| path.starts_with("src/") && !path.starts_with("src/web/");
    assert_eq!(offences(&words, may_not), NONE);
    // The words, in comments too: they are the boundary's.
    for (path, text) in rust().iter().filter(|(path, _)| may_not(path)) {
        assert!(!text.contains("#[wasm_bindgen"), "{path}");
    }
}

#[test]
fn indexed_db_has_one_place() {
    let may_not = |path: &str| !path.starts_with("src/web/indexed_db") && path != "tests/it/tidy.rs";
    assert_eq!(offences(&["IdbFactory", "IdbDatabase"], may_not), NONE);
}

#[test]
fn arrows_point_one_way() {
    // From what stands below to what stands above it: no such use.
    let below = |path: &str| {
        let room = path.strip_prefix("src/").unwrap_or_default();
        let rooms = ["value.rs", "error.rs", "event.rs", "future.rs", "keys.rs", "store.rs", "ext.rs", "sorted.rs"];
        rooms.contains(&room)
    };
    let above = ["crate::memory", "crate::layers", "crate::web", "crate::features", "crate::conformance"];
    assert_eq!(offences(&above, below), NONE);
    let stores = |path: &str| path.starts_with("src/layers/") || path == "src/memory.rs";
    assert_eq!(offences(&["crate::web", "crate::features", "crate::conformance"], stores), NONE);
    let layers = |path: &str| path.starts_with("src/layers/");
    assert_eq!(offences(&["crate::memory", "InMemoryByteStore"], layers), NONE);
    // Features know no backend, in code; their examples do.
    let features = |path: &str| path.starts_with("src/features/");
    let backends = ["crate::memory", "crate::web", "crate::upstash", "crate::segment_log", "crate::conformance"];
    assert_eq!(offences(&backends, features), NONE);
    assert_eq!(offences(&["features::search"], |path| path.starts_with("src/features/embeddings/")), NONE);
    assert_eq!(offences(&["features::embeddings"], |path| path.starts_with("src/features/search/")), NONE);
    // The stores' wasm knows nothing of the search.
    assert_eq!(offences(&["features::search"], |path| path.starts_with("pkg/wasm/")), NONE);
    // Numbers know no store: of the search, what is kept and what keeps it stand above all else.
    let numbers = |path: &str| {
        let inside = path.strip_prefix("src/features/search/").unwrap_or("mod.rs");
        inside != "mod.rs" && !["index", "persist"].iter().any(|above| inside.starts_with(above))
    };
    assert_eq!(
        offences(&["super::index", "super::persist", "search::index", "search::persist", "ByteStore"], numbers),
        NONE
    );
    // The kit knows the contract and no store.
    let kit = |path: &str| path.starts_with("src/conformance/");
    assert_eq!(offences(&["crate::memory", "crate::layers", "crate::web", "InMemoryByteStore"], kit), NONE);
}

#[test]
fn platforms_differ_in_few_places() {
    // One line each where a module is named or a type chosen; all else by traits.
    // `realm` has what is one for the process natively, and one for the thread where nothing can be sent;
    // `reqwest_transport` what reqwest has on one side alone.
    let may = [
        "src/lib.rs",
        "src/future.rs",
        "src/clock.rs",
        "src/timer.rs",
        "src/layers/realm.rs",
        "src/upstash/reqwest_transport.rs",
    ];
    let may_not = |path: &str| path.starts_with("src/") && !path.starts_with("src/web/") && !may.contains(&path);
    assert_eq!(offences(&["target_arch"], may_not), NONE);
}

#[test]
fn unsafe_code_has_two_places() {
    // The kernels, and the bare sum that benches hold them against.
    let may = ["src/features/search/kernels/simd128.rs", "pkg/wasm-search/src/probe.rs"];
    // In pieces, so that this file has none of them.
    let words = [concat!("unsafe", " {"), concat!("unsafe", " fn"), concat!("unsafe", " impl")];
    assert_eq!(offences(&words, |path| !may.contains(&path)), NONE);
    for path in may {
        let text = fs::read_to_string(root().join(path)).unwrap();
        assert!(words.iter().any(|word| text.contains(word)), "{path} has none");
    }
}

#[test]
fn nothing_is_left_to_do() {
    // In pieces, so that this file has none of them.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("dbg", "!(")];
    for folder in SOURCES {
        for (path, text) in files(folder, &[".rs", ".ts", ".mjs", ".js", ".css", ".html", ".toml"]) {
            for (at, line) in text.lines().enumerate() {
                let found = words.iter().find(|word| line.contains(**word));
                assert!(found.is_none(), "{path}:{}: {}", at + 1, found.unwrap());
            }
        }
    }
}

#[test]
fn no_file_is_long() {
    for folder in SOURCES {
        let found = files(folder, &[".rs", ".ts", ".mjs", ".js"]);
        assert!(!found.is_empty(), "{folder} is gone");
        for (path, text) in found {
            // A page of all that an entry declares is as long as that is; `write.mjs` writes it.
            if path.ends_with(".d.ts") && path.contains("packaging/declarations/") {
                continue;
            }
            let lines = text.lines().count();
            assert!(lines <= LONGEST, "{path} has {lines} lines: at most {LONGEST}");
        }
    }
}

/// Ids as they stand in brackets: `[W2-last-wins]`.
fn ids_in(text: &str) -> BTreeSet<&str> {
    let is_id = |word: &str| {
        let Some((number, name)) = word.split_once('-') else { return false };
        let digits = number.trim_start_matches(|c: char| c.is_ascii_uppercase());
        let (letters, digits) = (number.len() - digits.len(), digits.parse::<u8>());
        letters == 1 && digits.is_ok() && name.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    };
    text.split('[').skip(1).filter_map(|rest| rest.split(']').next()).filter(|word| is_id(word)).collect()
}

#[test]
fn rules_that_are_named_exist() {
    let known: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(ids_in("[W2-last-wins] and `[x]` [Z9-zero]"), BTreeSet::from(["W2-last-wins", "Z9-zero"]));
    let mut named = BTreeSet::new();
    for (path, text) in ["src", "pkg/wasm/src", "pkg/wasm-search/src"].iter().flat_map(|folder| files(folder, &[".rs"]))
    {
        for id in ids_in(&text) {
            assert!(known.contains(id), "{path} names a rule that does not exist: {id}");
            named.insert(id.to_owned());
        }
    }
    assert!(named.len() > 10, "the contract's ids have gone from its doc comments: {named:?}");
}

#[test]
fn the_published_kit_has_every_rule_of_its_own() {
    let bodies: String = files("pkg/src/testing/rules", &[".ts"]).into_iter().map(|(_, text)| text).collect();
    assert!(!bodies.is_empty(), "pkg/src/testing/rules is gone");
    for rule in RULES {
        let written = bodies.contains(&format!("\"{}\"", rule.id));
        assert_eq!(written, rule.kits != Kits::Rust, "{}", rule.id);
    }
}

#[test]
fn maps_of_modules_are_whole() {
    for map in ["src/features/search/mod.rs", "pkg/wasm-search/src/lib.rs"] {
        let text = fs::read_to_string(root().join(map)).unwrap();
        let table: String = text.lines().filter(|line| line.starts_with("//! |")).collect();
        // What is private to a library is told where it is used; of bindings all is private.
        let declares = if map.starts_with("src/") { "pub mod " } else { "mod " };
        let modules = text.lines().filter_map(|line| line.strip_prefix(declares)?.strip_suffix(';'));
        let missing: Vec<_> = modules.filter(|name| !table.contains(&format!("`{name}`"))).collect();
        assert_eq!(missing, NONE, "{map}");
    }
}

#[test]
fn every_module_is_part_of_something() {
    // A file that no `mod` names is compiled by nobody and looks as if it were.
    for folder in CRATES {
        let all = files(folder, &[".rs"]);
        for (path, _) in &all {
            let path = Path::new(path);
            let stem = path.file_stem().unwrap().to_string_lossy();
            let (name, home) = match &*stem {
                "lib" | "main" => continue,
                "mod" => {
                    let folder = path.parent().unwrap();
                    (folder.file_name().unwrap().to_string_lossy(), folder.parent().unwrap())
                }
                _ => (stem, path.parent().unwrap()),
            };
            let parents = ["lib.rs", "main.rs", "mod.rs"].map(|name| home.join(name));
            let beside = home.with_extension("rs");
            let declared = all.iter().filter(|(other, _)| {
                let other = Path::new(other);
                parents.iter().any(|parent| parent == other) || other == beside
            });
            let declared = declared.flat_map(|(_, text)| text.lines()).any(|line| {
                let line = line.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
                line.trim_start_matches("pub ") == format!("mod {name};")
            });
            assert!(declared, "{} is no module of anything", path.display());
        }
    }
}
