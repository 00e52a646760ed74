/** `bytestow/embeddings`, as its types are. Written by write.mjs. */

// biome-ignore-all lint/correctness: as the compiler has written it

import type { Embeddings, EmbeddingsInterface } from "@langchain/core/embeddings";
import type { BaseByteStore, CallOptions, StoreEvent } from "./index.js";

export {
  CacheBackedEmbeddings,
  type CacheBackedEmbeddingsOptions,
  type CacheBackedEmbeddingsSettings,
  type EmbeddingsCacheStats,
  type EmbedOptions,
  type EmbedProgress,
  type KeyEncoderName,
  type VectorFormatName,
  type VectorPrecisionName,
};

/**
 * A model behind a cache: what is in the store is not embedded again. It stands wherever LangChain takes embeddings.
 *
 * A text that stands twice in a call is asked for once; one that another call is asking for is not asked for again (not
 * in Workers, where no request may wait for another's). A store that fails costs time and nothing else. What the model
 * throws is thrown on as it is.
 *
 * An application that moves over from LangChain.js finds its entries with `keyEncoder: "langchain-js"`.
 */
declare class CacheBackedEmbeddings extends Embeddings {
  #private;
  /** The model's name, as it is part of the keys. */
  readonly model: string;
  /** How many numbers the model is asked for, where that is known; part of the keys likewise. */
  readonly dimensions: number | undefined;
  /** @throws `invalid_argument` for a bad or unknown option, or without `embeddings`, a `store` and a model's name. */
  constructor(options: CacheBackedEmbeddingsOptions);
  /**
   * As LangChain's class of this name makes one: a changed import suffices. `namespace` stands for the model's name;
   * without it `embeddings.model` does. What LangChain.js has stored is found with `keyEncoder: "langchain-js"`.
   *
   * @throws `invalid_argument` for a bad or unknown option, and where neither names the model.
   */
  static fromBytesStore(
    underlyingEmbeddings: Model,
    documentEmbeddingStore: BaseByteStore,
    options?: CacheBackedEmbeddingsSettings & {
      /**
       * What tells this model's vectors from others'. Empty only for what LangChain has kept without one, by its
       * `keyEncoder`s.
       */
      namespace?: string | undefined;
    },
  ): CacheBackedEmbeddings;
  /**
   * The vectors of `documents`, in their order. Shape: `[documents, dimensions]`. An abort (`signal`) keeps the batches
   * that have arrived; what is under way is lost, and asked for again by another call that waited for it.
   *
   * @throws What the model throws, when the batches under way beside it have ended; `corrupt` where it answers with too
   * few, too many, ragged or non-finite vectors, of which none is kept; `invalid_argument`.
   */
  embedDocuments(documents: string[], options?: EmbedOptions): Promise<number[][]>;
  /**
   * As `embedDocuments`, without boxing: arrays of 32-bit floats, to which the precision `"f64"` is rounded. Shape:
   * `[documents, dimensions]`.
   *
   * @throws As `embedDocuments`.
   */
  embedDocumentsTyped(documents: string[], options?: EmbedOptions): Promise<Float32Array<ArrayBuffer>[]>;
  /**
   * The vector of a text to find documents by. Shape: `[dimensions]`.
   *
   * @throws As `embedDocuments`.
   */
  embedQuery(document: string, options?: CallOptions): Promise<number[]>;
  /** Counts of this object since it was made; they begin anew if the wasm instance had to be replaced. */
  stats(): EmbeddingsCacheStats;
  /**
   * Lets go of the cache, and of the model; its stores stay open. Calls made before still end, later ones are refused as
   * `closed`. For Workers that make a cache for each request: those of a date before mid-2025 free it no other way.
   */
  close(): Promise<void>;
}

/** Options of `CacheBackedEmbeddings`. */
interface CacheBackedEmbeddingsOptions extends CacheBackedEmbeddingsSettings {
  /** The model: any embeddings of LangChain. */
  embeddings: Model;
  /** Where vectors are kept: a store of this package, or any object with LangChain's four methods. */
  store: BaseByteStore;
  /** The model's name, which is part of the key; `embeddings.model` unless given. Empty only as `namespace` may be. */
  model?: string | undefined;
}

