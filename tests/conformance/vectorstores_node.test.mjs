// The rules on vector stores, on ours in Node: over memory, over stores of others, and over servers of Upstash's protocol:
// a strict one of ours, and a real Redis.

import test, { after, describe } from "node:test";
import { vectorStoreTests } from "bytestow/testing";
import { LANGCHAIN } from "./embeddings/caches.mjs";
import { SEED } from "./grid/record.mjs";
import { VECTORSTORES } from "./kits/kits.mjs";
import { KitResults } from "./kits/record.mjs";
import { rowsOnServers, startServers } from "./kits/servers.mjs";
import { vectorStoreOver } from "./vectorstores/stores.mjs";

const here = { runtime: `node ${process.versions.node.split(".", 2).join(".")}` };
const results = new KitResults(VECTORSTORES);
after(() => results.finish());

for (const store of ["memory", "wrapped Map", LANGCHAIN]) register({ store });

describe("on servers", { concurrency: 4, timeout: 1_200_000 }, async () => {
  const { strict, redis, close } = await startServers();
  after(close);
  for (const row of rowsOnServers(VECTORSTORES, strict, redis)) {
    describe(row.store, { concurrency: 1 }, () => register(row));
  }
});

function register(row) {
  const harness = vectorStoreOver(row, here);
  vectorStoreTests(test, harness, { seed: SEED, onResult: results.row(row.store, here.runtime) });
}
