import type { BaseByteStore } from "../../types.js";
import type { TestedModel } from "../embeddings/harness.js";

/** A document as the kit has it: LangChain's `DocumentInterface`. */
export interface TestedDocument {
  /** Its text. */
  pageContent: string;
  /** What is known of it. */
  metadata: Record<string, unknown>;
  /** Its id, where it has one. */
  id?: string | undefined;
}

/** A filter as the kit passes it. */
export type TestedFilter = object | ((document: TestedDocument) => boolean);

/**
 * A vector store as the kit sees it: LangChain's `VectorStore`. What stands with a question mark is called where it is
 * claimed.
 */
export interface TestedVectorStore {
  /** Embeds documents and adds them; gives their ids. */
  addDocuments(documents: TestedDocument[], options?: object): Promise<unknown>;
  /** Adds documents with vectors that are known; gives their ids. */
  addVectors(vectors: number[][], documents: TestedDocument[], options?: object): Promise<unknown>;
  /** Deletes by ids, by a filter, or everything. */
  delete(params?: object): Promise<void>;
  /** The documents most similar to a text. */
  similaritySearch(query: string, k?: number, filter?: TestedFilter): Promise<TestedDocument[]>;
  /** The same with scores. */
  similaritySearchWithScore(query: string, k?: number, filter?: TestedFilter): Promise<[TestedDocument, number][]>;
  /** The same by a vector. */
  similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: TestedFilter,
    options?: object,
  ): Promise<[TestedDocument, number][]>;
  /** Claimed by `mmr`. */
  maxMarginalRelevanceSearch?(query: string, options: object, callbacks: undefined): Promise<TestedDocument[]>;
  /** A retriever over the store. */
  asRetriever(fields?: number | object): { k: number; invoke(query: string): Promise<TestedDocument[]> };
  /** Claimed by `getByIds`. */
  getByIds?(ids: string[]): Promise<TestedDocument[]>;
  /** Claimed by `compacts`. */
  compact?(): Promise<void>;
  /** Claimed by `closes`. */
  close?(): Promise<void>;
}

/** The options with which the kit opens a vector store. None but `model` is passed unless the harness claims it. */
export interface VectorStoreOptions {
  /** The model's name. */
  model: string;
  /** Claimed by `names`. */
  name?: string;
  /** Claimed by `models`. */
  dimensions?: number;
  /** Claimed by `threshold`. */
  scoreThreshold?: number;
  /** Claimed by `shared`, and passed as 0: each search is to see what other handles have written. */
  refresh?: number;
}

/**
 * What a vector store can beyond what every one must. Each claim is checked; where something is not claimed, the result of
 * the rule has a note that says what was left out.
 */
export interface VectorStoreClaims {
  /** There is `getByIds()`. */
  getByIds?: boolean;
  /** There is `maxMarginalRelevanceSearch()`. */
  mmr?: boolean;
  /** Filters may be objects, with the operators of MongoDB. */
  objectFilters?: boolean;
  /** `delete` takes `filter` and `deleteAll`. */
  deletesMore?: boolean;
  /** What is opened again over the same byte store is the same index. */
  persistent?: boolean;
  /** Several handles on one byte store see each other's writes, and lose none. */
  shared?: boolean;
  /** The model's name and the dimensions stand in the index. */
  models?: boolean;
  /** The option `name` keeps indexes apart within a byte store. */
  names?: boolean;
  /** There is `compact()`. */
  compacts?: boolean;
  /** Adding and deleting write little. */
  frugal?: boolean;
  /** The option `scoreThreshold` of the store, of searches and of retrievers. */
  threshold?: boolean;
  /** Calls take a `signal`. */
  signal?: boolean;
  /** There is `close()`. */
  closes?: boolean;
  /** Wrong arguments and options are refused with `invalid_argument`, and a message that names them. */
  checks?: boolean;
}

/** How the kit gets at a kind of vector store. */
export interface VectorStoreHarness {
  /** Names the vector store in results. */
  name: string;
  /** Names the runtime in results; the user agent if left out. */
  runtime?: string;
  /** What the vector store can. */
  claims: VectorStoreClaims;
  /** Opens one. What it throws counts as a rejection. */
  open(parts: {
    model: TestedModel;
    store: BaseByteStore;
    options: VectorStoreOptions;
  }): TestedVectorStore | Promise<TestedVectorStore>;
  /**
   * The byte store that vector stores are opened on; a `Map` of the kit's own if left out. A `backend` is a name for a place
   * to store things: one of a new name is empty. Called twice with one name, it gives handles on the same place.
   */
  store?(backend: string): BaseByteStore | Promise<BaseByteStore>;
  /** Removes a backend when its rule is over. */
  dispose?(backend: string): void | Promise<void>;
  /**
   * How many operations the history of H1 has, 1,000 unless said. To be said where each is a request over a network: then C1
   * and C2, which are thousands of them, fail the calls of a `Map` of the kit's own.
   */
  operations?: number;
}
