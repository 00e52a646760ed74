// The rules on vector stores, on ours in workerd: over memory, servers of Upstash's protocol, tiers and LangChain's store;
// and across requests: none waits for what another one has begun, which may be over.

import assert from "node:assert/strict";
import test, { after, describe } from "node:test";
import { compatibilityDate as newest } from "workerd";
import { startRedis } from "../support/upstash/redis.mjs";
import { startServer } from "../support/upstash/server.mjs";
import { bundleWorker } from "./embeddings/bundle.mjs";
import { LANGCHAIN } from "./embeddings/caches.mjs";
import { startWorker } from "./grid/miniflare.mjs";
import { SEED } from "./grid/record.mjs";
import { onServers } from "./grid/rows.mjs";
import { VectorStoreResults, vectorStoreTestsElsewhere } from "./vectorstores/record.mjs";

const OLD = "2024-01-01";
/** What the runtime logs where requests have waited for one another, or something was thrown that nobody caught. */
const COMPLAINTS = /different request|never complete|hung|uncaught|unhandled/iu;

const results = new VectorStoreResults();
const modules = await bundleWorker("vectorstores/worker.mjs", import.meta.url);
const [strict, redis] = await Promise.all([startServer(), startRedis()]);
after(() => Promise.all([strict.close(), redis.close()]));
after(() => results.finish());

const alone = ["memory", "wrapped Map", LANGCHAIN].map((store) => ({ store }));
const served = onServers(strict, redis).map((row) => ({
  ...row,
  server: { ...row.server, row: `vectors ${row.store}` },
}));

for (const [date, rows] of [
  [newest, [...alone, ...served]],
  [OLD, alone],
]) {
  const runtime = `workerd ${date}`;

  describe(runtime, { timeout: 600_000 }, () => {
    let worker;
    const ask = async (...args) => {
      worker ??= startWorker(modules, date);
      return (await worker).ask(...args);
    };
    after(async () => (await worker)?.stop());

    describe("rule by rule", { concurrency: 4 }, () => {
      for (const row of rows) {
        const run = (rule) => ask("rule", { ...row, rule, seed: SEED, runtime });
        const tests = vectorStoreTestsElsewhere(`over ${row.store}`, results.row(row.store, runtime), run);
        describe(row.store, { concurrency: 1 }, () => {
          for (const { name, body } of tests) test(name, body);
        });
      }
    });

    test("nothing was thrown that nobody caught, and no request waited for another one", async () => {
      assert.doesNotMatch((await worker).said(), COMPLAINTS);
    });

    test("a search left by a request that returned at once stops no later request", { timeout: 30_000 }, async () => {
      const fresh = await startWorker(modules, date);
      try {
        assert.equal(await fresh.ask("leave", { call: "search", text: "a" }), "left");
        assert.deepEqual(await fresh.ask("call", { call: "search", text: "a" }), []);
        await fresh.ask("call", { call: "add", text: "a" });
        assert.equal(await fresh.ask("leave", { call: "search", text: "a" }), "left");
        assert.deepEqual(await fresh.ask("call", { call: "search", text: "a" }), ["a"]);
      } finally {
        await fresh.stop();
      }
      assert.doesNotMatch(fresh.said(), COMPLAINTS);
    });

    test("an add left by a request that returned at once stops no later add", { timeout: 120_000 }, async () => {
      const fresh = await startWorker(modules, date);
      try {
        await fresh.ask("call", { call: "add", text: "a" });
        assert.equal(await fresh.ask("leave", { call: "add", text: "b" }), "left");
        await fresh.ask("call", { call: "add", text: "c" });
        const found = await fresh.ask("call", { call: "search", text: "a" });
        assert.deepEqual(
          found.filter((text) => text !== "b"),
          ["a", "c"],
        );
      } finally {
        await fresh.stop();
      }
      assert.doesNotMatch(fresh.said(), COMPLAINTS);
    });

    test("requests at once are each answered", { timeout: 60_000 }, async () => {
      const fresh = await startWorker(modules, date);
      try {
        const texts = ["a", "b", "c", "d", "e"];
        await Promise.all(texts.map((text) => fresh.ask("call", { call: "add", text })));
        const found = await Promise.all([1, 2, 3, 4].map(() => fresh.ask("call", { call: "search", text: "a" })));
        for (const each of found) assert.deepEqual(each, texts);
      } finally {
        await fresh.stop();
      }
      assert.doesNotMatch(fresh.said(), COMPLAINTS);
    });
  });
}
