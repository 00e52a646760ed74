/** Our cache where LangChain.js wants embeddings: unchanged in its vector stores, and a proper `Embeddings`. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";
import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { Document } from "@langchain/core/documents";
import { Embeddings } from "@langchain/core/embeddings";
import { InMemoryStore } from "@langchain/core/stores";
import { AsyncCaller } from "@langchain/core/utils/async_caller";
import { FakeEmbeddings, FakeVectorStore, SyntheticEmbeddings } from "@langchain/core/utils/testing";
import { InMemoryByteStore, UpstashRedisByteStore } from "bytestow";
import { CacheBackedEmbeddings } from "bytestow/embeddings";
import { bits, byWords, RecordingModel, rounded, silent } from "../support/embeddings.mjs";
import { startRedis } from "../support/upstash/redis.mjs";

const DOCUMENTS = [
  ["blue whales sing low songs", { id: 1, kind: "sea" }],
  ["steam trains climb mountains", { id: 2, kind: "land" }],
  ["sourdough bread rises overnight, naïve 漢字 😀", { id: 3, kind: "home" }],
  ["whales and trains make noise", { id: 4, kind: "sea" }],
].map(([pageContent, metadata]) => new Document({ pageContent, metadata }));
const TEXTS = DOCUMENTS.map(({ pageContent }) => pageContent);

let redis;
let databases = 0;
before(async () => {
  redis = await startRedis();
});
after(() => redis?.close());

/** Stores of vectors, and the same ones opened anew. */
const STORES = {
  InMemoryByteStore: () => {
    const store = new InMemoryByteStore();
    return () => store;
  },
  "LangChain's InMemoryStore": () => {
    const store = new InMemoryStore();
    return () => store;
  },
  "UpstashRedisByteStore over a real Redis": () => {
    const url = redis.url(databases++);
    return () => new UpstashRedisByteStore({ url, token: redis.token });
  },
};

for (const [name, area] of Object.entries(STORES)) {
  for (const VectorStore of [MemoryVectorStore, FakeVectorStore]) {
    describe(`${VectorStore.name}, vectors cached in ${name}`, () => {
      const cached = (model, store) => new CacheBackedEmbeddings({ embeddings: model, store, model: "words" });
      const contents = (found) => found.map(({ pageContent }) => pageContent);

      test("it finds what it finds without a cache; the second time nothing is asked", async () => {
        const open = area();
        const model = new RecordingModel({ numbers: byWords });
        const [query, filter] = ["songs of whales", ({ metadata }) => metadata.kind === "sea"];
        const uncached = await VectorStore.fromDocuments(DOCUMENTS, new RecordingModel({ numbers: byWords }));
        const expected = await uncached.similaritySearchWithScore(query, 3);
        assert.equal(expected[0][0].pageContent, TEXTS[0]);

        const first = await VectorStore.fromDocuments(DOCUMENTS, cached(model, open()));
        assert.deepEqual(await first.similaritySearchWithScore(query, 3), expected);
        assert.deepEqual([model.asked, model.queries], [[TEXTS], [query]]);

        const nobody = silent();
        const second = await VectorStore.fromDocuments(DOCUMENTS, cached(nobody, open()));
        assert.deepEqual(await second.similaritySearchWithScore(query, 3), expected);
        const found = await second.similaritySearch(query, 4, filter);
        assert.deepEqual(
          found.map(({ metadata }) => metadata),
          [DOCUMENTS[0], DOCUMENTS[3]].map((d) => d.metadata),
        );
        assert.deepEqual(contents(await second.asRetriever(1).invoke(query)), [TEXTS[0]]);
        assert.deepEqual([nobody.asked, nobody.queries], [[], []]);
      });

      test("what is added later is asked for alone", async () => {
        const open = area();
        const model = new RecordingModel({ numbers: byWords });
        const metadatas = DOCUMENTS.slice(0, 2).map(({ metadata }) => metadata);
        const store = await VectorStore.fromTexts(TEXTS.slice(0, 2), metadatas, cached(model, open()));
        await store.addDocuments(DOCUMENTS);
        assert.deepEqual(model.asked, [TEXTS.slice(0, 2), TEXTS.slice(2)]);
        assert.deepEqual(contents(await store.similaritySearch("bread overnight", 1)), [TEXTS[2]]);
      });
    });
  }
}

