/** A disk that is full, in each browser: said, with what to do, and everything that empties it works. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";
import { startRemote } from "./remote.mjs";

/** Room for the page's own files, and for some of the vectors. */
const ROOM = 3_000_000;

for (const { name } of BROWSERS) {
  describe(`the page where the disk is full, in ${name}`, { timeout: 900_000 }, () => {
    let built, remote, server, driver, chunks, limit;

    before(async () => {
      built = await buildPage();
      ({ chunks } = built);
      remote = await startRemote();
      server = await serve(built.site, { remote: remote.pass });
      const preferences = { "dom.quotaManager.temporaryStorage.fixedLimit": Math.floor(ROOM / 1024) };
      driver = new Driver(built, server.url, name, { preferences });
      await driver.start();
      if (driver.isChromium) {
        const devtools = await driver.context.newCDPSession(driver.page);
        const { origin } = new URL(server.url);
        limit = (quotaSize) => devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize });
        await limit(ROOM);
      }
      // What the page's handle tells of a database that is gone.
      driver.forgiven = (text) => /bytestow: reopen/u.test(text);
    });

    after(async () => {
      await driver?.remove();
      await server?.close();
      await remote?.close();
      await built?.remove();
    });

    test("a run: said, with what to do, and what fits is kept", async () => {
      await driver.open();
      await driver.reads("offline", /^(?:Works offline now|This browser does not let)/u);
      await driver.click("run");
      await driver.says(/^Run 1 was/u);
      const said = await driver.trouble();
      assert.match(said, /no more room for this site: what is new is not kept\. Clear this browser’s vectors/u);
      assert.equal(await driver.text("error-code"), "quota_exceeded");
      const kept = await driver.whole("browser-kept");
      assert.ok(kept > 0 && kept < chunks.length, `${kept} are kept`);
    });

    test("the explorer shows what fits; an entry that cannot be deleted says what can", async () => {
      await driver.panels();
      const kept = await driver.whole("browser-kept");
      await driver.shows("#explorer-found", `${kept.toLocaleString("en-US")} entr`);
      await driver.tab.click("#explorer-rows button");
      await driver.tab.until(() => document.querySelector("#explorer-chosen").checkVisibility());
      await twice("#explorer-delete");
      const said = await driver.tab.until(() => {
        const [alert, none] = ["#explorer-alert", "#explorer-none"].map((id) => document.querySelector(id));
        return alert.textContent || (none.checkVisibility() && none.textContent);
      });
      assert.match(said, /^What stood here was deleted|^There is no room left to write down.*Clear all instead/u);
    });

    test("cleared after a reload, when no run has said that it is full", async () => {
      await driver.reload();
      await driver.clear("clear-browser", "This browser is empty.");
      await isEmpty();
    });

    test("full again: the explorer clears all", async () => {
      await fill(2);
      await driver.panels();
      await driver.tab.until(() => Number(document.querySelector("#explorer-entries").value) > 0);
      await twice("#explorer-clear");
      await driver.shows("#explorer-status", "All is cleared.");
      await isEmpty();
    });

    test("full again: both tiers are cleared", async () => {
      await fill(3);
      await driver.clear("clear-both", "Both tiers are empty. The next run is cold.");
      assert.equal(await driver.whole("remote-kept"), 0);
      await isEmpty();
    });

    test("with room again what is new is kept", async () => {
      await driver.choose(["own.txt", "A line that fits."]);
      await driver.runAs(4, { kind: "cold", remote: 0, embedded: 1 });
      assert.equal(await driver.text("alert"), "");
      assert.equal(await driver.whole("browser-kept"), 1);
    });

    test("no console error, no policy violation, no request elsewhere", () => {
      assert.deepEqual(driver.complaints, []);
    });

    /** Embeds more than there is room for; in Chromium, which is given more by then, there is less as soon as it is there. */
    async function fill(number) {
      await driver.click("run");
      await driver.says(new RegExp(`^Run ${number} was`, "u"));
      await driver.idle();
      if (limit) await limit(ROOM / 100);
      else assert.match(await driver.trouble(), /no more room for this site/u);
    }

    /** Chromium gives the room of a database back when it sees fit: there is more by then. */
    async function isEmpty() {
      await limit?.(20 * ROOM);
      assert.equal((await driver.readCache()).keys.length, 0);
    }

    async function twice(button) {
      await driver.tab.click(button);
      await driver.shows(button, "Press again");
      await driver.tab.click(button);
    }
  });
}
