// The contract on our stores in Node.

import test, { after } from "node:test";
import { byteStoreTests } from "bytestow/testing";
import { Results, SEED } from "./grid/record.mjs";
import { harnessOf } from "./grid/stores.mjs";

const STORES = [
  "memory",
  "memory, bounded",
  "wrapped Map",
  "wrapped reference store",
  "wrapped memory",
  "IndexedDB on fallback: memory",
];

const runtime = `node ${process.versions.node.split(".", 2).join(".")}`;
const results = new Results("node");
after(() => results.finish());

for (const store of STORES) {
  byteStoreTests(test, harnessOf(store, runtime), { seed: SEED, onResult: results.row(store, runtime) });
}
