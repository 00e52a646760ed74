// The rules on vector stores, on ours in Node: over memory, over stores of others, and over servers of Upstash's protocol:
// a strict one of ours, and a real Redis.

import test, { after, describe } from "node:test";
import { vectorStoreTests } from "bytestow/testing";
import { startRedis } from "../support/upstash/redis.mjs";
import { startServer } from "../support/upstash/server.mjs";
import { LANGCHAIN } from "./embeddings/caches.mjs";
import { SEED } from "./grid/record.mjs";
import { onServers } from "./grid/rows.mjs";
import { VectorStoreResults } from "./vectorstores/record.mjs";
import { vectorStoreOver } from "./vectorstores/stores.mjs";

const here = { runtime: `node ${process.versions.node.split(".", 2).join(".")}` };
const results = new VectorStoreResults();
after(() => results.finish());

for (const store of ["memory", "wrapped Map", LANGCHAIN]) register({ store });

describe("on servers", { concurrency: 4, timeout: 600_000 }, async () => {
  const [strict, redis] = await Promise.all([startServer(), startRedis()]);
  after(() => Promise.all([strict.close(), redis.close()]));
  for (const { store, kind, server } of onServers(strict, redis)) {
    const row = { store, kind, server: { ...server, row: `vectors ${store}` } };
    describe(store, { concurrency: 1 }, () => register(row));
  }
});

function register(row) {
  const harness = vectorStoreOver(row, here);
  vectorStoreTests(test, harness, { seed: SEED, onResult: results.row(row.store, here.runtime) });
}
