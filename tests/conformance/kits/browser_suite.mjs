// The rules of a kit, on ours in a page of a browser: over memory, IndexedDB, LangChain's store, and servers of Upstash's
// protocol behind proxies on the page's own origin.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test, { after, before, describe } from "node:test";
import { executable, newProfile, openProfile } from "../../support/chromium.mjs";
import { bundle, page, serveFiles } from "../../support/site.mjs";
import { forward } from "../../support/upstash/proxy.mjs";
import { startServer } from "../../support/upstash/server.mjs";
import { LANGCHAIN } from "../embeddings/caches.mjs";
import { SEED } from "../grid/record.mjs";
import { KitResults } from "./record.mjs";

const STORES = ["memory", LANGCHAIN, "IndexedDB"];

/** Over a real Redis a kit runs in Node: what stands behind the protocol is the same for all runtimes. */
const ON_SERVERS = [
  { store: "Upstash", kind: "Upstash" },
  { store: "tiered: IndexedDB, Upstash", kind: "tiered: IndexedDB, Upstash" },
];

/** Chromium, for {@link kitIn}. */
export function chromium() {
  const version = execFileSync(executable(), ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return { name: "Chromium", runtime: `chromium ${/\d+/u.exec(version)?.[0]}`, open: openProfile };
}

/**
 * Registers the suite of a kit. `open` opens a browser on a profile: `{ newPage, close }`, its pages those of Playwright or
 * Puppeteer. `stores` are the byte stores that it runs over: all unless given. `more` goes along with each task.
 *
 * @param {typeof import("./kits.mjs").EMBEDDINGS} kit
 * @param {{ name: string, runtime: string, open: (profile: { path: string }) => Promise<object>, stores?: string[] }} browser
 * @param {object} [more]
 */
export function kitIn(kit, { name, runtime, open, stores }, more = {}) {
  const isAsked = (store) => stores?.includes(store) ?? true;
  const results = new KitResults(kit);
  describe(`the ${kit.name} in ${name}`, { timeout: kit.patience.browser }, () => {
    let server, profile, context, strict, tab;
    /** What went wrong in the page that nobody awaited. */
    const uncaught = [];

    before(async () => {
      strict = await startServer();
      const files = { "/": page("page.js"), "/page.js": await bundle("page.mjs", kit.folder) };
      server = await serveFiles(files, {
        strict: byDatabase((name) => forward(strict.url, { token: `${strict.token}:${name}` })),
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
      await profile?.remove();
    });

    for (const store of STORES.filter(isAsked)) rowOf({ store });

    describe("on servers", { concurrency: 3 }, () => {
      for (const { store, kind } of ON_SERVERS.filter((row) => isAsked(row.store))) {
        const place = { url: "strict", token: null, databases: "path", row: `${kit.name} ${store}` };
        describe(store, { concurrency: 1 }, () => rowOf({ store, kind, server: place }));
      }
    });

    test("no rule has left a database behind, and nothing was thrown that nobody caught", async () => {
      const left = await tab.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
      assert.deepEqual(left, []);
      assert.deepEqual(uncaught, []);
    });

    function rowOf(row) {
      const task = { ...row, seed: SEED, runtime, ...more };
      const run = (rule) => tab.evaluate((task) => globalThis.runTask(task), { ...task, rule });
      for (const { name, body } of results.testsElsewhere(row.store, runtime, run)) test(name, body);
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
