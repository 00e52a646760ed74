import { emitter } from "../core/events.js";
import { baseStore, foreign } from "../core/foreign.js";
import { callback, checkOptions, namespace } from "../core/options.js";
import type { BaseByteStore, StoreOptions } from "../types.js";
import { wrappedStore } from "../wasm/bytestow_wasm.js";
import { ByteStore } from "./base.js";

/** Options of `WrappedByteStore`. */
export interface WrappedByteStoreOptions extends StoreOptions {
  /** Any object with LangChain's four methods: a `BaseStore<string, Uint8Array>`, or one of your own. */
  store: BaseByteStore;
}

/**
 * Any store with LangChain's four methods, held to this package's contract as far as four methods allow: checked
 * arguments and answers, copied bytes, literal prefixes, namespaces, signals, typed errors. It cannot expire entries;
 * `clear` and `stat` are built on the four methods; closing it does not close what it wraps.
 */
export class WrappedByteStore extends ByteStore {
  /** The class's name in LangChain's serialisation. */
  static override lc_name(): string {
    return "WrappedByteStore";
  }

  /** @throws `invalid_argument` for a bad or unknown option, or a `store` that lacks a method. */
  constructor(options: WrappedByteStoreOptions) {
    const checked = checkOptions<WrappedByteStoreOptions>("WrappedByteStore", options, {
      store: baseStore,
      namespace,
      onEvent: callback,
    });
    const target = foreign(baseStore(checked.store, "store"));
    super(() => wrappedStore(target, checked.namespace, emitter(checked.onEvent)), { onEvent: checked.onEvent });
  }
}
