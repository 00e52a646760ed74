// The rules on vector stores, on ours in a page of a browser: over memory, IndexedDB, LangChain's store, and servers of
// Upstash's protocol behind proxies on the page's own origin.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { newProfile } from "../../support/chromium.mjs";
import { bundle, page, serveFiles } from "../../support/site.mjs";
import { forward } from "../../support/upstash/proxy.mjs";
import { startRedis } from "../../support/upstash/redis.mjs";
import { startServer } from "../../support/upstash/server.mjs";
import { LANGCHAIN } from "../embeddings/caches.mjs";
import { SEED } from "../grid/record.mjs";
import { VectorStoreResults, vectorStoreTestsElsewhere } from "./record.mjs";

const ON_SERVERS = [
  { store: "Upstash", kind: "Upstash", way: "strict" },
  { store: "tiered: IndexedDB, Upstash", kind: "tiered: IndexedDB, Upstash", way: "strict" },
  { store: "tiered: IndexedDB, Upstash, real Redis", kind: "tiered: IndexedDB, Upstash", way: "redis" },
];

/**
 * Registers the suite. `open` opens a browser on a profile: `{ newPage, close }`, its pages those of Playwright or Puppeteer.
 *
 * @param {{ name: string, runtime: string, open: (profile: { path: string }) => Promise<object> }} browser
 */
export function vectorStoresIn({ name: browserName, runtime, open }) {
  const results = new VectorStoreResults();
  describe(`the vector store in ${browserName}`, { timeout: 900_000 }, () => {
    let server, profile, context, strict, redis, tab;
    /** What went wrong in the page that nobody awaited. */
    const uncaught = [];

    before(async () => {
      [strict, redis] = await Promise.all([startServer(), startRedis()]);
      const files = { "/": page("page.js"), "/page.js": await bundle("page.mjs", import.meta.url) };
      server = await serveFiles(files, {
        strict: byDatabase((name) => forward(strict.url, { token: `${strict.token}:${name}` })),
        redis: byDatabase((number) => forward(redis.url(number), { token: redis.token })),
      });
      profile = await newProfile();
      context = await open(profile);
      tab = await context.newPage();
      tab.on("pageerror", (error) => uncaught.push(error.message));
      await tab.goto(server.url);
      await tab.waitForFunction(() => globalThis.runTask !== undefined);
    });

    after(async () => {
      results.finish();
      await context?.close();
      await server?.close();
      await strict?.close();
      await redis?.close();
      await profile?.remove();
    });

    for (const store of ["memory", LANGCHAIN, "IndexedDB"]) rowOf({ store });

    describe("on servers", { concurrency: 3 }, () => {
      for (const { store, kind, way } of ON_SERVERS) {
        const place = {
          url: way,
          token: null,
          databases: way === "redis" ? "number" : "path",
          row: `vectors ${store}`,
        };
        describe(store, { concurrency: 1 }, () => rowOf({ store, kind, server: place }));
      }
    });

    test("no rule has left a database behind, and nothing was thrown that nobody caught", async () => {
      const left = await tab.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
      assert.deepEqual(left, []);
      assert.deepEqual(uncaught, []);
    });

    function rowOf(row) {
      const run = (rule) => tab.evaluate((task) => globalThis.runTask(task), { ...row, rule, seed: SEED, runtime });
      const tests = vectorStoreTestsElsewhere(`over ${row.store}`, results.row(row.store, runtime), run);
      for (const { name, body } of tests) test(name, body);
    }
  });
}

/** A handler that takes the database from the path, and gives the rest of it to that database's own. */
function byDatabase(handlerOf) {
  return (request, response, path) => {
    const [, name, rest] = /^\/([^/?]+)(.*)$/u.exec(path);
    handlerOf(name)(request, response, rest === "" ? "/" : rest);
  };
}
