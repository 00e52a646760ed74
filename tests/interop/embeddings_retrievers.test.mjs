/** The retrievers of LangChain.js that keep whole documents in a byte store: ours, with our cache before the model. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { MultiVectorRetriever } from "@langchain/classic/retrievers/multi_vector";
import { ParentDocumentRetriever } from "@langchain/classic/retrievers/parent_document";
import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { Document } from "@langchain/core/documents";
import { RecursiveCharacterTextSplitter } from "@langchain/textsplitters";
import { InMemoryByteStore, UpstashRedisByteStore } from "bytestow";
import { CacheBackedEmbeddings } from "bytestow/embeddings";
import { byWords, RecordingModel } from "../support/embeddings.mjs";
import { all } from "../support/expect.mjs";
import { startRedis } from "../support/upstash/redis.mjs";

/** Of several chunks each, with what JSON and UTF-8 have to carry. */
const DOCUMENTS = {
  whales: [
    `Blue whales sing low songs. ${"They swim through cold oceans. ".repeat(12)}Krill feeds them: 漢字 😀.`,
    { source: "mer/é.txt", page: 3, tags: ["sea", "große Tiere"], nested: { deep: [null, true, 1.5e-7] } },
  ],
  trains: [
    `Steam trains climb mountains slowly. ${"Engines burn black coal. ".repeat(12)}Naïve café "quotes"\u0000\u2028.`,
    { source: "rail.txt", page: 0, empty: "", "a key with é": "👩‍🚀" },
  ],
  bread: [`Sourdough bread rises overnight. ${"Bakers knead flour and water. ".repeat(12)}`, {}],
};
const whole = Object.entries(DOCUMENTS).map(([id, [pageContent, metadata]]) => [
  id,
  new Document({ pageContent, metadata }),
]);
const splitter = () => new RecursiveCharacterTextSplitter({ chunkSize: 90, chunkOverlap: 0 });
const plain = ({ pageContent, metadata }) => ({ pageContent, metadata });
const expected = (id) => plain(whole.find(([name]) => name === id)[1]);

let redis;
let databases = 0;
before(async () => {
  redis = await startRedis();
});
after(() => redis?.close());

/** Stores of documents, and the same ones opened anew. */
const STORES = {
  InMemoryByteStore: () => {
    const store = new InMemoryByteStore();
    return () => store;
  },
  "UpstashRedisByteStore over a real Redis": () => {
    const url = redis.url(databases++);
    return () => new UpstashRedisByteStore({ url, token: redis.token, namespace: "documents" });
  },
};

for (const [name, area] of Object.entries(STORES)) {
  describe(name, () => {
    /** A vector store whose vectors are cached in the very store that has the documents, and the model behind it. */
    function vectors(store) {
      const model = new RecordingModel({ numbers: byWords });
      const cache = new CacheBackedEmbeddings({ embeddings: model, store, model: "words", precision: "f64" });
      return { model, vectorstore: new MemoryVectorStore(cache) };
    }

    test("MultiVectorRetriever gives the whole documents", async () => {
      const open = area();
      const { model, vectorstore } = vectors(open());
      const retriever = new MultiVectorRetriever({ vectorstore, byteStore: open(), childK: 3, parentK: 1 });
      for (const [id, document] of whole) {
        const chunks = await splitter().splitDocuments([document]);
        assert.ok(chunks.length > 3);
        await vectorstore.addDocuments(
          chunks.map(({ pageContent }) => new Document({ pageContent, metadata: { doc_id: id } })),
        );
      }
      await retriever.docstore.mset(whole);

      assert.deepEqual((await retriever.invoke("songs of whales")).map(plain), [expected("whales")]);
      assert.deepEqual((await retriever.invoke("coal for engines")).map(plain), [expected("trains")]);
      const [found] = await retriever.invoke("sourdough");
      assert.ok(found instanceof Document);
      assert.deepEqual(plain(found), expected("bread"));

      // Another process: the documents are there, and the model is asked for nothing it has embedded.
      const asked = [model.asked.length, model.queries.length];
      const again = new MultiVectorRetriever({ vectorstore, byteStore: open(), childK: 3, parentK: 1 });
      assert.deepEqual((await again.invoke("songs of whales")).map(plain), [expected("whales")]);
      assert.deepEqual([model.asked.length, model.queries.length], asked);
      await open().mdelete(["whales"]);
      assert.deepEqual(await again.invoke("songs of whales"), [], "it was not our store that had the document");
    });

    test("ParentDocumentRetriever splits, stores and gives the whole documents", async () => {
      const open = area();
      const { model, vectorstore } = vectors(open());
      const fields = { vectorstore, childSplitter: splitter(), childK: 3, parentK: 1 };
      const retriever = new ParentDocumentRetriever({ ...fields, byteStore: open() });
      await retriever.addDocuments(
        whole.map(([, document]) => document),
        { ids: Object.keys(DOCUMENTS) },
      );
      for (const [id] of whole) {
        const question = `${DOCUMENTS[id][0].split(". ", 1)[0]}?`;
        // The splitter leaves which lines it found in the metadata of chunks, and not in that of documents.
        assert.deepEqual((await retriever.invoke(question)).map(plain), [expected(id)]);
      }
      const stored = (await all(open().yieldKeys())).filter((key) => key in DOCUMENTS);
      assert.deepEqual(stored.sort(), Object.keys(DOCUMENTS).sort());

      // The same documents into an empty vector store, as after a restart: their chunks are in the cache.
      const restarted = vectors(open());
      const second = new ParentDocumentRetriever({ ...fields, vectorstore: restarted.vectorstore, byteStore: open() });
      const config = { ids: Object.keys(DOCUMENTS), addToDocstore: false };
      await second.addDocuments(
        whole.map(([, document]) => document),
        config,
      );
      assert.deepEqual((await second.invoke("Steam trains climb mountains slowly?")).map(plain), [expected("trains")]);
      assert.ok(model.asked.length > 0);
      assert.deepEqual([restarted.model.asked, restarted.model.queries], [[], []]);
    });

    test("ParentDocumentRetriever with parents of its own making, and ids", async () => {
      const open = area();
      const { vectorstore } = vectors(open());
      const parentSplitter = new RecursiveCharacterTextSplitter({ chunkSize: 200, chunkOverlap: 0 });
      const byteStore = open();
      const retriever = new ParentDocumentRetriever({
        ...{ vectorstore, byteStore, parentSplitter, childSplitter: splitter(), childK: 1 },
      });
      const documents = whole.map(([, document]) => document);
      await retriever.addDocuments(documents);
      const parents = (await parentSplitter.splitDocuments(documents)).map(plain);
      assert.ok(parents.length > 4);
      const [found, ...more] = await retriever.invoke("Krill feeds them");
      assert.deepEqual(more, []);
      assert.deepEqual(
        plain(found),
        parents.find(({ pageContent }) => pageContent.includes("漢字 😀")),
      );
      const ids = (await all(open().yieldKeys())).filter((key) => /^[0-9a-f]{8}-/u.test(key));
      assert.equal(ids.length, parents.length);
    });
  });
}
