import type { Callbacks } from "@langchain/core/callbacks/manager";
import type { Document, DocumentInterface } from "@langchain/core/documents";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import {
  type MaxMarginalRelevanceSearchOptions,
  VectorStore,
  type VectorStoreRetriever,
  type VectorStoreRetrieverInput,
} from "@langchain/core/vectorstores";
import { checkText } from "../../core/arguments.js";
import { invalid, kindOf } from "../../core/error.js";
import { emitter } from "../../core/events.js";
import { stillWanted, untilAborted } from "../../search/abort.js";
import { breath, due } from "../../search/breath.js";
import { SearchEngine } from "../../search/engine.js";
import type { CallOptions } from "../../types.js";
import { type Model, embeddings as modelOf } from "../model.js";
import { Calls } from "./calls.js";
import { batchOf, checkId, documentOf } from "./documents.js";
import { compile, keepsAll } from "./filters/compile.js";
import type { Filter } from "./filters/masks.js";
import type { VectorStoreFilter } from "./filters/types.js";
import type {
  AddDocumentsOptions,
  ByteStoreVectorStoreOptions,
  DeleteParams,
  SearchOptions,
  VectorStoreMemory,
  VectorStoreStats,
} from "./options.js";
import { ThresholdRetriever } from "./retriever.js";
import { Searcher } from "./search.js";
import { checkK, checkThreshold, settingsOf } from "./settings.js";
import { named, parsed } from "./stored.js";
import { Upkeep } from "./upkeep.js";
import { single, vectorsOf } from "./vectors.js";
import { addTexts, addVectors, together } from "./writer.js";

/** What a retriever can be asked for. */
type RetrieverFields<V extends ByteStoreVectorStore> = Partial<VectorStoreRetrieverInput<V>> & {
  /** What is less similar than this is not found, from -1 to 1; the store's own unless given, `null` for none. */
  scoreThreshold?: number | null | undefined;
};

/**
 * A vector store over any byte store: its index lives where the bytes do, in the browser, at the edge or in a Redis, and is
 * searched by a wasm of its own, which the first call loads.
 *
 * Scores are cosine similarities, from -1 to 1, higher is better; equal ones stand in the order of insertion. Documents of
 * one id replace each other. Metadata is kept as `JSON.stringify` has it: a `Date` becomes a string, `NaN` becomes `null`.
 * Several handles on one index, in other tabs or Workers, lose nothing of each other's and end in the same state.
 */
export class ByteStoreVectorStore extends VectorStore {
  /** What searches may be narrowed by. */
  declare FilterType: VectorStoreFilter;
  /** The name of the model, as it stands in the index. */
  readonly model: string;
  readonly #model: Model;
  readonly #engine: SearchEngine;
  readonly #searcher: Searcher;
  readonly #upkeep: Upkeep;
  readonly #threshold: number;
  readonly #calls: Calls;
  #searches = 0;
  #added = 0;

  /** The class's name in LangChain's serialisation. */
  static override lc_name(): string {
    return "ByteStoreVectorStore";
  }

  /** @throws `invalid_argument` for a bad or unknown option, or without embeddings, a `store` and a model's name. */
  constructor(embeddings: EmbeddingsInterface, options: ByteStoreVectorStoreOptions) {
    const model = modelOf(embeddings, "embeddings");
    const settings = settingsOf(model, options);
    // Nothing of the options: they may hold secrets, and tracing shows what stands here.
    super(embeddings, {});
    this.model = settings.model;
    this.#model = model;
    this.#threshold = settings.threshold;
    const emit = emitter(settings.onEvent);
    const onReset = (reason: string) => emit?.({ type: "reset", reason });
    const onOutage = ({ code, message }: { code: string; message: string }) =>
      emit?.({ type: "store_error", code, message });
    this.#engine = new SearchEngine({ ...settings.recipe, onReset, onOutage });
    this.#searcher = new Searcher(this.#engine, settings.refresh, settings.recipe.now);
    this.#upkeep = new Upkeep(this.#engine, emit, settings.waitUntil);
    this.#calls = new Calls(() => this.#engine.close());
  }

