/** Vectors that a model made of sentences, searched by the class as LangChain's users hold it, beside a plain scan of them all. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { InMemoryByteStore } from "bytestow";
import { ByteStoreVectorStore } from "bytestow/vectorstores";

const DIMENSIONS = 384;
const K = 10;
/** What 32 bits may lose of a sum of that many products, twice. */
const ROUNDED = 2e-6;

/** @returns {number[][]} Of floats of 16 bits, the lower byte first. */
async function vectors(name) {
  const bytes = await readFile(new URL(`../fixtures/sentences/${name}.f16`, import.meta.url));
  const numbers = Array.from({ length: bytes.length / 2 }, (_, at) => half(bytes.readUInt16LE(2 * at)));
  return Array.from({ length: numbers.length / DIMENSIONS }, (_, row) =>
    numbers.slice(row * DIMENSIONS, (row + 1) * DIMENSIONS),
  );
}

/** IEEE 754 binary16, none of them infinite. */
function half(bits) {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits >> 15 ? -size : size;
}

const dot = (one, other) => one.reduce((sum, number, at) => sum + number * other[at], 0);
const cosine = (one, other) => dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other));

const stored = await vectors("stored");
const queries = await vectors("queries");
const embeddings = { embedQuery: async () => queries[0], embedDocuments: async () => [] };

/** Fails unless `found` is what a scan in 64 bits finds: where two are as like as 32 bits can tell, either may come first. */
function held(found, query, rows) {
  const scores = new Map(rows.map((row) => [String(row), cosine(query, stored[row])]));
  const best = [...scores.values()].sort((one, other) => other - one);
  assert.equal(found.length, Math.min(K, rows.length));
  found.forEach(([{ id }, score], place) => {
    assert.ok(Math.abs(score - scores.get(id)) < ROUNDED, `${id} has ${scores.get(id)}, not ${score}`);
    assert.ok(Math.abs(score - best[place]) < ROUNDED, `place ${place} is ${best[place]}, not ${score}`);
  });
}

for (const index of ["int8", "binary"]) {
  test(`sentences, ${index}: the best of all and of those a filter keeps`, async () => {
    const store = new ByteStoreVectorStore(embeddings, { store: new InMemoryByteStore(), model: "sentences", index });
    const documents = stored.map((_, row) => ({
      id: String(row),
      pageContent: `${row}`,
      metadata: { part: row % 40 },
    }));
    await store.addVectors(stored, documents);
    const all = stored.map((_, row) => row);
    for (const [at, query] of queries.entries()) {
      held(await store.similaritySearchVectorWithScore(query, K), query, all);
      for (const part of [at % 40, [1, 2, 3, 4]]) {
        const rows = all.filter((row) => [part].flat().includes(row % 40));
        held(await store.similaritySearchVectorWithScore(query, K, { part }), query, rows);
      }
    }
    await store.close();
  });
}
