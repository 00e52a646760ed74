//! Short names where the glue and the wasm meet. wasm-bindgen's end in a hash of sixteen characters, which stands in both
//! and is what compresses worst: short ones save 2.6 kB of the gzipped wasm and 1.8 kB of the minified glue. A bundler of the
//! user's cannot shorten them.

use std::path::Path;

use crate::shell::{Outcome, read, write};

/// Gives the `glue` the names that wasm-opt has given its module, by the `mapping` that it prints.
pub fn rename(glue: &Path, mapping: &str) -> Outcome {
    let mut text = String::from_utf8(read(glue)?).map_err(|error| format!("{}: {error}", glue.display()))?;
    let mut modules = Vec::new();
    // Lines of two kinds: `["module", "import", "short"]`, and `["export", "short"]`.
    for line in mapping.lines().filter(|line| line.trim_start().starts_with("[\"")) {
        match line.split('"').collect::<Vec<_>>().as_slice() {
            [_, module, _, import, _, short, _] => {
                if !modules.contains(module) {
                    modules.push(module);
                    text = text.replace(&format!("\"{module}\": import0"), "\"a\": import0");
                }
                text = replaced(&text, "", import, short);
            }
            [_, export, _, short, _] => text = replaced(&text, "wasm.", export, short),
            _ => return Err(format!("wasm-opt's mapping has a line of another kind: {line}")),
        }
    }
    if modules.len() != 1 || text.contains("_bg.js") {
        return Err(format!("{}: it imports from elsewhere than one module", glue.display()));
    }
    // A name that is used in another way would be missed here, and missing when it is called.
    let is_long = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').count() > 3;
    if text.contains("wasm[") || text.split("wasm.").skip(1).any(is_long) {
        return Err(format!("{}: it uses an export by a name that was not shortened", glue.display()));
    }
    write(glue, text)
}

/// `text` with `short` for each `name` that stands behind `before` and is a whole word.
fn replaced(text: &str, before: &str, name: &str, short: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let name = format!("{before}{name}");
    let mut parts = text.split(&name);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for rest in parts {
        let whole = !rest.starts_with(is_part) && !out.ends_with(is_part);
        out.push_str(if whole { before } else { &name });
        out.push_str(if whole { short } else { "" });
        out.push_str(rest);
    }
    out
}
