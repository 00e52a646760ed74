/**
 * Our stores, and what they are kept in while searches are measured.
 *
 * @import { Data } from "./data.mjs"
 */

import { ByteStoreVectorStore } from "bytestow/vectorstores";

import { documents } from "./data.mjs";

/** LangChain's four methods over a `Map`, counting what is written. */
export class MapStore {
  bytesWritten = 0;
  #map = new Map();

  /** @param {string[]} keys */
  async mget(keys) {
    return keys.map((key) => this.#map.get(key));
  }

  /** @param {[string, Uint8Array][]} pairs */
  async mset(pairs) {
    for (const [key, value] of pairs) {
      this.bytesWritten += key.length + value.length;
      this.#map.set(key, value.slice());
    }
  }

  /** @param {string[]} keys */
  async mdelete(keys) {
    for (const key of keys) this.#map.delete(key);
  }

  /** @param {string} [prefix] */
  async *yieldKeys(prefix = "") {
    for (const key of this.#map.keys()) if (key.startsWith(prefix)) yield key;
  }

  /** Bytes of all keys and values. */
  get bytes() {
    return [...this.#map].reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  }
}

/** Texts are numbers of queries: nothing of a model is measured. */
export class Queries {
  /** @param {number[][]} queries */
  constructor(queries) {
    this.queries = queries;
  }

  /** @param {string} text */
  async embedQuery(text) {
    return this.queries[Number(text) % this.queries.length];
  }

  async embedDocuments() {
    throw new Error("nothing is to be embedded");
  }
}

/**
 * @param {any} store What it is kept in.
 * @param {number[][]} queries
 * @param {object} [options]
 */
export const open = (store, queries, options) =>
  new ByteStoreVectorStore(new Queries(queries), { store, model: "bench", ...options });

/** How many numbers go into a call of `addVectors`: some 60 MB of them. */
const NUMBERS = 7_680_000;

/**
 * @param {Data} data
 * @returns {number} How many vectors are handed over at once.
 */
export const atOnce = ({ dimensions }) => Math.floor(NUMBERS / dimensions);

/**
 * Adds all of the data to each of `sinks`, which are vector stores of LangChain's shape.
 *
 * @param {Data} data
 * @param {any[]} sinks
 * @param {(vectors: number[][]) => void} [also]
 * @returns {Promise<number[]>} How long each has taken, in ms.
 */
export async function fill(data, sinks, also) {
  const times = sinks.map(() => 0);
  let from = 0;
  for (const vectors of data.chunks(atOnce(data))) {
    const batch = documents(from, vectors.length);
    const ids = batch.map(({ id }) => id);
    for (const [at, sink] of sinks.entries()) {
      const start = performance.now();
      await sink.addVectors(vectors, batch, { ids });
      times[at] += performance.now() - start;
    }
    also?.(vectors);
    from += vectors.length;
  }
  return times;
}
