/** All sites' data blocked by the browser's own setting, in each browser: the whole page works in memory, and says so. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";

for (const { name } of BROWSERS) {
  describe(`the page where all sites' data is blocked, in ${name}`, { timeout: 900_000 }, () => {
    let built, server, driver, chunks;

    before(async () => {
      built = await buildPage();
      ({ chunks } = built);
      server = await serve(built.site);
      driver = new Driver(built, server.url, name, { blocked: true });
      await driver.start();
    });

    after(async () => {
      await driver?.remove();
      await server?.close();
      await built?.remove();
    });

    const number = (many) => many.toLocaleString("en-US");

    test("the sample stands there; what is so is said, with what to do", async () => {
      await driver.tab.goto(server.url);
      const said = await driver.trouble();
      assert.match(said, /^This browser keeps nothing: .*blocked site data.*allow this site to store data/su);
      assert.match(said, /kept in memory, and go with the page/u);
      assert.equal(await driver.text("error-code"), "unavailable");
      assert.ok(await driver.isVisible("text-chunks"), "the page is shown");
      assert.equal(await driver.whole("text-chunks"), chunks.length);
      assert.match(await driver.text("offline"), /does not let the page work offline: .*blocked site data/u);
    });

    test("runs: cold, then warm from memory", async () => {
      await driver.runAs(1, { kind: "cold", embedded: chunks.length });
      await driver.runAs(2, { kind: "warm (memory)", memory: chunks.length });
      assert.match(await driver.trouble(), /go with the page/u);
    });

    test("the search finds", async () => {
      await driver.panels();
      await driver.tab.focus("#search-query");
      await driver.page.keyboard.type("a proposal of marriage");
      await driver.tab.press("Enter");
      await driver.shows("#search-found", `10 of ${number(chunks.length)} chunks, most like “a proposal of marriage”`);
      assert.equal(await driver.tab.eval(() => document.querySelector("#search-alert").textContent), "");
    });

    test("the explorer lists what memory has, says that it is kept nowhere, and clears it", async () => {
      const embedded = new Set(chunks).size;
      await driver.tab.until((least) => Number(document.querySelector("#explorer-entries")?.value) > least, embedded);
      await driver.shows("#explorer-quota", "This browser gives the page no storage: what is listed here is in memory");
      await driver.shows("#explorer-disk", "none");
      await driver.shows("#explorer-persisted", "There is nothing here that the browser could keep.");
      await driver.tab.click("#explorer-rows button");
      await driver.shows("#explorer-facts", "float32");
      await driver.tab.click("#explorer-clear");
      await driver.shows("#explorer-clear", "Press again to clear");
      await driver.tab.click("#explorer-clear");
      await driver.shows("#explorer-status", "All is cleared.");
      await driver.shows("#explorer-found", "Nothing is kept yet");
      assert.equal(await driver.tab.eval(() => document.querySelector("#explorer-alert").textContent), "");
      await driver.runAs(3, { kind: "cold", embedded: chunks.length });
    });

    test("no console error, no policy violation, no request elsewhere", () => {
      assert.deepEqual(driver.complaints, []);
    });
  });
}
