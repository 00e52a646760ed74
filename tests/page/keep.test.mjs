/** “Keep my data”, granted and refused by the browser, in each browser; and a private window, which can keep nothing. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";

for (const { name } of BROWSERS) {
  describe(`what the browser promises to keep, in ${name}`, { timeout: 900_000 }, () => {
    let built, chunks, server;

    before(async () => {
      built = await buildPage();
      ({ chunks } = built);
      server = await serve(built.site);
    });

    after(async () => {
      await server?.close();
      await built?.remove();
    });

    for (const isGranted of [true, false]) {
      test(`${isGranted ? "granted" : "refused"}: said, and after a reload it still holds`, async () => {
        // Whoever is asked by Firefox answers so; Chromium asks nobody, but can be told.
        const preferences = {
          "dom.storageManager.prompt.testing": true,
          "dom.storageManager.prompt.testing.allow": isGranted,
        };
        const driver = new Driver(built, server.url, name, { preferences });
        try {
          await driver.start();
          await driver.open();
          await driver.panels();
          if (driver.isChromium) {
            const devtools = await driver.context.newCDPSession(driver.page);
            const setting = isGranted ? "granted" : "denied";
            const { origin } = new URL(server.url);
            await devtools.send("Browser.setPermission", {
              permission: { name: "persistent-storage" },
              setting,
              origin,
            });
          }
          await driver.tab.click("#explorer-persist");
          await driver.shows("#explorer-persisted", isGranted ? "The browser keeps this data" : "The browser said no");
          assert.equal(await driver.tab.eval(() => navigator.storage.persisted()), isGranted);
          await driver.reload();
          await driver.panels();
          await driver.shows(
            "#explorer-persisted",
            isGranted ? "The browser keeps this data" : "When room is short, the browser may clear",
          );
          const disabled = await driver.tab.eval(() =>
            document.querySelector("#explorer-persist").getAttribute("aria-disabled"),
          );
          assert.equal(disabled === "true", isGranted, "what is granted need not be asked for again");
          assert.deepEqual(driver.complaints, []);
        } finally {
          await driver.remove();
        }
      });
    }

    test("a private window: the page works, says what it may not, and nothing of it is left", async (t) => {
      const driver = new Driver(built, server.url, name);
      try {
        await driver.start();
        const before = driver.tab;
        const close = await driver.inPrivate();
        try {
          await driver.open();
          await driver.runAs(1, { kind: "cold", embedded: chunks.length });
          await driver.reload();
          await driver.runAs(2, { kind: "warm (browser)", browser: chunks.length });
          assert.match(await driver.text("alert"), /^$/u);
          await driver.reads(
            "offline",
            /^(?:Works offline now|This browser does not let the page work offline: private)/u,
          );
          t.diagnostic(await driver.text("offline"));
          await driver.panels();
          await driver.tab.click("#explorer-persist");
          t.diagnostic(await driver.shows("#explorer-persisted", "The browser"));
        } finally {
          await close();
          driver.tab = before;
        }
        await driver.open();
        assert.equal(await driver.whole("browser-kept"), 0);
        assert.deepEqual(driver.complaints, []);
      } finally {
        await driver.remove();
      }
    });
  });
}
