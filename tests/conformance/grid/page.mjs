// What a tab of the grid offers to the test that drives it.

import { IndexedDBByteStore } from "bytestow";
import { ONE_DATABASE, runTask } from "./browser.mjs";
import { answer, answers } from "./tabs.mjs";

const worker = new Worker("worker.js", { type: "module" });
const waiting = new Map();
worker.addEventListener("message", ({ data: { id, result } }) => {
  waiting.get(id)(result);
  waiting.delete(id);
});

globalThis.grid = {
  answer,
  answers,
  runTask,
  /** The same in this page's dedicated worker. */
  runTaskInWorker: (task) =>
    new Promise((resolve) => {
      const id = crypto.randomUUID();
      waiting.set(id, resolve);
      worker.postMessage({ id, task });
    }),
  /** What has been left in the database that all tabs use at once. */
  leftInOneDatabase: () => Array.fromAsync(new IndexedDBByteStore({ name: ONE_DATABASE }).yieldKeys()),
  /** The databases of this origin. */
  databases: async () => (await indexedDB.databases()).map(({ name }) => name),
};
