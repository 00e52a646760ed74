/** `bytestow/slim`: the same API; the caller says where the wasm is. */

export { initWasm, type WasmInput } from "../core/source.js";
export * from "../index.js";