test("MemoryVectorStore's search for variety goes through the cache as well", async () => {
  const model = new RecordingModel({ numbers: byWords });
  const cache = new CacheBackedEmbeddings({ embeddings: model, store: new InMemoryByteStore(), model: "words" });
  const store = await MemoryVectorStore.fromDocuments(DOCUMENTS, cache);
  const retriever = store.asRetriever({ searchType: "mmr", k: 2, searchKwargs: { fetchK: 4, lambda: 0.1 } });
  const found = await retriever.invoke("whales");
  assert.equal(found.length, 2);
  assert.ok(found.some(({ pageContent }) => pageContent.includes("whales")));
  assert.deepEqual(
    (await retriever.invoke("whales")).map(({ metadata }) => metadata),
    found.map((d) => d.metadata),
  );
  assert.deepEqual(model.queries, ["whales"]);
});

test("core's own models stand behind it", async () => {
  const models = { fake: new FakeEmbeddings(), synthetic: new SyntheticEmbeddings({ vectorSize: 12 }) };
  for (const [model, embeddings] of Object.entries(models)) {
    const cache = new CacheBackedEmbeddings({ embeddings, store: new InMemoryStore(), model });
    const expected = rounded(await embeddings.embedDocuments(TEXTS));
    for (let times = 0; times < 2; times++) {
      assert.deepEqual(bits(await cache.embedDocuments(TEXTS)), bits(expected));
      assert.deepEqual(
        bits([await cache.embedQuery(TEXTS[1])]),
        bits(rounded([await embeddings.embedQuery(TEXTS[1])])),
      );
    }
    assert.deepEqual([cache.stats().requests, cache.stats().hits], [2, TEXTS.length + 1]);
  }
});

test("it is LangChain's Embeddings, with its caller", async () => {
  const model = new RecordingModel();
  const store = new InMemoryByteStore();
  const caches = [
    new CacheBackedEmbeddings({ embeddings: model, store, model: "m" }),
    CacheBackedEmbeddings.fromBytesStore(model, store, { namespace: "m" }),
  ];
  for (const cache of caches) {
    assert.ok(cache instanceof Embeddings);
    assert.ok(cache instanceof CacheBackedEmbeddings);
    assert.ok(cache.caller instanceof AsyncCaller);
    assert.equal(await cache.caller.call(async () => "called"), "called");
    // It takes the place of a model, another cache's included.
    const outer = new CacheBackedEmbeddings({ embeddings: cache, store: new InMemoryStore() });
    assert.equal(outer.model, "m");
    const expected = rounded(await new RecordingModel().embedDocuments(["t"]));
    assert.deepEqual(bits(await outer.embedDocuments(["t"])), bits(expected));
  }
  assert.deepEqual(model.asked, [["t"]], "one store, one name: the second cache finds what the first has kept");
});

test("what is written out of it has no secret of the model's or the store's", async () => {
  const secrets = ["sk-model-secret", "token-of-the-store", "https://secret.example", "text that was embedded"];
  const [apiKey, token, url, text] = secrets;
  const model = new RecordingModel({ apiKey, clientConfig: { apiKey } });
  // They would be seen: these checks can fail.
  assert.match(JSON.stringify({ model }), /sk-model-secret/u);
  const store = new UpstashRedisByteStore({ url, token });
  const memory = new InMemoryByteStore();
  const caches = [
    new CacheBackedEmbeddings({ embeddings: model, store, model: "m" }),
    new CacheBackedEmbeddings({ embeddings: model, store: memory, queryCache: store, model: "m" }),
    CacheBackedEmbeddings.fromBytesStore(model, memory, { namespace: "m" }),
  ];
  await caches[2].embedDocuments([text]);
  for (const cache of caches) {
    const vectorStore = new MemoryVectorStore(cache);
    const written = [
      ...[cache, { ...cache }, vectorStore, vectorStore.asRetriever()].map((value) => JSON.stringify(value)),
      inspect(cache, { depth: 20, showHidden: true }),
    ];
    for (const form of written) {
      assert.ok(form.length > 2);
      for (const secret of secrets) assert.ok(!form.includes(secret), `${secret} is in ${form.slice(0, 2_000)}`);
    }
  }
});
