/** Filters of a vector store beside the rules of the kit: traps, what they read and when, and how long they take. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { InMemoryByteStore } from "bytestow";
import { ByteStoreVectorStore } from "bytestow/vectorstores";
import { letters, vector } from "../support/letters.mjs";
import { packageRoot } from "../support/package.mjs";

const doc = (pageContent, metadata = {}) => ({ pageContent, metadata });
const contents = (found) => found.map(({ pageContent }) => pageContent).sort();

/** The class in wasm, as the package has it. */
const { Engine } = await import(pathToFileURL(`${packageRoot()}/dist/wasm/bytestow_search.js`).href);

/** The next instance does not know the rows by the numbers of the last one. */
describe("after a trap", () => {
  for (const [name, filter] of Object.entries({ "an object": { who: "x" }, "a function": byWho })) {
    test(`${name} is asked about the rows as they are numbered now`, async () => {
      const store = new InMemoryByteStore();
      // Whoever opens numbers what it reads by writer: in another order than they were written in.
      for (let round = 0; round < 6; round++) {
        const options = { store, refresh: 0, name: `round ${round}` };
        const [one, two] = [0, 1].map(() => new ByteStoreVectorStore(letters, options));
        for (let at = 0; at < 3; at++) {
          await one.addDocuments([doc(`x${at}`, { who: "x" })]);
          await two.addDocuments([doc(`y${at}`, { who: "y" })]);
          await one.refresh();
        }
        const kept = async () => contents(await one.similaritySearch("x", 9, filter));
        assert.deepEqual(await kept(), ["x0", "x1", "x2"]);
        trapPump();
        await assert.rejects(two.similaritySearch("y"), { code: "internal" });
        assert.deepEqual(await kept(), ["x0", "x1", "x2"]);
        trapPump();
        await assert.rejects(two.similaritySearch("y"), { code: "internal" });
        await one.delete({ filter });
        assert.deepEqual(contents(await two.similaritySearch("x", 9)), ["y0", "y1", "y2"]);
      }
    });
  }
});

function byWho({ metadata }) {
  return metadata.who === "x";
}

function trapPump() {
  const real = Engine.prototype.pump;
  Engine.prototype.pump = () => {
    Engine.prototype.pump = real;
    throw new WebAssembly.RuntimeError("unreachable");
  };
}

/** A store that takes its time, and counts. */
class Slow extends InMemoryByteStore {
  reads = 0;

  async mget(...call) {
    this.reads++;
    await new Promise((resolve) => setImmediate(resolve));
    return super.mget(...call);
  }
}

test("filters that are asked at once read the documents once", async () => {
  const store = new Slow();
  const documents = Array.from({ length: 3_000 }, (_, at) => doc(`${at}`, { n: at % 7 }));
  await new ByteStoreVectorStore(letters, { store }).addDocuments(documents);
  const cold = async (searches) => {
    const vectors = new ByteStoreVectorStore(letters, { store, refresh: 100 });
    await vectors.similaritySearchVectorWithScore(vector("a"), 0);
    const before = store.reads;
    const one = (at) => vectors.similaritySearchVectorWithScore(vector("a"), 0, { n: at });
    await Promise.all(Array.from({ length: searches }, (_, at) => one(at)));
    return store.reads - before;
  };
  const alone = await cold(1);
  assert.ok(alone > 2, String(alone));
  assert.equal(await cold(8), alone);
});

