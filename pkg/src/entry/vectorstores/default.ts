/** `bytestow/vectorstores` in browsers, Node, Deno, Bun. */

import "../wasm/search/default.js";

export * from "../../langchain/vectorstores/index.js";
