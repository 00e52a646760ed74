/**
 * A browser is killed in the midst of its work, over and over, and opened again on the same profile: what was
 * acknowledged is there, whatever else was under way is there whole or not at all, and there is nothing else.
 *
 * The system lives on, so this holds with `relaxed` durability, which is the default, as with any: a finished write has
 * been handed to the system. What relaxed can lose is what the system had not brought to the disk when it fails itself.
 *
 *   TABS_SEED=…    replays what is saved and when the browser is killed, as nearly as a clock can
 *   TABS_TIMES=10  ten times as many kills
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { newProfile } from "../support/chromium.mjs";
import { killed, run, site } from "./browsers.mjs";
import { settled } from "./history.mjs";
import { Ledger } from "./ledger.mjs";
import { random } from "./random.mjs";

const seed = process.env.TABS_SEED ?? String(Date.now() % 1_000_000);
const times = Number(process.env.TABS_TIMES ?? 1);
const KILLS = { Chromium: 52 * times, Firefox: 20 * times };
/** How rounds begin, over and over. */
const FIRST = ["few", "few", "few", "huge", "few", "thin", "few", "huge"];
const name = "saved";

for (const [browser, kills] of Object.entries(KILLS)) {
  describe(`${browser} killed while it saves`, { timeout: 600_000 * times }, () => {
    let server, profile;
    /** Given what the page tells of. */
    let hear;
    before(async () => {
      profile = await newProfile();
      server = await site({
        async told(request, response) {
          let text = "";
          for await (const part of request.setEncoding("utf8")) text += part;
          hear(JSON.parse(text));
          response.end();
        },
      });
    });
    after(async () => {
      await server?.close();
      await profile?.remove();
    });

    test(`${kills} times: every batch is whole or absent, and none that was acknowledged is lost (TABS_SEED=${seed})`, async () => {
      const ledger = new Ledger();
      const draw = random(`${seed} kills`);
      const sums = { calls: 0, open: 0, compactions: 0, lost: 0, withLost: 0, corrupt: [] };
      for (let round = 0; round < kills; round++) {
        await killed(browser, profile, server.url, async (tab) => {
          const { lost } = round > 0 ? await tab.evaluate((name) => globalThis.look(name), name) : { lost: [] };
          sums.lost += lost.length;
          sums.withLost += lost.length > 0 ? 1 : 0;
          await resume(tab, ledger, round);
          await saveForAWhile(tab, ledger, sums, draw, round);
        });
        sums.open += ledger.open;
      }
      await killed(browser, profile, server.url, async (tab) => {
        await resume(tab, ledger, kills);
        const again = () => run(tab, "found");
        const { orphans, missing } = await settled(tab, name, again);
        assert.deepEqual([orphans, missing], [[], []], "what is not needed went, and no more");
        await run(tab, "empty");
        assert.equal((await settled(tab, name, again, ({ segments }) => segments === 0)).segments, 0);
      });
      console.log(`${browser}: ${JSON.stringify(sums)}`);
      assert.deepEqual(sums.corrupt, []);
      assert.ok(sums.open >= kills / 2, "most kills came between two calls");
      assert.ok(sums.compactions > 0, "nothing was compacted");
      assert.ok(sums.withLost > 0, "no kill came in the midst of a call of several transactions");
    });

    /** Looks at what there is, which the ledger knows. */
    async function resume(tab, ledger, round) {
      const { states, complaints } = await run(tab, "resume", { name, numbers: ledger.numbers() });
      assert.deepEqual([...complaints, ...ledger.check(states)], [], `after ${round} kills`);
    }

    /** Has the page save, and returns at some moment. */
    async function saveForAWhile(tab, ledger, sums, draw, round) {
      const first = FIRST[round % FIRST.length];
      const wait = first === "huge" ? draw.below(50) : 20 + draw.below(500);
      const isReady = new Promise((resolve) => {
        hear = ({ begun, done, compacted, corrupt, ready }) => {
          if (begun) ledger.begun(begun);
          if (done) ledger.done(done);
          if (done) sums.calls++;
          if (compacted) sums.compactions++;
          if (corrupt) sums.corrupt.push(corrupt);
          if (ready) resolve();
        };
      });
      // It never ends.
      run(tab, "save", { seed: `${seed} round ${round}`, first }).catch(() => undefined);
      await isReady;
      await sleep(wait);
    }
  });
}
