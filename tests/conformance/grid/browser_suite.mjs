// The contract on our stores in a browser, on a profile that persists: in a tab, in a dedicated worker, and in two tabs
// at once. Where a rule wants another handle on a database, that handle is in another tab. Servers of Upstash's protocol
// stand behind proxies on the page's own origin, which add the token; one row goes straight to another origin.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { newProfile } from "../../support/chromium.mjs";
import { bundle, page, serveFiles } from "../../support/site.mjs";
import { forward } from "../../support/upstash/proxy.mjs";
import { startRedis } from "../../support/upstash/redis.mjs";
import { startServer } from "../../support/upstash/server.mjs";
import { Results, SEED, testsElsewhere } from "./record.mjs";
import { Turns } from "./turns.mjs";

/** Stores that need nothing behind them. */
const ALONE = [
  "memory",
  "memory, bounded",
  "wrapped Map",
  "wrapped reference store",
  "IndexedDB",
  "IndexedDB, bounded",
];

/** Rows over servers: by which way. */
const ON_SERVERS = [
  { store: "Upstash", kind: "Upstash", way: "strict" },
  { store: "Upstash, another origin", kind: "Upstash", way: "straight" },
  { store: "Upstash, real Redis", kind: "Upstash", way: "redis" },
  { store: "tiered: IndexedDB, Upstash", kind: "tiered: IndexedDB, Upstash", way: "strict" },
  { store: "tiered: IndexedDB, Upstash, real Redis", kind: "tiered: IndexedDB, Upstash", way: "redis" },
];
const RULES_WITH_ANOTHER_HANDLE = ["W4-shared-writes", "W7-atomic-batch", "W8-concurrent-writers"];

/**
 * Registers the suite. `open` opens a browser on a profile: `{ newPage, close }`, its pages those of Playwright or Puppeteer.
 *
 * @param {{ name: string, runtime: string, open: (profile: { path: string }) => Promise<object> }} browser
 */
export function contractIn({ name: browserName, runtime, open }) {
  const results = new Results(browserName);
  describe(`the contract in ${browserName}`, { timeout: 900_000 }, () => {
    let server, profile, context, strict, redis;
    const tabs = {};
    /** What went wrong in the tabs that nobody awaited. */
    const uncaught = [];

    before(async () => {
      strict = await startServer();
      redis = await startRedis();
      const files = {
        "/": page("page.js"),
        "/page.js": await bundle("page.mjs", import.meta.url),
        "/worker.js": await bundle("worker.mjs", import.meta.url),
      };
      server = await serveFiles(files, {
        strict: byDatabase((name) => forward(strict.url, { token: `${strict.token}:${name}` })),
        redis: byDatabase((number) => forward(redis.url(number), { token: redis.token })),
      });
      profile = await newProfile();
      context = await open(profile);
      for (const name of ["one", "two"]) tabs[name] = await newTab(name);
    });

    after(async () => {
      results.finish();
      await context?.close();
      await server?.close();
      await strict?.close();
      await redis?.close();
      await profile?.remove();
    });

    for (const store of ALONE) {
      const tests = testsElsewhere(store, results.row(store, runtime), ruleIn("one", store));
      for (const { name, body } of tests) test(name, body);
    }

    test("where a rule wanted another handle, it was in the other tab", () => toOtherTab(ruleIn("one", "IndexedDB")));

    const inWorker = `${runtime}, dedicated worker`;
    const workerTests = testsElsewhere(
      "IndexedDB in a worker",
      results.row("IndexedDB", inWorker),
      ruleIn("one", "IndexedDB", inWorker, "runTaskInWorker"),
    );
    for (const { name, body } of workerTests) test(name, body);

    for (const store of ["IndexedDB", "IndexedDB, one database"]) {
      test(`${store}: in two tabs at once`, { concurrency: 2 }, async (t) => {
        const all = Object.keys(tabs).map(async (tab) => {
          const where = `${runtime}, tab ${tab} of two at once`;
          const tests = testsElsewhere(`${store}, tab ${tab}`, results.row(store, where), ruleIn(tab, store, where));
          // Backwards in one of them, so that rules meet that do different things.
          for (const { name, body } of tab === "one" ? tests : tests.toReversed()) await t.test(name, body);
        });
        await Promise.all(all);
      });
    }

    const turns = new Turns();
    describe("on servers", { concurrency: 2 }, () => {
      for (const { store, kind, way } of ON_SERVERS) {
        const run = (rule) => ruleIn("one", store, runtime, "runTask", { kind, server: serverBy(way, store) })(rule);
        const tests = testsElsewhere(store, results.row(store, runtime), run);
        describe(store, () => {
          for (const { name, body } of tests) turns.test(name, body);
        });
      }
    });
    turns.finish();

    test("tiers: where a rule wanted another handle, it was in the other tab", async () => {
      const kind = "tiered: IndexedDB, Upstash";
      await toOtherTab(ruleIn("one", kind, runtime, "runTask", { kind, server: serverBy("strict", kind) }));
    });

    test("no rule has left anything behind", async () => {
      assert.deepEqual(await tabs.one.evaluate(() => globalThis.grid.leftInOneDatabase()), []);
      assert.deepEqual(await tabs.one.evaluate(() => globalThis.grid.databases()), ["bytestow-grid"]);
    });

    test("nothing was thrown that nobody caught", () => {
      assert.deepEqual(uncaught, []);
    });

    async function newTab(name) {
      const tab = await context.newPage();
      tab.on("pageerror", (error) => uncaught.push(`${name}: ${error.message}`));
      await tab.goto(server.url);
      await tab.waitForFunction(() => globalThis.grid !== undefined);
      await tab.evaluate((own) => globalThis.grid.answer(own), name);
      return tab;
    }

    /** Looks whether rules that `run` runs in the first tab ask the other one. */
    async function toOtherTab(run) {
      const answers = () => tabs.two.evaluate(() => globalThis.grid.answers());
      for (const rule of RULES_WITH_ANOTHER_HANDLE) {
        const before = await answers();
        await run(rule);
        assert.ok((await answers()) > before, rule);
      }
    }

    /** A server as a page is told of it. Only another origin's has a token: none belongs in a page that has a proxy. */
    function serverBy(way, row) {
      if (way === "straight") return { url: strict.url, token: strict.token, databases: "token", row };
      return { url: way, token: null, databases: way === "redis" ? "number" : "path", row };
    }

    /** Runs rules on a store in a tab, the other tab being its peer. */
    function ruleIn(tab, store, where = runtime, run = "runTask", place = {}) {
      const peer = tab === "one" ? "two" : "one";
      return (rule) => {
        const task = { store, rule, runtime: where, seed: SEED, tab, peer, ...place };
        return tabs[tab].evaluate(([method, given]) => globalThis.grid[method](given), [run, task]);
      };
    }
  });
}

/** A handler that takes the database from the path, and gives the rest of it to that database's own. */
function byDatabase(handlerOf) {
  return (request, response, path) => {
    const [, name, rest] = /^\/([^/?]+)(.*)$/u.exec(path);
    handlerOf(name)(request, response, rest === "" ? "/" : rest);
  };
}
