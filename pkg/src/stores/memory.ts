import { emitter } from "../core/events.js";
import { callback, checkOptions, namespace, ttl, wholeNumber } from "../core/options.js";
import type { ExpiringStoreOptions } from "../types.js";
import { memoryStore } from "../wasm/bytestow_wasm.js";
import { ByteStore } from "./base.js";

/** Options of `InMemoryByteStore`. */
export interface InMemoryByteStoreOptions extends ExpiringStoreOptions {
  /** The most bytes, keys (UTF-8) and values together; the least recently used entries go first. Unbounded without. */
  maxBytes?: number | undefined;
  /** The most entries; the least recently used go first. Unbounded without. */
  maxEntries?: number | undefined;
}

/** A store in memory: bounded or not, with expiry. It ends with the object; no other object sees it. */
export class InMemoryByteStore extends ByteStore {
  /** The class's name in LangChain's serialisation. */
  static override lc_name(): string {
    return "InMemoryByteStore";
  }

  /** @throws `invalid_argument` for a bad or unknown option. */
  constructor(options: InMemoryByteStoreOptions = {}) {
    const checked = checkOptions<InMemoryByteStoreOptions>("InMemoryByteStore", options, {
      namespace,
      ttl,
      maxBytes: wholeNumber(1),
      maxEntries: wholeNumber(1),
      now: callback,
      onEvent: callback,
    });
    const { maxBytes, maxEntries, now, onEvent } = checked;
    super(() => memoryStore(checked.namespace, checked.ttl, maxBytes, maxEntries, now, emitter(onEvent)), { onEvent });
  }
}
