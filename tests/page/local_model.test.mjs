/** A model in the page, by Transformers.js, in each browser: loaded when it is asked, and kept for when there is no network. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";
import { tinyModel, tinyVector } from "./tiny_model.mjs";

/** What of the page's files only those load who choose this embedder. */
const BY_CHOICE = /\/(?:transformers-|onnx\/)/u;

for (const { name } of BROWSERS) {
  describe(`the model in the page, in ${name}`, { timeout: 900_000 }, () => {
    let built, server, driver;
    /** The page's files that were asked for. */
    const asked = [];
    const byChoice = () => asked.filter((path) => BY_CHOICE.test(path));

    before(async () => {
      built = await buildPage();
      server = await serve(built.site, { onRequest: ({ url }) => asked.push(url) });
      driver = new Driver(built, server.url, name);
      driver.forgiven = (text) => /huggingface\.co|Failed to load resource|NetworkError/u.test(text);
      await driver.start();
      await driver.open();
      await driver.reads("offline", /^Works offline now\.$/u);
      await driver.choose(["own.txt", "A line or two."]);
    });

    after(async () => {
      await driver?.remove();
      await server?.close().catch(() => {});
      await built?.remove();
    });

    test("it is loaded when it is asked, and it is said where the model is not to be had", async () => {
      await driver.click("choose-local");
      await driver.reads("embedder-where", /^Transformers\.js$/u);
      assert.deepEqual(byChoice(), [], "chosen, but not asked yet");
      await driver.click("run");
      const said = await driver.trouble();
      assert.match(said, /The model “Xenova\/all-MiniLM-L6-v2” could not be loaded: .*It comes from huggingface\.co/su);
      assert.match(said, /choose local hashing, which needs no network/u);
      assert.equal(await driver.text("error-code"), "model_missing");
      assert.equal(asked.filter((path) => /transformers-/u.test(path)).length, 1);
      await driver.click("choose-hashing");
      await driver.click("run");
      await driver.says(/ was cold: 0 of 1 chunk /u);
      await driver.idle();
      assert.equal(await driver.text("alert"), "");
    });

    // Only Playwright, in Chromium, can answer for a host that is not to be had.
    if (name === "chromium") {
      test("it embeds under the page’s policy, with a model that is as small as can be", async () => {
        const files = tinyModel();
        await driver.context.route(/^https:\/\/huggingface\.co\//u, async (route) => {
          const path = new URL(route.request().url()).pathname.replace(/^.*?\/resolve\/[^/]+\//u, "");
          const headers = { "access-control-allow-origin": "*", "content-type": "application/octet-stream" };
          await route.fulfill({ status: path in files ? 200 : 404, body: files[path] ?? "", headers });
        });
        await embed();
        const { first } = await driver.readCache();
        const [numbers] = Object.values(first).map(built.numbers);
        assert.equal(numbers.length, tinyVector().length);
        for (const [at, wanted] of tinyVector().entries())
          assert.ok(Math.abs(numbers[at] - wanted) < 1e-6, `${numbers}`);
        await driver.context.unroute(/^https:\/\/huggingface\.co\//u);
      });
    }

    test("what was loaded by choice is kept, and there without a server", async () => {
      const loaded = [...new Set(byChoice())];
      assert.ok(loaded.length === (name === "chromium" ? 3 : 1), `${loaded}`);
      const kept = async () => (await (await caches.open("bytestow-used")).keys()).length;
      // It is kept behind the answer that the page was given.
      for (let tries = 0; (await driver.tab.eval(kept)) !== loaded.length; tries += 1) {
        assert.ok(tries < 50, `${loaded} are not kept`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await server.close();
      driver.forgiven = (text) =>
        /huggingface\.co|Failed to load resource|NetworkError|REFUSED|settings|sw\.js/u.test(text);
      await driver.reload();
      for (const path of loaded) {
        const status = await driver.tab.eval(async (url) => (await fetch(`.${url}`)).status, path);
        assert.equal(status, 200, path);
      }
      if (name === "chromium") {
        await driver.choose(["own.txt", "A line or two."]);
        await embed();
      }
    });

    test("no console error but of what failed, no policy violation, no request elsewhere", () => {
      assert.deepEqual(driver.complaints, []);
    });

    /** Embeds anew the one chunk that is open. */
    async function embed() {
      await driver.clear("clear-browser", "This browser is empty.");
      await driver.click("choose-local");
      await driver.click("run");
      await driver.says(/ was cold: 0 of 1 chunk /u);
      await driver.idle();
    }
  });
}