describe("large documents", () => {
  /** How often others have their turn until `work` is done. */
  async function turns(work) {
    let [count, isDone] = [0, false];
    const count1 = () => {
      count++;
      if (!isDone) setImmediate(count1);
    };
    setImmediate(count1);
    const answer = await work();
    isDone = true;
    return [count, answer];
  }

  const text = "é large ".repeat(12_000);
  const documents = Array.from({ length: 400 }, (_, at) => doc(`${at} ${text}`, { at }));
  const numbers = documents.map(({ pageContent }) => vector(pageContent));
  const ids = documents.map((_, at) => `${at}`);

  test("are read and parsed in slices, by filters, searches and getByIds", async () => {
    const vectors = new ByteStoreVectorStore(letters, { store: new InMemoryByteStore() });
    const [added] = await turns(() => vectors.addVectors(numbers, documents, ids));
    const [filtered] = await turns(() => vectors.similaritySearchVectorWithScore(vector("1"), 0, { at: { $gt: 1 } }));
    const [found, results] = await turns(() => vectors.similaritySearchVectorWithScore(vector("1"), 400));
    const [given] = await turns(() => vectors.getByIds(ids));
    assert.equal(results.length, 400);
    for (const count of [added, filtered, found, given]) assert.ok(count > 4, [added, filtered, found, given].join());
  });

  test("let everybody have a turn, though a scheduler puts what goes on before all others", async (context) => {
    const { scheduler } = globalThis;
    context.after(() => {
      globalThis.scheduler = scheduler;
    });
    globalThis.scheduler = { yield: () => Promise.resolve() };
    const vectors = new ByteStoreVectorStore(letters, { store: new InMemoryByteStore() });
    const [added] = await turns(() => vectors.addVectors(numbers, documents, ids));
    assert.ok(added > 2, `${added}`);
  });
});

test("what keeps everything, whatever there is, is no filter to delete by", async () => {
  const vectors = new ByteStoreVectorStore(letters, { store: new InMemoryByteStore() });
  await vectors.addDocuments([doc("a", { n: 1 }), doc("b")]);
  for (const filter of [
    {},
    { $and: [{}] },
    { $or: [{ n: 1 }, {}] },
    { $and: [{}, { $or: [{}] }] },
    { $not: { $not: {} } },
    { n: { $nin: [] } },
  ]) {
    await assert.rejects(vectors.delete({ filter }), { code: "invalid_argument", message: /deleteAll/u });
  }
  await vectors.delete({ filter: { $not: {} } });
  await vectors.delete({ filter: { $and: [{}, { n: 1 }] } });
  assert.deepEqual(contents(await vectors.similaritySearch("a", 9)), ["b"]);
});

describe("beside writes", () => {
  const many = Array.from({ length: 200 }, (_, at) => doc(`d${at}`, { a: 1 }));
  const ids = many.map((_, at) => `id ${at}`);

  for (const [name, filter] of Object.entries({
    "an object": { a: 1 },
    "a function": ({ metadata }) => metadata.a === 1,
  })) {
    test(`of another handle ${name} keeps what matches before and after`, async () => {
      const store = new InMemoryByteStore();
      const [one, two] = [0, 1].map(() => new ByteStoreVectorStore(letters, { store, refresh: 0 }));
      await one.addDocuments(many, ids);
      let isWriting = true;
      const writes = (async () => {
        for (let times = 0; times < 20; times++) await two.addDocuments(many, ids);
      })().finally(() => {
        isWriting = false;
      });
      while (isWriting) {
        const found = await one.similaritySearchVectorWithScore(vector("d"), 300, filter);
        assert.equal(found.length, 200);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writes;
    });
  }

  test("whose writes never end, because the filter makes them, a search ends all the same: they wait for it", async () => {
    const vectors = new ByteStoreVectorStore(letters, { store: new InMemoryByteStore() });
    await vectors.addDocuments([doc("a", { n: 0 })]);
    const adds = [];
    let isOver = false;
    const filter = ({ metadata }) => {
      if (!isOver) adds.push(vectors.addDocuments([doc("b", { n: metadata.n + 1 })]));
      return true;
    };
    // Each add takes some turns: the filter is asked again about what it has added.
    const found = await vectors.similaritySearchVectorWithScore(vector("a"), 99, filter);
    isOver = true;
    assert.ok(found.length >= 1 && found.length < 99, String(found.length));
    await Promise.all(adds);
    assert.equal((await vectors.similaritySearch("a", 999)).length, adds.length + 1);
  });
});
