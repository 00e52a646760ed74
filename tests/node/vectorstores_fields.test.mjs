/** What is known of a field says of every row what the leaves of a filter say of its metadata, however rows come. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { InMemoryByteStore } from "bytestow";
import { ByteStoreVectorStore } from "bytestow/vectorstores";
import { random } from "../support/embeddings.mjs";
import { letters, vector } from "../support/letters.mjs";
import { packageRoot } from "../support/package.mjs";

const filters = pathToFileURL(`${packageRoot()}/dist/langchain/vectorstores/filters/`).href;
const { compile } = await import(`${filters}compile.js`);
const { Masks } = await import(`${filters}masks.js`);

/** What a filter says of metadata, leaf by leaf. */
function holds(tree, metadata) {
  if (tree.kind === "leaf") return tree.leaf.holds(metadata);
  if (tree.kind === "not") return !holds(tree.part, metadata);
  return tree.parts[tree.kind === "and" ? "every" : "some"]((part) => holds(part, metadata));
}

/** Draws what metadata and filters are made of: few names and few values, so that they meet. */
class Draw {
  constructor(seed) {
    this.random = random(seed);
  }

  below(count) {
    return Math.floor(this.random() * count);
  }

  of(choices) {
    return choices[this.below(choices.length)];
  }

  some(count, draw) {
    return Array.from({ length: this.below(count) }, draw);
  }

  simple() {
    const [number, text] = [
      this.below(9) - 4,
      this.of(["", "a", "b", "Z", "é", "10", "9", "true", "null", "\u{1f600}", "\uffff"]),
    ];
    return this.of([null, true, false, number, number / 2, text, 1e300, "2026-11-22T00:00:00.000Z"]);
  }

  value(depth = 3) {
    if (depth === 0 || this.random() < 0.6) return this.simple();
    return this.of([() => this.some(4, () => this.value(depth - 1)), () => this.metadata(depth - 1)])();
  }

  /** As JSON gives it: a zero may be a negative one. */
  metadata(depth = 3) {
    const names = this.some(4, () => this.of(["a", "b", "c", "0", "a.b", "__proto__", "length"]));
    const text = names.map(
      (name) => `${JSON.stringify(name)}:${JSON.stringify(this.value(depth)).replace(/^0$/u, "-0")}`,
    );
    return JSON.parse(`{${text.join()}}`);
  }

  field() {
    return this.of([
      "a",
      "b",
      "c",
      "a.b",
      "b.a",
      "a.0",
      "a.b.c",
      "c.0.a",
      "length",
      "a.length",
      "__proto__",
      "toString",
    ]);
  }

  conditions() {
    const operator = this.of(["$eq", "$ne", "$in", "$nin", "$gt", "$gte", "$lt", "$lte", "$exists", "$not"]);
    switch (operator) {
      case "$eq":
      case "$ne":
        return { [operator]: this.value(2) };
      case "$in":
      case "$nin":
        return { [operator]: this.some(4, () => this.value(1)) };
      case "$exists":
        return { $exists: this.of([true, false]) };
      case "$not":
        return { $not: this.conditions() };
      default:
        if (this.below(3) === 0)
          return { $gte: this.of([-2, -0, "", "a"]), [this.of(["$lt", "$lte"])]: this.of([2, "b"]) };
        return {
          [operator]: this.of([this.below(9) - 4, -0, 0.5, "a", "Z", "9", new Date("2026-11-22"), "\u{1f600}"]),
        };
    }
  }

  filter(depth = 2) {
    const draw = this.below(depth === 0 ? 1 : 5);
    if (draw === 1) return { [this.of(["$and", "$or"])]: [this.filter(depth - 1), this.filter(depth - 1)] };
    if (draw === 2) return { $not: this.filter(depth - 1) };
    if (draw === 3) return { [this.field()]: this.conditions(), [this.field()]: this.conditions() };
    return { [this.field()]: this.conditions() };
  }
}

/** Rows whose metadata is given, `undefined` for a dead one, and masks of them that keep about `most` bytes. */
class Rows {
  /** How many rows were visited. */
  visited = 0;
  #generation = 0;

