/** Calls of a vector store from their beginning to their end: what they copy, when an abort ends them, what close() waits for. */

import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { InMemoryByteStore } from "bytestow";
import { ByteStoreVectorStore } from "bytestow/vectorstores";
import { held, letters, vector, words } from "../support/letters.mjs";

const doc = (pageContent, metadata = {}) => ({ pageContent, metadata });
const open = (model = letters, options = {}) =>
  new ByteStoreVectorStore(model, { store: new InMemoryByteStore(), ...options });
const reason = new Error("no more");
const isReason = (error) => error === reason;

describe("what is given is the call's own", () => {
  test("vectors that change while the call is under way change nothing", async () => {
    const vectors = open();
    const given = [[1, 0, 0, 0], new Float32Array([0, 1, 0, 0])];
    const documents = [doc("a", { list: [1] }), doc("b")];
    const add = vectors.addVectors(given, documents, ["a", "b"]);
    given[0].fill(-1);
    given[1].fill(-1);
    documents[0].metadata.list.push(2);
    await add;
    for (const [at, query] of [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
    ].entries()) {
      const [[found, score]] = await vectors.similaritySearchVectorWithScore(query, 1);
      assert.deepEqual([found.pageContent, score], [documents[at].pageContent, 1]);
    }
    assert.deepEqual((await vectors.getByIds(["a"]))[0].metadata, { list: [1] });
  });

  test("bytes that a store takes back once it has answered are read as they were", async () => {
    const inner = new InMemoryByteStore();
    const store = {
      async mget(keys) {
        const lent = (await inner.mget(keys)).map((value) => value && Uint8Array.from(value));
        setImmediate(() => {
          for (const value of lent) value?.fill(0);
        });
        return lent;
      },
      mset: (pairs) => inner.mset(pairs),
      mdelete: (keys) => inner.mdelete(keys),
      yieldKeys: (prefix) => inner.yieldKeys(prefix),
    };
    const writer = open(letters, { store: inner });
    // Blocks that are read by one call, each behind a pause.
    for (const text of ["a", "b", "c"]) await writer.addDocuments([doc(text)]);
    // Each look at the clock says that it is time for a breath: wasm reads what it was given behind it.
    let now = performance.now();
    const clock = mock.method(performance, "now", () => (now += 100));
    try {
      const found = await open(letters, { store }).similaritySearch("a", 9);
      assert.deepEqual(found.map(({ pageContent }) => pageContent).sort(), ["a", "b", "c"]);
    } finally {
      clock.mock.restore();
      // When this task began was told by that clock: it is forgotten with the task.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  });
});

describe("searches that are called at once", () => {
  test("go over the vectors together: what they want of the store is asked for by one call", async () => {
    const inner = new InMemoryByteStore();
    const texts = Array.from({ length: 40 }, (_, at) => String.fromCharCode(97 + at).repeat(at + 1));
    await open(letters, { store: inner }).addDocuments(texts.map((text) => doc(text)));
    const asked = [];
    const store = {
      mget(keys) {
        asked.push(...(keys.some((key) => /\/v\d+$/u.test(key)) ? [keys] : []));
        return inner.mget(keys);
      },
      mset: (pairs) => inner.mset(pairs),
      mdelete: (keys) => inner.mdelete(keys),
      yieldKeys: (prefix) => inner.yieldKeys(prefix),
    };
    // None of them stays in memory: whoever goes over them alone asks for them alone.
    const vectors = open(letters, { store, maxResidentBytes: 0 });
    await vectors.refresh();
    asked.length = 0;
    const found = await Promise.all(texts.slice(0, 8).map((text) => vectors.similaritySearch(text, 1)));
    assert.deepEqual(
      found.map(([{ pageContent }]) => pageContent),
      texts.slice(0, 8),
    );
    assert.equal(asked.length, 1);
  });
});

describe("an abort", () => {
  const calls = {
    "an add": (vectors, signal) => vectors.addDocuments([doc("new")], { signal }),
    "a search": (vectors, signal) => vectors.similaritySearch("a", 1, undefined, undefined, { signal }),
    "a search for relevance": (vectors, signal) =>
      vectors.maxMarginalRelevanceSearch("a", { k: 1 }, undefined, { signal }),
  };
  for (const [name, call] of Object.entries(calls)) {
    test(`ends ${name} while the model is asked, whether or not it ever answers`, async () => {
      const model = held(letters);
      const vectors = open(model);
      const controller = new AbortController();
      const aborted = call(vectors, controller.signal);
      await model.asked();
      controller.abort(reason);
      await assert.rejects(aborted, isReason);
      model.release();
      assert.equal((await vectors.similaritySearch("a", 9)).length, 0);
    });
  }

  test("while a filter is asked ends the call: nothing is found, nothing deleted", async () => {
    const vectors = open();
    await vectors.addDocuments([doc("a"), doc("b")]);
    const aborting = () => {
      const controller = new AbortController();
      const filter = () => {
        controller.abort(reason);
        return true;
      };
      return { filter, signal: controller.signal };
    };
    const { filter, signal } = aborting();
    await assert.rejects(vectors.similaritySearch("a", 9, filter, undefined, { signal }), isReason);
    await assert.rejects(vectors.delete(aborting()), isReason);
    assert.equal((await vectors.similaritySearch("a", 9)).length, 2);
  });

  test("while an add of many puts them together adds nothing", async () => {
    const vectors = open();
    await vectors.addDocuments([doc("a")]);
    const count = 60_000;
    const many = Array.from({ length: count }, (_, at) => doc(`${at} ${"long ".repeat(20)}`));
    const controller = new AbortController();
    const numbers = Array.from({ length: count }, () => [1, 2, 3, 4]);
    const add = vectors.addVectors(numbers, many, { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await assert.rejects(add, isReason);
    assert.equal((await vectors.memory()).documents, 1);
  });
});

describe("closing", () => {
  test("calls made before still end, whatever they wait for; later ones are refused", async () => {
    const model = held(letters);
    const store = new InMemoryByteStore();
    const vectors = open(model, { store });
    await vectors.addVectors([vector("a"), vector("b")], [doc("a", { n: 1 }), doc("b", { n: 2 })]);
    const under = [
      vectors.addDocuments([doc("c", { n: 3 })]),
      vectors.similaritySearch("a", 2),
      vectors.similaritySearchVectorWithScore(vector("a"), 1, { n: 1 }),
      vectors.delete({ filter: { n: 2 } }),
      vectors.compact(),
    ];
    await vectors.close();
    await assert.rejects(vectors.similaritySearch("a"), { code: "closed" });
    model.release();
    const ended = await Promise.all(under);
    assert.deepEqual([ended[1].length, ended[2].length], [2, 1]);
    const left = await open(letters, { store }).similaritySearch("a", 9);
    assert.deepEqual(left.map(({ pageContent }) => pageContent).sort(), ["a", "c"]);
  });

  test("a store that nobody closes, and nobody has any more, leaves memory with its index", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc");
    const store = new InMemoryByteStore();
    const numbers = Array.from({ length: 2_000 }, (_, at) =>
      Array.from({ length: 384 }, (_, n) => Math.sin(at * n + 1)),
    );
    const documents = numbers.map((_, at) => doc(`${at}`));
    await open(letters, { store }).addVectors(numbers, documents);
    const use = async () => {
      const vectors = open(letters, { store });
      assert.equal((await vectors.similaritySearchVectorWithScore(numbers[0], 1)).length, 1);
      return [new WeakRef(vectors), (await vectors.memory()).wasm];
    };
    const used = [];
    for (let times = 0; times < 12; times++) {
      used.push(await use());
      for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setTimeout(resolve, 5));
      collect();
    }
    for (let turns = 0; turns < 20 && used.some(([vectors]) => vectors.deref()); turns++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      collect();
    }
    assert.equal(used.filter(([vectors]) => vectors.deref()).length, 0);
    assert.ok(used.at(-1)[1] < used[0][1] + 12 * 2_000_000, `${used[0][1]} bytes of wasm became ${used.at(-1)[1]}`);
  });
});

describe("a model that is wrong", () => {
  for (const [what, spoil] of Object.entries({
    "a vector of another length": (right) => right.slice(1),
    "a vector of texts": (right) => right.map(String),
    "a number that is none": (right) => right.with(2, Number.NaN),
  })) {
    test(`${what} is corrupt, and named by its number in the call`, async () => {
      const embedDocuments = async (texts) =>
        texts.map((text) => (text === "1500" ? spoil(vector(text)) : vector(text)));
      const vectors = open({ ...letters, embedDocuments });
      const documents = Array.from({ length: 2_000 }, (_, at) => doc(`${at}`));
      await assert.rejects(vectors.addDocuments(documents), (error) => {
        assert.equal(`${error.name} ${error.code}`, "BytestowError corrupt");
        assert.match(error.message, /1500/u);
        return true;
      });
      assert.equal((await vectors.memory()).documents, 0);
    });
  }
});

describe("counts", () => {
  test("a search for relevance counts; memory() has what filters have asked about", async () => {
    const vectors = open();
    await vectors.addDocuments(["a", "b", "c"].map((text) => doc(text, { text: words(50) })));
    await vectors.maxMarginalRelevanceSearch("a", { k: 2 });
    assert.equal(vectors.stats().searches, 1);
    assert.equal((await vectors.memory()).filters, 0);
    await vectors.similaritySearch("a", 2, { text: "x" });
    const { filters, bytes, ...rest } = await vectors.memory();
    assert.ok(filters > 3 * words(50).length, String(filters));
    assert.equal(bytes, rest.vectors + rest.bits + rest.exact + rest.ids + filters);
  });
});
