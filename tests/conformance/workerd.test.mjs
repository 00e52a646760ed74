// The contract on our stores in workerd, by Miniflare, servers of Upstash's protocol included; and what only workerd has:
// a promise made in one request never settles in another once the first is over.

import assert from "node:assert/strict";
import test, { after, describe } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { compatibilityDate as newest } from "workerd";
import { startRedis } from "../support/upstash/redis.mjs";
import { startServer } from "../support/upstash/server.mjs";
import { bundleWorker, startWorker } from "./grid/miniflare.mjs";
import { Results, SEED, testsElsewhere } from "./grid/record.mjs";
import { ALONE, onServers } from "./grid/rows.mjs";
import { Turns } from "./grid/turns.mjs";

const OLD = "2024-01-01";
const results = new Results("workerd");
const modules = await bundleWorker();
const [strict, redis] = await Promise.all([startServer(), startRedis()]);
/** One that takes its time, so that a request can be left before the answer is there. */
const slow = await startServer({ latency: 60 });
after(() => Promise.all([strict.close(), redis.close(), slow.close()]));

/** What the runtime logs where requests have waited for one another, or something was thrown that nobody caught. */
const COMPLAINTS = /different request|never complete|hung|uncaught|unhandled/iu;

test("the Worker takes the wasm as a module, and has none of its own inlined", () => {
  const [script, ...others] = modules;
  assert.deepEqual(
    others.map(({ type, path }) => [type, path]),
    [["CompiledWasm", "bytestow_wasm_bg.wasm"]],
  );
  assert.doesNotMatch(script.contents, /H4sI|DecompressionStream/u);
});

for (const date of [OLD, newest]) {
  const runtime = `workerd ${date}`;

  describe(runtime, { timeout: 900_000 }, () => {
    let worker;
    const ask = async (...args) => {
      worker ??= await startWorker(modules, date);
      return worker.ask(...args);
    };
    after(() => worker?.stop());

    for (const store of ALONE) {
      const run = (rule) => ask("rule", { store, rule, seed: SEED, runtime });
      for (const { name, body } of testsElsewhere(store, results.row(store, runtime), run)) test(name, body);
    }

    test("IndexedDB is not there: every call is refused as unavailable", async () => {
      results.absent("IndexedDB", runtime, await ask("refusals"));
    });

    test("the wasm is instantiated by the first call, at once, and never again", async () => {
      await inFreshWorker(async (fresh) => {
        assert.deepEqual(await fresh("instances"), { synchronous: 0, asynchronous: 0 });
        assert.deepEqual(await fresh("firstCall", { store: "memory" }), {
          before: { synchronous: 0, asynchronous: 0 },
          after: { synchronous: 1, asynchronous: 0 },
          inTheEnd: { synchronous: 1, asynchronous: 0 },
        });
        await fresh("firstCall", { store: "wrapped Map" });
        assert.deepEqual(await fresh("instances"), { synchronous: 1, asynchronous: 0 });
      });
    });

    test("what the next tests are about: a promise of a request that is over settles in no other", async () => {
      await inFreshWorker(async (fresh) => {
        assert.equal(await fresh("leaveFlight"), "left");
        await assert.rejects(settles(fresh("joinFlight"), "joinFlight", 1_000), /not settled|hang|hung/u);
      });
    });

    const turns = new Turns();
    describe("on servers", { concurrency: 2 }, () => {
      for (const { store, kind, server } of onServers(strict, redis)) {
        const given = { store, kind, seed: SEED, runtime, server: { ...server, row: store } };
        const run = (rule) => ask("rule", { ...given, rule });
        const tests = testsElsewhere(store, results.row(store, runtime), run);
        describe(store, () => {
          for (const { name, body } of tests) turns.test(name, body);
        });
      }
    });
    turns.finish();

    const shared = ["memory", "wrapped Map", "wrapped store that takes time", "IndexedDB on fallback: memory"];
    for (const store of shared) testsAcrossRequests(store);

    // These wait for what a server takes, and for calls that are given up: several at once.
    describe("across requests, on a server", { concurrency: 6 }, () => {
      const onServer = ["Upstash", "tiered: memory, Upstash", "tiered: store that takes time, Upstash"];
      for (const store of [...onServer, "tiered, its write-backs dropped"]) testsAcrossRequests(store);

      for (const handed of [true, false]) {
        const what = handed ? "is handed to waitUntil: the response does not wait for it" : "is waited for otherwise";
        test(`a write-back ${what}, and is done`, async () => {
          await inFreshWorker(async (fresh) => {
            const read = await settles(fresh("readThrough", { handed }), "readThrough");
            assert.deepEqual(read, { got: [1, 2, 3], local: !handed });
            for (let turn = 0; turn < 50 && !(await fresh("isLocal")); turn++) await sleep(50);
            assert.equal(await fresh("isLocal"), true);
          });
        });
      }
    });

    function testsAcrossRequests(store) {
      for (const left of ["mget", "mset", "mdelete", "stat", "yieldKeys", "clear", "capabilities"]) {
        test(`${store}: ${left} left by a request that returned at once stops no later request`, async () => {
          await inFreshWorker(async (fresh) => {
            assert.equal(await fresh("leave", { store, call: left }), "left");
            // The very key first, read: a call of the same shape could be joined to the one that was left.
            for (const call of ["mget", "stat", "yieldKeys", "mset", "mdelete", "clear", "capabilities"]) {
              await settles(fresh("settle", { store, call }), `${call} after ${left} was left`);
            }
            assert.deepEqual(await settles(fresh("setAndGet", { store }), "mset, mget"), [1, 2, 3]);
            await settles(fresh("settle", { store, call: "close" }), "close");
          });
        });
      }

      test(`${store}: requests at once, all on one key`, async () => {
        await inFreshWorker(async (fresh) => {
          const calls = [
            "mset",
            "mget",
            "yieldKeys",
            "mset",
            "stat",
            "mget",
            "mdelete",
            "mset",
            "mget",
            "capabilities",
          ];
          const requests = calls.map((call) => settles(fresh("settle", { store, call }), `${call} beside others`));
          await Promise.all(requests);
          assert.deepEqual(await settles(fresh("setAndGet", { store }), "mset, mget"), [1, 2, 3]);
        });
      });
    }

    /** Works with an isolate that nothing has been called in, and a database of its own; looks at what it has logged. */
    async function inFreshWorker(work) {
      const upstash = { url: slow.url, token: `${slow.token}:${crypto.randomUUID()}` };
      const fresh = await startWorker(modules, date, upstash);
      try {
        await work(fresh.ask);
      } finally {
        await fresh.stop();
      }
      assert.doesNotMatch(fresh.said(), COMPLAINTS);
    }
  });
}

after(() => results.finish());

/** The result of a request that must come: one that hangs would keep the runner for ever. */
async function settles(request, what, ms = 5_000) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: has not settled`)), ms);
  });
  try {
    return await Promise.race([request, late]);
  } finally {
    clearTimeout(timer);
  }
}
