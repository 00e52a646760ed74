/** `bytestow/embeddings`: every option and method, what they give, and what the compiler refuses; nothing of it is `any`. */

import type { Embeddings, EmbeddingsInterface } from "@langchain/core/embeddings";
import { type BaseByteStore, InMemoryByteStore, type StoreEvent } from "bytestow";
import {
  CacheBackedEmbeddings,
  type CacheBackedEmbeddingsOptions,
  type CacheBackedEmbeddingsSettings,
  type EmbeddingsCacheStats,
  type EmbedOptions,
  type EmbedProgress,
  type KeyEncoderName,
  type VectorFormatName,
  type VectorPrecisionName,
} from "bytestow/embeddings";
import type * as slim from "bytestow/slim/embeddings";
import {
  type CacheRuleId,
  type EmbeddingsCacheHarness,
  embeddingsCacheTests,
  type TestFunction,
} from "bytestow/testing";
import { expectType, type Same } from "./expect.js";

/** Nothing but `any` is both of these. */
type IsAny<T> = 0 extends 1 & T ? true : false;
/** The names of those members that are `any`. */
type AnyMembers<T> = { [Name in keyof T]-?: IsAny<T[Name]> extends true ? Name : never }[keyof T];

declare const embeddings: EmbeddingsInterface;
declare const theirs: BaseByteStore;
declare const signal: AbortSignal;
const store = new InMemoryByteStore();

/** A model of the user's own, typed by nothing of LangChain's. */
const own = {
  model: "own",
  embedDocuments: async (documents: string[]) => documents.map((text) => [text.length]),
  embedQuery: async (document: string) => [document.length],
};

const settings: CacheBackedEmbeddingsSettings = {
  dimensions: 1_536,
  precision: "f16",
  keyEncoder: "langchain-js",
  valueFormat: "json",
  queryCache: theirs,
  batchSize: 100,
  concurrency: 4,
  onProgress: (progress) => expectType<Same<typeof progress, EmbedProgress>>(),
  onEvent: (event) => expectType<Same<typeof event, StoreEvent>>(),
};
const options: CacheBackedEmbeddingsOptions = { ...settings, embeddings, store, model: "text-embedding-3-small" };
const cache = new CacheBackedEmbeddings(options);

new CacheBackedEmbeddings({ embeddings: own, store: theirs });
new CacheBackedEmbeddings({ embeddings: cache, store, model: undefined, dimensions: undefined, precision: undefined });
new CacheBackedEmbeddings({ ...options, keyEncoder: undefined, valueFormat: undefined, queryCache: undefined });
new CacheBackedEmbeddings({ ...options, batchSize: undefined, concurrency: undefined, onEvent: undefined });
for (const queryCache of [true, false, store]) new CacheBackedEmbeddings({ ...options, queryCache });

/** With LangChain's signature, and all that the other way takes. */
export const moved: CacheBackedEmbeddings = CacheBackedEmbeddings.fromBytesStore(embeddings, theirs);
CacheBackedEmbeddings.fromBytesStore(embeddings, store, { namespace: "m" });
CacheBackedEmbeddings.fromBytesStore(own, store, { namespace: undefined, ...settings });

/** Wherever LangChain takes embeddings. */
export const asTheirs: Embeddings = cache;
export const asInterface: EmbeddingsInterface = cache;
export class Named extends CacheBackedEmbeddings {
  readonly name = this.model;
}

/** Under the published rules. */
declare const test: TestFunction;
const harness: EmbeddingsCacheHarness = {
  name: "bytestow",
  claims: { shares: true, queries: true, precisions: ["f32", "f16"], stats: true, typed: true },
  open: ({ model, store, options }) => new CacheBackedEmbeddings({ ...options, embeddings: model, store }),
};
embeddingsCacheTests(test, harness, { seed: 1, onResult: ({ id }) => expectType<Same<typeof id, CacheRuleId>>() });

