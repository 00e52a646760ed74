//! What wasm-bindgen's glue does that must not be, and how it is mended.

use std::path::Path;

use crate::shell::{Outcome, read, write};

/// What is mended: as it stands, and as it is to be.
type Mended<'a> = &'a [(&'a str, &'a str)];

/// Of a module that has closures, promises and a `fetch`.
const OF_CLOSURES: Mended<'_> = &[
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
    // reqwest panics at a response without a URL, which is what a `fetch` gives that a test has put in its place.
    ("const ret = arg1.url;", "const ret = arg1.url || 'http://response.invalid/';"),
];

/// Of every module.
const OF_ALL: Mended<'_> = &[
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
    // Character by character the texts of an embedding call, 800 kB, take 1 ms, a tenth of the call.
    (
        "    if (realloc === undefined) {\n        const buf = cachedTextEncoder.encode(arg);",
        "    if (realloc === undefined || arg.length > 512) {\n        const buf = cachedTextEncoder.encode(arg);",
    ),
];

/// Mends the `glue`, and declares in its `types` what that adds.
pub fn mend(glue: &Path, types: &Path) -> Outcome {
    let mut text = String::from_utf8(read(glue)?).map_err(|error| format!("{}: {error}", glue.display()))?;
    let has_closures = text.contains("makeMutClosure");
    for (wrong, right) in OF_ALL.iter().chain(if has_closures { OF_CLOSURES } else { &[] }) {
        if text.matches(wrong).count() != 1 {
            return Err(format!("{}: `{wrong}` does not stand in it exactly once any more", glue.display()));
        }
        text = text.replace(wrong, right);
    }
    write(glue, text)?;
    if !has_closures {
        return Ok(());
    }
    let mut declared = read(types)?;
    declared.extend_from_slice(b"\nexport function __wbg_give_up(): void;\n");
    write(types, declared)
}
