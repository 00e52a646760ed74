/** The explorer while time goes by and others write, in each browser: what it shows, and asks about, is what is there. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { browsers, buildPanels, Person } from "./person.mjs";

for (const browser of browsers) {
  describe(`the explorer as time goes by, in ${browser}`, { timeout: 900_000 }, () => {
    let built, server, person;

    before(async () => {
      built = await buildPanels();
      server = await serve(built.site);
      person = new Person(browser, server.url);
      await person.start();
    });

    after(async () => {
      await person?.end();
      await server?.close();
      await built?.remove();
    });

    const kept = (what, ...told) => person.kept(what, ...told);
    const cells = () =>
      person.look("#explorer-rows tr", (rows) => rows.map((row) => Array.from(row.cells, (cell) => cell.textContent)));
    const pageHears = () => person.tab.eval(() => new BroadcastChannel("bytestow-page").postMessage("kept"));

    test("entries grow older before one's eyes, the focus stays, and what expires leaves", async () => {
      await kept("keep", "a/lasting", [1]);
      await kept("keep", "b/brief", [1, 2, 3], 14);
      await person.says("#explorer-entries", /^2$/u);
      await person.tab.focus("#explorer-rows tr:first-child button");
      const older = () => {
        const ages = [...document.querySelectorAll("#explorer-rows td:nth-child(3)")].map((cell) => cell.textContent);
        return ages.length === 2 && ages.every((age) => Number.parseInt(age, 10) >= 4);
      };
      await person.tab.until(older);
      const [[, , , lasting], [, , , brief]] = await cells();
      assert.equal(lasting, "for ever");
      assert.match(brief, /^\d seconds?$|^1[0-2] seconds$/u);
      assert.equal(await person.tab.eval(() => document.activeElement.textContent), "a/lasting");
      await person.says("#explorer-entries", /^1$/u);
      assert.deepEqual(
        (await cells()).map(([key]) => key),
        ["a/lasting"],
      );
      assert.equal(await person.tab.eval(() => document.activeElement.textContent), "a/lasting");
    });

    test("what is deleted is what was asked about, though more has come meanwhile", async () => {
      for (const at of [1, 2]) await kept("keep", `n/${at}`, [at]);
      await person.type("#explorer-prefix", "n/");
      await person.says("#explorer-found", /^2 entries/u);
      await person.click("#explorer-delete-found");
      await person.says("#explorer-delete-found", /^Press again to delete 2 entries$/u);
      await kept("keep", "n/3", [3]);
      await person.says("#explorer-found", /^3 entries/u);
      await person.click("#explorer-delete-found");
      await person.says("#explorer-status", /^2 entries deleted\.$/u);
      await person.says("#explorer-found", /^1 entry/u);
      assert.deepEqual(Object.keys(await kept("statOfAll")).sort(), ["a/lasting", "n/3"]);
      await person.type("#explorer-prefix", "");
    });

    test("that a listing failed is taken back by the next that works", async () => {
      await person.tab.eval(() => {
        // Every listing lets the page have its turn by one.
        const { MessageChannel } = globalThis;
        globalThis.mend = () => {
          globalThis.MessageChannel = MessageChannel;
        };
        globalThis.MessageChannel = undefined;
      });
      await pageHears();
      await person.says("#explorer-alert", /MessageChannel/u);
      await person.tab.eval(() => globalThis.mend());
      await pageHears();
      await person.says("#explorer-alert", /^$/u);
      await person.says("#explorer-entries", /^2$/u);
    });

    test("the browser complained of nothing", () => {
      // The page says in the console that it has opened the database anew.
      const others = person.complaints.filter((text) => !/bytestow: reopen/u.test(text));
      assert.deepEqual(others, []);
    });
  });
}
