/** `bytestow/embeddings` in browsers, Node, Deno, Bun. */

import "../wasm/default.js";

export * from "../../langchain/embeddings.js";
