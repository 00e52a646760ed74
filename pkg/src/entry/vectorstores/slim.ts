/** `bytestow/slim/vectorstores`: the same API; the caller says where the search wasm is. */

export type { WasmInput } from "../../core/source.js";
export * from "../../langchain/vectorstores/index.js";
export { initSearchWasm } from "../../search/source.js";
