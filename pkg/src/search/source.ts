/** Where the search wasm comes from: a module apart from the stores', loaded by the first call of a vector store. */

import { type WasmInput, WasmPlace, type WasmSource } from "../core/source.js";

/** The search wasm. */
export const search = /* @__PURE__ */ new WasmPlace();

/** Called by an entry at import. What the caller of `initSearchWasm` chose stays. */
export function provideSearchWasm(source: WasmSource): void {
  search.provide(source);
}

/**
 * Tells `bytestow/slim/vectorstores` where its wasm is: the URL of `bytestow/search.wasm` as your bundler gives it, its
 * bytes, a compiled module, or a response. To be called before the first call of any vector store.
 */
export function initSearchWasm(input: WasmInput): void {
  search.init(input);
}
