/**
 * The optional peer: without `@langchain/core` the stores work and the entries that need it say so; with it the cache works
 * in whatever way it is imported, and stores and caches of two copies of the package take each other.
 */

import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { run } from "../support/child.mjs";
import { tarball } from "../support/package.mjs";
import { runtimeOf } from "../support/runtimes.mjs";
import { linkPeer } from "./peer.mjs";

const NODES = ["node-20", "node-22", "node-24"];
const NEEDY = [
  ...["bytestow/embeddings", "bytestow/slim/embeddings"],
  ...["bytestow/vectorstores", "bytestow/slim/vectorstores", "bytestow/memory"],
];

/** A model that counts what it is asked for. */
const MODEL = `
  const asked = [];
  const vector = (text) => { asked.push(text); return [text.length, 0.1]; };
  const embeddings = {
    embedDocuments: async (texts) => texts.map(vector),
    embedQuery: async (text) => vector(text),
  };`;

/** Embeds cold and warm with `cache`, over `embeddings`; the second number is what f32 makes of 0.1. */
const ROUND_TRIP = `
  const expected = JSON.stringify([[1, Math.fround(0.1)], [2, Math.fround(0.1)]]);
  for (const time of ["cold", "warm"]) {
    const found = JSON.stringify(await cache.embedDocuments(["a", "bb"]));
    if (found !== expected) throw new Error(time + ": " + found);
  }
  if (String(await cache.embedQuery("a")) !== String([1, Math.fround(0.1)])) throw new Error("another query");
  if (String(asked) !== "a,bb,a") throw new Error("asked for " + asked);
  const { hits, misses } = cache.stats();
  if (hits !== 2 || misses !== 3) throw new Error(JSON.stringify(cache.stats()));
  console.log("ok");`;

/** An app with the tarball, installed by npm without a network. */
async function newApp() {
  const app = await mkdtemp(join(tmpdir(), "bytestow-peer-"));
  await writeFile(join(app, "package.json"), '{ "name": "app", "private": true, "version": "1.0.0" }\n');
  const npm = await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball()], { cwd: app });
  assert.equal(npm.code, 0, npm.stderr);
  return app;
}

/** Bundles `source` as a module of the app. */
async function bundled(app, source, options = {}) {
  const stdin = { contents: source, resolveDir: app };
  const given = { bundle: true, format: "esm", write: false, logLevel: "silent", ...options };
  const { outputFiles } = await build({ stdin, ...given });
  return outputFiles[0].text;
}

