/** Our vector store behind LangChain's retrievers, its embeddings cache before its model, and the classes' manners. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { ScoreThresholdRetriever } from "@langchain/classic/retrievers/score_threshold";
import { SelfQueryRetriever } from "@langchain/classic/retrievers/self_query";
import { FunctionalTranslator } from "@langchain/classic/retrievers/self_query/functional";
import { TimeWeightedVectorStoreRetriever } from "@langchain/classic/retrievers/time_weighted";
import { Document } from "@langchain/core/documents";
import { RunnableLambda } from "@langchain/core/runnables";
import { InMemoryStore } from "@langchain/core/stores";
import { Comparison, Operation, StructuredQuery } from "@langchain/core/structured_query";
import { VectorStore, VectorStoreRetriever } from "@langchain/core/vectorstores";
import { InMemoryByteStore } from "bytestow";
import { CacheBackedEmbeddings } from "bytestow/embeddings";
import { ByteStoreVectorStore } from "bytestow/vectorstores";
import { byWords, RecordingModel, silent } from "../support/embeddings.mjs";

const FILMS = [
  ["dinosaurs break out of a park", { year: 1993, rating: 7.7, genre: "science fiction" }],
  ["a dream within a dream within a dream", { year: 2010, rating: 8.2, director: "Nolan" }],
  ["a detective is lost in dreams", { year: 2006, rating: 8.6, director: "Kon" }],
  ["toys come alive and have fun", { year: 1995, genre: "animated" }],
  ["three men walk into the zone", { year: 1979, rating: 9.9, genre: "science fiction" }],
].map(([pageContent, metadata]) => new Document({ pageContent, metadata }));
const contents = (found) => found.map(({ pageContent }) => pageContent);

const films = () =>
  ByteStoreVectorStore.fromDocuments(FILMS, new RecordingModel({ numbers: byWords }), {
    store: new InMemoryByteStore(),
    model: "words",
  });

describe("VectorStoreRetriever", () => {
  test("by similarity, by maximal marginal relevance, with a filter, in a chain", async () => {
    const store = await films();
    assert.ok(store instanceof VectorStore);
    const retriever = store.asRetriever(2);
    assert.ok(retriever instanceof VectorStoreRetriever);
    assert.deepEqual(contents(await retriever.invoke("lost in a dream")), [
      "a dream within a dream within a dream",
      "a detective is lost in dreams",
    ]);
    const mmr = store.asRetriever({ k: 3, searchType: "mmr", searchKwargs: { fetchK: 5, lambda: 0.2 } });
    assert.equal((await mmr.invoke("a dream")).length, 3);
    const late = store.asRetriever({ k: 9, filter: { year: { $gte: 2000 } } });
    assert.equal((await late.invoke("a dream")).length, 2);
    const chain = retriever.pipe(RunnableLambda.from((documents) => documents.length));
    assert.equal(await chain.invoke("a dream"), 2);
    await retriever.addDocuments([new Document({ pageContent: "lost in a dream" })]);
    assert.equal((await retriever.invoke("lost in a dream"))[0].pageContent, "lost in a dream");
  });

  test("callbacks and tags are those of LangChain's own, with a threshold too", async () => {
    const store = await films();
    for (const fields of [{ k: 2 }, { k: 2, scoreThreshold: 0.1 }]) {
      const heard = [];
      const callbacks = [
        {
          handleRetrieverStart: (_, query, ...rest) => heard.push(["start", query, rest[2]]),
          handleRetrieverEnd: (documents) => heard.push(["end", documents.length]),
        },
      ];
      const retriever = store.asRetriever({ ...fields, callbacks, tags: ["mine"] });
      await retriever.invoke("toys come alive");
      assert.deepEqual(
        heard.map(([what]) => what),
        ["start", "end"],
      );
      assert.deepEqual(retriever.tags, ["mine", "bytestow"]);
      assert.match(JSON.stringify(retriever), /"not_implemented"/u);
    }
  });
});

describe("LangChain's other retrievers", () => {
  test("ScoreThresholdRetriever goes on until what comes is less similar", async () => {
    const store = await ByteStoreVectorStore.fromTexts(
      Array.from({ length: 45 }, (_, at) => (at < 33 ? "alike" : "something else")),
      Array.from({ length: 45 }, (_, n) => ({ n })),
      new RecordingModel({ numbers: byWords }),
      { store: new InMemoryByteStore(), model: "words" },
    );
    const retriever = ScoreThresholdRetriever.fromVectorStore(store, { minSimilarityScore: 0.9, kIncrement: 10 });
    const found = await retriever.invoke("alike");
    assert.deepEqual(
      found.map(({ metadata }) => metadata.n),
      Array.from({ length: 33 }, (_, n) => n),
    );
    // The same by the store's own way, in one search.
    assert.deepEqual(await store.asRetriever({ k: 100, scoreThreshold: 0.9 }).invoke("alike"), found);
  });

  test("SelfQueryRetriever with the FunctionalTranslator, whose filters are functions", async () => {
    const store = await films();
    const ask = async (query, searchParams) => {
      const retriever = new SelfQueryRetriever({
        vectorStore: store,
        queryConstructor: RunnableLambda.from(() => query),
        structuredQueryTranslator: new FunctionalTranslator(),
        ...(searchParams && { searchParams }),
      });
      return contents(await retriever.invoke("anything"));
    };
    const rated = new Comparison("gt", "rating", 8.5);
    assert.deepEqual((await ask(new StructuredQuery("dream", rated))).sort(), [
      "a detective is lost in dreams",
      "three men walk into the zone",
    ]);
    const both = new Operation("and", [rated, new Comparison("eq", "genre", "science fiction")]);
    assert.deepEqual(await ask(new StructuredQuery("", both)), ["three men walk into the zone"]);
    // A defect of core 1.2: its "or" begins with true, and keeps everything; `$or` of ours does not.
    const either = new Operation("or", [new Comparison("lt", "year", 1980), new Comparison("eq", "director", "Kon")]);
    assert.equal((await ask(new StructuredQuery("dream", either))).length, 4, "core was mended");
    const ours = { $or: [{ year: { $lt: 1980 } }, { director: "Kon" }] };
    assert.equal((await store.similaritySearch("dream", 4, ours)).length, 2);
    assert.equal((await ask(new StructuredQuery("dream"))).length, 4, "without a filter");
    const filter = ({ metadata }) => metadata.year > 2000;
    const narrowed = await ask(new StructuredQuery("dream", rated), { k: 9, filter, mergeFiltersOperator: "and" });
    assert.deepEqual(narrowed, ["a detective is lost in dreams"]);
  });

  test("TimeWeightedVectorStoreRetriever, which adds and searches with scores", async () => {
    const store = new ByteStoreVectorStore(new RecordingModel({ numbers: byWords }), {
      store: new InMemoryByteStore(),
      model: "words",
    });
    const retriever = new TimeWeightedVectorStoreRetriever({ vectorStore: store, memoryStream: [], searchKwargs: 2 });
    await retriever.addDocuments(FILMS);
    assert.equal((await retriever.invoke("toys come alive and have fun"))[0].pageContent, FILMS[3].pageContent);
  });
});

describe("beside the embeddings cache", () => {
  test("what is cached is not embedded again, by another index either; opening asks nothing", async () => {
    const bytes = new InMemoryByteStore();
    const model = new RecordingModel({ numbers: byWords });
    const cached = (embeddings) => new CacheBackedEmbeddings({ embeddings, store: bytes, model: "words" });
    const options = { store: bytes, name: "films" };
    const first = await ByteStoreVectorStore.fromDocuments(FILMS, cached(model), options);
    const expected = await first.similaritySearchWithScore("a dream", 3);
    assert.equal(model.asked.flat().length, 5);
    // Both live in one store, and neither is asked again: the model's name comes from the cache.
    const again = await ByteStoreVectorStore.fromExistingIndex(cached(silent()), options);
    assert.deepEqual(await again.similaritySearchWithScore("a dream", 3), expected);
    const copy = await ByteStoreVectorStore.fromDocuments(FILMS, cached(silent()), { ...options, name: "copy" });
    assert.deepEqual(contents(await copy.similaritySearch("a dream", 3)), contents(expected.map(([each]) => each)));
  });

  test("over LangChain's own InMemoryStore", async () => {
    const store = new InMemoryStore();
    const model = new RecordingModel({ numbers: byWords });
    await ByteStoreVectorStore.fromDocuments(FILMS, model, { store, model: "words" });
    const again = await ByteStoreVectorStore.fromExistingIndex(model, { store, model: "words" });
    assert.equal((await again.similaritySearch("toys", 1))[0].pageContent, FILMS[3].pageContent);
  });
});

describe("the class", () => {
  test("statics make what they are called on; one object of metadata stands for all texts, as copies", async () => {
    class Own extends ByteStoreVectorStore {}
    const model = new RecordingModel({ numbers: byWords });
    const options = () => ({ store: new InMemoryByteStore(), model: "words" });
    const shared = { source: "all" };
    const store = await Own.fromTexts(["a", "b"], shared, model, options());
    assert.ok(store instanceof Own);
    assert.ok((await Own.fromDocuments(FILMS, model, options())) instanceof Own);
    assert.ok((await Own.fromExistingIndex(model, options())) instanceof Own);
    const [one, two] = await store.similaritySearch("a", 2);
    assert.deepEqual([one.metadata, two.metadata], [shared, shared]);
    assert.notEqual(one.metadata, two.metadata);
    await assert.rejects(Own.fromTexts(["a", "b"], [{}], model, options()), { code: "invalid_argument" });
  });

  test("nothing that shows it shows an option", async () => {
    const secret = "sk-very-secret";
    const store = new InMemoryByteStore();
    store.token = secret;
    const made = new ByteStoreVectorStore(new RecordingModel({ apiKey: secret }), { store, model: "words" });
    assert.deepEqual(made.lc_kwargs, {});
    assert.deepEqual(made.toJSON(), {
      lc: 1,
      type: "not_implemented",
      id: ["langchain", "vectorstores", "bytestow", "ByteStoreVectorStore"],
    });
    // Its embeddings are LangChain's public property: what they show is theirs.
    made.embeddings = undefined;
    assert.ok(!inspect(made, { depth: 9 }).includes(secret));
  });
});