expectType<Same<VectorPrecisionName, "f32" | "f64" | "f16" | "int8">>();
expectType<Same<VectorFormatName, "binary" | "json">>();
expectType<
  Same<KeyEncoderName, "sha256" | "langchain-js" | `langchain-python-${"sha1" | "sha256" | "blake2b" | "sha512"}`>
>();
expectType<Same<typeof slim.CacheBackedEmbeddings, typeof CacheBackedEmbeddings>>();
expectType<Same<slim.CacheBackedEmbeddingsOptions, CacheBackedEmbeddingsOptions>>();

// @ts-expect-error: the model is missing
new CacheBackedEmbeddings({ store, model: "m" });
// @ts-expect-error: the store is missing
new CacheBackedEmbeddings({ embeddings, model: "m" });
// @ts-expect-error: the options are missing
new CacheBackedEmbeddings();
// @ts-expect-error: a model that cannot embed queries
new CacheBackedEmbeddings({ ...options, embeddings: { embedDocuments: own.embedDocuments } });
// @ts-expect-error: a Map is no store
new CacheBackedEmbeddings({ ...options, store: new Map() });
// @ts-expect-error: nor does it keep queries
new CacheBackedEmbeddings({ ...options, queryCache: new Map() });
// @ts-expect-error: no such precision
new CacheBackedEmbeddings({ ...options, precision: "f8" });
// @ts-expect-error: no such encoder
new CacheBackedEmbeddings({ ...options, keyEncoder: "sha1" });
// @ts-expect-error: no such format
new CacheBackedEmbeddings({ ...options, valueFormat: "text" });
// @ts-expect-error: a number, not a text
new CacheBackedEmbeddings({ ...options, batchSize: "100" });
// @ts-expect-error: stores have lives, caches have not
new CacheBackedEmbeddings({ ...options, ttl: 60 });
// @ts-expect-error: there `namespace` is for `fromBytesStore`
new CacheBackedEmbeddings({ ...options, namespace: "m" });
// @ts-expect-error: and there `model` is for the constructor
CacheBackedEmbeddings.fromBytesStore(embeddings, store, { model: "m" });
// @ts-expect-error: a name, not a number
CacheBackedEmbeddings.fromBytesStore(embeddings, store, { namespace: 1 });
// @ts-expect-error: it is not to be changed
cache.model = "another";

expectType<Same<AnyMembers<CacheBackedEmbeddings>, never>>();
expectType<Same<AnyMembers<CacheBackedEmbeddingsOptions>, never>>();
expectType<Same<AnyMembers<EmbedProgress>, never>>();
expectType<Same<EmbedProgress, { done: number; total: number; hits: number }>>();

export async function work(): Promise<void> {
  const call: EmbedOptions = {
    signal,
    onProgress: ({ done, total, hits }) => expectType<IsNumbers<[typeof done, typeof total, typeof hits]>>(),
  };
  const vectors = await cache.embedDocuments(["a", "b"], call);
  expectType<Same<typeof vectors, number[][]>>();
  const typed = await cache.embedDocumentsTyped(["a"], { signal: undefined, onProgress: undefined });
  expectType<Same<typeof typed, Float32Array<ArrayBuffer>[]>>();
  const query = await cache.embedQuery("a", { signal });
  expectType<Same<typeof query, number[]>>();
  const stats = cache.stats();
  expectType<Same<typeof stats, EmbeddingsCacheStats>>();
  expectType<
    IsNumbers<
      [typeof stats.hits, typeof stats.misses, typeof stats.joined, typeof stats.requests, typeof stats.storeErrors]
    >
  >();
  expectType<Same<typeof cache.model, string>>();

  // @ts-expect-error: an array of texts
  await cache.embedDocuments("a");
  // @ts-expect-error: one text
  await cache.embedQuery(["a"]);
  // @ts-expect-error: a query has no progress
  await cache.embedQuery("a", { onProgress() {} });
  // @ts-expect-error: not a signal
  await cache.embedDocumentsTyped([], { signal: 1_000 });
  // @ts-expect-error: a name it does not know
  await cache.embedDocuments([], { batchSize: 1 });
}

type IsNumbers<T extends unknown[]> = Same<T[number], number>;
