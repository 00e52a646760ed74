/** `bytestow/embeddings` in Vercel's edge runtime. */

import "../wasm/edge-light.js";

export * from "../../langchain/embeddings.js";
