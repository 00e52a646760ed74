/**
 * Importing does nothing in browsers, file by file as from a CDN; what LangChain's own module does is measured beside. And
 * two copies of the package on one page share a database.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { newProfile, openProfile } from "../support/chromium.mjs";
import { openFirefox } from "../support/firefox.mjs";
import { packageRoot } from "../support/package.mjs";
import { bundle, serveFiles } from "../support/site.mjs";
import { TOUCHED, TOUCHES, TRAPS } from "./import_traps.mjs";

const ENTRIES = ["entry/default", "entry/slim", "testing/index"];
/** Those that need LangChain's modules, and these. */
const WITH_PEER = {
  "entry/embeddings/default": ["embeddings"],
  "langchain/embeddings": ["embeddings"],
  "entry/vectorstores/default": ["documents", "vectorstores"],
  "entry/vectorstores/slim": ["documents", "vectorstores"],
  "langchain/memory/index": ["documents", "memory", "retrievers"],
};

/** LangChain needs a bundler for what it imports; here each module is one file, where an import map finds it. */
const PEERS = {
  documents: "documents/index",
  embeddings: "embeddings",
  memory: "memory",
  retrievers: "retrievers/index",
  vectorstores: "vectorstores",
};
const peers = Object.keys(PEERS);
const IMPORTS = Object.fromEntries(peers.map((name) => [`@langchain/core/${name}`, `/langchain/${name}.js`]));
const IMPORT_MAP = `<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>`;

/** What an import map leads to, and what imports several of them at once. */
async function langchain() {
  const bundled = peers.map(async (name) => [
    `/langchain/${name}.js`,
    await bundle(`../node_modules/@langchain/core/dist/${PEERS[name]}.js`, import.meta.url),
  ]);
  const together = Object.entries(WITH_PEER).map(([entry, names]) => [
    `/langchain/of/${entry}.js`,
    { type: "text/javascript", body: names.map((name) => `import "/langchain/${name}.js";`).join("\n") },
  ]);
  return Object.fromEntries([...(await Promise.all(bundled)), ...together]);
}

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

describe("pages", { concurrency: 2, timeout: 900_000 }, () => {
  for (const [name, open] of Object.entries(BROWSERS)) {
    describe(name, { concurrency: false }, () => {
      let server, profile, browser;

      before(async () => {
        server = await serveFiles({
          "/": `<!doctype html><title>test</title>${IMPORT_MAP}`,
          "/traps": `<!doctype html><title>test</title>${IMPORT_MAP}<script>${TRAPS}</script>`,
          "/bytestow/touches.js": { type: "text/javascript", body: TOUCHES },
          "/langchain/touches.js": { type: "text/javascript", body: TOUCHES },
          ...(await langchain()),
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
          assert.deepEqual(await touchedBy(`/bytestow/${entry}.js`), { touched: [], theirs: [], untrappable: [] });
        });
      }

      for (const [entry, names] of Object.entries(WITH_PEER)) {
        test(`dist/${entry}.js touches nothing beyond what LangChain's ${names.join(" and ")} do`, async () => {
          const theirs = await touchedBy(`/langchain/of/${entry}.js`);
          assert.deepEqual(await touchedBy(`/bytestow/${entry}.js`), theirs);
          // The traps tell whose frames are whose; of a global that is new nobody knows who made it.
          const other = theirs.touched.filter((each) => !each.startsWith("globals changed"));
          assert.deepEqual(other, []);
        });
      }

      test("the traps see what is touched", async () => {
        const { touched } = await touchedBy("/bytestow/touches.js");
        assert.deepEqual(TOUCHED.filter((each) => !touched.includes(each)), []); // biome-ignore format: one line
        const { theirs } = await touchedBy("/langchain/touches.js");
        const own = TOUCHED.filter((each) => !each.startsWith("globals"));
        assert.deepEqual(own.filter((each) => !theirs.includes(each)), []); // biome-ignore format: one line
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

      test("a cache of one copy over a store of the other, and over a cache of the other", async () => {
        const found = await on("", async () => {
          const [main, mine, theirs] = await Promise.all(
            [
              "/bytestow/entry/default",
              "/bytestow/entry/embeddings/default",
              "/copy/bytestow/entry/embeddings/default",
            ].map((path) => import(`${path}.js`)),
          );
          const asked = [];
          const vector = (text, last) => {
            asked.push(text);
            return [text.length, last];
          };
          const embeddings = {
            embedDocuments: async (texts) => texts.map((text) => vector(text, 0.5)),
            embedQuery: async (text) => vector(text, 0.25),
          };
          const store = new main.IndexedDBByteStore({ name: "vectors" });
          const one = new mine.CacheBackedEmbeddings({ embeddings, store, model: "m" });
          const two = new theirs.CacheBackedEmbeddings({ embeddings, store, model: "m" });
          const over = new theirs.CacheBackedEmbeddings({
            embeddings: one,
            store: new main.InMemoryByteStore(),
            model: "m",
          });
          const told = { copies: mine.CacheBackedEmbeddings !== theirs.CacheBackedEmbeddings, vectors: [] };
          told.vectors.push(...(await one.embedDocuments(["a", "bb"])));
          told.vectors.push(...(await two.embedDocuments(["bb", "ccc"])));
          told.vectors.push(...(await over.embedDocuments(["ccc", "a"])), await over.embedQuery("a"));
          await store.destroy();
          return { ...told, asked };
        });
        assert.deepEqual(found, {
          copies: true,
          vectors: [[1, 0.5], [2, 0.5], [2, 0.5], [3, 0.5], [3, 0.5], [1, 0.5], [1, 0.25]], // biome-ignore format: a list
          asked: ["a", "bb", "ccc", "a"],
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
