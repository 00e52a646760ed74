/** `bytestow/vectorstores`, as its types are. Written by write.mjs. */

// biome-ignore-all lint/correctness: as the compiler has written it

import type { Callbacks } from "@langchain/core/callbacks/manager";
import type { Document, DocumentInterface } from "@langchain/core/documents";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type {
  MaxMarginalRelevanceSearchOptions,
  VectorStore,
  VectorStoreRetriever,
  VectorStoreRetrieverInput,
} from "@langchain/core/vectorstores";
import type { BaseByteStore, CallOptions, StoreEvent } from "./index.js";

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
};

/** Options of `addDocuments` and `addVectors`. */
interface AddDocumentsOptions extends CallOptions {
  /** The id of each document; one that is left out is the document's own, or a new one. */
  ids?: (string | undefined)[] | undefined;
}

/**
 * A vector store over any byte store: its index lives where the bytes do, in the browser, at the edge or in a Redis, and is
 * searched by a wasm of its own, which the first call loads.
 *
 * Scores are cosine similarities, from -1 to 1, higher is better; equal ones stand in the order of insertion. Documents of
 * one id replace each other. Metadata is kept as `JSON.stringify` has it: a `Date` becomes a string, `NaN` becomes `null`.
 * Several handles on one index, in other tabs or Workers, lose nothing of each other's and end in the same state.
 */
declare class ByteStoreVectorStore extends VectorStore {
  #private;
  /** What searches may be narrowed by. */
  FilterType: VectorStoreFilter;
  /** The name of the model, as it stands in the index. */
  readonly model: string;
  /** The class's name in LangChain's serialisation. */
  static lc_name(): string;
  /** @throws `invalid_argument` for a bad or unknown option, or without embeddings, a `store` and a model's name. */
  constructor(embeddings: EmbeddingsInterface, options: ByteStoreVectorStoreOptions);
  /** A store over `options.store` with these texts; one object of metadata stands for all of them. */
  static fromTexts<S extends ByteStoreVectorStore>(
    this: new (
      embeddings: EmbeddingsInterface,
      options: ByteStoreVectorStoreOptions,
    ) => S,
    texts: string[],
    metadatas: object[] | object,
    embeddings: EmbeddingsInterface,
    options: ByteStoreVectorStoreOptions,
  ): Promise<S>;
  /** A store over `options.store` with these documents beside those that are there. */
  static fromDocuments<S extends ByteStoreVectorStore>(
    this: new (
      embeddings: EmbeddingsInterface,
      options: ByteStoreVectorStoreOptions,
    ) => S,
    documents: DocumentInterface[],
    embeddings: EmbeddingsInterface,
    options: ByteStoreVectorStoreOptions,
  ): Promise<S>;
  /** The store over `options.store` as it is, opened: an index of another model is an error here. */
  static fromExistingIndex<S extends ByteStoreVectorStore>(
    this: new (
      embeddings: EmbeddingsInterface,
      options: ByteStoreVectorStoreOptions,
    ) => S,
    embeddings: EmbeddingsInterface,
    options: ByteStoreVectorStoreOptions,
  ): Promise<S>;
  /** The kind of store, among LangChain's. */
  _vectorstoreType(): string;
  /**
   * Embeds `documents` and adds them; those whose ids are there replace what is there. Gives the ids: those of `options`
   * (or `options` itself, if it is an array), else the documents' own, else new ones. All of them appear at once, or none.
   *
   * @throws `invalid_argument` before anything is embedded; what the model and the store throw.
   */
  addDocuments(documents: DocumentInterface[], options?: AddDocumentsOptions | string[]): Promise<string[]>;
  /**
   * Adds documents with vectors that are known, as `addDocuments` does. A vector of zeros is kept, and scores 0. What is
   * given is copied at the call: a quarter of a million numbers at once, and 500 documents or 256 KiB of them; what is beyond
   * them while the page has its turn now and then, and is not to be changed before the call has ended.
   *
   * @throws `invalid_argument` for numbers that are not finite and for wrong lengths, before anything is written; what the
   * store throws.
   */
  addVectors(
    vectors: number[][],
    documents: DocumentInterface[],
    options?: AddDocumentsOptions | string[],
  ): Promise<string[]>;
  /**
   * Deletes by `ids`, by a `filter`, or everything (`deleteAll: true`). Unknown ids are fine.
   *
   * @throws `invalid_argument` unless it is one of the three; what the store throws.
   */
  delete(params?: DeleteParams): Promise<void>;
  /** The documents of `ids` that are there, in that order. */
  getByIds(ids: string[], options?: CallOptions): Promise<Document[]>;
  /** The `k` documents that are most similar to a text, of those that `filter` keeps. */
  similaritySearch(
    query: string,
    k?: number,
    filter?: this["FilterType"],
    callbacks?: Callbacks,
    options?: SearchOptions,
  ): Promise<Document[]>;
  /** As `similaritySearch`, with the scores. */
  similaritySearchWithScore(
    query: string,
    k?: number,
    filter?: this["FilterType"],
    _callbacks?: Callbacks,
    options?: SearchOptions,
  ): Promise<[Document, number][]>;
  /** The `k` documents whose vectors are most similar to `query`, with their scores, of those that `filter` keeps. */
  similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: this["FilterType"],
    options?: SearchOptions,
  ): Promise<[Document, number][]>;
  /**
   * The `k` documents that are relevant to a text and not like one another: of the `fetchK` (20) most similar ones one
   * after the other, weighing similarity to the text by `lambda` (0.5) and to what was chosen already by the rest.
   */
  maxMarginalRelevanceSearch(
    query: string,
    options: MaxMarginalRelevanceSearchOptions<this["FilterType"]>,
    _callbacks?: Callbacks,
    callOptions?: SearchOptions,
  ): Promise<Document[]>;
  /** A retriever over this store, of LangChain's options and a `scoreThreshold`. */
  asRetriever(
    kOrFields?: number | RetrieverFields<this>,
    filter?: this["FilterType"],
    callbacks?: Callbacks,
    tags?: string[],
    metadata?: Record<string, unknown>,
    verbose?: boolean,
  ): VectorStoreRetriever<this>;
  /** Looks whether other handles have written. Searches do by themselves, every `refresh` seconds. */
  refresh(options?: CallOptions): Promise<void>;
  /** Makes small segments larger and drops what is dead, as is otherwise done step by step behind writes. */
  compact(options?: CallOptions): Promise<void>;
  /** Counts of this object since it was made. */
  stats(): VectorStoreStats;
  /** What the index takes in memory, opened if it was not yet. */
  memory(options?: CallOptions): Promise<VectorStoreMemory>;
  /**
   * Refuses further calls. Those made before still end; behind the last of them the index goes from memory. Upkeep ends after
   * the step under way, for which this waits; the byte store stays open.
   */
  close(): Promise<void>;
}

