/** Each store where LangChain.js wants a `BaseStore<string, Uint8Array>`. */

import { CacheBackedEmbeddings } from "@langchain/classic/embeddings/cache_backed";
import { createDocumentStoreFromByteStore } from "@langchain/classic/storage/encoder_backed";
import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import type { Embeddings } from "@langchain/core/embeddings";
import { type BaseStore, InMemoryStore } from "@langchain/core/stores";
import {
  type ByteStore,
  IndexedDBByteStore,
  InMemoryByteStore,
  TieredByteStore,
  UpstashRedisByteStore,
  WrappedByteStore,
} from "bytestow";
import { CacheBackedEmbeddings as OurCache } from "bytestow/embeddings";
import * as slim from "bytestow/slim";

declare const embeddings: Embeddings;

/** As a value, as an argument, and as the base class of all. */
export const memory: BaseStore<string, Uint8Array> = new InMemoryByteStore();
export const indexedDb: BaseStore<string, Uint8Array> = new IndexedDBByteStore({ name: "pages" });
export const overTheirs: BaseStore<string, Uint8Array> = new WrappedByteStore({
  store: new InMemoryStore<Uint8Array>(),
});
export const upstash: BaseStore<string, Uint8Array> = new UpstashRedisByteStore({ url: "https://a", token: "t" });
export const fromEnv: BaseStore<string, Uint8Array> = UpstashRedisByteStore.fromEnv();
export const tiered: BaseStore<string, Uint8Array> = new TieredByteStore({ local: memory, remote: upstash });
export const fromSlim: BaseStore<string, Uint8Array> = new slim.InMemoryByteStore();
export const slimTiers: BaseStore<string, Uint8Array> = new slim.TieredByteStore({
  local: new slim.InMemoryByteStore(),
  remote: new slim.UpstashRedisByteStore({ url: "https://a", token: null }),
});
export const asBase = (store: ByteStore): BaseStore<string, Uint8Array> => store;

export const cached = [
  CacheBackedEmbeddings.fromBytesStore(embeddings, new InMemoryByteStore(), { namespace: "model" }),
  CacheBackedEmbeddings.fromBytesStore(embeddings, new IndexedDBByteStore({ name: "pages" }), { namespace: "model" }),
  CacheBackedEmbeddings.fromBytesStore(embeddings, new WrappedByteStore({ store: memory }), { namespace: "model" }),
  CacheBackedEmbeddings.fromBytesStore(embeddings, UpstashRedisByteStore.fromEnv(), { namespace: "model" }),
  CacheBackedEmbeddings.fromBytesStore(embeddings, new TieredByteStore({ local: memory, remote: upstash }), {
    namespace: "model",
  }),
];

/** Over any of their stores, in place of theirs: whatever arguments theirs takes. */
declare const theirArguments: Parameters<typeof CacheBackedEmbeddings.fromBytesStore>;
export const ourCache: Embeddings = OurCache.fromBytesStore(...theirArguments);
export const overTheirStore = new OurCache({ embeddings, store: new InMemoryStore<Uint8Array>(), model: "model" });
export const vectorStore = new MemoryVectorStore(overTheirStore);
// @ts-expect-error: their store of other values
export const overTexts = new OurCache({ embeddings, store: new InMemoryStore<string>(), model: "model" });

export const documents = [
  createDocumentStoreFromByteStore(new InMemoryByteStore()),
  createDocumentStoreFromByteStore(UpstashRedisByteStore.fromEnv()),
  createDocumentStoreFromByteStore(new TieredByteStore({ local: memory, remote: upstash })),
];

// @ts-expect-error: not a store of strings
export const wrong: BaseStore<string, string> = new InMemoryByteStore();
// @ts-expect-error: not a store of strings
export const wrongTiers: BaseStore<string, string> = new TieredByteStore({ local: memory, remote: upstash });
