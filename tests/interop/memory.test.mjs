/** Our memory of turns: where LangChain's own stood, and in its modern shape. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VectorStoreRetrieverMemory as Theirs } from "@langchain/classic/memory";
import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { BaseMemory } from "@langchain/core/memory";
import { BaseRetriever } from "@langchain/core/retrievers";
import { VectorStoreRetriever } from "@langchain/core/vectorstores";
import { InMemoryByteStore } from "bytestow";
import { MemoryRetriever, VectorStoreRetrieverMemory } from "bytestow/memory";
import { ByteStoreVectorStore } from "bytestow/vectorstores";
import { byWords, RecordingModel } from "../support/embeddings.mjs";

const model = () => new RecordingModel({ numbers: byWords });
const ours = () => new ByteStoreVectorStore(model(), { store: new InMemoryByteStore(), model: "words" });
const STORES = { ByteStoreVectorStore: ours, "LangChain's MemoryVectorStore": () => new MemoryVectorStore(model()) };

const TURNS = [
  [{ input: "My favorite food is pizza" }, { output: "that's good to know" }],
  [{ input: "My favorite sport is soccer" }, { output: "..." }],
  [{ input: "I don't like the Celtics" }, { output: "ok" }],
];

for (const [name, make] of Object.entries(STORES)) {
  describe(`VectorStoreRetrieverMemory over ${name}`, () => {
    for (const fields of [{}, { memoryKey: "history" }, { returnDocs: true }, { inputKey: "prompt" }]) {
      test(`with ${JSON.stringify(fields)} it gives what LangChain's gives`, async () => {
        const memories = [VectorStoreRetrieverMemory, Theirs].map((Class) => {
          const { inputKey, ...rest } = fields;
          return new Class({ vectorStoreRetriever: make().asRetriever(1), ...rest, ...(inputKey && { inputKey }) });
        });
        const said = [];
        for (const memory of memories) {
          for (const [input, output] of TURNS) {
            const given = fields.inputKey ? { prompt: input.input } : input;
            await memory.saveContext(given, output);
          }
          said.push(await memory.loadMemoryVariables({ prompt: "what sport should i watch?" }));
        }
        const texts = said.map((values) => JSON.parse(JSON.stringify(values)));
        if (fields.returnDocs) for (const { memory } of texts) for (const each of memory) each.metadata = each.id = 0;
        assert.deepEqual(texts[0], texts[1]);
        assert.match(JSON.stringify(texts[0]), /favorite sport is soccer/u);
        assert.deepEqual(memories[0].memoryKeys, memories[1].memoryKeys);
        assert.ok(memories[0] instanceof BaseMemory);
      });
    }

    test("a turn is what inputKey and outputKey name, without memory and excluded keys; metadata is copied", async () => {
      const store = make();
      const metadata = { kind: "turn", nested: { list: [1] } };
      const memory = new VectorStoreRetrieverMemory({
        vectorStoreRetriever: store.asRetriever(3),
        inputKey: "question",
        outputKey: "answer",
        metadata,
        returnDocs: true,
        now: () => 1_000,
      });
      await memory.saveContext({ question: "why?", memory: "m", other: "x" }, { answer: "because", sources: "y" });
      const { memory: turns } = await memory.loadMemoryVariables({ question: "why?" });
      assert.equal(turns.length, 1);
      assert.equal(turns[0].pageContent, "question: why?\nanswer: because");
      assert.deepEqual(turns[0].metadata, { ...metadata, bytestowTurn: 1_000, createdAt: 1_000 });
      assert.deepEqual(metadata, { kind: "turn", nested: { list: [1] } });

      const excluding = new VectorStoreRetrieverMemory({
        vectorStoreRetriever: make().asRetriever(3),
        inputKey: undefined,
        excludeKeys: ["secret", "log"],
        metadata: (input, output) => ({ length: input.text.length + output.reply.length }),
        returnDocs: true,
      });
      await excluding.saveContext({ text: "abc", secret: "s" }, { reply: "de", log: "l" });
      const [turn] = (await excluding.loadMemoryVariables({ text: "abc" })).memory;
      assert.equal(turn.pageContent, "text: abc\nreply: de");
      assert.equal(turn.metadata.length, 5);
    });

    test("metadata of its own stays, whatever its names; a turn without what inputKey names is none", async () => {
      const own = { turn: 7, session: "theirs", createdAt: "2020" };
      const options = { metadata: own, returnDocs: true, session: "a", ttl: 60, now: () => 1_000 };
      const memory = new VectorStoreRetrieverMemory({
        vectorStoreRetriever: make().asRetriever(3),
        inputKey: "question",
        outputKey: null,
        memoryKey: null,
        excludeKeys: null,
        ...options,
      });
      await memory.saveContext({ question: "why?" }, { answer: "because" });
      const [turn, ...others] = (await memory.loadMemoryVariables({ question: "why?" })).memory;
      assert.deepEqual(turn.metadata, { ...own, bytestowTurn: 1_000, bytestowSession: "a" });
      assert.equal(others.length, 0);
      const refused = { code: "invalid_argument", message: /"question".*"text"/u };
      await assert.rejects(memory.saveContext({ text: "why?" }, { answer: "because" }), refused);
    });

    test("turns expire, and those of another session are not found", async () => {
      const store = make();
      let now = 10_000_000;
      const memory = (session, ttl) =>
        new VectorStoreRetrieverMemory({ vectorStoreRetriever: store.asRetriever(9), session, ttl, now: () => now });
      const load = async (from) => (await from.loadMemoryVariables({ input: "what was said" })).memory;
      await memory("a", 60).saveContext({ input: "said first" }, { output: "1" });
      now += 30_000;
      await memory("a", 60).saveContext({ input: "said second" }, { output: "2" });
      await memory("b").saveContext({ input: "said elsewhere" }, { output: "3" });
      assert.equal((await load(memory("a", 60))).split("\n\n").length, 2);
      now += 30_000;
      assert.equal(await load(memory("a", 60)), "input: said second\noutput: 2");
      assert.equal(await load(memory("b")), "input: said elsewhere\noutput: 3");
      assert.equal((await load(memory(undefined))).split("\n\n").length, 3);
    });
  });
}

describe("over our vector store", () => {
  test("narrowed before the search: there are k turns, however many of others are nearer", async () => {
    const store = ours();
    await store.addDocuments(Array.from({ length: 50 }, () => ({ pageContent: "what was said", metadata: {} })));
    const memory = new VectorStoreRetrieverMemory({ vectorStoreRetriever: store.asRetriever(2), session: "a" });
    for (const text of ["one", "two", "three"]) await memory.saveContext({ input: text }, { output: "ok" });
    const { memory: found } = await memory.loadMemoryVariables({ input: "what was said" });
    assert.equal(found.split("\n\n").length, 2);
  });

  test("narrowed to what has not expired: what just has takes no live turn's place", async () => {
    let now = 10_000_000;
    const options = { ttl: 3_600, now: () => now };
    const memory = new MemoryRetriever({ retriever: ours().asRetriever(2), ...options });
    for (let turn = 0; turn < 5; turn++) await memory.addTurn("what was said", "ok");
    now += 5_000;
    await memory.addTurn("something else", "was said");
    now += 3_600_000 - 5_000;
    const found = await memory.invoke("what was said");
    assert.deepEqual(
      found.map(({ pageContent }) => pageContent),
      ["input: something else\noutput: was said"],
    );
  });

  test("a retriever stays what it is: its kind of search, its threshold; a class of its own retrieves itself", async () => {
    const store = ours();
    await store.addDocuments(Array.from({ length: 9 }, () => ({ pageContent: "what was said", metadata: {} })));
    const session = "a";
    const save = new MemoryRetriever({ retriever: store.asRetriever(1), session });
    for (const text of ["what was said", "what was sung", "nothing at all"]) await save.addTurn(text, "ok");
    const texts = async (retriever) => {
      const found = await new MemoryRetriever({ retriever, session }).invoke("what was said");
      return found.map(({ pageContent }) => pageContent.split("\n")[0]);
    };
    assert.equal((await texts(store.asRetriever(9))).length, 3);
    assert.deepEqual(await texts(store.asRetriever({ k: 9, scoreThreshold: 0.6 })), ["input: what was said"]);
    const mmr = { k: 2, searchType: "mmr", searchKwargs: { lambda: 0, fetchK: 3 } };
    assert.deepEqual((await texts(store.asRetriever(mmr)))[1], "input: nothing at all");

    class Counting extends VectorStoreRetriever {
      #asked = 0;

      get asked() {
        return this.#asked;
      }

      async _getRelevantDocuments(...call) {
        this.#asked++;
        return super._getRelevantDocuments(...call);
      }
    }
    const counting = new Counting({ vectorStore: store, k: 12 });
    assert.equal((await texts(counting)).length, 3);
    assert.equal(counting.asked, 1);

    class Plain extends VectorStoreRetriever {
      #name = "plain";

      get name() {
        return this.#name;
      }
    }
    assert.equal((await texts(new Plain({ vectorStore: store, k: 3 }))).length, 3);
  });

  test("turns that LangChain's class has kept are found, and stay", async () => {
    const store = ours();
    const theirs = new Theirs({ vectorStoreRetriever: store.asRetriever(1) });
    await theirs.saveContext({ input: "My favorite sport is soccer" }, { output: "..." });
    const memory = new VectorStoreRetrieverMemory({ vectorStoreRetriever: store.asRetriever(1), ttl: 60 });
    const found = async () => (await memory.loadMemoryVariables({ input: "what sport?" })).memory;
    assert.match(await found(), /soccer/u);
    await memory.clear();
    assert.match(await found(), /soccer/u);
  });

  for (const filter of [{ topic: "food" }, ({ metadata }) => metadata.topic === "food"]) {
    test(`the retriever's own filter stays: ${typeof filter}`, async () => {
      const store = ours();
      const metadata = (input) => ({ topic: input.input.includes("pizza") ? "food" : "sport" });
      const memory = new VectorStoreRetrieverMemory({
        vectorStoreRetriever: store.asRetriever({ k: 9, filter }),
        session: "a",
        metadata,
      });
      for (const [input, output] of TURNS) await memory.saveContext(input, output);
      const { memory: found } = await memory.loadMemoryVariables({ input: "favorite" });
      assert.equal(found, "input: My favorite food is pizza\noutput: that's good to know");
    });
  }

  test("clear() forgets a session's turns and nothing else; prune() what has expired", async () => {
    const store = ours();
    let now = 10_000_000;
    const memory = (session, ttl) =>
      new MemoryRetriever({ retriever: store.asRetriever(9), session, ttl, now: () => now });
    await store.addDocuments([{ pageContent: "no turn", metadata: { session: "a", turn: true } }]);
    const id = await memory("a").addTurn("hello", "hi");
    assert.equal(typeof id, "string");
    await memory("b", 60).addTurn({ question: "who?", tone: "rude" }, { answer: "me" }, { metadata: { n: 1 } });
    now += 60_000;
    await memory("b", 60).addTurn("still", "here");
    const all = async () => (await store.similaritySearch("hello", 9)).map(({ pageContent }) => pageContent).sort();
    assert.deepEqual(await all(), [
      "input: hello\noutput: hi",
      "input: still\noutput: here",
      "no turn",
      "question: who?\ntone: rude\nanswer: me",
    ]);
    await memory("b", 60).prune();
    assert.deepEqual(await all(), ["input: hello\noutput: hi", "input: still\noutput: here", "no turn"]);
    await memory("a").clear();
    assert.deepEqual(await all(), ["input: still\noutput: here", "no turn"]);
    await memory(undefined).clear();
    assert.deepEqual(await all(), ["no turn"]);
  });
});

describe("MemoryRetriever", () => {
  test("is a retriever, and shares turns with the classic shape", async () => {
    const store = ours();
    const memory = new MemoryRetriever({ retriever: store.asRetriever(1), session: "a" });
    assert.ok(memory instanceof BaseRetriever);
    await memory.addTurn("My favorite sport is soccer", "...");
    const classic = new VectorStoreRetrieverMemory({ vectorStoreRetriever: store.asRetriever(1), session: "a" });
    await classic.saveContext({ input: "My favorite food is pizza" }, { output: "good" });
    const [food] = await memory.invoke("what food?");
    assert.match(food.pageContent, /pizza/u);
    const { memory: sport } = await classic.loadMemoryVariables({ input: "what sport?" });
    assert.match(sport, /soccer/u);
    assert.match(JSON.stringify(memory), /not_implemented/u);
  });

  test("over a store that cannot delete by what metadata says, clear() says so", async () => {
    const retriever = new MemoryVectorStore(model()).asRetriever(1);
    for (const memory of [
      new MemoryRetriever({ retriever }),
      new VectorStoreRetrieverMemory({ vectorStoreRetriever: retriever }),
    ]) {
      await assert.rejects(memory.clear(), { name: "BytestowError", code: "unsupported" });
    }
  });

  test("wrong options are refused, and named", () => {
    const retriever = ours().asRetriever(1);
    for (const [options, name] of [
      [undefined, /object of options/u],
      [{}, /retriever/u],
      [{ retriever: {} }, /invoke/u],
      [{ retriever, ttl: 0 }, /ttl/u],
      [{ retriever, session: "" }, /session/u],
      [{ retriever, sesion: "a" }, /did you mean "session"/u],
    ]) {
      assert.throws(() => new MemoryRetriever(options), { code: "invalid_argument", message: name });
    }
    for (const [options, name] of [
      [{ vectorStoreRetriever: retriever, returnDocs: 1 }, /returnDocs/u],
      [{ vectorStoreRetriever: retriever, excludeKeys: "a" }, /excludeKeys/u],
      [{ vectorStoreRetriever: retriever, metadata: "a" }, /metadata/u],
      [{ retriever }, /did you mean/u],
    ]) {
      assert.throws(() => new VectorStoreRetrieverMemory(options), { code: "invalid_argument", message: name });
    }
  });
});
