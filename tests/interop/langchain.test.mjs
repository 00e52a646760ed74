/** LangChain.js's own consumers over each store that runs in Node. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CacheBackedEmbeddings } from "@langchain/classic/embeddings/cache_backed";
import { createDocumentStoreFromByteStore, EncoderBackedStore } from "@langchain/classic/storage/encoder_backed";
import { Document } from "@langchain/core/documents";
import { InMemoryStore } from "@langchain/core/stores";
import { InMemoryByteStore, WrappedByteStore } from "bytestow";
import { CountingEmbeddings, texts } from "../support/embedder.mjs";
import { all } from "../support/expect.mjs";

const stores = {
  InMemoryByteStore: () => new InMemoryByteStore(),
  "InMemoryByteStore in a namespace": () => new InMemoryByteStore({ namespace: "app/embeddings" }),
  "WrappedByteStore over LangChain's InMemoryStore": () => new WrappedByteStore({ store: new InMemoryStore() }),
  "WrappedByteStore in a namespace": () => new WrappedByteStore({ store: new InMemoryStore(), namespace: "app" }),
  "WrappedByteStore over InMemoryByteStore": () => new WrappedByteStore({ store: new InMemoryByteStore() }),
};

for (const [name, open] of Object.entries(stores)) {
  describe(name, () => {
    test("CacheBackedEmbeddings: warm equals cold, and asks nobody", async () => {
      const store = open();
      const provider = new CountingEmbeddings();
      const cached = CacheBackedEmbeddings.fromBytesStore(provider, store, { namespace: "model-1:" });
      const documents = texts(300);

      const plain = await new CountingEmbeddings().embedDocuments(documents);
      const cold = await cached.embedDocuments(documents);
      assert.deepEqual(cold, plain);
      assert.deepEqual(provider.calls, [documents]);

      const warm = await cached.embedDocuments(documents);
      assert.deepEqual(warm, plain);
      assert.equal(provider.calls.length, 1, "the second time asked the provider");

      // Another client on the same store, in another order, with one new text and one twice.
      const again = CacheBackedEmbeddings.fromBytesStore(provider, store, { namespace: "model-1:" });
      const mixed = [documents[7], "new", documents[299], documents[7]];
      assert.deepEqual(await again.embedDocuments(mixed), await new CountingEmbeddings().embedDocuments(mixed));
      assert.deepEqual(provider.calls.slice(1), [["new"]]);
    });

    test("CacheBackedEmbeddings: its keys are listed under its namespace, and namespaces stay apart", async () => {
      const store = open();
      const provider = new CountingEmbeddings();
      const first = CacheBackedEmbeddings.fromBytesStore(provider, store, { namespace: "model-1:" });
      const second = CacheBackedEmbeddings.fromBytesStore(provider, store, { namespace: "model-2:" });
      await first.embedDocuments(texts(20));
      await second.embedDocuments(texts(5));
      assert.equal(provider.calls.length, 2, "the second namespace saw the first one's entries");

      const [ones, twos] = [await all(store.yieldKeys("model-1:")), await all(store.yieldKeys("model-2:"))];
      assert.equal(new Set(ones).size, 20);
      assert.equal(new Set(twos).size, 5);
      assert.ok(ones.every((key) => /^model-1:[0-9a-f]{64}$/u.test(key)));
      assert.equal((await all(store.yieldKeys())).length, 25);

      // What is dropped is asked for again, and nothing else.
      await store.mdelete(ones.slice(0, 3));
      await first.embedDocuments(texts(20));
      assert.equal(provider.calls[2]?.length, 3);
    });

    test("CacheBackedEmbeddings without a namespace, and an empty list", async () => {
      const cached = CacheBackedEmbeddings.fromBytesStore(new CountingEmbeddings(), open());
      assert.deepEqual(await cached.embedDocuments([]), []);
      assert.deepEqual(await cached.embedDocuments(["a"]), await new CountingEmbeddings().embedDocuments(["a"]));
    });

    test("createDocumentStoreFromByteStore: documents come back as they went in", async () => {
      const documents = createDocumentStoreFromByteStore(open());
      const document = new Document({ pageContent: "a page\u0000 😀", metadata: { page: 3, tags: ["x"] } });
      await documents.mset([
        ["doc/1", document],
        ["doc/2", new Document({ pageContent: "", metadata: {} })],
      ]);
      const [first, second, missing] = await documents.mget(["doc/1", "doc/2", "doc/3"]);
      assert.ok(first instanceof Document);
      assert.deepEqual({ ...first }, { ...document });
      assert.equal(second?.pageContent, "");
      assert.equal(missing, undefined);
      assert.deepEqual((await all(documents.yieldKeys("doc/"))).sort(), ["doc/1", "doc/2"]);
      await documents.mdelete(["doc/1"]);
      assert.deepEqual(await all(documents.yieldKeys()), ["doc/2"]);
    });

    test("EncoderBackedStore with Buffers for values", async () => {
      const store = new EncoderBackedStore({
        store: open(),
        keyEncoder: (number) => `n/${number}`,
        valueSerializer: (value) => Buffer.from(JSON.stringify(value)),
        valueDeserializer: (value) => JSON.parse(Buffer.from(value).toString()),
      });
      await store.mset([[1, { one: "ä" }], [2, null]]); // biome-ignore format: pairs
      assert.deepEqual(await store.mget([2, 1, 3]), [null, { one: "ä" }, undefined]);
    });
  });
}

test("LangChain's tracing gets a store's class and no option", async () => {
  const store = new InMemoryByteStore({ namespace: "private-name" });
  const embeddings = CacheBackedEmbeddings.fromBytesStore(new CountingEmbeddings(), store);
  const told = JSON.stringify([store, embeddings.documentEmbeddingStore]);
  assert.match(told, /"bytestow","storage","InMemoryByteStore"/u);
  assert.doesNotMatch(told, /private-name/u);
});
