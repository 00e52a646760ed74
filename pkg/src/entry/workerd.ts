/** `bytestow` in Cloudflare Workers. */

import "./wasm/workerd.js";

export * from "../index.js";
