/** `bytestow/vectorstores` and `bytestow/memory`: every option and method, what they give, and what the compiler refuses. */

import type { VectorStoreRetrieverMemoryParams } from "@langchain/classic/memory";
import { ScoreThresholdRetriever } from "@langchain/classic/retrievers/score_threshold";
import { SelfQueryRetriever } from "@langchain/classic/retrievers/self_query";
import { FunctionalTranslator } from "@langchain/classic/retrievers/self_query/functional";
import type { Document, DocumentInterface } from "@langchain/core/documents";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { index, type RecordManagerInterface } from "@langchain/core/indexing";
import type { BaseLanguageModel } from "@langchain/core/language_models/base";
import type { BaseMemory } from "@langchain/core/memory";
import type { BaseRetrieverInterface } from "@langchain/core/retrievers";
import type { VectorStore, VectorStoreInterface, VectorStoreRetriever } from "@langchain/core/vectorstores";
import { type BaseByteStore, IndexedDBByteStore, type StoreEvent } from "bytestow";
import {
  MemoryRetriever,
  type VectorStoreRetrieverMemoryParams as OurParams,
  VectorStoreRetrieverMemory,
  type VectorStoreRetrieverMemoryOptions,
} from "bytestow/memory";
import { initSearchWasm } from "bytestow/slim/vectorstores";
import { type TestFunction, type VectorStoreHarness, vectorStoreTests } from "bytestow/testing";
import {
  ByteStoreVectorStore,
  type ByteStoreVectorStoreOptions,
  type MetadataFilter,
  type SearchOptions,
  type VectorStoreFilter,
  type VectorStoreStats,
} from "bytestow/vectorstores";
import { expectType, type Same } from "./expect.js";

declare const embeddings: EmbeddingsInterface;
declare const theirs: BaseByteStore;
declare const signal: AbortSignal;
declare const documents: DocumentInterface[];

const options: ByteStoreVectorStoreOptions = {
  store: new IndexedDBByteStore({ name: "app" }),
  model: "text-embedding-3-small",
  name: "docs",
  dimensions: 1_536,
  index: "binary",
  maxResidentBytes: 0,
  refresh: 0.5,
  scoreThreshold: 0.3,
  onEvent: (event) => expectType<Same<typeof event, StoreEvent>>(),
  waitUntil: (work) => expectType<Same<typeof work, Promise<unknown>>>(),
  now: Date.now,
};
const store = new ByteStoreVectorStore(embeddings, options);
new ByteStoreVectorStore(embeddings, { store: theirs, model: undefined, index: undefined, scoreThreshold: undefined });
// @ts-expect-error: a store is needed
new ByteStoreVectorStore(embeddings, { model: "m" });
// @ts-expect-error: an unknown option
new ByteStoreVectorStore(embeddings, { store: theirs, modle: "m" });
// @ts-expect-error: another kind of index
new ByteStoreVectorStore(embeddings, { store: theirs, index: "hnsw" });

/** Wherever LangChain takes one. */
export const asTheirs: VectorStore = store;
export const asInterface: VectorStoreInterface = store;
export const asRetriever: BaseRetrieverInterface = store.asRetriever();

export const filter: MetadataFilter = {
  year: { $gt: 2000, $lte: 2010 },
  $or: [{ a: [1, 2] }, { $not: { "b.c": null } }],
};
export const filters: VectorStoreFilter[] = [filter, {}, (document) => document.metadata.year > 2000];

/** What has an interface of its own is taken wherever an object is. */
interface Known {
  year: number;
}
declare const known: Known;
export const byInterface: VectorStoreFilter[] = [known, { $and: [known, { $not: known }] }];
// @ts-expect-error: $and takes an array
export const wrongLogic: MetadataFilter = { $and: { year: 2000 } };

/** What is made by a subclass is the subclass's. */
class Own extends ByteStoreVectorStore {
  extra = 1;
}

