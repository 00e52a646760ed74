/** No top-level await anywhere: it would keep `require()`, service workers and older bundlers from loading the package. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { run } from "../support/child.mjs";
import { packageRoot } from "../support/package.mjs";
import { runtimeOf } from "../support/runtimes.mjs";

const RUNTIMES = ["default", "workerd", "edge-light"];
/** Those that any Node may import. */
const NODE = [
  ...["entry/default", "entry/slim", "testing/index", "entry/embeddings/default", "langchain/embeddings"],
  ...["entry/vectorstores/default", "entry/vectorstores/slim", "langchain/memory/index"],
];
const FOLDERS = ["entry", "entry/embeddings", "entry/vectorstores"];
const ENTRIES = [...new Set([...NODE, ...FOLDERS.flatMap((folder) => RUNTIMES.map((name) => `${folder}/${name}`))])];

/** esbuild writes no classic script of what awaits at its top level. */
const asClassicScript = (file) =>
  build({
    entryPoints: [file],
    bundle: true,
    format: "iife",
    external: ["*.wasm", "*.wasm?module"],
    write: false,
    logLevel: "silent",
  });

describe("no top-level await", () => {
  let folder;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bytestow-top-level-"));
    await writeFile(join(folder, "awaits.mjs"), "await 1;");
  });

  after(() => rm(folder, { recursive: true, force: true }));

  for (const entry of ENTRIES) {
    test(`dist/${entry}.js becomes a classic script`, async () => {
      const { outputFiles } = await asClassicScript(join(packageRoot(), "dist", `${entry}.js`));
      assert.ok(outputFiles[0].text.length > 1_000);
    });
  }

  test("a module that awaits does not", async () => {
    await assert.rejects(asClassicScript(join(folder, "awaits.mjs")), /Top-level await/u);
  });

  for (const name of ["node-20", "node-22", "node-24"]) {
    test(`${name}: require() of what Node may import`, async () => {
      const required = async (file) => {
        const script = join(folder, "requires.cjs");
        await writeFile(script, `console.log(Object.keys(require(${JSON.stringify(file)})).length)`);
        return run(runtimeOf(name).path, ["--no-warnings", script]);
      };
      for (const entry of NODE) {
        const { code, stdout, stderr } = await required(join(packageRoot(), "dist", `${entry}.js`));
        assert.deepEqual([code, stderr], [0, ""], entry);
        assert.ok(Number(stdout) > 0, `${entry}: ${stdout}`);
      }
      assert.match((await required(join(folder, "awaits.mjs"))).stderr, /ERR_REQUIRE_ASYNC_MODULE/u);
    });
  }
});
