/** The options of a vector store and of its calls, and what is counted of one. */

import type { BaseByteStore, CallOptions, StoreEvent } from "../../types.js";
import type { VectorStoreFilter } from "./filters/types.js";

/** Options of `ByteStoreVectorStore`. */
export interface ByteStoreVectorStoreOptions {
  /** Where the index is kept: a store of this package, or any object with LangChain's four methods. */
  store: BaseByteStore;
  /**
   * The name of the model that embeds, which stands in the index: opening one of another model is an error.
   * `embeddings.model` unless given.
   */
  model?: string | undefined;
  /** What the keys of the index begin with, `"vectors"` unless given: indexes of several names share a store. */
  name?: string | undefined;
  /** How many numbers a vector has; `embeddings.dimensions` unless given, else as many as the first one. */
  dimensions?: number | undefined;
  /**
   * How vectors are searched. `"int8"`, which it is unless given, answers as an exact search of 32-bit floats does.
   * `"binary"` looks at one bit a number first, which is faster where there are some 100,000 vectors of 768 numbers and more.
   * How much it finds of what an exact search does depends on the vectors, and is to be measured on yours: 99 % of the best
   * ten where they lie in clusters, as models of texts give them; 70 to 80 % of random numbers, less of sparse ones.
   */
  index?: "int8" | "binary" | undefined;
  /** How many bytes of 32-bit vectors are held in memory at most, 64 MiB unless given; beyond it the few that a search needs are read. */
  maxResidentBytes?: number | undefined;
  /** For how long a search may miss what other handles have written, in seconds; 1 unless given. */
  refresh?: number | undefined;
  /**
   * Whether searches go on with what is known when the store cannot be asked for what others have written. `true` over a
   * `TieredByteStore` whose reads go on without its remote store, else `false`, unless given. An index that nobody has read
   * yet is not known; and writes always ask. So it is whatever the store fails with, be it a network that is gone, a quota
   * that is spent or a token that was revoked: `onEvent` hears of it. Searches ask again when as much time has passed as
   * the failure took, and `refresh` or 5 seconds, whichever is less; behind a minute in any case.
   */
  staleIfError?: boolean | undefined;
  /** What is less similar than this is not found, from -1 to 1; none unless given. Calls may say otherwise. */
  scoreThreshold?: number | undefined;
  /**
   * Told of what happens inside, after the fact: `reset`; `store_error` where upkeep behind a write has failed, and, once an
   * outage, where searches go on though the store cannot be asked (`staleIfError`).
   */
  onEvent?: ((event: StoreEvent) => void) | undefined;
  /** In a Worker: takes the upkeep behind a write, `(work) => ctx.waitUntil(work)`. Without it there is none but `compact()`. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** The clock, in ms since 1970; `Date.now` unless given. For tests. */
  now?: (() => number) | undefined;
}

/** Options of `addDocuments` and `addVectors`. */
export interface AddDocumentsOptions extends CallOptions {
  /** The id of each document; one that is left out is the document's own, or a new one. */
  ids?: (string | undefined)[] | undefined;
}

/** Options of a search. */
export interface SearchOptions extends CallOptions {
  /** What is less similar than this is not found; the store's own unless given, `null` for none. */
  scoreThreshold?: number | null | undefined;
}

/** What `delete` is to delete: one of these. */
export interface DeleteParams extends CallOptions {
  /** The documents of these ids; unknown ones are fine. */
  ids?: string[] | undefined;
  /** The documents that a filter keeps. */
  filter?: VectorStoreFilter | undefined;
  /** All of them. */
  deleteAll?: boolean | undefined;
}

/** What a vector store has counted since it was made. */
export interface VectorStoreStats {
  /** Searches, of every kind. */
  searches: number;
  /** Documents that were added, or replaced. */
  added: number;
  /** Calls of the byte store. */
  requests: number;
  /** Bytes of values that it gave. */
  bytesRead: number;
  /** Bytes of values that it was given. */
  bytesWritten: number;
}

/** What an index takes in memory, in bytes but for `documents`. */
export interface VectorStoreMemory {
  /** How many documents there are. */
  documents: number;
  /** All of what follows. */
  bytes: number;
  /** Vectors in 8 bits each number, with what bounds their scores. */
  vectors: number;
  /** The bits of `index: "binary"`. */
  bits: number;
  /** Vectors in 32 bits each number, at most `maxResidentBytes`. */
  exact: number;
  /** Ids, and where documents are. */
  ids: number;
  /** What filters have asked about: documents as they were read (parsed they take some three times as much), and answers. */
  filters: number;
  /** All of the search wasm's memory, which all indexes share and which never shrinks. */
  wasm: number;
}
