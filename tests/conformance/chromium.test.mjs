// The contract on our stores in Chromium, on a profile that persists: in a tab, in a dedicated worker, and in two tabs
// at once. Where a rule wants another handle on a database, that handle is in another tab.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test, { after, before, describe } from "node:test";
import { executable, newProfile, openProfile } from "../support/chromium.mjs";
import { bundle, page, serveFiles } from "../support/site.mjs";
import { Results, SEED, testsElsewhere } from "./grid/record.mjs";

const version = execFileSync(executable(), ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
const runtime = `chromium ${/\d+/u.exec(version)?.[0]}`;
const results = new Results("chromium");
const RULES_WITH_ANOTHER_HANDLE = ["W4-shared-writes", "W7-atomic-batch", "W8-concurrent-writers"];

describe("the contract in Chromium", { timeout: 600_000 }, () => {
  let server, profile, context;
  const tabs = {};
  /** What went wrong in the tabs that nobody awaited. */
  const uncaught = [];

  before(async () => {
    server = await serveFiles({
      "/": page("page.js"),
      "/page.js": await bundle("grid/page.mjs", import.meta.url),
      "/worker.js": await bundle("grid/worker.mjs", import.meta.url),
    });
    profile = await newProfile();
    context = await openProfile(profile);
    for (const name of ["one", "two"]) tabs[name] = await newTab(name);
  });

  after(async () => {
    results.finish();
    await context?.close();
    await server?.close();
    await profile?.remove();
  });

  for (const store of ["memory", "memory, bounded", "wrapped Map", "wrapped reference store", "IndexedDB"]) {
    const tests = testsElsewhere(store, results.row(store, runtime), ruleIn("one", store));
    for (const { name, body } of tests) test(name, body);
  }

  test("where a rule wanted another handle, it was in the other tab", async () => {
    const answers = () => tabs.two.evaluate(() => globalThis.grid.answers());
    for (const rule of RULES_WITH_ANOTHER_HANDLE) {
      const before = await answers();
      await ruleIn("one", "IndexedDB")(rule);
      assert.ok((await answers()) > before, rule);
    }
  });

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

  /** Runs rules on a store in a tab, the other tab being its peer. */
  function ruleIn(tab, store, where = runtime, run = "runTask") {
    const peer = tab === "one" ? "two" : "one";
    return (rule) => {
      const task = { store, rule, runtime: where, seed: SEED, tab, peer };
      return tabs[tab].evaluate(([method, given]) => globalThis.grid[method](given), [run, task]);
    };
  }
});