  /** A store over `options.store` with these texts; one object of metadata stands for all of them. */
  static override async fromTexts<S extends ByteStoreVectorStore>(
    this: new (
      embeddings: EmbeddingsInterface,
      options: ByteStoreVectorStoreOptions,
    ) => S,
    texts: string[],
    metadatas: object[] | object,
    embeddings: EmbeddingsInterface,
    options: ByteStoreVectorStoreOptions,
  ): Promise<S> {
    if (!Array.isArray(texts)) throw invalid(`texts must be an array of strings, not ${kindOf(texts)}`);
    if (Array.isArray(metadatas) && metadatas.length !== texts.length) {
      throw invalid(`there are ${metadatas.length} metadatas for ${texts.length} texts: there must be one for each`);
    }
    const documents = texts.map((pageContent, at) => {
      const metadata = (Array.isArray(metadatas) ? metadatas[at] : metadatas) as Record<string, unknown>;
      return { pageContent: checkText(pageContent, `texts[${at}]`), metadata };
    });
    // By `this`: a subclass makes its own.
    const store = new this(embeddings, options);
    await store.addDocuments(documents);
    return store;
  }

  /** A store over `options.store` with these documents beside those that are there. */
  static override async fromDocuments<S extends ByteStoreVectorStore>(
    this: new (
      embeddings: EmbeddingsInterface,
      options: ByteStoreVectorStoreOptions,
    ) => S,
    documents: DocumentInterface[],
    embeddings: EmbeddingsInterface,
    options: ByteStoreVectorStoreOptions,
  ): Promise<S> {
    const store = new this(embeddings, options);
    await store.addDocuments(documents);
    return store;
  }

  /** The store over `options.store` as it is, opened: an index of another model is an error here. */
  static async fromExistingIndex<S extends ByteStoreVectorStore>(
    this: new (
      embeddings: EmbeddingsInterface,
      options: ByteStoreVectorStoreOptions,
    ) => S,
    embeddings: EmbeddingsInterface,
    options: ByteStoreVectorStoreOptions,
  ): Promise<S> {
    const store = new this(embeddings, options);
    await store.refresh();
    return store;
  }

  /** The kind of store, among LangChain's. */
  override _vectorstoreType(): string {
    return "bytestow";
  }

