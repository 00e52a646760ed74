/** `bytestow`, as its types are. Written by write.mjs. */

// biome-ignore-all lint/correctness: as the compiler has written it

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
};

/** The method of `await using`, where there is such a symbol; nothing elsewhere, so that older libraries compile. */
type AsyncDisposeMethod = {
  [Key in DisposeKey]: () => Promise<void>;
};

/**
 * The least that can be taken for a store: the four methods of LangChain's `BaseStore<string, Uint8Array>`. Any such
 * object can be wrapped (`WrappedByteStore`), and stands wherever a store is taken.
 */
interface BaseByteStore {
  /** The values of `keys`, in their order; `undefined` for a missing key. */
  mget(keys: string[]): Promise<(Uint8Array | undefined)[]>;
  /** Stores each pair of a key and its value. */
  mset(keyValuePairs: [string, Uint8Array][]): Promise<void>;
  /** Deletes `keys`; missing ones are fine. */
  mdelete(keys: string[]): Promise<void>;
  /** The keys that begin with `prefix`; without one, all keys. */
  yieldKeys(prefix?: string): AsyncGenerator<string, unknown, undefined>;
}

interface ByteStore extends AsyncDisposeMethod {}

/**
 * A batched byte store: any Unicode string to any bytes. Every store of this package is one, keeps the same contract
 * (`bytestow/testing`), and goes wherever LangChain.js wants a `BaseStore<string, Uint8Array>`.
 *
 * Methods reject with a `BytestowError` and never throw. Calls of one store on one key take effect in call order,
 * awaited or not.
 */
declare abstract class ByteStore {
  #private;
  /** Never: a store is not revived from JSON. */
  readonly lc_serializable: boolean;
  /** Nothing: options may hold secrets. */
  readonly lc_kwargs: Record<string, never>;
  /** Where LangChain's serialisation files the class. */
  readonly lc_namespace: string[];
  /**
   * `make` makes the store's object in wasm; it runs again if the wasm instance has to be replaced. `segmentBytes` is for a
   * store that packs the values of a call into segments of that length.
   */
  protected constructor(make: () => object, options: StoreOptions, segmentBytes?: number);
  /** The class's name in LangChain's serialisation; a literal in each class, since minifiers rename classes. */
  static lc_name(): string;
  /**
   * The values of `keys`, in their order; `undefined` for a missing key. Each result is the caller's own.
   *
   * @throws `invalid_argument`, `closed`, and what the backend says.
   */
  mget(keys: string[], options?: CallOptions): Promise<(Bytes | undefined)[]>;
  /**
   * Stores `keyValuePairs`; of a key that stands twice the last wins. The values are copied at the call.
   *
   * @throws `invalid_argument`, `too_large`, `quota_exceeded`, `closed`, and what the backend says.
   */
  mset(keyValuePairs: [string, Uint8Array][], options?: SetOptions): Promise<void>;
  /**
   * Deletes `keys`; missing ones are fine.
   *
   * @throws `invalid_argument`, `closed`, and what the backend says.
   */
  mdelete(keys: string[], options?: CallOptions): Promise<void>;
  /**
   * The keys that begin with `prefix`, taken literally. Every key that exists throughout comes exactly once, whatever
   * is written meanwhile; leaving early frees what the iteration held. Fails at its first step, not at the call.
   *
   * @throws `invalid_argument`, `closed`, and what the backend says.
   */
  yieldKeys(prefix?: string, options?: CallOptions): AsyncGenerator<string, void, undefined>;
  /**
   * Stores each pair whose key is missing (`"absent"`) or there (`"present"`) at that moment; says which it stored.
   *
   * @throws `unsupported` on stores whose `capabilities()` have no `conditionalSet`; else as `mset`.
   */
  setIf(pairs: [string, Uint8Array][], condition: SetCondition, options?: SetOptions): Promise<boolean[]>;
  /**
   * What is known of `keys` without their values; `undefined` for a missing key.
   *
   * @throws `invalid_argument`, `closed`, and what the backend says.
   */
  stat(keys: string[], options?: CallOptions): Promise<(EntryStat | undefined)[]>;
  /**
   * Removes every key of the store's namespace; without a namespace every key of the backend, which a backend that
   * others may share demands to be asked for by `{ all: true }`.
   *
   * @throws `invalid_argument`, `closed`, and what the backend says.
   */
  clear(options?: ClearOptions): Promise<void>;
  /**
   * Lets go of what the store holds. Calls made before still end; later ones are refused as `closed`. What is stored
   * stays where the backend is persistent. Closing twice is fine.
   */
  close(): Promise<void>;
  /** Counts of this object since it was made; they begin anew if the wasm instance had to be replaced. */
  stats(): StoreStats;
  /** What the store promises beyond the common rules. Opens the backend, which may turn out to be another. */
  capabilities(): Promise<Capabilities>;
  /** The class's place in LangChain's serialisation. */
  get lc_id(): string[];
  /** None: `toJSON` holds no option at all. */
  get lc_secrets(): Record<string, string> | undefined;
  /** None. */
  get lc_attributes(): undefined;
  /** None. */
  get lc_aliases(): Record<string, string> | undefined;
  /** None. */
  get lc_serializable_keys(): string[] | undefined;
  /** What LangChain's tracing shows of a store: its class, never an option. */
  toJSON(): {
    lc: number;
    type: "not_implemented";
    id: string[];
  };
  /** See `toJSON`. */
  toJSONNotImplemented(): {
    lc: number;
    type: "not_implemented";
    id: string[];
  };
}

