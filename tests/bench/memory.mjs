/**
 * What the boundary costs: `InMemoryByteStore`, whose values live in wasm, against a `Map` that copies in and out. Runs
 * in Node and in the browser.
 *
 * @import { Row } from "./measure.mjs"
 * @import { Batch } from "./values.mjs"
 */

import { InMemoryByteStore } from "bytestow";

import { OURS, Samples, settle, turns } from "./measure.mjs";
import { check, Source } from "./values.mjs";

const COUNT = 1000;
const BYTES = 1536;

/** A sample is at least this long: the clock is too coarse, and a scavenge too large, for a single call. */
const SAMPLE_MS = 20;

/** The least a JavaScript store can do under the same contract: copies in and copies out. */
class CopyingMap {
  #map = new Map();

  /** @param {string[]} keys */
  async mget(keys) {
    return keys.map((key) => this.#map.get(key)?.slice());
  }

  /** @param {[string, Uint8Array][]} pairs */
  async mset(pairs) {
    for (const [key, value] of pairs) this.#map.set(key, value.slice());
  }

  async close() {}
}

/** @type {Record<string, () => InMemoryByteStore | CopyingMap>} */
const CONTENDERS = {
  [OURS]: () => new InMemoryByteStore(),
  "copying Map": () => new CopyingMap(),
};

/**
 * The calls, over keys that are all there: a set replaces. The one-key calls go through all keys in turn.
 *
 * @param {Batch} batch
 * @returns {{ label: string, calls: ((store: any) => Promise<unknown>)[] }[]}
 */
function cases({ keys, pairs }) {
  // Arguments are made beforehand: a caller has them.
  const single = keys.map((key) => [key]);
  const singlePairs = pairs.map((pair) => [pair]);
  return [
    { label: "mget 1 key", calls: single.map((one) => (store) => store.mget(one)) },
    { label: "mset 1 key", calls: singlePairs.map((one) => (store) => store.mset(one)) },
    { label: "mget 1,000 keys", calls: [(store) => store.mget(keys)] },
    { label: "mset 1,000 keys", calls: [(store) => store.mset(pairs)] },
  ];
}

/**
 * @param {any} store
 * @param {((store: any) => Promise<unknown>)[]} calls Made in turn.
 * @returns {Promise<number>} µs a call, over at least `SAMPLE_MS`.
 */
async function sample(store, calls) {
  // The clock is looked at between chunks only; they grow until looking costs nothing.
  let [chunk, done, elapsed] = [1, 0, 0];
  const start = performance.now();
  while (elapsed < SAMPLE_MS) {
    for (let i = 0; i < chunk; i++) await calls[(done + i) % calls.length](store);
    done += chunk;
    elapsed = performance.now() - start;
    if (elapsed < SAMPLE_MS / 10) chunk *= 2;
  }
  return (elapsed * 1000) / done;
}

/**
 * Whole contents back, and both sides as far from the caller's bytes as the contract asks: else one of them would be
 * spared the copy that is measured.
 *
 * @param {string} name
 * @param {any} store
 * @param {Batch} batch
 */
async function verify(name, store, { keys, values }) {
  check(`${name}, mget`, await store.mget(keys), values);
  const value = Uint8Array.of(1, 2, 3);
  await store.mset([["copied", value]]);
  value[0] = 9;
  const [first] = await store.mget(["copied"]);
  check(`${name}, copy in`, [first], [Uint8Array.of(1, 2, 3)]);
  first[0] = 9;
  check(`${name}, copy out`, await store.mget(["copied"]), [Uint8Array.of(1, 2, 3)]);
}

/**
 * @param {{ where: string, rounds: number, warmUps: number }} options
 * @returns {Promise<Row[]>}
 */
export async function memory({ where, rounds, warmUps }) {
  const names = Object.keys(CONTENDERS);
  const stores = names.map((name) => CONTENDERS[name]());
  const batch = new Source(7).batch(COUNT, BYTES);
  for (const store of stores) await store.mset(batch.pairs);

  const samples = new Samples();
  for (let round = 0; round < warmUps + rounds; round++) {
    for (const { label, calls } of cases(batch)) {
      for (const turn of turns(names.length, round)) {
        await settle();
        const time = await sample(stores[turn], calls);
        if (round >= warmUps) samples.add(`In memory, ${where}, values of 1.5 KB`, label, "µs", names[turn], time);
      }
    }
  }
  for (const [i, store] of stores.entries()) {
    await verify(names[i], store, batch);
    await store.close();
  }
  return samples.rows(names, rounds);
}
