/** Two tabs on one store: one reads single keys all the time, the other makes work for the compaction and does it. */

import { IndexedDBByteStore } from "bytestow";

import { check, Source } from "../../values.mjs";
import { COUNT } from "../names.mjs";
import { idle, watchMaintenance } from "./maintenance.mjs";

const DATABASE = "bench, compacting";
const BYTES = 6144;
const SEED = 31;
/** Written once, and read. */
const BATCHES = 4;

const data = () => {
  const source = new Source(SEED);
  return Array.from({ length: BATCHES }, () => source.batch(COUNT, BYTES)).flatMap(({ pairs }) => pairs);
};

/** @returns {Promise<void>} */
export async function fillToCompact() {
  const store = new IndexedDBByteStore({ name: DATABASE, memoryBytes: 0 });
  const pairs = data();
  for (let at = 0; at < pairs.length; at += COUNT) await store.mset(pairs.slice(at, at + COUNT));
  await idle(DATABASE);
  await store.close();
}

/**
 * Replaces values here and there, so that segments come to be needed in part, and waits for the compaction each time.
 *
 * @param {{ rounds: number }} options
 * @returns {Promise<{ times: { from: number, to: number }[], bytes: number, records: number }>} When it was at it, and
 *   what it moved.
 */
export async function compactAgain({ rounds }) {
  const times = watchMaintenance();
  let [bytes, records] = [0, 0];
  const onEvent = (event) => {
    if (event.type !== "compact") return;
    bytes += event.bytes;
    records += event.records;
  };
  const store = new IndexedDBByteStore({ name: DATABASE, memoryBytes: 0, onEvent });
  const source = new Source(SEED + 1);
  const pairs = data();
  for (let round = 0; round < rounds; round++) {
    console.info(`compacting: round ${round + 1} of ${rounds}`);
    // The same value again: whoever reads meanwhile knows what to find.
    await store.mset(source.picks(COUNT, pairs.length).map((at) => pairs[at]));
    await idle(DATABASE);
  }
  await store.close();
  return { times, bytes, records };
}

let stop = false;

/**
 * Reads single keys until `stopReading`.
 *
 * @returns {Promise<{ from: number, to: number }[]>} Of each read, in ms since 1970.
 */
export async function readSingly() {
  stop = false;
  const store = new IndexedDBByteStore({ name: DATABASE, memoryBytes: 0 });
  const source = new Source(SEED + 2);
  const pairs = data();
  const reads = [];
  while (!stop) {
    const [key, value] = pairs[source.picks(1, pairs.length)[0]];
    const from = performance.timeOrigin + performance.now();
    const got = await store.mget([key]);
    reads.push({ from, to: performance.timeOrigin + performance.now() });
    check("reading while another tab compacts", got, [value]);
  }
  await store.close();
  return reads;
}

/** Ends `readSingly`. */
export async function stopReading() {
  stop = true;
}
