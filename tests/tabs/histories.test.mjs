/**
 * Several tabs write, delete, clear, read, list and compact one database at once, and a model knows what each may find.
 *
 *   TABS_SEED=…    replays what the tabs do; how their calls meet is the browser's affair
 *   TABS_TIMES=10  ten times as many rounds
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newProfile } from "../support/chromium.mjs";
import { breaks } from "./broken.mjs";
import { browsers, open, site } from "./browsers.mjs";
import { history } from "./history.mjs";

const seed = process.env.TABS_SEED ?? String(Date.now() % 1_000_000);
const rounds = 1_000 * Number(process.env.TABS_TIMES ?? 1);

for (const name of browsers) {
  describe(`tabs of ${name} at work on one database`, { timeout: 1_200_000 }, () => {
    let server, profile, browser;
    before(async () => {
      console.log(`TABS_SEED=${seed}`);
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

    test(`three tabs, one of them a worker: each finds what it may (TABS_SEED=${seed})`, async () => {
      const tabs = [{}, { worker: true, memoryBytes: 0 }, { memoryBytes: 65_536 }];
      const until = (told) => told.filter(({ events }) => events.compact > 0).length >= 2;
      const { told, wrong, wear, end } = await history(browser, { name: "three", seed, rounds, until, tabs });
      assert.deepEqual(wrong, []);
      const events = told.map(({ events }) => events);
      const writes = told.reduce((sum, each) => sum + each.writes, 0);
      const reads = told.reduce((sum, each) => sum + each.reads, 0);
      console.log(`${name}: ${writes} writes, ${reads} reads; ${JSON.stringify(events)}`);
      assert.ok(until(told), "compactions by fewer than two tabs");

      const { keys, kept, empty } = await wear();
      for (const each of keys) assert.deepEqual(each, keys[0]);
      assert.deepEqual(keys[0].filter((key) => key.startsWith("moment/") || key.startsWith("never/")), []); // biome-ignore format: one line
      assert.deepEqual([kept.orphans, kept.missing], [[], []]);
      assert.ok(kept.log.checkpoints > 0 && kept.log.trim > 0, `no checkpoint: ${JSON.stringify(kept)}`);
      assert.equal(empty.segments, 0);
      await end();
    });

    test(`two tabs where there are no Web Locks (TABS_SEED=${seed})`, async () => {
      // A lease outlives the handle that took it by half a minute: these stay open.
      const tabs = [
        { locks: false, stays: true },
        { locks: false, stays: true },
      ];
      // Who meets the other at it rests for a second at least, which is long here.
      const until = (told) => told.some(({ events }) => events.compact > 0);
      const { told, wrong, wear, end } = await history(browser, { name: "leases", seed, rounds, until, tabs });
      assert.deepEqual(wrong, []);
      assert.ok(until(told), `nothing was compacted: ${JSON.stringify(told.map(({ events }) => events))}`);
      const { kept, empty } = await wear();
      assert.deepEqual([kept.orphans, kept.missing, empty.segments], [[], [], 0]);
      await end();
    });

    if (name === "Chromium") {
      for (const how of breaks) {
        test(`the checker finds a store that is ${how}`, async () => {
          const tabs = [{}, { breaks: how }];
          // Two tabs have to meet for it, which a busy machine may keep from them for a while.
          const until = (_told, wrong) => wrong.length > 0;
          const { wrong, end } = await history(browser, {
            name: how,
            seed: `${seed} ${how}`,
            rounds: 200,
            until,
            tabs,
          });
          assert.notEqual(wrong.length, 0, "nothing was found wrong");
          console.log(`${how}: ${wrong[0]}`);
          await end();
        });
      }
    }
  });
}
