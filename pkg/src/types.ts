/**
 * The types that every part of the package shares. Written by hand: the generated glue's own types stay private.
 */

/** Bytes as they leave a store: over a plain ArrayBuffer of just their length, owned by the caller. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Options of any call. */
export interface CallOptions {
  /** Ends this call, and no other, with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Options of `mset` and `setIf`. */
export interface SetOptions extends CallOptions {
  /** How long the entries live, in seconds (fractions allowed, above 0); `null` cancels the store's default. */
  ttl?: number | null | undefined;
}

/** Options of `clear`. */
export interface ClearOptions extends CallOptions {
  /** Needed to clear a backend that others may share when the store has no namespace. */
  all?: boolean | undefined;
}

/** When `setIf` stores an entry: only if the key is missing, or only if it is there. */
export type SetCondition = "absent" | "present";

/** What a store knows of an entry. */
export interface EntryStat {
  /** Length of the value in bytes. */
  bytes: number;
  /** Remaining life in seconds; `null` if it does not expire; `undefined` where the store does not know. */
  ttl: number | null | undefined;
  /** When it was written, in ms since 1970, where the store knows. */
  written: number | undefined;
}

/** What a handle has counted since it was made. */
export interface StoreStats {
  /** Keys asked for that were there. */
  hits: number;
  /** Keys asked for that were missing. */
  misses: number;
  /** Bytes of values handed out. */
  bytesRead: number;
  /** Bytes of values taken in. */
  bytesWritten: number;
  /**
   * Requests made of the backend: transactions of IndexedDB, HTTP requests to Upstash, method calls of a wrapped store,
   * calls of a tiered store's remote one; 0 for memory.
   */
  requests: number;
  /** Entries dropped to keep a bounded store within its bounds. */
  evictions: number;
}

/** What a backend holds. */
export interface StoreUsage {
  /** How many keys there are, expired ones that were not dropped yet among them. */
  keys: number;
  /** Their bytes, of keys (UTF-8) and values. */
  bytes: number;
  /** Bytes of values on the disk, with those that the next compactions drop. */
  storedBytes: number;
}

/** What a store promises beyond the common rules. The kit of `bytestow/testing` tests each claim and each non-claim. */
export interface Capabilities {
  /** An `mset` or `mdelete` takes effect whole or not at all. */
  atomicBatch: boolean;
  /** A finished write is visible to other handles on the same backend. */
  sharedWrites: boolean;
  /** Entries can expire. */
  ttl: boolean;
  /** An entry is missing from its very millisecond of expiry on, by the injected clock where there is one. */
  exactTtl: boolean;
  /** `setIf` is there. */
  conditionalSet: boolean;
  /** The backend may hold data of others: `clear()` without a namespace needs `{ all: true }`. */
  sharedBackend: boolean;
  /** Data outlives the handle and the process. */
  persistent: boolean;
  /** Longest key in bytes of UTF-8, namespace included; `null` where only memory limits it. */
  maxKeyBytes: number | null;
}

/** What `onEvent` is told. */
export type StoreEvent =
  | {
      /** A request went to the backend. */
      type: "request";
      /** What was asked: `get`, `set`, `delete`, `list`, `stat` or `clear`. */
      operation: string;
      /** How many keys it was about; 0 where it is not about keys. */
      keys: number;
      /** How long it took, in ms. */
      ms: number;
    }
  | {
      /** Entries were dropped to make room. */
      type: "evict";
      /** How many. */
      keys: number;
      /** Their bytes, keys (UTF-8) and values together. */
      bytes: number;
    }
  | {
      /** Another handle on the same database, in another tab perhaps, wrote or deleted: told soon after, or when a call reads of it. */
      type: "change";
      /** Its keys, at most 100, as the store below any namespace has them. */
      keys: string[];
      /** Whether there are more than these: many, or a prefix that was cleared. */
      more: boolean;
    }
  | {
      /** What was still needed was copied out of records of which little was. */
      type: "compact";
      /** How many records went. */
      records: number;
      /** The bytes that were copied. */
      bytes: number;
    }
  | {
      /** The backend is not to be had; the store goes on in memory, and what it holds ends with it. */
      type: "fallback";
      /** Where the store goes on. */
      to: "memory";
      /** Why the backend is not to be had. */
      reason: string;
    }
  | {
      /** A lost connection was opened again. */
      type: "reopen";
      /** Why it was lost. */
      reason: string;
    }
  | {
      /** A database that would not open was deleted and made anew (`recover: "recreate"`). */
      type: "recreate";
      /** Why it would not open. */
      reason: string;
    }
  | {
      /** An entry could not be read and was answered as missing. */
      type: "corrupt";
      /** Its key, cut short. */
      key: string;
      /** What was wrong with it. */
      reason: string;
    }
  | {
      /** A request failed for a reason that may pass, and is made again. */
      type: "retry";
      /** What was asked: `get`, `set`, `delete`, `list`, `stat` or `clear`. */
      operation: string;
      /** How often it was tried so far. */
      attempt: number;
      /** How long is waited before it is made again, in ms. */
      delay: number;
      /** The `code` of the error. */
      reason: string;
    }
  | {
      /** A server that will not answer for a while (quota, token) is left alone. */
      type: "breaker";
      /** The `code` of the error with which calls are refused meanwhile. */
      reason: string;
      /** For how long, in ms. */
      ms: number;
    }
  | {
      /** The remote tier failed; the call went on with what is local. */
      type: "remote_error";
      /** The `code` of its error. */
      code: string;
      /** The message of its error. */
      message: string;
    }
  | {
      /** The local tier failed; the remote one has what the call was about. */
      type: "local_error";
      /** The `code` of its error. */
      code: string;
      /** The message of its error. */
      message: string;
    }
  | {
      /**
       * The store below a cache failed; the cache goes on without it. Told again once the store has worked meanwhile. Of a
       * vector store: its upkeep behind a write failed, and is tried again behind the next one; or it cannot be asked what
       * others have written, and searches go on with what is known (`staleIfError`).
       */
      type: "store_error";
      /** The `code` of its error. */
      code: string;
      /** The message of its error. */
      message: string;
    }
  | {
      /** The wasm instance trapped and was replaced; entries held in memory are gone. */
      type: "reset";
      /** The message of the trap. */
      reason: string;
    };

/** Options that every store takes. */
export interface StoreOptions {
  /** Physical keys become `<namespace>/<key>`. May contain `/` but not begin or end with it. */
  namespace?: string | undefined;
  /**
   * Told of what happens inside, after the fact; what it throws changes nothing, and is reported
   * (`reportError`; in Node, Deno and Bun, whose process that would end, on the console).
   */
  onEvent?: ((event: StoreEvent) => void) | undefined;
}

/** Options of stores that can expire entries. */
export interface ExpiringStoreOptions extends StoreOptions {
  /** How long entries live unless a call says otherwise, in seconds (fractions allowed, above 0). */
  ttl?: number | undefined;
  /** The clock, in ms since 1970; `Date.now` unless given. For tests. */
  now?: (() => number) | undefined;
}

/**
 * The least that can be taken for a store: the four methods of LangChain's `BaseStore<string, Uint8Array>`. Any such
 * object can be wrapped (`WrappedByteStore`), and stands wherever a store is taken.
 */
export interface BaseByteStore {
  /** The values of `keys`, in their order; `undefined` for a missing key. */
  mget(keys: string[]): Promise<(Uint8Array | undefined)[]>;
  /** Stores each pair of a key and its value. */
  mset(keyValuePairs: [string, Uint8Array][]): Promise<void>;
  /** Deletes `keys`; missing ones are fine. */
  mdelete(keys: string[]): Promise<void>;
  /** The keys that begin with `prefix`; without one, all keys. */
  yieldKeys(prefix?: string): AsyncGenerator<string, unknown, undefined>;
}