  /**
   * Embeds `documents` and adds them; those whose ids are there replace what is there. Gives the ids: those of `options`
   * (or `options` itself, if it is an array), else the documents' own, else new ones. All of them appear at once, or none.
   *
   * @throws `invalid_argument` before anything is embedded; what the model and the store throw.
   */
  override addDocuments(documents: DocumentInterface[], options?: AddDocumentsOptions | string[]): Promise<string[]> {
    const { ids, call } = adding(options);
    return this.#calls.run(call, async (signal) => {
      const batch = await batchOf(documents, ids, signal);
      if (batch.ids.length > 0) {
        await addTexts(this.#engine, this.#model, batch, signal);
        this.#wrote(batch.ids.length);
      }
      return batch.ids;
    });
  }

  /**
   * Adds documents with vectors that are known, as `addDocuments` does. A vector of zeros is kept, and scores 0. What is
   * given is copied at the call: a quarter of a million numbers at once, and 500 documents or 256 KiB of them; what is beyond
   * them while the page has its turn now and then, and is not to be changed before the call has ended.
   *
   * @throws `invalid_argument` for numbers that are not finite and for wrong lengths, before anything is written; what the
   * store throws.
   */
  override addVectors(
    vectors: number[][],
    documents: DocumentInterface[],
    options?: AddDocumentsOptions | string[],
  ): Promise<string[]> {
    const { ids, call } = adding(options);
    return this.#calls.run(call, async (signal) => {
      if (!Array.isArray(documents)) throw invalid(`documents must be an array, not ${kindOf(documents)}`);
      // Both begin before either waits.
      const [copies, batch] = await Promise.all([
        vectorsOf(vectors, documents.length, 0, signal),
        batchOf(documents, ids, signal),
      ]);
      if (batch.ids.length > 0) {
        await addVectors(this.#engine, copies, batch, signal);
        this.#wrote(batch.ids.length);
      }
      return batch.ids;
    });
  }

  /**
   * Deletes by `ids`, by a `filter`, or everything (`deleteAll: true`). Unknown ids are fine.
   *
   * @throws `invalid_argument` unless it is one of the three; what the store throws.
   */
  override delete(params?: DeleteParams): Promise<void> {
    return this.#calls.run(params, async (signal) => {
      const { ids, filter, deleteAll } = params ?? {};
      if ([ids, filter, deleteAll || undefined].filter((each) => each !== undefined).length !== 1) {
        throw invalid("delete takes one of { ids }, { filter } and { deleteAll: true }");
      }
      if (deleteAll) {
        if (deleteAll !== true) throw invalid(`deleteAll must be true, not ${kindOf(deleteAll)}`);
        await this.#engine.open(signal);
        await this.#engine.write((engine) => engine.clear(), signal);
        this.#upkeep.begin();
        return;
      }
      const kept = filter === undefined ? undefined : filterOf(filter);
      // A filter that asks for nothing would be everything, which is to be said in so many words.
      if (filter !== undefined && (kept === undefined || keepsAll(kept)))
        throw invalid("filter keeps everything, whatever there is: to delete everything say deleteAll");
      const doomed = ids === undefined ? [] : checkIds(ids);
      await this.#engine.open(signal);
      if (kept !== undefined) await this.#searcher.remove(kept, signal);
      else if (doomed.length > 0) {
        const { joined, lengths } = together(doomed);
        await this.#engine.run((engine) => engine.remove(joined, lengths), signal);
      }
      this.#upkeep.begin();
    });
  }

  /** The documents of `ids` that are there, in that order. */
  async getByIds(ids: string[], options?: CallOptions): Promise<Document[]> {
    return this.#calls.run(options, async (signal) => {
      const wanted = checkIds(ids);
      if (wanted.length === 0) return [];
      const { joined, lengths } = together(wanted);
      await this.#engine.open(signal);
      const get = (engine: { get(ids: string, lengths: Uint32Array): number }) => engine.get(joined, lengths);
      const found = await this.#engine.run<(Uint8Array | undefined)[]>(get, signal);
      const documents: Document[] = [];
      for (const [at, bytes] of found.entries()) {
        if (due()) {
          await breath();
          stillWanted(signal);
        }
        if (bytes !== undefined) {
          const id = wanted[at] as string;
          documents.push(documentOf(parsed(bytes, named(id)), id));
        }
      }
      return documents;
    });
  }

  /** The `k` documents that are most similar to a text, of those that `filter` keeps. */
  override async similaritySearch(
    query: string,
    k = 4,
    filter?: this["FilterType"],
    callbacks?: Callbacks,
    options?: SearchOptions,
  ): Promise<Document[]> {
    const found = await this.similaritySearchWithScore(query, k, filter, callbacks, options);
    return found.map(([document]) => document);
  }

  /** As `similaritySearch`, with the scores. */
  override similaritySearchWithScore(
    query: string,
    k = 4,
    filter?: this["FilterType"],
    _callbacks?: Callbacks,
    options?: SearchOptions,
  ): Promise<[Document, number][]> {
    return this.#calls.run(options, async (signal) => {
      const { kept, threshold } = this.#searching(k, filter, options);
      return this.#search(await this.#embedded(query, signal), k, kept, threshold, signal);
    });
  }

  /** The `k` documents whose vectors are most similar to `query`, with their scores, of those that `filter` keeps. */
  override similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: this["FilterType"],
    options?: SearchOptions,
  ): Promise<[Document, number][]> {
    return this.#calls.run(options, async (signal) => {
      const { kept, threshold } = this.#searching(k, filter, options);
      return this.#search(single(query, "query"), k, kept, threshold, signal);
    });
  }

  /**
   * The `k` documents that are relevant to a text and not like one another: of the `fetchK` (20) most similar ones one
   * after the other, weighing similarity to the text by `lambda` (0.5) and to what was chosen already by the rest.
   */
  override maxMarginalRelevanceSearch(
    query: string,
    options: MaxMarginalRelevanceSearchOptions<this["FilterType"]>,
    _callbacks?: Callbacks,
    callOptions?: SearchOptions,
  ): Promise<Document[]> {
    return this.#calls.run(callOptions, async (signal) => {
      if (typeof options !== "object" || options === null) {
        throw invalid(`options must be an object with k, not ${kindOf(options)}`);
      }
      const { k, fetchK = 20, lambda = 0.5, filter } = options;
      const { kept, threshold } = this.#searching(k, filter, callOptions);
      checkK(fetchK, "fetchK");
      if (typeof lambda !== "number" || !(lambda >= 0 && lambda <= 1))
        throw invalid("lambda must be a number from 0 to 1");
      const vector = await this.#embedded(query, signal);
      await this.#engine.open(signal);
      this.#searches++;
      let fetched = Math.max(k, fetchK);
      // Those of at least the threshold are the first of those that are fetched.
      if (!Number.isNaN(threshold))
        fetched = (await this.#searcher.search(vector, fetched, threshold, kept, signal)).length;
      const found = await this.#searcher.mmr(vector, Math.min(k, fetched), fetched, lambda, kept, signal);
      return found.map(([document]) => document);
    });
  }

  /** A retriever over this store, of LangChain's options and a `scoreThreshold`. */
  override asRetriever(
    kOrFields?: number | RetrieverFields<this>,
    filter?: this["FilterType"],
    callbacks?: Callbacks,
    tags?: string[],
    metadata?: Record<string, unknown>,
    verbose?: boolean,
  ): VectorStoreRetriever<this> {
    if (typeof kOrFields === "object" && kOrFields !== null && kOrFields.scoreThreshold !== undefined) {
      const scoreThreshold = checkThreshold(kOrFields.scoreThreshold);
      const own = [...(kOrFields.tags ?? []), this._vectorstoreType()];
      return new ThresholdRetriever<this>({ ...kOrFields, vectorStore: this, tags: own, scoreThreshold });
    }
    return super.asRetriever(kOrFields, filter, callbacks, tags, metadata, verbose);
  }

  /** Looks whether other handles have written. Searches do by themselves, every `refresh` seconds. */
  async refresh(options?: CallOptions): Promise<void> {
    await this.#calls.run(options, async (signal) => {
      await this.#engine.open(signal);
      await this.#engine.run((engine) => engine.refresh(), signal);
    });
  }

  /** Makes small segments larger and drops what is dead, as is otherwise done step by step behind writes. */
  async compact(options?: CallOptions): Promise<void> {
    await this.#calls.run(options, (signal) => this.#upkeep.compact(signal));
  }

  /** Counts of this object since it was made. */
  stats(): VectorStoreStats {
    return { searches: this.#searches, added: this.#added, ...this.#engine.counts };
  }

  /** What the index takes in memory, opened if it was not yet. */
  memory(options?: CallOptions): Promise<VectorStoreMemory> {
    return this.#calls.run(options, async (signal) => {
      await this.#engine.open(signal);
      const [codes = 0, beside = 0, bits = 0, exact = 0, ids = 0, wasm = 0, documents = 0] = this.#engine.memory();
      const [vectors, { filters }] = [codes + beside, this.#searcher];
      const bytes = vectors + bits + exact + ids + filters;
      return { documents, bytes, vectors, bits, exact, ids, filters, wasm };
    });
  }

  /**
   * Refuses further calls. Those made before still end; behind the last of them the index goes from memory. Upkeep ends after
   * the step under way, for which this waits; the byte store stays open.
   */
  async close(): Promise<void> {
    const upkeep = this.#upkeep.stop();
    this.#calls.close();
    await upkeep;
  }

  #searching(k: number, filter: VectorStoreFilter | undefined, options: SearchOptions | undefined) {
    checkK(k, "k");
    const own = options?.scoreThreshold;
    const threshold = own === undefined ? this.#threshold : (checkThreshold(own) ?? Number.NaN);
    return { kept: filter === undefined || filter === null ? undefined : filterOf(filter), threshold };
  }

  async #search(
    query: Float64Array,
    k: number,
    kept: Filter | undefined,
    threshold: number,
    signal: AbortSignal | undefined,
  ): Promise<[Document, number][]> {
    await this.#engine.open(signal);
    this.#searches++;
    return this.#searcher.search(query, k, threshold, kept, signal);
  }

  async #embedded(query: string, signal: AbortSignal | undefined): Promise<Float64Array> {
    const vector: unknown = await untilAborted(this.#model.embedQuery(checkText(query, "query")), signal);
    return single(vector, "the query's vector");
  }

  #wrote(documents: number): void {
    this.#added += documents;
    this.#upkeep.begin();
  }
}

function filterOf(filter: VectorStoreFilter): Filter | undefined {
  return typeof filter === "function" ? filter : compile(filter);
}

function adding(options: AddDocumentsOptions | string[] | undefined) {
  return Array.isArray(options) ? { ids: options, call: undefined } : { ids: options?.ids, call: options };
}

function checkIds(ids: unknown): string[] {
  if (!Array.isArray(ids)) throw invalid(`ids must be an array of strings, not ${kindOf(ids)}`);
  return ids.map((id: unknown, at) => checkId(id, `ids[${at}]`));
}