describe("the optional peer", { timeout: 900_000 }, () => {
  let without, app, other;

  before(async () => {
    without = await newApp();
    app = await mkdtemp(join(tmpdir(), "bytestow-peer-"));
    other = await mkdtemp(join(tmpdir(), "bytestow-peer-"));
    for (const folder of [app, other]) {
      await cp(without, folder, { recursive: true });
      await linkPeer(folder);
    }
  });

  after(() =>
    Promise.all([without, app, other].map((folder) => folder && rm(folder, { recursive: true, force: true }))),
  );

  /** Runs a program of `folder`. */
  async function program(folder, name, source, runtime = "node-20") {
    await writeFile(join(folder, name), source);
    return run(runtimeOf(runtime).path, ["--no-warnings", join(folder, name)], { cwd: folder });
  }

  /** Runs it; it must print "ok" and nothing else. */
  async function works(...args) {
    const { code, stdout, stderr } = await program(...args);
    assert.deepEqual([code, stdout.trim(), stderr], [0, "ok", ""]);
  }

  for (const node of NODES) {
    test(`${node}: without it the stores work, imported and required`, async () => {
      const use =
        "const store = new InMemoryByteStore(); store.mget(['a']).then(([value]) => console.log(value ?? 'ok'));";
      await works(without, "store.mjs", `import { InMemoryByteStore } from "bytestow"; ${use}`, node);
      await works(without, "store.cjs", `const { InMemoryByteStore } = require("bytestow"); ${use}`, node);
      await works(without, "rest.mjs", 'import "bytestow/slim"; import "bytestow/testing"; console.log("ok");', node);
    });

    for (const entry of NEEDY) {
      test(`${node}: without it ${entry} fails by Node's own message, which names it`, async () => {
        for (const [file, source] of [
          ["needs.mjs", `import "${entry}";`],
          ["needs.cjs", `require("${entry}");`],
        ]) {
          const { code, stderr } = await program(without, file, source, node);
          assert.equal(code, 1);
          assert.match(stderr, /Cannot find package '@langchain\/core'[^\n]* imported from [^\n]*\/dist\/langchain\//u);
          assert.match(stderr, /ERR_MODULE_NOT_FOUND/u);
        }
      });
    }
  }

  test("without it a bundler says what is missing, and only to those who ask for it", async () => {
    for (const entry of NEEDY) {
      await assert.rejects(bundled(without, `export * from "${entry}";`), /Could not resolve "@langchain\/core\//u);
    }
    assert.match(await bundled(without, 'export { InMemoryByteStore } from "bytestow";'), /InMemoryByteStore/u);
  });

  for (const node of NODES) {
    test(`${node}: import`, () =>
      works(
        app,
        "esm.mjs",
        `import { InMemoryByteStore } from "bytestow"; import { CacheBackedEmbeddings } from "bytestow/embeddings";
        ${MODEL}
        const cache = new CacheBackedEmbeddings({ embeddings, store: new InMemoryByteStore(), model: "m" });${ROUND_TRIP}`,
        node,
      ));

    test(`${node}: require()`, () =>
      works(
        app,
        "cjs.cjs",
        `const { InMemoryByteStore } = require("bytestow"); const { CacheBackedEmbeddings } = require("bytestow/embeddings");
        (async () => {${MODEL}
          const store = new InMemoryByteStore();
          const cache = CacheBackedEmbeddings.fromBytesStore(embeddings, store, { namespace: "m" });${ROUND_TRIP}
        })();`,
        node,
      ));
  }

  test("import, require() and bytestow/slim/embeddings give one class, which is LangChain's too", () =>
    works(
      app,
      "both.mjs",
      `import { createRequire } from "node:module";
      import { Embeddings } from "@langchain/core/embeddings";
      import { CacheBackedEmbeddings } from "bytestow/embeddings";
      import * as slim from "bytestow/slim/embeddings";
      const required = createRequire(import.meta.url)("bytestow/embeddings");
      if (required.CacheBackedEmbeddings !== CacheBackedEmbeddings) throw new Error("two classes");
      if (slim.CacheBackedEmbeddings !== CacheBackedEmbeddings) throw new Error("two classes with slim");
      if (!(CacheBackedEmbeddings.prototype instanceof Embeddings)) throw new Error("not LangChain's");
      console.log("ok");`,
    ));

  const slim = `
    import { readFile } from "node:fs/promises"; import { initWasm, InMemoryByteStore } from "bytestow/slim";
    import { CacheBackedEmbeddings } from "bytestow/slim/embeddings";
    const wasm = readFile(new URL(import.meta.resolve("bytestow/bytestow.wasm")));
    ${MODEL}
    const cache = new CacheBackedEmbeddings({ embeddings, store: new InMemoryByteStore(), model: "m" });`;

  test("bytestow/slim/embeddings, with initWasm of bytestow/slim", () =>
    works(app, "slim.mjs", `${slim}\ninitWasm(wasm);${ROUND_TRIP}`));

  test("bytestow/slim/embeddings without initWasm rejects, says what to do, and works once told", () =>
    works(
      app,
      "untold.mjs",
      `${slim}
      const error = await cache.embedQuery("a").then(() => undefined, (error) => error);
      if (error?.code !== "invalid_argument" || !/initWasm/.test(error.message)) throw error;
      initWasm(wasm);${ROUND_TRIP}`,
    ));

  test("bytestow and bytestow/embeddings share one instance", () =>
    works(
      app,
      "shared.mjs",
      `import { InMemoryByteStore } from "bytestow"; import { CacheBackedEmbeddings } from "bytestow/embeddings";
      let made = 0;
      const { instantiate } = WebAssembly;
      WebAssembly.instantiate = (...args) => {
        // Node's own fetch is wasm too.
        if (new Error().stack.includes("bytestow_wasm.js")) made++;
        return instantiate(...args);
      };
      ${MODEL}
      const store = new InMemoryByteStore();
      await store.mget(["a"]);
      const cache = new CacheBackedEmbeddings({ embeddings, store, model: "m" });
      ${ROUND_TRIP.replace('console.log("ok")', 'console.log(made === 1 ? "ok" : made + " instances")')}`,
    ));

  test("caches and stores of two copies take each other", () =>
    works(
      app,
      "copies.mjs",
      `import * as stores from "bytestow"; import * as mine from "bytestow/embeddings";
      import { createRequire } from "node:module";
      const require = createRequire(${JSON.stringify(join(other, "other.mjs"))});
      const theirs = { ...require("bytestow"), ...require("bytestow/embeddings") };
      if (theirs.CacheBackedEmbeddings === mine.CacheBackedEmbeddings) throw new Error("one copy");
      ${MODEL}
      // The store of the first, below a cache of the second, which the first has as its model: each has an instance.
      const model = "m";
      const below = new theirs.CacheBackedEmbeddings({ embeddings, store: new stores.InMemoryByteStore(), model });
      const cache = new mine.CacheBackedEmbeddings({ embeddings: below, store: new theirs.InMemoryByteStore(), model });
      ${ROUND_TRIP}`,
    ));

  test("a bundle has the wasm once; one for Workers takes the module", async () => {
    const both =
      'export { InMemoryByteStore } from "bytestow"; export { CacheBackedEmbeddings } from "bytestow/embeddings";';
    const inlined = (text) => text.match(/"H4sI/gu)?.length ?? 0;
    assert.equal(inlined(await bundled(app, both)), 1);
    const worker = await bundled(app, both, { conditions: ["workerd"], external: ["*.wasm"] });
    assert.match(worker, /from\s*"[^"]*bytestow_wasm_bg\.wasm"/u);
    assert.equal(inlined(worker), 0);
    assert.equal(inlined(await bundled(app, 'export { CacheBackedEmbeddings } from "bytestow/slim/embeddings";')), 0);
    assert.doesNotMatch(await bundled(app, 'export { InMemoryByteStore } from "bytestow";'), /CacheBackedEmbeddings/u);
  });
});
