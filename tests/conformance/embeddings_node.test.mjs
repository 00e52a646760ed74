// The rules on embeddings caches, on ours in Node: over memory, over stores of others, and over servers of Upstash's
// protocol: a strict one of ours, and a real Redis.

import test, { after, describe } from "node:test";
import { embeddingsCacheTests } from "bytestow/testing";
import { startRedis } from "../support/upstash/redis.mjs";
import { startServer } from "../support/upstash/server.mjs";
import { cacheOver, LANGCHAIN } from "./embeddings/caches.mjs";
import { SEED } from "./grid/record.mjs";
import { EMBEDDINGS } from "./kits/kits.mjs";
import { KitResults } from "./kits/record.mjs";
import { rowsOnServers } from "./kits/servers.mjs";

const here = { runtime: `node ${process.versions.node.split(".", 2).join(".")}`, shares: true };
const results = new KitResults(EMBEDDINGS);
after(() => results.finish());

for (const store of ["memory", "wrapped Map", LANGCHAIN]) register(cacheOver({ store }, here), store);

// As an application makes it that comes from LangChain.
register(cacheOver({ store: "memory" }, { ...here, dropIn: true }), "memory, fromBytesStore");

describe("on servers", { concurrency: 4, timeout: 900_000 }, async () => {
  // A strict server for each of its rows: it goes by the clock of the rule that runs there.
  const [first, second, redis] = await Promise.all([startServer(), startServer(), startRedis()]);
  after(() => Promise.all([first.close(), second.close(), redis.close()]));
  const strict = [first, second];
  for (const { store, kind, server } of rowsOnServers(EMBEDDINGS, first, redis)) {
    const own = server.url === first.url && strict.pop();
    const place = { ...server, ...(own && { url: own.url }) };
    const harness = cacheOver({ store, kind, server: place }, here);
    describe(store, { concurrency: 1 }, () => register(own ? turned(harness, own) : harness, store));
  }
});

function register(harness, store) {
  embeddingsCacheTests(test, harness, { seed: SEED, onResult: results.row(store, here.runtime) });
}

/** The harness, its server going by the clock of the kit: one rule runs at a time. */
function turned(harness, server) {
  return {
    ...harness,
    clock: "injected",
    store(backend, options) {
      server.set({ now: options.now ?? Date.now });
      return harness.store(backend, options);
    },
  };
}
