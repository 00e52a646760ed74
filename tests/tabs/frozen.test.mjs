/** A tab that Chromium freezes while another one goes on: what it knew is long gone when it wakes up. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { newProfile } from "../support/chromium.mjs";
import { open, run, site } from "./browsers.mjs";

/** Rows of two checkpoints and more: the second one drops what the first one holds. */
const ROWS = 1_300;

/** A hidden tab paints no frame to look at. */
const HIDDEN = { polling: 100 };

describe("a tab of Chromium that was frozen", { timeout: 900_000 }, () => {
  let server, profile, browser;
  before(async () => {
    server = await site();
    profile = await newProfile();
    browser = await open("Chromium with hidden tabs", profile, server.url);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    await profile?.remove();
    assert.deepEqual(browser?.complaints, []);
  });

  for (const memoryBytes of [8_388_608, 0]) {
    test(`reads what is there now (memoryBytes: ${memoryBytes})`, async () => {
      const [sleeper, other] = [await browser.tab(), await browser.tab()];
      const name = `frozen ${memoryBytes}`;
      for (const tab of [sleeper, other]) await tab.evaluate(begin, { name, memoryBytes });
      await sleeper.evaluate(prepare);
      const before = await run(other, "look", name);

      const devtools = await freeze(sleeper);
      const frozenAt = await sleeper.evaluate(() => ticks);
      const limit = sleep(30_000, "others wait for the tab that is frozen", { ref: false });
      assert.equal(await Promise.race([other.evaluate(change, ROWS), limit]), undefined);
      assert.equal(await sleeper.evaluate(() => ticks), frozenAt, "it was not frozen");
      const { lost, missing } = await until(async () => {
        const now = await run(other, "look", name);
        return now.log.trim > before.log.last && now;
      }, "rows that the sleeper knew are still there");
      assert.deepEqual([lost, missing], [[], []]);
      const compactions = await other.evaluate(() => told("compact").length);
      assert.ok(compactions >= 2, `compactions: ${compactions}`);

      await devtools.send("Page.setWebLifecycleState", { state: "active" });
      const expected = {
        kept: { 1: 700 },
        renewed: { 2: 700 },
        gone: { missing: 700 },
        thinned: { 1: 70, missing: 630 },
        row: { 1: ROWS },
      };
      for (const tab of [sleeper, sleeper, other]) assert.deepEqual(await tab.evaluate(look, ROWS), expected);
      // Keys that were there throughout came in its listing, those that another tab renewed among them.
      const listed = await sleeper.evaluate(finish);
      assert.deepEqual(listed, { kept: 700, renewed: 700, twice: 0 });
      assert.deepEqual(await sleeper.evaluate(() => told("corrupt")), []);
      // It goes on as before.
      await sleeper.evaluate(() => save(["kept", 700, 3]));
      assert.deepEqual(await other.evaluate(() => found("kept", 700)), { 3: 700 });
      await sleeper.close();
      await other.close();
    });
  }

  test("holds up nobody who deletes the database, and hears again of others when it wakes up", async () => {
    const [sleeper, other] = [await browser.tab(), await browser.tab()];
    for (const tab of [sleeper, other]) await tab.evaluate(begin, { name: "deleted" });
    await sleeper.evaluate(() => {
      document.addEventListener("resume", () => {
        globalThis.isAwake = true;
      });
      return save(["before", 3, 1]);
    });
    const devtools = await freeze(sleeper);
    await other.evaluate(() => remove("deleted"));
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await sleeper.waitForFunction(() => globalThis.isAwake, HIDDEN);
    await other.evaluate(() => save(["after", 3, 1]));
    await sleeper.waitForFunction(() => told("change").length > 0, HIDDEN);
    assert.deepEqual(await sleeper.evaluate(() => found("before", 3)), { missing: 3 });
    assert.deepEqual(await sleeper.evaluate(() => found("after", 3)), { 1: 3 });
    await sleeper.close();
    await other.close();
  });
});

/** What `work` gives, once that is something: maintenance comes behind the calls. */
async function until(work, otherwise) {
  for (let times = 0; times < 100; times++) {
    const found = await work();
    if (found) return found;
    await sleep(100);
  }
  throw new Error(otherwise);
}

/** Freezes `tab` when its maintenance has ended: Chromium itself freezes no tab with a lock or a transaction in others' way. */
async function freeze(tab) {
  await tab.evaluate(async () => {
    for (let idle = 0; idle < 5; idle++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { held } = await navigator.locks.query();
      if (held.length > 0) idle = 0;
    }
  });
  const devtools = await tab.createCDPSession();
  await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
  return devtools;
}

/** What both tabs work with. */
function begin({ name, memoryBytes }) {
  Object.assign(globalThis, handle(name, { memoryBytes }));
}

/** The sleeper's own writes; it knows every key, has read some, and is in the midst of a listing. */
async function prepare() {
  // Side by side, so that those that stay have to move.
  const keys = Array.from({ length: 700 }, (_, at) => [`kept/${at}`, `renewed/${at}`, `gone/${at}`]).flat();
  await store.mset(keys.map((key) => [key, makeValue(key, 1, 1, [2_000, 2_000])]));
  await found("kept", 350);
  globalThis.listing = store.yieldKeys();
  globalThis.listed = [(await listing.next()).value];
  globalThis.ticks = 0;
  setInterval(() => {
    globalThis.ticks++;
  }, 10);
}

/** The other tab's: enough for segments to be compacted, and rows to be dropped. */
async function change(rows) {
  await save(["renewed", 700, 2, 2_000]);
  const keys = (prefix) => Array.from({ length: 700 }, (_, at) => `${prefix}/${at}`);
  await store.mdelete(keys("gone"));
  await save(["thinned", 700, 1, 4_000]);
  await store.mdelete(keys("thinned").filter((_, at) => at % 10 > 0));
  // Each row is a call of its own.
  for (let row = 0; row < rows; row += 10) {
    const one = (key) => store.mset([[key, makeValue(key, 1, 1, [16, 900])]]);
    await Promise.all(Array.from({ length: 10 }, (_, at) => one(`row/${row + at}`)));
  }
  // Maintenance goes on behind calls.
  for (let tries = 0; tries < 20; tries++) {
    await store.mget(["kept/0"]);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function look(rows) {
  const sizes = { kept: 700, renewed: 700, gone: 700, thinned: 700, row: rows };
  const entries = Object.entries(sizes).map(async ([prefix, count]) => [prefix, await found(prefix, count)]);
  return Object.fromEntries(await Promise.all(entries));
}

/** The rest of the listing. */
async function finish() {
  for await (const key of listing) listed.push(key);
  const seen = new Set(listed);
  const count = (prefix) => [...seen].filter((key) => key.startsWith(`${prefix}/`)).length;
  return { kept: count("kept"), renewed: count("renewed"), twice: listed.length - seen.size };
}
