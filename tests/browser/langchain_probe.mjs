/** A page's own use of LangChain.js over a store of bytestow. */

import { CacheBackedEmbeddings } from "@langchain/classic/embeddings/cache_backed";
import { createDocumentStoreFromByteStore } from "@langchain/classic/storage/encoder_backed";
import { Document } from "@langchain/core/documents";
import { IndexedDBByteStore } from "bytestow";
import { CountingEmbeddings, texts } from "../support/embedder.mjs";

/** Embeds `count` texts over the database `name`; says whether the vectors are right, and what the provider was asked. */
async function embed(name, count, model = "model-1:") {
  const provider = new CountingEmbeddings();
  const store = new IndexedDBByteStore({ name, namespace: "embeddings" });
  const cached = CacheBackedEmbeddings.fromBytesStore(provider, store, { namespace: model });
  const vectors = await cached.embedDocuments(texts(count));
  const right = JSON.stringify(vectors) === JSON.stringify(await new CountingEmbeddings().embedDocuments(texts(count)));
  const keys = [];
  for await (const key of store.yieldKeys(model)) keys.push(key);
  const { hits, misses } = store.stats();
  await store.close();
  return { right, asked: provider.calls.map((call) => call.length), keys: keys.length, hits, misses };
}

/** Stores a document or reads it back. */
async function documents(name, write) {
  const store = createDocumentStoreFromByteStore(new IndexedDBByteStore({ name }));
  if (write) await store.mset([["doc/1", new Document({ pageContent: "😀", metadata: { page: 1 } })]]);
  const [found] = await store.mget(["doc/1"]);
  return found && [found instanceof Document, found.pageContent, found.metadata.page];
}

Object.assign(globalThis, { embed, documents, ready: true });
