// The rules on embeddings caches, on ours in workerd, where calls share nothing: over memory, servers of Upstash's
// protocol, tiers and LangChain's store; and across requests: none waits for what another one asks for.

import assert from "node:assert/strict";
import test, { after, describe } from "node:test";
import { compatibilityDate as newest } from "workerd";
import { startRedis } from "../support/upstash/redis.mjs";
import { startServer } from "../support/upstash/server.mjs";
import { bundleWorker } from "./embeddings/bundle.mjs";
import { LANGCHAIN } from "./embeddings/caches.mjs";
import { CacheResults, cacheTestsElsewhere } from "./embeddings/record.mjs";
import { startWorker } from "./grid/miniflare.mjs";
import { SEED } from "./grid/record.mjs";
import { onServers } from "./grid/rows.mjs";

const OLD = "2024-01-01";
/** What the runtime logs where requests have waited for one another, or something was thrown that nobody caught. */
const COMPLAINTS = /different request|never complete|hung|uncaught|unhandled/iu;

const results = new CacheResults();
const modules = await bundleWorker();
const [strict, redis] = await Promise.all([startServer(), startRedis()]);
after(() => Promise.all([strict.close(), redis.close()]));
after(() => results.finish());

const alone = ["memory", "wrapped Map", LANGCHAIN].map((store) => ({ store }));
const served = onServers(strict, redis).map((row) => ({
  ...row,
  server: { ...row.server, row: `embeddings ${row.store}` },
}));

for (const [date, rows] of [
  [newest, [...alone, ...served]],
  [OLD, alone],
]) {
  const runtime = `workerd ${date}`;

  describe(runtime, { timeout: 300_000 }, () => {
    let worker;
    const ask = async (...args) => {
      worker ??= startWorker(modules, date);
      return (await worker).ask(...args);
    };
    after(async () => (await worker)?.stop());

    describe("rule by rule", { concurrency: 4 }, () => {
      for (const row of rows) {
        const run = (rule) => ask("rule", { ...row, rule, seed: SEED, runtime, shares: false });
        const tests = cacheTestsElsewhere(`cache over ${row.store}`, results.row(row.store, runtime), run);
        describe(row.store, { concurrency: 1 }, () => {
          for (const { name, body } of tests) test(name, body);
        });
      }
    });

    test("nothing was thrown that nobody caught, and no request waited for another one", async () => {
      assert.doesNotMatch((await worker).said(), COMPLAINTS);
    });

    for (const call of ["documents", "query"]) {
      test(`a call for ${call} left by a request that returned at once stops no later request`, {
        timeout: 30_000,
      }, async () => {
        const fresh = await startWorker(modules, date);
        try {
          assert.equal(await fresh.ask("leave", { call, text: "left" }), "left");
          const vector = await fresh.ask("call", { call, text: "left" });
          assert.deepEqual(vector.flat(), [4, call === "query" ? 2 : 1]);
          assert.equal(await fresh.ask("asked"), 2, "the later request asks for itself");
          // What the later one has stored, a third finds.
          await fresh.ask("call", { call, text: "left" });
          assert.equal(await fresh.ask("asked"), 2);
        } finally {
          await fresh.stop();
        }
        assert.doesNotMatch(fresh.said(), COMPLAINTS);
      });

      test(`requests at once, all for the same ${call}, are each answered`, { timeout: 30_000 }, async () => {
        const fresh = await startWorker(modules, date);
        try {
          const ends = await Promise.all([1, 2, 3, 4].map(() => fresh.ask("call", { call, text: "at once" })));
          for (const vector of ends) assert.deepEqual(vector.flat(), [7, call === "query" ? 2 : 1]);
        } finally {
          await fresh.stop();
        }
        assert.doesNotMatch(fresh.said(), COMPLAINTS);
      });
    }
  });
}
