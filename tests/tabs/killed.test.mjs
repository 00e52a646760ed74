/**
 * A browser is killed in the midst of its work, over and over, and opened again on the same profile: what was
 * acknowledged is there, whatever else was under way is there whole or not at all, and there is nothing else.
 *
 * The system lives on, so this holds with `relaxed` durability, which is the default, as with any: a finished write has
 * been handed to the system. What relaxed can lose is what the system had not brought to the disk when it fails itself.
 *
 * Chromium's LevelDB, killed in the midst of a record of its own log, goes on with that log, and takes it for damaged the
 * next time it reads it (github.com/google/leveldb/issues/1287): Chromium then deletes all databases of the site, and says
 * so to whoever opens one. A busy machine sees it every fifty kills or so. No page can do anything about it: such a round
 * counts for nothing, and what comes after it begins anew.
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
/** Fifty of both together, and two. */
const KILLS = { Chromium: 32 * times, Firefox: 20 * times };
/** How rounds begin, over and over. */
const FIRST = ["few", "few", "few", "huge", "few", "thin", "few", "huge"];
const name = "saved";

for (const [browser, kills] of Object.entries(KILLS)) {
  describe(`${browser} killed while it saves`, { timeout: 1_200_000 * times }, () => {
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
      let ledger = new Ledger();
      const draw = random(`${seed} kills`);
      const sums = { survived: 0, damaged: [], calls: 0, open: 0, compactions: 0, lost: 0, withLost: 0, corrupt: [] };
      /** Looks at what there is, which the ledger knows. */
      const resume = async (tab, round) => {
        const damage = round > 0 ? await tab.evaluate((name) => globalThis.damage(name), name) : undefined;
        if (damage) {
          sums.damaged.push(damage);
          assert.ok(sums.damaged.length <= kills / 5, `databases deleted by ${browser}: ${sums.damaged.join("; ")}`);
          ledger = new Ledger();
        } else if (round > 0) {
          const { lost } = await run(tab, "look", name);
          sums.lost += lost.length;
          sums.withLost += lost.length > 0 ? 1 : 0;
          sums.survived++;
        }
        const { states, complaints } = await run(tab, "resume", { name, numbers: ledger.numbers() });
        assert.deepEqual([...complaints, ...ledger.check(states)], [], `after ${round} kills`);
      };
      let round = 0;
      for (; sums.survived < kills; round++) {
        await killed(browser, profile, server.url, async (tab) => {
          await resume(tab, round);
          await saveForAWhile(tab, ledger, sums, draw, round);
        });
        sums.open += ledger.open;
      }
      await killed(browser, profile, server.url, async (tab) => {
        await resume(tab, round);
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
