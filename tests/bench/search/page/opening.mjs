/** Opens what another process of the browser has filled: ours, and one record for each vector. */

import { IndexedDBByteStore } from "bytestow";

import { idle } from "../../indexeddb/page/maintenance.mjs";
import { done, ended, opened } from "../../indexeddb/page/plain.mjs";
import { quantile } from "../../measure.mjs";
import { documents, synthetic } from "../data.mjs";
import { K, SIZES } from "../names.mjs";
import { atOnce, fill, open } from "../store.mjs";

const DATABASE = "bench, vectors";
const RECORDS = "bench, one record a vector";

const dataOf = ({ kind }) => synthetic(kind, SIZES.large);

/** How many records a request asks for: a message between processes has its limit. */
const RANGE = 10_000;

/** What others do: all records into arrays, then the scan that one writes by hand. */
class Plain {
  async open() {
    const database = await opened(RECORDS, { records: {} });
    const records = database.transaction("records").objectStore("records");
    const ranges = [];
    for (let from = 0; from < SIZES.large.count; from += RANGE) {
      ranges.push(done(records.getAll(IDBKeyRange.bound(from, from + RANGE, false, true))));
    }
    this.records = (await Promise.all(ranges)).flat();
    database.close();
  }

  search(query) {
    const scores = this.records.map(({ vector }, at) => {
      let score = 0;
      for (let place = 0; place < vector.length; place++) score += vector[place] * query[place];
      return [score, at];
    });
    scores.sort(([a], [b]) => b - a);
    return scores.slice(0, K).map(([, at]) => this.records[at].id);
  }
}

/** Fills ours. @param {{ kind: "hard" | "easy" }} options */
export async function fillOurs(options) {
  const data = dataOf(options);
  const bytes = new IndexedDBByteStore({ name: DATABASE });
  const store = open(bytes, data.queries);
  await fill(data, [store], () => console.info("opening: filling ours"));
  await store.compact();
  await store.close();
  await idle(DATABASE);
  await bytes.close();
}

/** Fills the other. @param {{ kind: "hard" | "easy" }} options */
export async function fillPlain(options) {
  const data = dataOf(options);
  const database = await opened(RECORDS, { records: {} });
  let from = 0;
  for (const vectors of data.chunks(Math.floor(atOnce(data) / 8))) {
    console.info(`opening: filling records from ${from}`);
    const transaction = database.transaction("records", "readwrite");
    const records = transaction.objectStore("records");
    documents(from, vectors.length).forEach((document, at) => {
      records.put({ ...document, vector: Float32Array.from(vectors[at]) }, from + at);
    });
    await ended(transaction);
    from += vectors.length;
  }
  database.close();
}

/**
 * @typedef {object} Opened
 * @property {number} first Until the first answer, in ms; the wasm is loaded within.
 * @property {number} next An answer after it: the median of some.
 * @property {number} task The longest task of the main thread until the first, 0 if none was long.
 * @property {string} ids Of the first answer.
 */

/** Longer than it takes the browser to tell of a long task. */
const AFTERWARDS_MS = 60;

/** How many answers after the first. */
const NEXT = 9;

/** @returns {Promise<Opened>} */
async function openedBy(begin) {
  let task = 0;
  // No messages to oneself here: they would take their time of what is timed.
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) task = Math.max(task, duration);
  });
  observer.observe({ type: "longtask" });
  // A task of its own, apart from that which has made the queries.
  await new Promise((resolve) => setTimeout(resolve, AFTERWARDS_MS));
  task = 0;
  const start = performance.now();
  const search = await begin();
  const ids = await search(0);
  const first = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, AFTERWARDS_MS));
  observer.disconnect();
  const times = [];
  for (let at = 1; at <= NEXT; at++) {
    const again = performance.now();
    await search(at);
    times.push(performance.now() - again);
  }
  return { first, next: quantile(times, 0.5), task, ids: ids.sort().join() };
}

/** @param {{ kind: "hard" | "easy" }} options */
export function openOurs(options) {
  const { queries } = dataOf(options);
  return openedBy(async () => {
    const store = open(new IndexedDBByteStore({ name: DATABASE }), queries);
    return async (at) => (await store.similaritySearchVectorWithScore(queries[at], K)).map(([{ id }]) => id);
  });
}

/** @param {{ kind: "hard" | "easy" }} options */
export function openPlain(options) {
  const { queries } = dataOf(options);
  return openedBy(async () => {
    const plain = new Plain();
    await plain.open();
    return async (at) => plain.search(queries[at]);
  });
}
