/**
 * Importing does nothing in browsers, file by file as from a CDN; and two copies of the package on one page share a
 * database.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { newProfile, openProfile } from "../support/chromium.mjs";
import { openFirefox } from "../support/firefox.mjs";
import { packageRoot } from "../support/package.mjs";
import { serveFiles } from "../support/site.mjs";
import { TOUCHED, TOUCHES, TRAPS } from "./import_traps.mjs";

const ENTRIES = ["entry/default", "entry/slim", "testing/index"];

/** The package's modules under `prefix`. */
function modules(prefix) {
  const dist = join(packageRoot(), "dist");
  const paths = readdirSync(dist, { recursive: true }).filter((path) => path.endsWith(".js"));
  return Object.fromEntries(
    paths.map((path) => [`${prefix}/${path}`, { type: "text/javascript", body: readFileSync(join(dist, path)) }]),
  );
}

const BROWSERS = {
  Chromium: openProfile,
  Firefox: openFirefox,
};

describe("pages", { concurrency: 2, timeout: 120_000 }, () => {
  for (const [name, open] of Object.entries(BROWSERS)) {
    describe(name, { concurrency: false }, () => {
      let server, profile, browser;

      before(async () => {
        server = await serveFiles({
          "/": "<!doctype html><title>test</title>",
          "/traps": `<!doctype html><title>test</title><script>${TRAPS}</script>`,
          "/bytestow/touches.js": { type: "text/javascript", body: TOUCHES },
          ...modules("/bytestow"),
          ...modules("/copy/bytestow"),
        });
        profile = await newProfile();
        browser = await open(profile);
      });

      after(async () => {
        await browser?.close();
        await server?.close();
        await profile?.remove();
      });

      /** Runs `work` in a page at `path`, which must complain of nothing. */
      async function on(path, work, argument) {
        const page = await browser.newPage();
        const complaints = [];
        page.on("pageerror", (error) => complaints.push(String(error)));
        try {
          await page.goto(server.url + path);
          return await page.evaluate(work, argument);
        } finally {
          await page.close();
          assert.deepEqual(complaints, []);
        }
      }

      const touchedBy = (path) =>
        on(
          "traps",
          async (path) => {
            let failure;
            await import(path).catch((error) => {
              failure = error;
            });
            const found = globalThis.untrap();
            if (failure) throw failure;
            return found;
          },
          path,
        );

      for (const entry of ENTRIES) {
        test(`dist/${entry}.js touches nothing`, async () => {
          assert.deepEqual(await touchedBy(`/bytestow/${entry}.js`), { touched: [], untrappable: [] });
        });
      }

      test("the traps see what is touched", async () => {
        const { touched } = await touchedBy("/bytestow/touches.js");
        assert.deepEqual(TOUCHED.filter((each) => !touched.includes(each)), []); // biome-ignore format: one line
      });

      test("two copies on one page share a database, each with an instance of its own", async () => {
        const found = await on("", async () => {
          const [a, b] = await Promise.all(["", "/copy"].map((copy) => import(`${copy}/bytestow/entry/default.js`)));
          const [one, two] = [a, b].map((copy) => new copy.IndexedDBByteStore({ name: "shared" }));
          const pairs = (from, fill) =>
            Array.from({ length: 200 }, (_, at) => [`${from + at}`, new Uint8Array(100).fill(fill)]);
          const keys = async (store) => (await Array.fromAsync(store.yieldKeys())).length;
          const fills = (values) => [...new Set(values.map((value) => value?.[99]))].sort();
          const told = { copies: a.IndexedDBByteStore !== b.IndexedDBByteStore };
          await Promise.all([one.mset(pairs(0, 1)), two.mset(pairs(200, 2))]);
          told.keys = [await keys(one), await keys(two)];
          const all = Array.from({ length: 400 }, (_, at) => `${at}`);
          told.values = [fills(await one.mget(all)), fills(await two.mget(all))];
          // Both write all of it at once: whichever came last, it came whole.
          for (let round = 0; round < 5; round++) {
            await Promise.all([one.mset(pairs(0, 3)), two.mset(pairs(0, 4))]);
            const [seen] = [fills(await two.mget(all.slice(0, 200)))];
            if (seen.length !== 1) told.torn = seen;
          }
          await two.mset([["new", new Uint8Array(1)]]);
          // A store of the other copy is any store.
          const tiers = new a.TieredByteStore({ local: one, remote: two });
          told.tiers = (await tiers.mget(["new"])).map((value) => value?.length);
          await two.mdelete(all);
          told.left = [await keys(one), await keys(two)];
          await one.destroy();
          told.destroyed = await keys(two);
          await two.mset([["again", new Uint8Array(1)]]);
          told.again = await keys(two);
          return told;
        });
        assert.deepEqual(found, {
          copies: true,
          keys: [400, 400],
          values: [
            [1, 2],
            [1, 2],
          ],
          tiers: [1],
          left: [1, 1],
          destroyed: 0,
          again: 1,
        });
      });

      test("the entry under two URLs: neither disturbs the other", async () => {
        const found = await on("", async () => {
          const [a, b] = await Promise.all(["a", "b"].map((query) => import(`/bytestow/entry/default.js?${query}`)));
          const [one, two] = [new a.InMemoryByteStore(), new b.InMemoryByteStore()];
          await Promise.all([one.mset([["k", new Uint8Array([1])]]), two.mset([["k", new Uint8Array([2])]])]);
          await one.close();
          return [...(await two.mget(["k"]))[0]];
        });
        assert.deepEqual(found, [2]);
      });
    });
  }
});
