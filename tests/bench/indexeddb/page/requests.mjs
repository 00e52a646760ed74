/** How many transactions and requests a call makes: a count without noise. */

import { check, Source } from "../../values.mjs";
import { CALLS, COUNT, OURS, READS, RIVALS } from "../names.mjs";
import { closeAll, openAll } from "./peers.mjs";

const REQUESTS = {
  IDBObjectStore: ["add", "put", "get", "getKey", "getAll", "getAllKeys", "delete", "clear", "count"],
  IDBObjectStoreCursors: ["openCursor", "openKeyCursor"],
};

const counted = { transactions: 0, requests: 0 };

/** Puts a count around methods of the page's. */
function watch() {
  const wrap = (prototype, name, what) => {
    const method = prototype[name];
    if (method === undefined) return;
    prototype[name] = function (...given) {
      counted[what]++;
      return method.apply(this, given);
    };
  };
  wrap(IDBDatabase.prototype, "transaction", "transactions");
  for (const name of Object.values(REQUESTS).flat()) wrap(IDBObjectStore.prototype, name, "requests");
  for (const name of ["continue", "advance", "continuePrimaryKey"]) wrap(IDBCursor.prototype, name, "requests");
}

/**
 * @param {() => Promise<unknown>} call
 * @returns {Promise<[string, unknown]>} Transactions and requests of a call, and its result.
 */
async function counting(call) {
  Object.assign(counted, { transactions: 0, requests: 0 });
  const result = await call();
  return [{ ...counted }, result];
}

/**
 * @typedef {Record<string, Record<string, { transactions: number, requests: number }>>} Counts Of each call, by each
 *   contender.
 *
 * @returns {Promise<Counts>}
 */
export async function indexedDbRequests() {
  watch();
  const names = [OURS, ...RIVALS];
  const stores = openAll(names, "counted");
  const source = new Source(17);
  const counts = {};
  const first = source.batch(1, 4);
  for (const store of Object.values(stores)) await store.mset(first);
  // Nor is what comes behind an opening.
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const bytes of [1536, 6144]) {
    const batch = source.batch(COUNT, bytes);
    const single = source.batch(1, bytes);
    const missing = source.keys(COUNT);
    const ten = source.picks(10, COUNT);
    const calls = {
      [CALLS.mset]: (store) => store.mset(batch),
      [CALLS.mget]: (store) => store.mget(batch.keys),
      [CALLS.missing]: (store) => store.mget(missing),
      [READS.one]: (store) => store.mget([batch.keys[500]]),
      [READS.ten]: (store) => store.mget(ten.map((at) => batch.keys[at])),
      "one set": (store) => store.set(single.keys[0], single.values[0]),
      "one get": (store) => store.get(single.keys[0]),
    };
    for (const [label, call] of Object.entries(calls)) {
      const by = {};
      for (const name of names) {
        const [count, result] = await counting(() => call(stores[name]));
        if (label === CALLS.mget) check(name, result, batch.values);
        by[name] = count;
        // Nothing of one call is to be counted with the next.
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      counts[`${bytes === 1536 ? "1.5" : "6"} KB: ${label}`] = by;
    }
  }
  await closeAll(stores);
  return counts;
}
