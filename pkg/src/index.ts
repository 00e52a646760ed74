/** What every entry of the package exports. */

export { BytestowError, type BytestowErrorOptions, type ErrorCode } from "./core/error.js";
export { ByteStore } from "./stores/base.js";
export { IndexedDBByteStore, type IndexedDBByteStoreOptions } from "./stores/indexed_db.js";
export { InMemoryByteStore, type InMemoryByteStoreOptions } from "./stores/memory.js";
export { type RemoteErrorPolicy, TieredByteStore, type TieredByteStoreOptions } from "./stores/tiered.js";
export {
  type Environment,
  UpstashRedisByteStore,
  type UpstashRedisByteStoreOptions,
  type UpstashToken,
} from "./stores/upstash.js";
export { WrappedByteStore, type WrappedByteStoreOptions } from "./stores/wrapped.js";
export type {
  BaseByteStore,
  Bytes,
  CallOptions,
  Capabilities,
  ClearOptions,
  EntryStat,
  ExpiringStoreOptions,
  SetCondition,
  SetOptions,
  StoreEvent,
  StoreOptions,
  StoreStats,
  StoreUsage,
} from "./types.js";