/** Options of `CacheBackedEmbeddings.fromBytesStore`. */
interface CacheBackedEmbeddingsSettings {
  /**
   * How many numbers a vector has, where the model can be asked for several lengths; `embeddings.dimensions` unless
   * given. Part of the key (not of LangChain's), so that lengths do not meet; an entry of another length is not taken.
   */
  dimensions?: number | undefined;
  /** How exactly vectors are kept, and given: the first call gives what later ones will. `"f32"` unless given. */
  precision?: VectorPrecisionName | undefined;
  /** How a text becomes a key; `"sha256"` unless given. `"langchain-js"` finds what LangChain.js' cache has stored. */
  keyEncoder?: KeyEncoderName | undefined;
  /** How an entry is written; `"binary"` unless given. Both are read. */
  valueFormat?: VectorFormatName | undefined;
  /**
   * Whether queries are cached, apart from documents (`true` unless given, and the model has a name); or a store for
   * queries alone, whose keys are then as the `keyEncoder` makes them of documents: a second handle on the documents' own
   * store makes the two meet, as Python's `query_embedding_cache=True` does.
   */
  queryCache?: boolean | BaseByteStore | undefined;
  /** How many texts the model is given at once, 100 unless given; each batch is saved as it arrives. */
  batchSize?: number | undefined;
  /** How many batches of a call are under way at once, 4 unless given. */
  concurrency?: number | undefined;
  /** Told of the progress of `embedDocuments`, after the fact. */
  onProgress?: ((progress: EmbedProgress) => void) | undefined;
  /** Told of entries that cannot be read (`corrupt`), of a store that fails (`store_error`, once an outage), and of `reset`. */
  onEvent?: ((event: StoreEvent) => void) | undefined;
}

/** Options of `embedDocuments`. */
interface EmbedOptions extends CallOptions {
  /** Told of progress, after the fact; instead of the cache's own `onProgress`. */
  onProgress?: ((progress: EmbedProgress) => void) | undefined;
}

/** How far a call is, in texts. */
interface EmbedProgress {
  /** Those whose vectors are there. */
  done: number;
  /** All of the call. */
  total: number;
  /** Those that did not have to be asked of the model for this call. */
  hits: number;
}

/** What a cache has counted since it was made, in texts unless said otherwise. */
interface EmbeddingsCacheStats {
  /** Found in the store. */
  hits: number;
  /** Asked of the model. */
  misses: number;
  /** Asked for already: by another call, or by another place of the same one. */
  joined: number;
  /** Calls of the model. */
  requests: number;
  /** Calls of the store that failed. */
  storeErrors: number;
}

/**
 * How a text becomes a key: by SHA-256 over model, dimensions, kind and text (`"sha256"`), or as LangChain's caches in
 * JavaScript and Python do, whose entries are then read, and theirs can read ours (`valueFormat: "json"`).
 */
type KeyEncoderName =
  | "sha256"
  | "langchain-js"
  | "langchain-python-sha1"
  | "langchain-python-sha256"
  | "langchain-python-blake2b"
  | "langchain-python-sha512";

/** Any embeddings of LangChain's, in arrays of either kind. */
type Model = EmbeddingsInterface<ArrayLike<number>>;

/** How an entry is written; both are read. `"json"` is LangChain's. */
type VectorFormatName = "binary" | "json";

/**
 * How exactly vectors are kept.
 *
 * | precision | bytes a number | error |
 * |---|---|---|
 * | `"f32"` | 4 | at most 6e-8 of each number from 1.2e-38 on; none where the provider sends f32, as base64 answers are |
 * | `"f64"` | 8 | none |
 * | `"f16"` | 2 | at most 5e-4 of each number from 6.1e-5 on, below that at most 3e-8 |
 * | `"int8"` | 1 | at most 1/254 of the vector's largest number |
 */
type VectorPrecisionName = "f32" | "f64" | "f16" | "int8";
