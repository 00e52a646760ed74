import type { BaseByteStore, CallOptions, StoreEvent } from "../../types.js";

/** A model as the kit makes it: LangChain's `EmbeddingsInterface`. */
export interface TestedModel {
  /** The vectors of `documents`. Shape: `[documents, dimensions]`. */
  embedDocuments(documents: string[]): Promise<number[][]>;
  /** The vector of a text to find documents by. Shape: `[dimensions]`. */
  embedQuery(document: string): Promise<number[]>;
}

/** How exactly a cache keeps vectors. */
export type CachePrecision = "f32" | "f64" | "f16" | "int8";

/** How a cache makes keys. */
export type CacheKeyEncoder =
  | "sha256"
  | "langchain-js"
  | "langchain-python-sha1"
  | "langchain-python-sha256"
  | "langchain-python-blake2b"
  | "langchain-python-sha512";

/** How far a call is, in texts. */
export interface CacheProgress {
  /** Those whose vectors are there. */
  done: number;
  /** All of the call. */
  total: number;
  /** Those that did not have to be asked of the model for this call. */
  hits: number;
}

/** What a cache has counted; see `EmbeddingsCacheStats` of `bytestow/embeddings`. */
export interface CacheStats {
  /** Texts found in the store. */
  hits: number;
  /** Texts asked of the model. */
  misses: number;
  /** Texts asked for already: by another call, or by another place of the same one. */
  joined: number;
  /** Calls of the model. */
  requests: number;
  /** Calls of the store that failed. */
  storeErrors: number;
}

/** Options of `embedDocuments`. */
export interface TestedEmbedOptions extends CallOptions {
  /** Told of progress, after the fact. */
  onProgress?: ((progress: CacheProgress) => void) | undefined;
}

/**
 * A cache as the kit sees it. LangChain's two methods are all that is needed to be put under the kit; what the harness
 * does not claim is not called.
 */
export interface TestedCache {
  /** The vectors of `documents`, in their order. Shape: `[documents, dimensions]`. */
  embedDocuments(documents: string[], options?: TestedEmbedOptions): Promise<number[][]>;
  /** The vector of a text to find documents by. Shape: `[dimensions]`. */
  embedQuery(document: string, options?: CallOptions): Promise<number[]>;
  /** Claimed by `typed`. */
  embedDocumentsTyped?(documents: string[], options?: TestedEmbedOptions): Promise<Float32Array[]>;
  /** Claimed by `stats`. */
  stats?(): CacheStats;
}

/** The options with which the kit opens a cache. None but `model` is passed unless the harness claims it. */
export interface CacheOptions {
  /** The model's name. LangChain calls it `namespace`. */
  model: string;
  /** Claimed by `dimensions`. */
  dimensions?: number;
  /** Claimed by `precisions`. */
  precision?: CachePrecision;
  /** Claimed by `keyEncoders`. */
  keyEncoder?: CacheKeyEncoder;
  /** Claimed by `json`. */
  valueFormat?: "binary" | "json";
  /** Claimed by `queryCache`. */
  queryCache?: boolean | BaseByteStore;
  /** Claimed by `batches`. */
  batchSize?: number;
  /** Claimed by `batches`. */
  concurrency?: number;
  /** Claimed by `progress`. */
  onProgress?: (progress: CacheProgress) => void;
  /** Claimed by `events`. */
  onEvent?: (event: StoreEvent) => void;
}

/**
 * What a cache can beyond what every cache must. Each claim is checked; where something is not claimed, either the
 * opposite is checked, or the result of the rule has a note that says what was left out.
 */
export interface CacheClaims {
  /**
   * A text that one call is asking for is not asked for by another one. `false` where calls must not wait for each other,
   * as between the requests of a Worker: then it is checked that none does.
   */
  shares?: boolean;
  /** `embedQuery` is cached too. */
  queries?: boolean;
  /** The option `queryCache`: queries are kept with the documents, in a store of their own, or not at all. */
  queryCache?: boolean;
  /** The option `dimensions` is part of the key. */
  dimensions?: boolean;
  /** The options `batchSize` and `concurrency`. */
  batches?: boolean;
  /** `onProgress`, as an option of the cache and of a call. */
  progress?: boolean;
  /** Calls take a `signal`. */
  signal?: boolean;
  /** The option `onEvent`: `corrupt` and `store_error`. */
  events?: boolean;
  /** There is `stats()`. */
  stats?: boolean;
  /** There is `embedDocumentsTyped()`. */
  typed?: boolean;
  /** What the option `precision` takes. What is not in the list must make `open` throw or reject. */
  precisions?: readonly CachePrecision[];
  /** What the option `keyEncoder` takes. What is not in the list must make `open` throw or reject. */
  keyEncoders?: readonly CacheKeyEncoder[];
  /** LangChain's entries, which are arrays in JSON, are read, and the option `valueFormat` chooses what is written. */
  json?: boolean;
  /** Entries have the header of `bytestow/embeddings`, whose bytes 2 and 3 are the version and the kind of numbers. */
  header?: boolean;
  /** Wrong options make `open` throw or reject with `invalid_argument`, and a message that names the option. */
  checksOptions?: boolean;
  /** What the cache itself calls the option `model`, in that message. */
  modelOption?: string;
}

/** Options of a store below a cache. */
export interface BelowOptions {
  /** How long entries live, in seconds. Passed if, and only if, the harness says `expires`. */
  ttl?: number;
  /** The kit's clock, in ms since 1970. Passed if, and only if, the harness says `clock: "injected"`. */
  now?: () => number;
}

/**
 * How the kit gets at a kind of cache.
 *
 * A cache must give what the kit's model gives, to the last bit, where no precision is asked for: the model's numbers are
 * 32-bit floats then.
 */
export interface EmbeddingsCacheHarness {
  /** Names the cache in results. */
  name: string;
  /** Names the runtime in results; the user agent if left out. */
  runtime?: string;
  /** What the cache can. */
  claims: CacheClaims;
  /** Opens a cache. What it throws counts as a rejection. */
  open(parts: { model: TestedModel; store: BaseByteStore; options: CacheOptions }): TestedCache | Promise<TestedCache>;
  /**
   * The store that caches are opened on; a `Map` of the kit's own if left out. A `backend` is a name for a place to store
   * things: one of a new name is empty.
   */
  store?(backend: string, options: BelowOptions): BaseByteStore | Promise<BaseByteStore>;
  /** The store can let entries expire. */
  expires?: boolean;
  /** `"injected"`: the store goes by the kit's clock. Otherwise the kit waits, which is the default. */
  clock?: "injected" | "real";
  /** Removes a backend when its rule is over. */
  dispose?(backend: string): void | Promise<void>;
}
