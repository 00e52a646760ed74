/**
 * Importing does nothing, in each Node, in Deno and in Bun: each entry is imported amid traps. What LangChain's own module
 * does that the cache's class extends is measured beside, in the same way: the package may do nothing beyond that.
 */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { run } from "../support/child.mjs";
import { packageRoot, testsRoot } from "../support/package.mjs";
import { RUNTIME_NAMES, runtimeOf } from "../support/runtimes.mjs";
import { TOUCHED, TOUCHES, TRAPS } from "./import_traps.mjs";

const ENTRIES = ["entry/default", "entry/slim", "testing/index"];
/** The entries that need LangChain's modules, and these. */
const WITH_PEER = {
  "entry/embeddings/default": ["embeddings"],
  "langchain/embeddings": ["embeddings"],
  "entry/vectorstores/default": ["documents/index", "vectorstores"],
  "entry/vectorstores/slim": ["documents/index", "vectorstores"],
  "langchain/memory/index": ["documents/index", "memory", "retrievers/index"],
};
const peerOf = (name) => `node_modules/@langchain/core/dist/${name}.js`;
const PEER = peerOf("embeddings");

describe("importing does nothing", () => {
  let folder;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bytestow-import-"));
    for (const place of ["bytestow", "node_modules/peer"]) {
      await mkdir(join(folder, place), { recursive: true });
      await writeFile(join(folder, place, "touches.mjs"), TOUCHES);
    }
  });

  after(() => rm(folder, { recursive: true, force: true }));

  /** Runs `source` in `runtime`; gives what it printed as JSON. Anything on stderr is an error. */
  async function printed(runtime, source) {
    const file = join(folder, `${runtime.name}.mjs`);
    await writeFile(file, source);
    const { code, stdout, stderr } = await run(runtime.path, runtime.args(file));
    assert.deepEqual([code, stderr], [0, ""]);
    return JSON.parse(stdout);
  }

  /** What the module at `path` touches when it is imported, and what those do that it imports. */
  async function amidTraps(runtime, path) {
    const { touched, theirs, untrappable } = await printed(
      runtime,
      `await import("data:text/javascript,export{}");
      ${TRAPS}
      let failure;
      await import(${JSON.stringify(pathToFileURL(path).href)}).catch((error) => { failure = error; });
      const found = untrap();
      if (failure) throw failure;
      console.log(JSON.stringify(found));`,
    );
    assert.deepEqual(untrappable, runtime.name === "bun" ? ["Bun"] : []);
    return { touched, theirs };
  }

  for (const name of RUNTIME_NAMES) {
    for (const entry of ENTRIES) {
      test(`${name}: dist/${entry}.js touches nothing`, async () => {
        const found = await amidTraps(runtimeOf(name), join(packageRoot(), "dist", `${entry}.js`));
        assert.deepEqual(found, { touched: [], theirs: [] });
      });
    }

    for (const [entry, peers] of Object.entries(WITH_PEER)) {
      test(`${name}: dist/${entry}.js touches nothing beyond what ${peers.join(" and ")} of LangChain's do`, async () => {
        const all = join(folder, "node_modules/peer", `${peers.join("-").replaceAll("/", "-")}.mjs`);
        const imports = peers.map(
          (peer) => `import ${JSON.stringify(pathToFileURL(join(testsRoot, peerOf(peer))).href)};`,
        );
        await writeFile(all, imports.join("\n"));
        const langchain = await amidTraps(runtimeOf(name), all);
        assert.deepEqual(await amidTraps(runtimeOf(name), join(packageRoot(), "dist", `${entry}.js`)), langchain);
        // The traps tell whose frames are whose; of a global that is new nobody knows who made it.
        const other = langchain.touched.filter((each) => !each.startsWith("globals changed"));
        assert.deepEqual(other, []);
      });
    }

    test(`${name}: constructing a cache touches nothing beyond what LangChain's class does`, async () => {
      const imports = {
        cache: join(packageRoot(), "dist", "langchain", "embeddings.js"),
        stores: join(packageRoot(), "dist", "index.js"),
        langchain: join(testsRoot, PEER),
      };
      const amid = (work) =>
        printed(
          runtimeOf(name),
          `${Object.entries(imports)
            .map(([as, path]) => `import * as ${as} from ${JSON.stringify(pathToFileURL(path).href)};`)
            .join("\n")}
          const model = { embedDocuments() {}, embedQuery() {} };
          const store = new stores.InMemoryByteStore();
          class Theirs extends langchain.Embeddings {}
          ${TRAPS}
          ${work}
          console.log(JSON.stringify(untrap()));`,
        );
      const ours = await amid(
        `new cache.CacheBackedEmbeddings({ embeddings: model, store, model: "m", precision: "f16", onEvent() {} }).stats();
        const namespace = "m";
        cache.CacheBackedEmbeddings.fromBytesStore(model, { ...model, mget() {}, mset() {}, mdelete() {}, yieldKeys() {} }, { namespace });`,
      );
      assert.deepEqual(ours, await amid("new Theirs({});"));
      assert.deepEqual(ours.touched, []);
    });

    test(`${name}: constructing stores touches nothing, and no wasm`, async () => {
      const index = pathToFileURL(join(packageRoot(), "dist", "index.js")).href;
      const { touched } = await printed(
        runtimeOf(name),
        `const { InMemoryByteStore, IndexedDBByteStore, UpstashRedisByteStore, TieredByteStore, WrappedByteStore } =
          await import(${JSON.stringify(index)});
        ${TRAPS}
        const local = new InMemoryByteStore({ namespace: "a", ttl: 1, onEvent() {}, now: () => 0 });
        new IndexedDBByteStore({ name: "a", namespace: "a", onEvent() {}, recover: "recreate", fallback: "memory" });
        const remote = new UpstashRedisByteStore({ url: "https://redis.example", token: "t", ttl: 5 });
        new TieredByteStore({ local, remote, localTtl: 1 });
        const store = new WrappedByteStore({ store: new InMemoryByteStore() });
        JSON.stringify(store), store.stats(), store.lc_id;
        console.log(JSON.stringify(untrap()));`,
      );
      assert.deepEqual(touched, []);
    });

    test(`${name}: the traps see what is touched`, async () => {
      const { touched } = await amidTraps(runtimeOf(name), join(folder, "bytestow", "touches.mjs"));
      assert.deepEqual(TOUCHED.filter((each) => !touched.includes(each)), []); // biome-ignore format: one line
      const { theirs } = await amidTraps(runtimeOf(name), join(folder, "node_modules", "peer", "touches.mjs"));
      const own = TOUCHED.filter((each) => !each.startsWith("globals"));
      assert.deepEqual(own.filter((each) => !theirs.includes(each)), []); // biome-ignore format: one line
    });

    test(`${name}: the entry under two URLs: neither disturbs the other`, async () => {
      const url = pathToFileURL(join(packageRoot(), "dist", "entry", "default.js")).href;
      const found = await printed(
        runtimeOf(name),
        `const [a, b] = await Promise.all([import(${JSON.stringify(`${url}?a`)}), import(${JSON.stringify(`${url}?b`)})]);
        const [one, two] = [new a.InMemoryByteStore(), new b.InMemoryByteStore()];
        await Promise.all([one.mset([["k", new Uint8Array([1])]]), two.mset([["k", new Uint8Array([2])]])]);
        const over = new b.TieredByteStore({ local: two, remote: one });
        await one.mset([["far", new Uint8Array([3])]]);
        const values = [...(await one.mget(["k"])), ...(await two.mget(["k"])), ...(await over.mget(["k", "far"]))];
        await one.close();
        values.push(...(await two.mget(["far"])));
        console.log(JSON.stringify(values.map((value) => value && [...value])));`,
      );
      assert.deepEqual(found, [[1], [2], [2], [3], [3]]);
    });
  }
});