export async function calls(): Promise<void> {
  expectType<Same<Awaited<ReturnType<typeof store.addDocuments>>, string[]>>();
  await store.addDocuments(documents, { ids: ["a", undefined], signal });
  await store.addDocuments(documents, ["a"]);
  await store.addVectors([[1, 2]], documents, { ids: ["a"] });
  const found = await store.similaritySearch("query", 4, filter, undefined, { signal, scoreThreshold: null });
  expectType<Same<typeof found, Document[]>>();
  const scored = await store.similaritySearchVectorWithScore([1, 2], 4, (document) => document.id === "a", { signal });
  expectType<Same<typeof scored, [Document, number][]>>();
  const searchOptions: SearchOptions = { signal, scoreThreshold: 0.5 };
  await store.similaritySearchWithScore("query", 4, undefined, undefined, searchOptions);
  await store.maxMarginalRelevanceSearch("query", { k: 4, fetchK: 20, lambda: 0.5, filter });
  await store.delete({ ids: ["a"], signal });
  await store.delete({ filter });
  await store.delete({ deleteAll: true });
  // @ts-expect-error: no text is a filter
  await store.similaritySearch("query", 4, "year > 2000");
  // @ts-expect-error: no such option
  await store.delete({ id: "a" });
  const byId = await store.getByIds(["a"], { signal });
  expectType<Same<typeof byId, Document[]>>();
  const stats = store.stats();
  expectType<Same<typeof stats, VectorStoreStats>>();
  await store.refresh({ signal });
  await store.compact();
  await store.close();

  const retriever = store.asRetriever({ k: 3, filter, scoreThreshold: 0.5 });
  const checked: VectorStoreRetriever<ByteStoreVectorStore> = retriever;
  await checked.invoke("query");
  store.asRetriever({ searchType: "mmr", searchKwargs: { fetchK: 20, lambda: 0.5 }, scoreThreshold: null });
  store.asRetriever(4, filter, undefined, ["tag"]);

  const made = await ByteStoreVectorStore.fromTexts(["a"], { source: "s" }, embeddings, options);
  expectType<Same<typeof made, ByteStoreVectorStore>>();
  const own: Own[] = [
    await Own.fromTexts(["a"], {}, embeddings, options),
    await Own.fromDocuments(documents, embeddings, options),
    await Own.fromExistingIndex(embeddings, options),
  ];
  expectType<Same<(typeof own)[0]["extra"], number>>();
  initSearchWasm(new URL("https://a.example/search.wasm"));
}

export async function langchain(recordManager: RecordManagerInterface, llm: BaseLanguageModel): Promise<void> {
  await index({ docsSource: documents as Document[], recordManager, vectorStore: store, options: { cleanup: "full" } });
  ScoreThresholdRetriever.fromVectorStore(store, { minSimilarityScore: 0.5 });
  SelfQueryRetriever.fromLLM({
    llm,
    vectorStore: store,
    documentContents: "films",
    attributeInfo: [],
    structuredQueryTranslator: new FunctionalTranslator(),
  });
}

const memoryOptions: VectorStoreRetrieverMemoryOptions = {
  vectorStoreRetriever: store.asRetriever(1),
  inputKey: "input",
  outputKey: "output",
  memoryKey: "history",
  excludeKeys: ["log"],
  returnDocs: true,
  metadata: (inputs, outputs) => ({ inputs, outputs }),
  session: "a",
  ttl: 86_400,
  now: Date.now,
};

/** What LangChain's class takes ours takes, too. */
declare const theirOptions: VectorStoreRetrieverMemoryParams;
export const ourOptions: (VectorStoreRetrieverMemoryOptions | OurParams)[] = [
  theirOptions,
  { vectorStoreRetriever: store.asRetriever(1), inputKey: null, metadata: known },
];

export async function memories(): Promise<void> {
  const memory = new VectorStoreRetrieverMemory(memoryOptions);
  const asTheirMemory: BaseMemory = memory;
  await asTheirMemory.saveContext({ input: "a" }, { output: "b" });
  await memory.clear();
  const retriever = new MemoryRetriever({ retriever: store.asRetriever(3), session: "a", ttl: 60 });
  const id = await retriever.addTurn("a", { answer: "b" }, { metadata: { n: 1 } });
  await retriever.addTurn(known, known, { metadata: known });
  expectType<Same<typeof id, string | undefined>>();
  const found = await retriever.invoke("a");
  expectType<Same<typeof found, DocumentInterface[]>>();
  await retriever.prune();
}

declare const test: TestFunction;
const harness: VectorStoreHarness = {
  name: "ours",
  claims: { mmr: true },
  open: ({ model, store: below, options: { model: name } }) =>
    new ByteStoreVectorStore(model, { store: below, model: name }),
};
vectorStoreTests(test, harness, { seed: 7, onResult: ({ id, ok }) => console.log(id, ok) });
