/** `bytestow/slim/vectorstores`, as its types are. Written by write.mjs. */

export {
  type AddDocumentsOptions,
  ByteStoreVectorStore,
  type ByteStoreVectorStoreOptions,
  type DeleteParams,
  type FilterConditions,
  type FilterLogic,
  type MetadataFilter,
  type SearchOptions,
  type VectorStoreFilter,
  type VectorStoreMemory,
  type VectorStoreStats,
} from "./vectorstores.js";

export { initSearchWasm, type WasmInput };

/** Where wasm is, its bytes, or its module. */
type WasmBytes = URL | string | ArrayBuffer | ArrayBufferView<ArrayBuffer> | WasmModule | Response;

/** Anything that wasm can be made of. */
type WasmInput = WasmBytes | Promise<WasmBytes>;

/**
 * `WebAssembly.Module`, for compilers whose library knows of it: Node's types do not. It is declared without members, so
 * that it alone would take a number too.
 */
type WasmModule = typeof globalThis extends {
  WebAssembly: {
    Module: {
      prototype: infer Module;
    };
  };
}
  ? Module & object
  : object;

/**
 * Tells `bytestow/slim/vectorstores` where its wasm is: the URL of `bytestow/search.wasm` as your bundler gives it, its
 * bytes, a compiled module, or a response. To be called before the first call of any vector store.
 */
declare function initSearchWasm(input: WasmInput): void;
