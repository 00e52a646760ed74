/**
 * The contenders over IndexedDB, each used the way that suits it best, behind one shape. A batch holds its keys, values
 * and pairs ready-made, so that nobody's sample pays for bringing arguments into another's form.
 *
 * Durability: ours, Dexie and plain IndexedDB are told "relaxed"; idb-keyval and localForage cannot be told and take the
 * browser's default, which is relaxed in Firefox, and in Chrome since 121.
 *
 * @import { Batch } from "../../values.mjs"
 *
 * @typedef {object} Contender
 * @property {(batch: Batch) => Promise<unknown>} mset
 * @property {(keys: string[]) => Promise<unknown[]>} mget
 * @property {(key: string, value: Uint8Array) => Promise<unknown>} set
 * @property {(key: string) => Promise<unknown>} get
 * @property {() => Promise<void>} [idle] Waits until nothing goes on behind the calls.
 * @property {() => Promise<void>} close
 */

import { IndexedDBByteStore } from "bytestow";
import Dexie from "dexie";
import * as idbKeyval from "idb-keyval";
import localforage from "localforage";

import { DEXIE, FLOOR, KEYVAL, LOCALFORAGE, OURS } from "../names.mjs";
import { idle } from "./maintenance.mjs";
import { done, ended, opened, packed } from "./plain.mjs";

/**
 * @param {string} database
 * @param {number} [memoryBytes] None unless given: measured is the way to IndexedDB and back, as with the others.
 * @returns {Contender}
 */
export function ours(database, memoryBytes = 0) {
  const store = new IndexedDBByteStore({ name: database, memoryBytes, durability: "relaxed" });
  return {
    mset: ({ pairs }) => store.mset(pairs),
    mget: (keys) => store.mget(keys),
    set: (key, value) => store.mset([[key, value]]),
    get: async (key) => (await store.mget([key]))[0],
    idle: () => idle(database),
    close: () => store.close(),
  };
}

/**
 * The least that IndexedDB can do: the values of a call as one record, which is read whole and cut; each single one as
 * it is. Where the values stand it only remembers.
 *
 * @param {string} database
 * @returns {Contender}
 */
function oneRecord(database) {
  const opening = opened(database, { values: {} });
  const begin = async (mode) => (await opening).transaction("values", mode, { durability: "relaxed" });
  let lengths = [];
  const put = async (key, record) => {
    const transaction = await begin("readwrite");
    transaction.objectStore("values").put(record, key);
    transaction.commit();
    await ended(transaction);
  };
  const get = async (key) => done((await begin("readonly")).objectStore("values").get(key));
  return {
    async mset({ keys, values }) {
      lengths = values.map(({ length }) => length);
      await put(keys[0], packed(values));
    },
    async mget([first]) {
      const record = await get(first);
      let at = 0;
      return lengths.map((length) => {
        at += length;
        return record.slice(at - length, at);
      });
    },
    set: (key, value) => put(key, value),
    get: (key) => get(key),
    close: async () => (await opening).close(),
  };
}

/**
 * Opens a database of its own for each contender, ours first.
 *
 * @type {Record<string, (database: string) => Contender>}
 */
export const CONTENDERS = {
  [OURS]: (database) => ours(database),

  [KEYVAL](database) {
    const store = idbKeyval.createStore(database, "values");
    return {
      mset: ({ pairs }) => idbKeyval.setMany(pairs, store),
      mget: (keys) => idbKeyval.getMany(keys, store),
      set: (key, value) => idbKeyval.set(key, value, store),
      get: (key) => idbKeyval.get(key, store),
      close: async () => {},
    };
  },

  [DEXIE](database) {
    const dexie = new Dexie(database, { chromeTransactionDurability: "relaxed" });
    dexie.version(1).stores({ values: "" });
    const table = dexie.table("values");
    return {
      mset: ({ keys, values }) => table.bulkPut(values, keys),
      mget: (keys) => table.bulkGet(keys),
      set: (key, value) => table.put(value, key),
      get: (key) => table.get(key),
      close: async () => dexie.close(),
    };
  },

  // It has no batches: all calls at once are its best.
  [LOCALFORAGE](database) {
    const store = localforage.createInstance({ name: database, driver: localforage.INDEXEDDB });
    return {
      mset: ({ pairs }) => Promise.all(pairs.map(([key, value]) => store.setItem(key, value))),
      mget: (keys) => Promise.all(keys.map((key) => store.getItem(key))),
      set: (key, value) => store.setItem(key, value),
      get: (key) => store.getItem(key),
      close: async () => {},
    };
  },

  [FLOOR]: oneRecord,
};

/**
 * @param {string} name
 * @param {string} which
 * @returns {string} Of a contender's database.
 */
export const nameOf = (name, which) => `bench, ${which}: ${name}`;

/**
 * @param {string[]} names
 * @param {string} which Names the databases.
 * @returns {Record<string, Contender>}
 */
export const openAll = (names, which) =>
  Object.fromEntries(names.map((name) => [name, CONTENDERS[name](nameOf(name, which))]));

/** @param {Record<string, Contender>} stores */
export async function closeAll(stores) {
  for (const store of Object.values(stores)) await store.close();
}
