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

const WASM = "wasm/bytestow_wasm_bg.wasm";
const ENTRIES = ["entry/workerd", "entry/edge-light", "entry/slim", "testing/index"];
const WITH_PEER = ["entry/embeddings/workerd", "entry/embeddings/edge-light", "langchain/embeddings"];
/** LangChain needs a bundler for what it imports; here it is one module. */
const PEER = "langchain/embeddings.js";

/** What the module `path` of the Worker touches when it is imported, at the top of the Worker's. */
async function touchedBy(path, compatibilityDate, more = []) {
  const dist = join(packageRoot(), "dist");
  const scripts = readdirSync(dist, { recursive: true })
    // The default entries' wasm is not for here, and large.
    .filter((file) => file.endsWith(".js") && !/(?:^|\/)(?:default|inline)\.js$/u.test(file))
    .map((file) => ({ type: "ESModule", path: `bytestow/${file}`, contents: readFileSync(join(dist, file), "utf8") }));
  const wasm = ["", "?module"].map((suffix) => ({
    type: "CompiledWasm",
    path: `bytestow/${WASM}${suffix}`,
    contents: readFileSync(join(dist, WASM)),
  }));
  const langchain = await bundle("../node_modules/@langchain/core/dist/embeddings.js", import.meta.url);
  const peer = [
    { type: "ESModule", path: PEER, contents: langchain.body },
    // workerd looks for any name beside the module that imports it.
    {
      type: "ESModule",
      path: "bytestow/langchain/@langchain/core/embeddings",
      contents: `export * from "../../../../${PEER}";`,
    },
  ];
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
    ...peer,
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

    for (const entry of WITH_PEER) {
      test(`${date}: dist/${entry}.js touches nothing beyond what @langchain/core/embeddings does`, async () => {
        const { exported, ...found } = await touchedBy(`bytestow/${entry}.js`, date);
        const { exported: _, ...langchain } = await touchedBy(PEER, date);
        assert.deepEqual(found, langchain);
        assert.deepEqual(langchain.touched, []);
        assert.equal(exported, 1);
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
