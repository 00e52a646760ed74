/** Opens a store of many keys: first filled, then, by another process of the browser's, read. */

import { IndexedDBByteStore, InMemoryByteStore } from "bytestow";

import { check, Source } from "../../values.mjs";
import { COUNT } from "../names.mjs";
import { timed } from "./compare.mjs";
import { idle } from "./maintenance.mjs";
import { done } from "./plain.mjs";

const DATABASE = "bench, opening";
const SEED = 29;
const SINGLES = 10_000;
/** Of values written together: their length does not matter to an index. */
const BYTES = 64;
/** Of those written singly, which stand in the log until they are moved. */
const SINGLE_BYTES = 1536;

/** Instances of wasm that this page has made, by their memory. */
const memories = [];
for (const name of ["instantiate", "instantiateStreaming"]) {
  const original = WebAssembly[name];
  WebAssembly[name] = async (...given) => {
    const made = await original.apply(WebAssembly, given);
    const { exports } = made.instance ?? made;
    memories.push(...Object.values(exports).filter((found) => found instanceof WebAssembly.Memory));
    return made;
  };
}

const memoryBytes = () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

/**
 * Fills the store up to `keys` keys, the last 10,000 one by one, and waits for what it does by itself.
 *
 * @param {{ keys: number }} options
 */
export async function fillToOpen({ keys }) {
  const store = new IndexedDBByteStore({ name: DATABASE, memoryBytes: 0 });
  const source = new Source(SEED);
  for (let at = 0; at < keys - SINGLES; at += COUNT) {
    if (at % 50_000 === 0) console.info(`opening: ${at} of ${keys} keys`);
    await store.mset(source.batch(COUNT, BYTES).pairs);
  }
  const singles = new Source(SEED + 1);
  for (let at = 0; at < SINGLES; at++) {
    if (at % 2_000 === 0) console.info(`opening: ${at} of ${SINGLES} single sets`);
    await store.mset(singles.batch(1, SINGLE_BYTES).pairs);
  }
  await idle(DATABASE);
  const listed = [];
  for await (const key of store.yieldKeys()) listed.push(key);
  if (listed.length !== keys) throw new Error(`${listed.length} keys instead of ${keys}`);
  await store.close();
}

/**
 * What the browser itself takes to open the database in this process, and to read one record.
 *
 * @returns {Promise<number>} In ms.
 */
export async function openPlain() {
  const [time, database] = await timed(async () => {
    const database = await done(indexedDB.open(DATABASE));
    await done(database.transaction("idx").objectStore("idx").get("meta"));
    return database;
  });
  database.close();
  return time;
}

/**
 * @typedef {object} Opened Times in ms, memory in bytes.
 * @property {number} wasm Until wasm is there.
 * @property {number} first From then on: a new store until its first `mget` is answered.
 * @property {number} second The same call again.
 * @property {number} grown What the wasm memory has grown by.
 *
 * @returns {Promise<Opened>}
 */
export async function openOnce() {
  const first = new Source(SEED).batch(COUNT, BYTES);
  const last = new Source(SEED + 1).batch(1, SINGLE_BYTES);
  const keys = [...first.keys, ...last.keys];
  const [wasm] = await timed(() => new InMemoryByteStore().mget(["loads wasm"]));
  const before = memoryBytes();
  let store;
  const ask = async () => {
    const [time, got] = await timed(() => {
      store ??= new IndexedDBByteStore({ name: DATABASE });
      return store.mget(keys);
    });
    check("the first mget", got, [...first.values, ...last.values]);
    return time;
  };
  const times = [await ask(), await ask()];
  const grown = memoryBytes() - before;
  await store.close();
  return { wasm, first: times[0], second: times[1], grown };
}
