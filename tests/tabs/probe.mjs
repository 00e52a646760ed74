/** What a page of these suites works with; the same script is that of its worker. */

import { IndexedDBByteStore } from "bytestow";
import { Actor } from "./actor.mjs";
import { readDatabase } from "./database.mjs";
import { Saver } from "./saver.mjs";
import { makeValue, readValue } from "./values.mjs";

let actor, saver, worker;

const calls = {
  /** Begins a tab's part in a history. */
  begin: (options) => {
    // As on pages that are not secure contexts.
    if (options.locks === false) Object.defineProperty(navigator, "locks", { value: undefined });
    actor = new Actor(options);
  },
  work: (rounds) => actor.work(rounds),
  told: () => actor.told(),
  states: () => actor.states(),
  keys: () => actor.keys(),
  deleteAll: () => actor.deleteAll(),
  end: () => actor.close(),
  /** Looks at what a killed browser has left, and goes on. */
  resume: (options) => {
    saver = new Saver(options);
    return saver.found();
  },
  found: () => saver.found(),
  save: (options) => saver.save(options),
  empty: () => saver.empty(),
  look,
};

/** What the database is, as it stands there. */
async function look(name) {
  const { entries, segments, needed, lost, log } = await readDatabase(name);
  const orphans = segments.filter((segment) => !needed.includes(segment));
  const missing = needed.filter((segment) => !segments.includes(segment));
  return { entries: entries.size, segments: segments.length, needed: needed.length, orphans, missing, lost, log };
}

/** From here on, `run` is the worker's. */
function moveToWorker() {
  worker = new Worker("/probe.js", { type: "module" });
}

/** Does one of the calls, here or in the worker. */
function run(call, argument) {
  if (!worker) return calls[call](argument);
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.result));
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage([call, argument]);
  });
}

/** A store, and what writes and reads batches whose keys have a prefix and whose values a number. */
function handle(name, options = {}) {
  const events = [];
  const store = new IndexedDBByteStore({ name, ...options, onEvent: (event) => events.push(event) });
  const keysOf = (prefix, count) => Array.from({ length: count }, (_, at) => `${prefix}/${at}`);
  return {
    store,
    told: (type) => events.filter((event) => event.type === type),
    /** One call: `[prefix, how many, number, size]` of each batch in it. */
    save: (...batches) =>
      store.mset(
        batches.flatMap(([prefix, count, number, size = 1_000]) =>
          keysOf(prefix, count).map((key) => [key, makeValue(key, 1, number, [size, size])]),
        ),
      ),
    /** How many keys of a batch have which number, or are missing. */
    async found(prefix, count) {
      const keys = keysOf(prefix, count);
      const counts = {};
      for (const [at, value] of (await store.mget(keys)).entries()) {
        const number = value ? readValue(keys[at], value).number : "missing";
        counts[number] = (counts[number] ?? 0) + 1;
      }
      return counts;
    },
  };
}

/**
 * What the browser says if it found the database damaged, and deleted it; `undefined` where it is there.
 * @throws It is gone, and the browser says nothing of that.
 */
async function damage(name) {
  for (let tries = 1; ; tries++) {
    const { isThere, gone, error } = await new Promise((resolve) => {
      const request = indexedDB.open(name);
      let gone;
      request.onupgradeneeded = ({ dataLoss, dataLossMessage }) => {
        gone = dataLoss === "total" ? dataLossMessage : undefined;
        // It stays away.
        request.transaction.abort();
      };
      request.onsuccess = () => {
        request.result.close();
        resolve({ isThere: true });
      };
      request.onerror = () => resolve({ gone, error: request.error });
    });
    if (isThere) return undefined;
    if (gone) return gone;
    // What Chromium finds damaged may first fail to open.
    if (error.name !== "UnknownError" || tries > 1) throw new Error(`the database does not open: ${error}`);
  }
}

/** Deletes a database as another program would. */
function remove(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
    // It waits for those who have it open, who give it up at once.
    setTimeout(() => reject(new Error("the deletion is blocked")), 10_000);
  });
}

/** A call's end, as it can leave the page. */
async function outcome(promise) {
  try {
    return { value: await promise };
  } catch (error) {
    return { code: error.code, message: String(error) };
  }
}

Object.assign(globalThis, { IndexedDBByteStore, makeValue, readValue, readDatabase });
Object.assign(globalThis, { damage, handle, look, run, moveToWorker, outcome, remove, ready: true });

if (typeof document === "undefined") {
  addEventListener("message", async ({ data: [call, argument] }) => {
    try {
      postMessage({ result: await calls[call](argument) });
    } catch (error) {
      postMessage({ error: `${error?.stack ?? error}` });
    }
  });
}