/** Options of `ByteStoreVectorStore`. */
interface ByteStoreVectorStoreOptions {
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

/** What `delete` is to delete: one of these. */
interface DeleteParams extends CallOptions {
  /** The documents of these ids; unknown ones are fine. */
  ids?: string[] | undefined;
  /** The documents that a filter keeps. */
  filter?: VectorStoreFilter | undefined;
  /** All of them. */
  deleteAll?: boolean | undefined;
}

/** What is asked of a field. All of it must hold. A date stands for its JSON, which is what is kept of one. */
interface FilterConditions {
  /** The field equals this; an array does if one of its items does. */
  $eq?: unknown;
  /** `$eq` does not hold, or the field is missing. */
  $ne?: unknown;
  /** The field equals one of these. */
  $in?: readonly unknown[];
  /** `$in` does not hold, or the field is missing. */
  $nin?: readonly unknown[];
  /** The field is greater: a number than a number, a text than a text. */
  $gt?: string | number | Date;
  /** The field is greater or equal. */
  $gte?: string | number | Date;
  /** The field is less. */
  $lt?: string | number | Date;
  /** The field is less or equal. */
  $lte?: string | number | Date;
  /** Whether the field is there. */
  $exists?: boolean;
  /** These conditions do not all hold. */
  $not?: FilterConditions;
}

/** What joins filters, beside the fields. */
interface FilterLogic {
  /** All of these hold. */
  $and?: readonly MetadataFilter[];
  /** One of these holds. */
  $or?: readonly MetadataFilter[];
  /** This does not hold. */
  $not?: MetadataFilter;
}

/**
 * What metadata must be like. Each name is a field; dots lead into objects (`"loc.lines.from"`), and through an array into
 * each of its objects (`"authors.name"`). Its value is what the field equals, an array of which it equals one, or conditions.
 * A field that is missing meets `$ne`, `$nin`, `$exists: false` and what `$not` turns round, and nothing else.
 */
type MetadataFilter =
  | (FilterLogic & {
      [field: string]: unknown;
    })
  | (FilterLogic & object);

/** What a retriever can be asked for. */
type RetrieverFields<V extends ByteStoreVectorStore> = Partial<VectorStoreRetrieverInput<V>> & {
  /** What is less similar than this is not found, from -1 to 1; the store's own unless given, `null` for none. */
  scoreThreshold?: number | null | undefined;
};

/** Options of a search. */
interface SearchOptions extends CallOptions {
  /** What is less similar than this is not found; the store's own unless given, `null` for none. */
  scoreThreshold?: number | null | undefined;
}

/**
 * Which documents a call is about: a filter of metadata, whose answers are kept from one call to the next, or a function,
 * which each call asks about each document, and which must not change it.
 */
type VectorStoreFilter = MetadataFilter | ((document: DocumentInterface) => boolean);

/** What an index takes in memory, in bytes but for `documents`. */
interface VectorStoreMemory {
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

/** What a vector store has counted since it was made. */
interface VectorStoreStats {
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
