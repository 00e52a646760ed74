/** What the pages of the tests work with. */

import * as bytestow from "bytestow";

/** A promise's end, as it can leave the page. */
async function outcome(promise) {
  try {
    return { value: await promise };
  } catch (error) {
    const { name, code, message, retryable, cause } = Object(error);
    return {
      error: { name, code, message, retryable, cause: cause && `${cause.name}: ${cause.message}`, text: String(error) },
    };
  }
}

async function all(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

/** `count` pairs whose values are `size` bytes of `fill`. */
function pairs(count, size, fill, prefix = "k") {
  return Array.from({ length: count }, (_, at) => [
    `${prefix}${String(at).padStart(6, "0")}`,
    new Uint8Array(size).fill(fill),
  ]);
}

/** A database of another program's. */
function foreignDatabase(name, version, stores) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = () => {
      for (const store of stores) request.result.createObjectStore(store).put("theirs", "key");
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
  });
}

/** The result of a request of IndexedDB's. */
function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Lets `work` at an object store of the database `name`, behind the back of every store. */
async function change(name, store, work) {
  const database = await asked(indexedDB.open(name));
  const tx = database.transaction(store, "readwrite");
  const ended = new Promise((resolve, reject) => {
    tx.oncomplete = resolve;
    tx.onabort = () => reject(tx.error);
  });
  const result = await work(tx.objectStore(store), asked);
  await ended;
  database.close();
  return result;
}

/** Counts the transactions that this page begins from now on, by mode. */
function countTransactions() {
  const counts = { readonly: 0, readwrite: 0 };
  const begin = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (...args) {
    counts[args[1] ?? "readonly"]++;
    return begin.apply(this, args);
  };
  return counts;
}

const events = [];
const onEvent = (event) => events.push(event);

Object.assign(globalThis, { bytestow, outcome, all, pairs, foreignDatabase, change, countTransactions });
Object.assign(globalThis, { events, onEvent, ready: true });
