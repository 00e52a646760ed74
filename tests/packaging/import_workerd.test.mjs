/**
 * Importing does nothing in workerd, whose global scope forbids much of it anyway: the package's modules as they are, with
 * no bundler between, by the entries for workerd and those for the edge; before and after its runtime had
 * `FinalizationRegistry`. What LangChain's own module does is measured beside.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Miniflare } from "miniflare";
import { packageRoot } from "../support/package.mjs";
import { bundle } from "../support/site.mjs";
import { TOUCHED, TOUCHES, TRAPS } from "./import_traps.mjs";

const WASM = ["wasm/bytestow_wasm_bg.wasm", "wasm/bytestow_search_bg.wasm"];
const ENTRIES = ["entry/workerd", "entry/edge-light", "entry/slim", "testing/index"];
/** Those that need LangChain's modules, and these. */
const WITH_PEER = {
  "entry/embeddings/workerd": ["embeddings"],
  "entry/embeddings/edge-light": ["embeddings"],
  "langchain/embeddings": ["embeddings"],
  "entry/vectorstores/workerd": ["documents", "vectorstores"],
  "entry/vectorstores/edge-light": ["documents", "vectorstores"],
  "entry/vectorstores/slim": ["documents", "vectorstores"],
  "langchain/memory/index": ["documents", "memory", "retrievers"],
};
/** LangChain needs a bundler for what it imports; here each is one module. */
const PEERS = {
  documents: "documents/index",
  embeddings: "embeddings",
  memory: "memory",
  retrievers: "retrievers/index",
  vectorstores: "vectorstores",
};
/** The package's folders whose modules import them. */
const IMPORTERS = ["langchain", "langchain/memory", "langchain/vectorstores", "langchain/vectorstores/filters"];

/** LangChain's modules, bundled once. */
let langchain;
async function langchainModules() {
  langchain ??= Promise.all(
    Object.entries(PEERS).map(async ([name, file]) => {
      const { body } = await bundle(`../node_modules/@langchain/core/dist/${file}.js`, import.meta.url);
      // workerd looks for any name beside the module that imports it.
      const names = IMPORTERS.map((folder) => ({
        type: "ESModule",
        path: `bytestow/${folder}/@langchain/core/${name}`,
        contents: `export * from "${"../".repeat(folder.split("/").length + 3)}langchain/${name}.js";`,
      }));
      return [{ type: "ESModule", path: `langchain/${name}.js`, contents: body }, ...names];
    }),
  );
  return (await langchain).flat();
}

/** What the module `path` of the Worker touches when it is imported, at the top of the Worker's. */
async function touchedBy(path, compatibilityDate, more = []) {
  const dist = join(packageRoot(), "dist");
  const scripts = readdirSync(dist, { recursive: true })
    // The default entries' wasm is not for here, and large.
    .filter((file) => file.endsWith(".js") && !/(?:^|\/)(?:default|\w*inline)\.js$/u.test(file))
    .map((file) => ({ type: "ESModule", path: `bytestow/${file}`, contents: readFileSync(join(dist, file), "utf8") }));
  const wasm = WASM.flatMap((file) =>
    ["", "?module"].map((suffix) => ({
      type: "CompiledWasm",
      path: `bytestow/${file}${suffix}`,
      contents: readFileSync(join(dist, file)),
    })),
  );
  const modules = [
    {
      type: "ESModule",
      path: "worker.js",
      contents: `
        import "./traps.js";
        import * as bytestow from "./${path}";
        const found = untrap();
        export default { fetch: async () => Response.json({ ...found, exported: Object.keys(bytestow).length }) };`,
    },
    { type: "ESModule", path: "traps.js", contents: TRAPS },
    ...scripts,
    ...wasm,
    ...(await langchainModules()),
    ...more,
  ];
  const miniflare = new Miniflare({ modules, compatibilityDate, cf: false });
  try {
    await miniflare.ready;
    return await (await miniflare.dispatchFetch("http://worker/")).json();
  } finally {
    await miniflare.dispose();
  }
}

describe("importing does nothing in workerd", () => {
  for (const date of ["2025-01-01", "2026-01-01"]) {
    for (const entry of ENTRIES) {
      test(`${date}: dist/${entry}.js touches nothing`, async () => {
        const { exported, ...found } = await touchedBy(`bytestow/${entry}.js`, date);
        assert.deepEqual(found, { touched: [], theirs: [], untrappable: [] });
        assert.ok(exported > 1);
      });
    }

    for (const [entry, names] of Object.entries(WITH_PEER)) {
      test(`${date}: dist/${entry}.js touches nothing beyond what LangChain's ${names.join(" and ")} do`, async () => {
        const { exported, ...found } = await touchedBy(`bytestow/${entry}.js`, date);
        const contents = names.map((name) => `import "./${name}.js";`).join("\n");
        const all = { type: "ESModule", path: "langchain/all.js", contents: `${contents}\nexport {};` };
        const { exported: _, ...theirs } = await touchedBy("langchain/all.js", date, [all]);
        assert.deepEqual(found, theirs);
        // The traps tell whose frames are whose; of a global that is new nobody knows who made it.
        const other = theirs.touched.filter((each) => !each.startsWith("globals changed"));
        assert.deepEqual(other, []);
        assert.ok(exported > 0);
      });
    }

    test(`${date}: the traps see what is touched`, async () => {
      // workerd itself throws at a timer; Date.now and random numbers it answers or refuses as the date has it.
      const contents = TOUCHES.split(";").map((each) => `try { ${each} } catch {}`).join("\n"); // biome-ignore format: one line
      const touches = { type: "ESModule", path: "bytestow/touches.js", contents: `${contents}\nexport {};` };
      const { touched } = await touchedBy("bytestow/touches.js", date, [touches]);
      assert.deepEqual(TOUCHED.filter((each) => !touched.includes(each)), []); // biome-ignore format: one line
      const { theirs } = await touchedBy("langchain/touches.js", date, [{ ...touches, path: "langchain/touches.js" }]);
      const own = TOUCHED.filter((each) => !each.startsWith("globals"));
      assert.deepEqual(own.filter((each) => !theirs.includes(each)), []); // biome-ignore format: one line
    });
  }
});
