/** Parts of the page that are loaded when they are wanted, and cannot be had just then: said, and asked for again. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";

const TOLD =
  /^A part of this page could not be loaded\.See that you are online .* then try again.*Error code: not_loaded$/su;

for (const { name } of BROWSERS) {
  describe(`parts of the page that cannot be had, in ${name}`, { timeout: 900_000 }, () => {
    let built, server, driver;
    /** Files that the server has not, for now. With any of them missing the worker keeps nothing. */
    let missing = /^\/sw\.js/u;

    before(async () => {
      built = await buildPage();
      server = await serve(built.site, {
        onRequest: (request) => {
          if (missing.test(request.url)) request.url = "/not-there";
        },
      });
      driver = new Driver(built, server.url, name);
      driver.forgiven = (text) => /404|not-there|Failed to load|sw\.js|dynamically imported|text\/plain/u.test(text);
      await driver.start();
    });

    after(async () => {
      await driver?.remove();
      await server?.close();
      await built?.remove();
    });

    test("the panels: told, and there at the next press when they can be had", async () => {
      missing = /^\/(?:sw\.js|panel-)/u;
      await driver.open();
      await driver.tab.press("Shift");
      assert.match(await driver.trouble(), TOLD);
      missing = /^\/sw\.js/u;
      await driver.tab.press("Shift");
      await driver.tab.until(() => document.querySelector("#search-form") && document.querySelector("#explorer-rows"));
      assert.equal(await driver.text("alert"), "");
    });

    test("an embedder: told when it is chosen and at each press, until it can be had", async () => {
      missing = /^\/(?:sw\.js|others-)/u;
      await driver.click("choose-endpoint");
      assert.match(await driver.trouble(), TOLD);
      await driver.fill("endpoint-url", "");
      await driver.click("run");
      assert.match(await driver.trouble(), TOLD);
      missing = /^\/sw\.js/u;
      await driver.click("run");
      await driver.reads("alert", /base URL is missing/u);
      await driver.click("choose-hashing");
    });

    test("what a run needs: told, and the next press runs", async () => {
      await driver.reload();
      missing = /^\/(?:sw\.js|running-)/u;
      await driver.click("run");
      assert.match(await driver.trouble(), TOLD);
      missing = /^\/sw\.js/u;
      await driver.runAs(1, { kind: "cold", embedded: built.chunks.length });
      assert.equal(await driver.text("alert"), "");
    });

    test("no console error but of what was missing", () => {
      assert.deepEqual(driver.complaints, []);
    });
  });
}