  constructor(most) {
    this.metadata = [];
    const corpus = { visit: (rows, from, visit) => this.#visit(rows, from, visit) };
    this.masks = new Masks({ rows: () => this.#numbers() }, corpus, most);
  }

  /** Numbers the rows anew, in another order. */
  turn() {
    this.#generation++;
    this.metadata.reverse();
  }

  async check(filter) {
    const tree = compile(filter);
    const { words, count, generation } = await this.masks.asked(tree)(undefined);
    // A search that is asked for these rows now would have to ask again.
    if (generation !== this.#generation) return;
    const kept = (row) => ((words[row >>> 5] >>> (row & 31)) & 1) === 1;
    assert.equal(words.length, (count + 31) >>> 5);
    for (let row = 0; row < words.length * 32; row++) {
      const metadata = row < count ? this.metadata[row] : undefined;
      // Whatever a dead row is said to be: it is not found.
      if (row < count && metadata === undefined) continue;
      const wanted = metadata !== undefined && holds(tree, metadata);
      if (kept(row) !== wanted) assert.fail(`${JSON.stringify([filter, metadata])}: ${kept(row)}, not ${wanted}`);
    }
  }

  #numbers() {
    return { born: 1, generation: this.#generation, count: this.metadata.length };
  }

  async #visit(rows, from, visit) {
    for (let row = from; row < rows.count; row++) {
      if (row % 50 === 49) await undefined;
      if (rows.generation !== this.#generation) return false;
      this.visited++;
      visit(row, this.metadata[row] && { metadata: this.metadata[row] });
    }
    return true;
  }
}

describe("random filters of random metadata", () => {
  for (const [name, most] of Object.entries({ "with room": undefined, "with hardly any": 5_000, "with none": 0 })) {
    test(`${name} keep what their leaves hold of, while rows come, die, and are numbered anew`, async () => {
      for (let round = 0; round < 12; round++) {
        const draw = new Draw(`${name} ${round}`);
        const rows = new Rows(most);
        for (let step = 0; step < 12; step++) {
          // Some at once: each finds the others at the same rows, or further.
          const begun = [];
          for (let times = 0; times < 2; times++) {
            if (draw.below(9) === 0) rows.turn();
            const more = draw.some(60, () => (draw.below(8) === 0 ? undefined : draw.metadata()));
            rows.metadata = rows.metadata.concat(more);
            for (let at = 0; at < 6; at++) begun.push(rows.check(draw.filter()));
          }
          await Promise.all(begun);
        }
      }
    });
  }
});

test("of many values those that are greater or less are found, of numbers and of texts", async () => {
  const draw = new Draw("many");
  const rows = new Rows();
  const number = () => draw.below(20_000) / 4 - 1_000;
  for (let step = 0; step < 4; step++) {
    for (let more = 0; more < 3_000; more++)
      rows.metadata.push({ a: [number(), `${number()}`], b: number(), c: `${number()}` });
    for (const operator of ["$gt", "$gte", "$lt", "$lte"]) {
      for (const wanted of [number(), `${number()}`, -1e9, 1e9, "", "~", rows.metadata[draw.below(3_000)].b]) {
        await rows.check({ a: { [operator]: wanted }, b: { $not: { [operator]: number() } } });
        // Of one value both must hold; of several each of one.
        const other = typeof wanted === "number" ? number() : `${number()}`;
        for (const field of ["a", "b", "c"]) {
          await rows.check({ [field]: { [operator]: wanted, $gt: other } });
          await rows.check({ [field]: { [operator]: wanted, $lte: other } });
        }
      }
    }
  }
});

test("a field is looked at once, whatever is asked of it", async () => {
  const rows = new Rows();
  rows.metadata = Array.from({ length: 1_000 }, (_, at) => ({ at, tags: [`t${at % 7}`, at % 3] }));
  await rows.check({ at: 5, tags: "t1" });
  const before = rows.visited;
  for (let at = 0; at < 20; at++) {
    await rows.check({ at: { $gt: at * 50 }, tags: { $in: [`t${at}`, at] } });
    await rows.check({ $or: [{ at }, { tags: { $exists: false } }, { at: { $nin: [at + 1, null] } }] });
  }
  assert.equal(rows.visited, before);
  rows.metadata.push({ at: 3 });
  await rows.check({ at: 3 });
  assert.equal(rows.visited, before + 1);
});

test("what is known of fields is bounded, and what does not fit is asked leaf by leaf", async () => {
  const rows = new Rows(100_000);
  const many = (at) => Object.fromEntries(Array.from({ length: 12 }, (_, name) => [`f${name}`, at % (name + 1)]));
  const ids = (at) => ({ one: `first ${at}`, other: `second ${at}`, few: at % 4, flag: at % 2 === 0, ...many(at) });
  rows.metadata = Array.from({ length: 2_000 }, (_, at) => ids(at));
  const fields = ["one", "other", "few", "flag"];
  for (let at = 0; at < 8; at++) {
    await rows.check({ one: `first ${at}`, other: { $gt: `second ${at}` }, few: at % 4 });
    await rows.check({ [fields[at % 4]]: { $exists: true }, flag: true });
    assert.ok(rows.masks.bytes <= 100_000, String(rows.masks.bytes));
  }
  const before = rows.visited;
  // Neither the field that fits nor the leaf that was asked before needs another look.
  await rows.check({ few: 1 });
  await rows.check({ one: "first 7" });
  assert.equal(rows.visited, before);
  // That a field is too much is not found out again when others have taken all of the room.
  for (const name of Object.keys(many(0))) await rows.check({ [name]: 0 });
  const then = rows.visited;
  await rows.check({ one: "first 7" });
  assert.equal(rows.visited, then + 2_000);
});

test("a filter of more fields than are kept reads each row once a call", async () => {
  const rows = new Rows();
  const names = Array.from({ length: 300 }, (_, at) => `f${at}`);
  rows.metadata = Array.from({ length: 50 }, (_, at) => Object.fromEntries(names.map((name) => [name, at % 5])));
  for (let times = 1; times < 4; times++) {
    await rows.check({ $or: names.map((name) => ({ [name]: times })) });
    assert.equal(rows.visited, times * 50);
  }
});

test("what is known of a field is counted as it is kept: texts, rows, and the order of values", async () => {
  const rows = new Rows();
  const text = (at) => `${"long ".repeat(20)}${at}`;
  rows.metadata = Array.from({ length: 3_000 }, (_, at) => ({ text: text(at) }));
  await rows.check({ text: text(5) });
  const before = rows.masks.bytes;
  // A character is two bytes where a text is not Latin; a row's entry is two words, and there is room for more.
  assert.ok(before >= 3_000 * (2 * text(0).length + 8 + 4), String(before));
  await rows.check({ text: { $gt: text(5) } });
  assert.ok(rows.masks.bytes >= before + 3_000 * 8, String(rows.masks.bytes));
});

test("of a store, an object keeps what a function does that asks its leaves", async () => {
  const draw = new Draw("store");
  const store = new InMemoryByteStore();
  const vectors = new ByteStoreVectorStore(letters, { store });
  const found = async (filter) => {
    const kept = await vectors.similaritySearchVectorWithScore(vector("a"), 999, filter);
    return kept.map(([{ id, metadata }]) => [id, metadata]);
  };
  for (let step = 0; step < 12; step++) {
    const documents = Array.from({ length: 30 }, () => ({ pageContent: "text", metadata: draw.metadata() }));
    // Half of them take others' places.
    await vectors.addDocuments(
      documents,
      [...new Set(documents.map((_, at) => `${draw.below(40) + step * 15 + at}`))]
        .concat(documents.map((_, at) => `new ${step} ${at}`))
        .slice(0, 30),
    );
    if (step % 4 === 3) await vectors.delete({ ids: [`${step * 15}`, `new ${step} 29`] });
    if (step % 5 === 4) await vectors.compact();
    for (let at = 0; at < 10; at++) {
      const filter = draw.filter();
      const tree = compile(filter);
      assert.deepEqual(
        await found(filter),
        await found(({ metadata }) => holds(tree, metadata)),
        JSON.stringify(filter),
      );
    }
  }
});

test("what a filter has read is found as it was added, and is the caller's own", async () => {
  const metadata = JSON.parse('{"a":{"b":[1,{"c":null}],"__proto__":{"d":-0}},"text":"\\u0000é","2":[],"1":{}}');
  const added = (at) => ({ pageContent: `text ${at}`, metadata: { ...metadata, at } });
  const store = new InMemoryByteStore();
  const vectors = new ByteStoreVectorStore(letters, { store });
  await vectors.addDocuments([0, 1].map(added), ["one", "two"]);
  const filter = { at: { $gte: 0 } };
  const calls = {
    search: () => vectors.similaritySearch("text", 9, filter),
    mmr: () => vectors.maxMarginalRelevanceSearch("text", { k: 9, fetchK: 9, lambda: 1, filter }),
    function: () => vectors.similaritySearch("text", 9, () => true),
  };
  const plain = await vectors.similaritySearch("text", 9);
  assert.equal(JSON.stringify(plain[0].metadata.a), JSON.stringify(metadata.a));
  for (const call of Object.values(calls)) {
    for (let times = 0; times < 2; times++) {
      const found = await call();
      assert.deepEqual(found, plain);
      assert.deepEqual(found.map(JSON.stringify), plain.map(JSON.stringify));
      for (const document of found) {
        document.metadata.a.b[1].c = "changed";
        document.metadata.a.b.push(2);
        document.metadata.at = 7;
      }
    }
  }
  // What comes later is not at hand yet, until it was read.
  await vectors.addDocuments([added(2)], ["three"]);
  assert.equal((await calls.search()).length, 3);
  assert.deepEqual(await calls.search(), await vectors.similaritySearch("text", 9));
});
