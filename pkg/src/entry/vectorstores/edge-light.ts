/** `bytestow/vectorstores` in Vercel's edge runtime. */

import "../wasm/search/edge-light.js";

export * from "../../langchain/vectorstores/index.js";
