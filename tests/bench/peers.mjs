/**
 * The contenders over IndexedDB, each used the way that suits it best, behind one shape. A batch holds its keys, values
 * and pairs ready-made, so that nobody's sample pays for bringing arguments into another's form.
 *
 * Durability: ours and Dexie are told "relaxed"; idb-keyval and localForage cannot be told and take the browser's
 * default, which is relaxed in Chrome since 121.
 *
 * @import { Batch } from "./values.mjs"
 *
 * @typedef {object} Contender
 * @property {(batch: Batch) => Promise<unknown>} mset
 * @property {(keys: string[]) => Promise<unknown[]>} mget
 * @property {(key: string, value: Uint8Array) => Promise<unknown>} set
 * @property {(key: string) => Promise<unknown>} get
 * @property {() => Promise<void>} close
 */

import { IndexedDBByteStore } from "bytestow";
import Dexie from "dexie";
import * as idbKeyval from "idb-keyval";
import localforage from "localforage";

import { OURS } from "./measure.mjs";

/**
 * Opens a database of its own for each contender, ours first.
 *
 * @type {Record<string, (database: string) => Contender>}
 */
export const CONTENDERS = {
  [OURS](database) {
    // No memory tier: this measures the way to IndexedDB and back, as with the others.
    const store = new IndexedDBByteStore({ name: database, memoryBytes: 0, durability: "relaxed" });
    return {
      mset: ({ pairs }) => store.mset(pairs),
      mget: (keys) => store.mget(keys),
      set: (key, value) => store.mset([[key, value]]),
      get: async (key) => (await store.mget([key]))[0],
      close: () => store.close(),
    };
  },

  "idb-keyval"(database) {
    const store = idbKeyval.createStore(database, "values");
    return {
      mset: ({ pairs }) => idbKeyval.setMany(pairs, store),
      mget: (keys) => idbKeyval.getMany(keys, store),
      set: (key, value) => idbKeyval.set(key, value, store),
      get: (key) => idbKeyval.get(key, store),
      close: async () => {},
    };
  },

  dexie(database) {
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
  localforage(database) {
    const store = localforage.createInstance({ name: database, driver: localforage.INDEXEDDB });
    return {
      mset: ({ pairs }) => Promise.all(pairs.map(([key, value]) => store.setItem(key, value))),
      mget: (keys) => Promise.all(keys.map((key) => store.getItem(key))),
      set: (key, value) => store.setItem(key, value),
      get: (key) => store.getItem(key),
      close: async () => {},
    };
  },
};
