/** What a page of these suites works with; the same script is that of its worker. */

import { IndexedDBByteStore } from "bytestow";
import { Actor } from "./actor.mjs";
import { readDatabase } from "./database.mjs";

let actor, worker;

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
  look,
};

/** What the database is, as it stands there. */
async function look(name) {
  const { entries, segments, needed, log } = await readDatabase(name);
  const orphans = segments.filter((segment) => !needed.includes(segment));
  const missing = needed.filter((segment) => !segments.includes(segment));
  return { entries: entries.size, segments: segments.length, needed: needed.length, orphans, missing, log };
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

/** A call's end, as it can leave the page. */
async function outcome(promise) {
  try {
    return { value: await promise };
  } catch (error) {
    return { code: error.code, message: String(error) };
  }
}

Object.assign(globalThis, { IndexedDBByteStore, readDatabase, look, run, moveToWorker, outcome, ready: true });

if (typeof document === "undefined") {
  addEventListener("message", async ({ data: [call, argument] }) => {
    try {
      postMessage({ result: await calls[call](argument) });
    } catch (error) {
      postMessage({ error: `${error?.stack ?? error}` });
    }
  });
}
