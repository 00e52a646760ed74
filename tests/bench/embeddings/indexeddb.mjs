/**
 * Both caches over IndexedDB, in the page: ours over our store without its memory tier, LangChain's over idb-keyval.
 *
 * @import { Row } from "../measure.mjs"
 * @import { Sides } from "./compare.mjs"
 * @import { Load } from "./provider.mjs"
 */

import { BaseStore } from "@langchain/core/stores";
import { IndexedDBByteStore } from "bytestow";
import { getMany, setMany } from "idb-keyval";

import { Samples, settle, turns } from "../measure.mjs";
import { Contender, compare } from "./compare.mjs";
import { made } from "./memory.mjs";
import { DIMENSIONS, FIGURES, FORMS, GROUPS, label, OURS, THEIRS } from "./names.mjs";
import { load } from "./provider.mjs";
import { watched } from "./tasks.mjs";

const databaseOf = (name, which) => `embeddings, ${which}: ${name}`;

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** idb-keyval as LangChain wants its stores, in its batches: one transaction a call. */
class IdbKeyvalStore extends BaseStore {
  lc_namespace = ["bench"];
  #use;

  /** @param {import("idb-keyval").UseStore} use */
  constructor(use) {
    super();
    this.#use = use;
  }

  mget(keys) {
    return getMany(keys, this.#use);
  }

  mset(pairs) {
    return setMany(pairs, this.#use);
  }
}

/**
 * @param {string} which Names the stores.
 * @returns {Sides}
 */
const sides = (which) => ({
  async [OURS](provider) {
    const store = new IndexedDBByteStore({ name: databaseOf(OURS, which), memoryBytes: 0 });
    await store.mget(["opens the database"]);
    return { cache: made[OURS](provider, store), close: () => store.destroy() };
  },
  async [THEIRS](provider) {
    const opening = indexedDB.open(databaseOf(THEIRS, which));
    opening.onupgradeneeded = () => opening.result.createObjectStore("values");
    const database = await done(opening);
    // As its `createStore` has it, but that this one can be closed, to be deleted.
    const use = async (mode, callback) => callback(database.transaction("values", mode).objectStore("values"));
    const close = async () => {
      database.close();
      await done(indexedDB.deleteDatabase(databaseOf(THEIRS, which)));
    };
    return { cache: made[THEIRS](provider, new IdbKeyvalStore(use)), close };
  },
});

/** @returns {number} Bytes that a value stands for, at least: a view counts with all that is behind it. */
function weight(value) {
  if (ArrayBuffer.isView(value)) return value.buffer.byteLength;
  if (typeof value === "number") return 8;
  if (typeof value === "string") return new TextEncoder().encode(value).length;
  return Object.values(value).reduce((sum, each) => sum + weight(each), 0);
}

/**
 * @param {string} name
 * @returns {Promise<number>} Bytes of all keys and values of a database.
 */
async function stored(name) {
  const database = await done(indexedDB.open(name));
  let sum = 0;
  for (const store of database.objectStoreNames) {
    const reading = database.transaction(store).objectStore(store);
    for (const key of await done(reading.getAllKeys())) sum += weight(key);
    for (const value of await done(database.transaction(store).objectStore(store).getAll())) sum += weight(value);
  }
  database.close();
  return sum;
}

/** @returns {Promise<number>} What the browser says that this origin's databases take. */
const used = async () => (await navigator.storage.estimate()).usage;

/**
 * Fills a store of each side, and weighs it. It stays: what the browser counts jumps when something is deleted.
 *
 * @param {Load} load
 * @param {string} which Names the stores.
 * @returns {Promise<Record<string, Record<string, number[]>>>} Of both figures, what they are for each side.
 */
async function weighed(load, which) {
  const samples = { [FIGURES.bytes]: {}, [FIGURES.disk]: {} };
  for (const [name, open] of Object.entries(sides(which))) {
    const contender = await Contender.open(name, open, load);
    const before = await used();
    await contender.time("cold");
    samples[FIGURES.disk][name] = [(await used()) - before];
    samples[FIGURES.bytes][name] = [await stored(databaseOf(name, which))];
  }
  return samples;
}

/**
 * @param {{ rounds: number, warmUps: number }} options
 * @returns {Promise<Row[]>}
 */
export async function embeddingsInIndexedDb({ rounds, warmUps }) {
  const [group, both] = [GROUPS.indexedDb, sides("timed")];
  const names = Object.keys(both);
  const samples = new Samples();
  const rows = [];
  const row = ({ dimensions, form }, what, unit, samples) =>
    rows.push({ group, label: label(dimensions, form, what), unit, samples });

  const loads = DIMENSIONS.flatMap((dimensions) => Object.keys(FORMS).map((form) => ({ dimensions, form })));
  for (const one of loads) {
    one.load = load(one.dimensions, one.form);
    const weights = await weighed(one.load, `${one.dimensions}-${one.form}`);
    for (const [what, sizes] of Object.entries(weights)) row(one, what, "bytes", sizes);
  }
  for (const one of loads) {
    // The other side, listening on the console, shows that it is alive.
    console.info(`${group}: ${one.dimensions} dimensions, ${FORMS[one.form]}`);
    const [tasks, gaps] = [0, 0].map(() => Object.fromEntries(names.map((name) => [name, []])));
    // Apart from what is timed: the messages that watch take time themselves.
    const after = async (contenders, round) => {
      for (const who of turns(names.length, round)) {
        await settle();
        const { task, gap } = await watched(() => contenders[who].cache.embedDocuments(one.load.texts));
        tasks[names[who]].push(task);
        gaps[names[who]].push(gap);
      }
    };
    await compare({ group, ...one, sides: both, samples, after, rounds, warmUps });
    row(one, FIGURES.task, "ms", tasks);
    row(one, FIGURES.gap, "ms", gaps);
  }
  return [...samples.rows(names, rounds), ...rows];
}
