/** `bytestow/slim`, as its types are. Written by write.mjs. */

export {
  type BaseByteStore,
  ByteStore,
  type Bytes,
  BytestowError,
  type BytestowErrorOptions,
  type CallOptions,
  type Capabilities,
  type ClearOptions,
  type EntryStat,
  type Environment,
  type ErrorCode,
  type ExpiringStoreOptions,
  IndexedDBByteStore,
  type IndexedDBByteStoreOptions,
  InMemoryByteStore,
  type InMemoryByteStoreOptions,
  type RemoteErrorPolicy,
  type SetCondition,
  type SetOptions,
  type StoreEvent,
  type StoreOptions,
  type StoreStats,
  type StoreUsage,
  TieredByteStore,
  type TieredByteStoreOptions,
  UpstashRedisByteStore,
  type UpstashRedisByteStoreOptions,
  type UpstashToken,
  WrappedByteStore,
  type WrappedByteStoreOptions,
} from "./index.js";

export { initWasm, type WasmInput };

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
 * Tells `bytestow/slim` where its wasm is: the URL of `bytestow/bytestow.wasm` as your bundler gives it, its bytes, a
 * compiled module, or a response. To be called before the first call of any store.
 */
declare function initWasm(input: WasmInput): void;