/** Bytes as they leave a store: over a plain ArrayBuffer of just their length, owned by the caller. */
type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The error that every store rejects with. Tell it by `name` and `code`: with two copies of the package on a page,
 * `instanceof` knows only one. Messages name the argument and what would be right, and hold no value and no secret.
 */
declare class BytestowError extends Error {
  /** Tells these errors from others, whichever copy of the package made them. */
  readonly name = "BytestowError";
  /** What went wrong, in one of a few stable words. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** How often the call was tried, where it was retried. */
  readonly attempts?: number;
  /** For how long it was tried, in ms, where it was retried. */
  readonly elapsed?: number;
  /** The HTTP status, where a server answered. */
  readonly status?: number;
  /** The first word of Redis' error (`WRONGTYPE`, `NOPERM`, `ERR`, ...), where a server gave one. */
  readonly redisError?: string;
  /** The limit that was met, in bytes. */
  readonly limit?: number;
  /** How much there was, in bytes. */
  readonly actual?: number;
  /** For stores of your own. A `message` of 600 characters or more is cut short. */
  constructor(code: ErrorCode, message: string, options?: BytestowErrorOptions);
}

/** What is known of an error beside its code and message. */
interface BytestowErrorOptions {
  /** Whether the same call may succeed later. */
  retryable?: boolean | undefined;
  /** What lies behind it. */
  cause?: unknown;
  /** How often the call was tried, where it was retried. */
  attempts?: number | undefined;
  /** For how long it was tried, in ms, where it was retried. */
  elapsed?: number | undefined;
  /** The HTTP status, where a server answered. */
  status?: number | undefined;
  /** The first word of Redis' error: `WRONGTYPE`, `NOPERM`, `ERR`, ... */
  redisError?: string | undefined;
  /** The limit that was met, in bytes. */
  limit?: number | undefined;
  /** How much there was, in bytes. */
  actual?: number | undefined;
}

