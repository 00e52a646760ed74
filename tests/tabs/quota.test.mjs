/** The browser's quota, used up for real: a call that meets it leaves nothing behind, and what was there stays. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { browsers, site } from "./browsers.mjs";
import { settled } from "./history.mjs";
import { withQuota } from "./quota.mjs";

const MiB = 1_048_576;
const name = "full";

for (const browser of browsers) {
  describe(`${browser} without room`, { timeout: 900_000 }, () => {
    let server;
    before(async () => {
      server = await site();
    });
    after(() => server?.close());

    // The second is written in several transactions, some of which still find room.
    for (const [what, keys, room] of [
      ["a call", 3_500, 12 * MiB],
      ["a call of more than 16 MiB", 8_000, 26 * MiB],
    ]) {
      test(`${what} is refused as quota_exceeded, and nothing of it is stored`, async () => {
        await withQuota(browser, server.url, room, async (tab, lift) => {
          await tab.evaluate(begin, { name });
          await tab.evaluate(() => save(["early", 500, 1]));
          const early = await tab.evaluate(look, name);
          // Half of what was there would be replaced.
          const { code } = await tab.evaluate((keys) => save(["early", 250, 2], ["late", keys, 2]), keys);
          assert.equal(code, "quota_exceeded");
          assert.deepEqual(await tab.evaluate(() => found("early", 500)), { 1: 500 });
          assert.deepEqual(await tab.evaluate((keys) => found("late", keys), keys), { missing: keys });
          const left = await settled(tab, name, () => tab.evaluate(() => found("early", 1)));
          assert.deepEqual([left.entries, left.missing, left.orphans], [early.entries, [], []]);

          // The same handle goes on. Firefox finds room again, Chromium takes nothing more before it is given some. Each
          // call fills a segment: together more than what a call of several MiB may have left behind the last one.
          const same = browser === "Chromium" ? await lift() : tab;
          const failed = await same.evaluate(async () => {
            for (let number = 1; number <= 300; number++) {
              const { code, message } = await save(["again", 8, number, 100]);
              if (code) return `call ${number}: ${message}`;
            }
          });
          assert.equal(failed ?? undefined, undefined);
          assert.deepEqual(await same.evaluate(() => found("again", 8)), { 300: 8 });

          const roomy = await lift();
          await roomy.evaluate(begin, { name });
          assert.deepEqual(await roomy.evaluate(() => found("early", 500)), { 1: 500 });
          assert.deepEqual(await roomy.evaluate((keys) => save(["early", 250, 2], ["late", keys, 2]), keys), {});
          assert.deepEqual(await roomy.evaluate(() => found("early", 500)), { 1: 250, 2: 250 });
          assert.deepEqual(await roomy.evaluate((keys) => found("late", keys), keys), { 2: keys });
          assert.deepEqual(await roomy.evaluate(() => told("corrupt")), []);
        });
      });
    }

    test("calls go on to meet it: each is whole or refused, and none hangs", async () => {
      await withQuota(browser, server.url, 12 * MiB, async (tab, lift) => {
        await tab.evaluate(begin, { name });
        const codes = [];
        for (let call = 0; call < 40; call++) {
          const { code } = await tab.evaluate((call) => save([`call${call}`, 300, 1]), call);
          assert.ok(code === undefined || code === "quota_exceeded", `call ${call}: ${code}`);
          codes.push(code);
        }
        assert.ok(codes.includes("quota_exceeded"));
        const roomy = await lift();
        await roomy.evaluate(begin, { name });
        for (const [call, code] of codes.entries()) {
          const there = await roomy.evaluate((call) => found(`call${call}`, 300), call);
          assert.deepEqual(there, code ? { missing: 300 } : { 1: 300 }, `call ${call}: ${code}`);
        }
        assert.deepEqual(await roomy.evaluate(() => save(["again", 300, 1])), {});
        const left = await settled(roomy, name, () => roomy.evaluate(() => found("again", 1)));
        assert.deepEqual([left.missing, left.orphans], [[], []]);
        await roomy.evaluate(() => store.clear());
        assert.equal((await roomy.evaluate(look, name)).segments, 0);
        assert.deepEqual(await roomy.evaluate(() => told("corrupt")), []);
      });
    });

    // Chromium gives the room of values up to 64 KiB back only when LevelDB sees fit; these stand in files.
    test("with maxBytes, what was used least goes, and the call is made once more", async () => {
      await withQuota(browser, server.url, 26 * MiB, async (tab) => {
        await tab.evaluate(begin, { name, maxBytes: 1_000 * MiB });
        let calls = 0;
        let evictions = [];
        while (evictions.length < 2 && calls < 40) {
          assert.deepEqual(
            await tab.evaluate((call) => save([`call${call}`, 16, 1, 100_000]), calls),
            {},
            `call ${calls}`,
          );
          calls++;
          evictions = await tab.evaluate(() => told("evict"));
        }
        assert.ok(evictions.length >= 2);
        const there = [];
        for (let call = 0; call < calls; call++) {
          const { 1: whole = 0, missing = 0, ...others } = await tab.evaluate((call) => found(`call${call}`, 16), call);
          assert.deepEqual(others, {});
          assert.equal(whole + missing, 16);
          there.push(whole);
        }
        assert.equal(there.at(-1), 16, "the call that had something evicted is there");
        const evicted = evictions.reduce((sum, { keys }) => sum + keys, 0);
        assert.equal(there.reduce((sum, count) => sum + count, 0), 16 * calls - evicted); // biome-ignore format: one line
        assert.deepEqual(await tab.evaluate(() => told("corrupt")), []);
      });
    });
  });
}

/** The database as it stands there. */
function look(name) {
  return globalThis.look(name);
}

/** What the tabs work with: the calls of `handle`, of values of 4 KB, with their ends. */
function begin({ name, ...options }) {
  const { store, told, found, save } = handle(name, options);
  const inTime = (promise) =>
    Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 20_000, { code: "it hangs" }))]);
  Object.assign(globalThis, {
    store,
    told,
    found,
    save: async (...batches) => {
      const sized = batches.map(([prefix, count, number, size = 4_000]) => [prefix, count, number, size]);
      const { value, ...failed } = await inTime(outcome(save(...sized)));
      return failed;
    },
  });
}
