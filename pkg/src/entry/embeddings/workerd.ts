/** `bytestow/embeddings` in Cloudflare Workers. */

import "../wasm/workerd.js";

export * from "../../langchain/embeddings.js";