/** Options of any call. */
interface CallOptions {
  /** Ends this call, and no other, with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** What a store promises beyond the common rules. The kit of `bytestow/testing` tests each claim and each non-claim. */
interface Capabilities {
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

/** Options of `clear`. */
interface ClearOptions extends CallOptions {
  /** Needed to clear a backend that others may share when the store has no namespace. */
  all?: boolean | undefined;
}

/** `Symbol.asyncDispose`, for compilers whose library knows of it. */
type DisposeKey = SymbolConstructor extends {
  readonly asyncDispose: infer Key extends symbol;
}
  ? Key
  : never;

/** What a store knows of an entry. */
interface EntryStat {
  /** Length of the value in bytes. */
  bytes: number;
  /** Remaining life in seconds; `null` if it does not expire; `undefined` where the store does not know. */
  ttl: number | null | undefined;
  /** When it was written, in ms since 1970, where the store knows. */
  written: number | undefined;
}

/** Variables of an environment: `process.env`, or the `env` of a Worker. */
type Environment = Record<string, unknown>;

/** What went wrong, in one of a few stable words. */
type ErrorCode =
  /** An argument or option is wrong; the same one cannot work. */
  | "invalid_argument"
  /** The backend has no room left; nothing of the call was stored. */
  | "quota_exceeded"
  /** The backend does not accept the credentials. */
  | "unauthorized"
  /** The backend is absent or cannot be reached. */
  | "unavailable"
  /** The backend did not answer in time. */
  | "timeout"
  /** A key, a value or a whole call is larger than what the backend takes. */
  | "too_large"
  /** What is stored cannot be read. */
  | "corrupt"
  /** The store was closed. */
  | "closed"
  /** The store does not have this operation. */
  | "unsupported"
  /** A defect of bytestow itself; the store goes on with a fresh wasm instance. */
  | "internal";

/** Options of stores that can expire entries. */
interface ExpiringStoreOptions extends StoreOptions {
  /** How long entries live unless a call says otherwise, in seconds (fractions allowed, above 0). */
  ttl?: number | undefined;
  /** The clock, in ms since 1970; `Date.now` unless given. For tests. */
  now?: (() => number) | undefined;
}

/** A store in memory: bounded or not, with expiry. It ends with the object; no other object sees it. */
declare class InMemoryByteStore extends ByteStore {
  /** The class's name in LangChain's serialisation. */
  static lc_name(): string;
  /** @throws `invalid_argument` for a bad or unknown option. */
  constructor(options?: InMemoryByteStoreOptions);
}

/** Options of `InMemoryByteStore`. */
interface InMemoryByteStoreOptions extends ExpiringStoreOptions {
  /** The most bytes, keys (UTF-8) and values together; the least recently used entries go first. Unbounded without. */
  maxBytes?: number | undefined;
  /** The most entries; the least recently used go first. Unbounded without. */
  maxEntries?: number | undefined;
}

/**
 * A store in the browser's IndexedDB: it outlives the page and is shared by all tabs and workers of the origin. Nothing
 * is opened before the first call.
 */
declare class IndexedDBByteStore extends ByteStore {
  /** The class's name in LangChain's serialisation. */
  static lc_name(): string;
  /** @throws `invalid_argument` for a bad or unknown option, or without a `name`. */
  constructor(options: IndexedDBByteStoreOptions);
  /**
   * What the database holds, every namespace of it.
   *
   * @throws `closed`, and what IndexedDB says.
   */
  usage(): Promise<StoreUsage>;
  /**
   * Asks the browser not to clear this origin's storage when room is short; says whether it agreed. Some ask the user.
   * Where there is nothing to ask (workers, pages without HTTPS) the answer is `false`. Never asked for without this call.
   */
  requestPersistence(): Promise<boolean>;
  /**
   * Deletes the database, with every namespace in it, and closes the store. Other stores on it find it empty.
   *
   * @throws `closed`; `unavailable` where there is no IndexedDB.
   */
  destroy(): Promise<void>;
}

/** Options of `IndexedDBByteStore`. */
interface IndexedDBByteStoreOptions extends ExpiringStoreOptions {
  /** The database's name, one for all stores that are to share it. */
  name: string;
  /** How much memory may hold what was read lately, in bytes: 8 MiB unless given, 0 for none. */
  memoryBytes?: number | undefined;
  /**
   * The most that keys (UTF-8) and values may take together, in bytes: beyond that the entries that were used least
   * recently go. Without it nothing ever does, and a full disk is `quota_exceeded`.
   */
  maxBytes?: number | undefined;
  /**
   * What to do with a database that will not open: reject (default), or delete it, whosever it is, and make it anew. For
   * caches. Never for want of time or of room.
   */
  recover?: "error" | "recreate" | undefined;
  /**
   * When a write counts as done: when handed to the operating system (`"relaxed"`, default), on the disk
   * (`"strict"`), or as the browser likes. What relaxed can lose in a power cut is the last writes, each whole.
   */
  durability?: "relaxed" | "strict" | "default" | undefined;
  /**
   * What to do where the database does not open at the first call (server rendering, a page that may not store, whatever
   * else keeps it from opening): reject (default), or go on in memory for as long as the page lives, which `onEvent` is
   * told (`"fallback"`).
   */
  fallback?: "error" | "memory" | undefined;
}

/** What a failing remote store means to reads and listings: what is local is served alone, or they fail. */
type RemoteErrorPolicy = "serve-local" | "throw";

/** When `setIf` stores an entry: only if the key is missing, or only if it is there. */
type SetCondition = "absent" | "present";

/** Options of `mset` and `setIf`. */
interface SetOptions extends CallOptions {
  /** How long the entries live, in seconds (fractions allowed, above 0); `null` cancels the store's default. */
  ttl?: number | null | undefined;
}

/** What `onEvent` is told. */
type StoreEvent =
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
interface StoreOptions {
  /** Physical keys become `<namespace>/<key>`. May contain `/` but not begin or end with it. */
  namespace?: string | undefined;
  /**
   * Told of what happens inside, after the fact; what it throws changes nothing, and is reported
   * (`reportError`; in Node, Deno and Bun, whose process that would end, on the console).
   */
  onEvent?: ((event: StoreEvent) => void) | undefined;
}

/** What a handle has counted since it was made. */
interface StoreStats {
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
interface StoreUsage {
  /** How many keys there are, expired ones that were not dropped yet among them. */
  keys: number;
  /** Their bytes, of keys (UTF-8) and values. */
  bytes: number;
  /** Bytes of values on the disk, with those that the next compactions drop. */
  storedBytes: number;
}

/**
 * A local store before a remote one: IndexedDB before Upstash, say. What is missing locally is read from remote in one
 * batch and written back, unless it was written or deleted meanwhile. Closing it closes neither tier.
 */
declare class TieredByteStore extends ByteStore {
  /** The class's name in LangChain's serialisation. */
  static lc_name(): string;
  /** @throws `invalid_argument` for a bad or unknown option, or without a `local` and a `remote`. */
  constructor(options: TieredByteStoreOptions);
}

/** Options of `TieredByteStore`. */
interface TieredByteStoreOptions extends Omit<StoreOptions, "namespace"> {
  /** What is near: read first. A store of this package, or any object with LangChain's four methods. */
  local: BaseByteStore;
  /** What has the truth: asked for what is missing locally, written first. Likewise. */
  remote: BaseByteStore;
  /**
   * How long a local entry lives at most, in seconds; without it as long as the remote one, where that is known. Tiers
   * are for content that does not change under its key: set this where it does.
   */
  localTtl?: number | undefined;
  /** `"through"`: writes go to the remote store, then to the local one, and are done when both are. */
  write?: "through" | undefined;
  /** What a failing remote store means to reads and listings; `"serve-local"` unless given. */
  onRemoteError?: RemoteErrorPolicy | undefined;
  /**
   * Takes the promise of what need not be waited for: writing back what was read. Without it calls wait for that. In a
   * Worker: `(work) => ctx.waitUntil(work)`.
   */
  waitUntil?: ((work: Promise<void>) => void) | undefined;
}

/**
 * A store in Upstash Redis, or any server of its protocol, over HTTP: for all runtimes. Batches are single commands, cut
 * by encoded bytes; what may be repeated is repeated; any bytes come back as they were.
 */
declare class UpstashRedisByteStore extends ByteStore {
  /** The class's name in LangChain's serialisation. */
  static lc_name(): string;
  /**
   * A store on what the environment names: `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN`, or `KV_REST_API_URL`
   * and `KV_REST_API_TOKEN`. `env` is `process.env` unless given; in a Worker pass its `env`.
   *
   * @throws `invalid_argument` where one of them is missing.
   */
  static fromEnv(
    env?: Environment,
    options?: Omit<UpstashRedisByteStoreOptions, "url" | "token">,
  ): UpstashRedisByteStore;
  /** @throws `invalid_argument` for a bad or unknown option, or without a `url` and a `token`. */
  constructor(options: UpstashRedisByteStoreOptions);
}

/** Options of `UpstashRedisByteStore`. */
interface UpstashRedisByteStoreOptions extends StoreOptions {
  /**
   * The REST API's URL, `https://…`. In a page it may be relative to the page, for a proxy on the same origin that adds
   * the token: a full token does not belong in a page.
   */
  url: string;
  /**
   * The token; a function is asked before each request, and once more when a token was refused; `null` sends none, and
   * leaves it to a proxy.
   */
  token: UpstashToken;
  /** Further headers, for proxies. They are never shown. */
  headers?: Record<string, string> | undefined;
  /** How long entries live unless a call says otherwise, in seconds (fractions allowed, above 0). */
  ttl?: number | undefined;
  /**
   * How values are written. `"auto"` (default): text as it is, anything else as base64 behind a marker: safe everywhere.
   * `"raw"`: every byte as it is, for programs that read Redis natively; values that are no text go one to a request.
   */
  encoding?: "auto" | "raw" | undefined;
  /** How long one attempt may take, from the connection to the last byte of the reply, in ms; 10,000 unless given. */
  timeout?: number | undefined;
  /** How often a request is tried again that failed for a reason that may pass; 5 unless given. */
  retries?: number | undefined;
  /** How long a request may take with all its attempts and the waits between them, in ms; 25,000 unless given. */
  deadline?: number | undefined;
}

/** What proves to the server that we may: the token, a function that gives it, or `null` where a proxy adds it. */
type UpstashToken = string | null | (() => string | Promise<string>);

/**
 * Any store with LangChain's four methods, held to this package's contract as far as four methods allow: checked
 * arguments and answers, copied bytes, literal prefixes, namespaces, signals, typed errors. It cannot expire entries;
 * `clear` and `stat` are built on the four methods; closing it does not close what it wraps.
 */
declare class WrappedByteStore extends ByteStore {
  /** The class's name in LangChain's serialisation. */
  static lc_name(): string;
  /** @throws `invalid_argument` for a bad or unknown option, or a `store` that lacks a method. */
  constructor(options: WrappedByteStoreOptions);
}

/** Options of `WrappedByteStore`. */
interface WrappedByteStoreOptions extends StoreOptions {
  /** Any object with LangChain's four methods: a `BaseStore<string, Uint8Array>`, or one of your own. */
  store: BaseByteStore;
}
