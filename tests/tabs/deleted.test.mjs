/** A database that another tab deletes under an open one, and databases side by side: nothing that is gone is served. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newProfile } from "../support/chromium.mjs";
import { browsers, open, site } from "./browsers.mjs";

for (const name of browsers) {
  describe(`databases of ${name} that are deleted`, { timeout: 900_000 }, () => {
    let server, profile, browser;
    before(async () => {
      server = await site();
      profile = await newProfile();
      browser = await open(name, profile, server.url);
    });
    after(async () => {
      await browser?.close();
      await server?.close();
      await profile?.remove();
      assert.deepEqual(browser?.complaints, []);
    });

    test("a tab that goes on finds what another one stores since, and nothing from before", async () => {
      const [one, other] = [await browser.tab(), await browser.tab()];
      await one.evaluate(begin, "again");
      await other.evaluate(begin, "again");
      // The same keys, so that a stale index would find something where it looks: in rows, and in segments.
      for (let round = 1; round <= 5; round++) {
        await one.evaluate((round) => save(["few", 3, round], ["many", 200, round]), round);
        assert.deepEqual(await one.evaluate(() => found()), [[`${round}`], [`${round}`]]);
        await other.evaluate(() => remove("again"));
        if (round % 2) assert.deepEqual(await one.evaluate(() => found()), [["missing"], ["missing"]]);
        const by = 100 + round;
        await other.evaluate((by) => save(["many", 200, by], ["few", 3, by]), by);
        for (const tab of [one, other]) assert.deepEqual(await tab.evaluate(() => found()), [[`${by}`], [`${by}`]]);
      }
      assert.deepEqual(await one.evaluate(() => told("corrupt")), []);
      await one.close();
      await other.close();
    });

    test("a tab that writes all the while: no call fails, and every batch is whole or gone", async () => {
      const [one, other] = [await browser.tab(), await browser.tab()];
      await one.evaluate(begin, "meanwhile");
      await other.evaluate(begin, "meanwhile");
      await one.evaluate(() => {
        globalThis.goesOn = true;
        globalThis.work = (async () => {
          for (let round = 1; goesOn; round++) {
            await Promise.all([save(["few", 3, round], ["many", 200, round]), save(["last", 1, round])]);
            const seen = await found();
            if (seen.some((numbers) => numbers.length > 1)) return `torn: ${seen.join("; ")}`;
          }
          return "whole";
        })();
      });
      for (let times = 0; times < 10; times++) {
        await other.evaluate(() => remove("meanwhile"));
        const seen = await other.evaluate(() => found());
        for (const numbers of seen) assert.equal(numbers.length, 1, `torn: ${numbers}`);
      }
      const end = await one.evaluate(() => {
        goesOn = false;
        return work;
      });
      assert.equal(end, "whole");
      await one.evaluate(() => save(["few", 3, 7_777], ["many", 200, 7_777]));
      for (const tab of [one, other]) assert.deepEqual(await tab.evaluate(() => found()), [["7777"], ["7777"]]);
      await one.close();
      await other.close();
    });

    test("two databases of one origin do not disturb each other", async () => {
      const tabs = [await browser.tab(), await browser.tab()];
      const names = ["left", "right"];
      // Each tab has a handle on both.
      for (const tab of tabs) await tab.evaluate(beginAll, names);
      await Promise.all(
        tabs.map((tab, at) =>
          tab.evaluate(
            async ([at, names]) => {
              for (let round = 1; round <= 30; round++) {
                const [mine, theirs] = at === 0 ? names : [...names].reverse();
                await handles[mine].save([`tab${at}`, 120, 1_000 + round]);
                await handles[theirs].save([`tab${at}`, 120, 2_000 + round]);
              }
            },
            [at, names],
          ),
        ),
      );
      const expected = { left: { tab0: 1_030, tab1: 2_030 }, right: { tab0: 2_030, tab1: 1_030 } };
      const look = ([name, prefix]) => handles[name].found(prefix, 120).then(Object.keys);
      const check = async () => {
        for (const tab of tabs) {
          for (const name of names) {
            for (const prefix of ["tab0", "tab1"]) {
              assert.deepEqual(await tab.evaluate(look, [name, prefix]), [`${expected[name][prefix]}`]);
            }
          }
        }
      };
      await check();
      await tabs[0].evaluate(() => handles.left.store.clear());
      expected.left = { tab0: "missing", tab1: "missing" };
      await check();
      await tabs[1].evaluate(() => remove("left"));
      await check();
      for (const tab of tabs) await tab.close();
    });
  });
}

/** What the tabs work with; `found` gives which numbers the keys of each batch have. */
function begin(name) {
  const { store, told, save, found } = handle(name);
  const numbers = async (...batch) => Object.keys(await found(...batch));
  Object.assign(globalThis, {
    store,
    told,
    save,
    found: async () => [await numbers("few", 3), await numbers("many", 200)],
  });
}

function beginAll(names) {
  globalThis.handles = Object.fromEntries(names.map((name) => [name, handle(name)]));
}
