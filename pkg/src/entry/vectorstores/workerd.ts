/** `bytestow/vectorstores` in Cloudflare Workers. */

import "../wasm/search/workerd.js";

export * from "../../langchain/vectorstores/index.js";
