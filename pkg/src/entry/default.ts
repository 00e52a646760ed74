/** `bytestow` in browsers, Node, Deno, Bun. */

import "./wasm/default.js";

export * from "../index.js";
