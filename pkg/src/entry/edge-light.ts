/** `bytestow` in Vercel's edge runtime. */

import "./wasm/edge-light.js";

export * from "../index.js";
