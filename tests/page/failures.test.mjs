/**
 * What fails, and what the page then says to do, in each browser. (Endpoints: embedders.test.mjs; files: texts.test.mjs;
 * storage that is blocked or full, private windows: denied.test.mjs, full.test.mjs, keep.test.mjs.)
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";

for (const { name } of BROWSERS) {
  describe(`failures of the page, in ${name}`, { timeout: 900_000 }, () => {
    let built, chunks, server, driver;

    before(async () => {
      built = await buildPage();
      ({ chunks } = built);
      server = await serve(built.site);
      driver = new Driver(built, server.url, name);
      await driver.start();
    });

    after(async () => {
      await driver?.remove();
      await server?.close();
      await built?.remove();
    });

    for (const [how, deny] of [
      ["that has no IndexedDB", () => Object.defineProperty(globalThis, "indexedDB", { value: undefined })],
      [
        "that denies it",
        () => {
          IDBFactory.prototype.open = () => {
            throw new DOMException("The operation is insecure.", "SecurityError");
          };
        },
      ],
    ]) {
      test(`a browser ${how}: said, with what to do, and the page goes on in memory`, async () => {
        await driver.onAnother(deny, async () => {
          assert.match(await driver.trouble(), /keeps nothing.*normal window.*kept in memory, and go with the page/su);
          assert.equal(await driver.text("error-code"), "unavailable");
          assert.equal(await driver.whole("text-chunks"), chunks.length, "the rest of the page stands");
          await driver.click("run");
          await driver.says(/^Run 1 was cold:/u);
          await driver.idle();
          assert.match(await driver.trouble(), /normal window/u);
          await driver.runAs(2, { kind: "warm (memory)", memory: chunks.length });
        });
      });
    }

    test("the server gives no wasm: said in words", async () => {
      const other = await serve(built.site, {
        onRequest: (request) => {
          if (request.url === "/bytestow.wasm") request.url = "/not-there";
        },
      });
      const fresh = new Driver(built, other.url, name);
      try {
        fresh.forgiven = (text) => /404|not-there|wasm/u.test(text);
        await fresh.start();
        await fresh.tab.goto(other.url);
        assert.match(await fresh.trouble(), /wasm module could not be loaded.*gives out bytestow\.wasm, then reload/su);
        assert.deepEqual(fresh.complaints, []);
      } finally {
        await fresh.remove();
        await other.close();
      }
    });

    test("no console error, no policy violation, no request elsewhere", () => {
      assert.deepEqual(driver.complaints, []);
    });
  });
}
