/** The index of the page's chunks: filled once, kept, and never at the price of embedding anything again. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { loadParts } from "./parts.mjs";

const DIMENSIONS = 16;
const nothing = () => undefined;
const never = new AbortController().signal;

/** A text's letters, counted into so many numbers. */
function embedOne(text) {
  const vector = new Array(DIMENSIONS).fill(0);
  for (const letter of text) vector[letter.codePointAt(0) % DIMENSIONS] += 1;
  return vector;
}

/** The chunks of a text of so many. */
function textOf(file, many, word = file) {
  return Array.from({ length: many }, (_, at) => ({
    file,
    at,
    text: `${word} number ${at} ${"xyz"[at % 3].repeat(at % 7)}`,
  }));
}

function cosine(one, other) {
  const dot = one.reduce((sum, value, at) => sum + value * other[at], 0);
  return dot / Math.hypot(...one) / Math.hypot(...other);
}

describe("the index of chunks", () => {
  let parts;

  before(async () => {
    parts = await loadParts();
  });

  /** A store, a model that counts what it is asked for, and a way to open indexes. */
  function setUp() {
    const store = new parts.InMemoryByteStore();
    const asked = { texts: 0 };
    const model = (embed = embedOne) => ({
      embedDocuments: async (texts) => {
        asked.texts += texts.length;
        return texts.map(embed);
      },
      embedQuery: async (text) => embed(text),
    });
    const open = (name = "a model/1", embed = embedOne) => {
      const cached = new parts.CacheBackedEmbeddings({ embeddings: model(embed), store, model: name });
      const index = new parts.ChunkIndex(store, name);
      const fill = index.fill.bind(index);
      // Whose vectors it is filled with is told each time, as the page does.
      index.fill = (chunks, ...rest) => fill(chunks, cached, ...rest);
      return index;
    };
    return { store, asked, open };
  }

  const files = (chunks) => [...new Set(chunks.map(({ file }) => file))];
  const ids = (found) => found.map(({ id }) => id);

  /** What an exact search finds: the best `k`, equal ones in the order of the chunks. */
  function best(query, chunks, k) {
    const scored = chunks.map(({ file, at, text }) => ({
      id: `${file}#${at}`,
      score: cosine(embedOne(query), embedOne(text)),
    }));
    return scored.sort((one, other) => other.score - one.score).slice(0, k);
  }

  test("finds what an exact search finds, with scores, file and place", async () => {
    const { open } = setUp();
    const chunks = [...textOf("one", 300), ...textOf("two", 40)];
    const index = open();
    const told = [];
    const filled = await index.fill(chunks, never, (done, of) => told.push([done, of]));
    assert.deepEqual(filled, { chunks: 340, added: 340 });
    assert.deepEqual(told, [
      [100, 340],
      [200, 340],
      [300, 340],
      [340, 340],
    ]);
    const query = "two number 7 y";
    const found = await index.search(embedOne(query), 10, files(chunks));
    const wanted = best(query, chunks, 10);
    // Chunks that score the same to the last bit but one may change places.
    assert.deepEqual(
      found.map(({ score }) => score.toFixed(5)),
      wanted.map(({ score }) => score.toFixed(5)),
    );
    const byId = new Map(chunks.map((chunk) => [`${chunk.file}#${chunk.at}`, chunk]));
    for (const { id, score, ...chunk } of found) {
      assert.deepEqual(chunk, byId.get(id));
      assert.ok(Math.abs(score - cosine(embedOne(query), embedOne(chunk.text))) < 1e-5);
    }
  });

  test("only the files asked for, and as many as there are", async () => {
    const { open } = setUp();
    const chunks = [...textOf("one", 30), ...textOf("two", 4)];
    const index = open();
    await index.fill(chunks, never, nothing);
    const found = await index.search(embedOne("one number 3"), 10, ["two"]);
    assert.deepEqual(ids(found).sort(), ["two#0", "two#1", "two#2", "two#3"]);
    assert.equal((await index.search(embedOne("one number 3"), 10, ["none"])).length, 0);
  });

  test("what has nothing in common with the question is not found", async () => {
    const { open } = setUp();
    const index = open();
    await index.fill(textOf("one", 9), never, nothing);
    assert.deepEqual(await index.search(new Array(DIMENSIONS).fill(0), 5, ["one"]), []);
  });

  test("filled again with the same it writes nothing and embeds nothing; nor does another handle", async () => {
    const { store, asked, open } = setUp();
    const chunks = [...textOf("one", 300), ...textOf("two", 4)];
    const first = open();
    await first.fill(chunks, never, nothing);
    assert.equal(asked.texts, 304);
    await first.close();
    const { bytesWritten } = store.stats();
    for (const index of [first, open()]) {
      assert.deepEqual(await index.fill(chunks, never, nothing), { chunks: 304, added: 0 });
      assert.equal((await index.search(embedOne("two"), 3, files(chunks))).length, 3);
      await index.close();
    }
    assert.equal(store.stats().bytesWritten, bytesWritten);
    assert.equal(asked.texts, 304);
  });

  test("what the cache has is not embedded for the index", async () => {
    const { store, asked, open } = setUp();
    const chunks = textOf("one", 50);
    const cached = new parts.CacheBackedEmbeddings({
      embeddings: { embedDocuments: async (texts) => texts.map(embedOne), embedQuery: async (text) => embedOne(text) },
      store,
      model: "a model/1",
    });
    await cached.embedDocuments(chunks.map(({ text }) => text));
    assert.deepEqual(await open().fill(chunks, never, nothing), { chunks: 50, added: 50 });
    assert.equal(asked.texts, 0);
  });

  test("a text that has changed is another; one that is closed stays, unseen, until it is opened again", async () => {
    const { open } = setUp();
    const index = open();
    const one = textOf("one", 30);
    await index.fill([...one, ...textOf("two", 20)], never, nothing);
    // Shorter, and of other words.
    const changed = textOf("two", 5, "changed");
    assert.deepEqual(await index.fill(changed, never, nothing), { chunks: 5, added: 5 });
    const found = await index.search(embedOne("two number 3"), 50, ["two"]);
    assert.deepEqual(ids(found).sort(), ["two#0", "two#1", "two#2", "two#3", "two#4"]);
    assert.ok(found.every(({ text }) => text.startsWith("changed")));
    assert.deepEqual(await index.fill([...one, ...changed], never, nothing), { chunks: 35, added: 0 });
    assert.equal((await index.search(embedOne("number"), 50, ["one", "two"])).length, 35);
  });

  test("two texts of one name lose nothing of each other", async () => {
    const { open } = setUp();
    const index = open();
    const chunks = [...textOf("same", 3, "first"), ...textOf("same", 3, "second")];
    await index.fill(chunks, never, nothing);
    const found = await index.search(embedOne("number"), 10, ["same"]);
    assert.deepEqual(found.map(({ text }) => text).sort(), chunks.map(({ text }) => text).sort());
  });

  test("names of files that are names of an object's own things", async () => {
    const { open } = setUp();
    const index = open();
    for (const file of ["constructor", "__proto__"]) {
      assert.equal((await index.fill(textOf(file, 3), never, nothing)).added, 3);
      assert.equal((await index.fill(textOf(file, 3), never, nothing)).added, 0);
      assert.equal((await index.search(embedOne("number"), 10, [file])).length, 3);
    }
  });

  test("each model has an index of its own", async () => {
    const { open } = setUp();
    const chunks = textOf("one", 10);
    const other = (text) => [text.length, 1, 0];
    const [first, second] = [open("a model/1"), open("a model/2", other)];
    await first.fill(chunks, never, nothing);
    assert.equal((await second.fill(chunks, never, nothing)).added, 10);
    assert.equal((await second.search(other("one"), 20, ["one"])).length, 10);
    assert.equal((await first.search(embedOne("one"), 20, ["one"])).length, 10);
  });

  test("broken off, it is whole after the next filling", async () => {
    const { asked, open } = setUp();
    const index = open();
    const chunks = textOf("one", 600);
    const stop = new AbortController();
    await assert.rejects(
      index.fill(chunks, stop.signal, () => stop.abort()),
      { name: "AbortError" },
    );
    // Nobody is asked for vectors that are not wanted any more.
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(asked.texts, 100);
    assert.deepEqual(await index.fill(chunks, never, nothing), { chunks: 600, added: 600 });
    const found = await index.search(embedOne("one"), 1_000, ["one"]);
    assert.equal(new Set(ids(found)).size, 600);
  });

  test("on an origin that is not secure it is said what to do", async () => {
    const { open } = setUp();
    const own = Object.getOwnPropertyDescriptor(globalThis, "crypto");
    // As such a page has it.
    Object.defineProperty(globalThis, "crypto", { configurable: true, value: {} });
    try {
      await assert.rejects(open().fill(textOf("one", 3), never, nothing), {
        message: /not on a secure origin/u,
        advice: /Open it by https/u,
      });
    } finally {
      Object.defineProperty(globalThis, "crypto", own);
    }
  });

  test("made anew where its list of files is gone, in every handle, and where it was forgotten", async () => {
    const { store, open } = setUp();
    const chunks = textOf("one", 20);
    const [here, there] = [open(), open()];
    await here.fill(chunks, never, nothing);
    // Both have written to it.
    await there.fill([...chunks, ...textOf("three", 5)], never, nothing);
    // As the explorer deletes: a part, and the list beside it.
    const keys = [];
    for await (const key of store.yieldKeys(`${parts.indexOf("a model/1")}/`)) keys.push(key);
    assert.ok(keys.length >= 2, `${keys}`);
    await store.mdelete([keys.at(-1), parts.filesOf("a model/1")]);
    assert.deepEqual(await here.fill(chunks, never, nothing), { chunks: 20, added: 20 });
    for (const index of [here, there]) {
      await index.fill(chunks, never, nothing);
      assert.equal((await index.search(embedOne("one"), 50, ["one"])).length, 20);
    }
    // The other one writes, and does not bring back what it knew of before.
    const more = [...chunks, ...textOf("two", 7)];
    assert.deepEqual(await there.fill(more, never, nothing), { chunks: 27, added: 7 });
    for (const index of [here, there, open()]) {
      await index.fill(more, never, nothing);
      assert.equal((await index.search(embedOne("number"), 50, ["one", "two"])).length, 27);
    }
    await here.forget();
    assert.deepEqual(await here.fill(chunks, never, nothing), { chunks: 20, added: 20 });
    // Everything gone, as clearing leaves it.
    await store.clear();
    assert.deepEqual(await there.fill(chunks, never, nothing), { chunks: 20, added: 20 });
    assert.equal((await there.search(embedOne("one"), 50, ["one"])).length, 20);
  });
});
