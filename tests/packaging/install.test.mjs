/** The tarball, installed by npm into an app of its own, without a network. */

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { node, program, run } from "../support/child.mjs";
import { tarball } from "../support/package.mjs";

/** Stores and reads back a value of each byte, with `store`. */
const ROUND_TRIP = `
  const value = Uint8Array.from({ length: 256 }, (_, at) => at);
  await store.mset([["key", value], ["empty", new Uint8Array()]]);
  const [back, missing, empty] = await store.mget(["key", "missing", "empty"]);
  if (String(back) !== String(value) || missing !== undefined || empty?.length !== 0) throw new Error("not the same");
  console.log("ok");
`;

describe("the installed tarball", { timeout: 900_000 }, () => {
  let app;

  before(async () => {
    app = await mkdtemp(join(tmpdir(), "bytestow-app-"));
    await writeFile(join(app, "package.json"), '{ "name": "app", "private": true, "version": "1.0.0" }\n');
    const npm = await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball()], { cwd: app });
    assert.equal(npm.code, 0, npm.stderr);
  });

  after(async () => {
    if (app) await rm(app, { recursive: true, force: true });
  });

  /** Runs a module in the app; it must print "ok" and nothing else. */
  async function runs(name, source) {
    await writeFile(join(app, name), source);
    const { code, stdout, stderr } = await node([join(app, name)], { cwd: app });
    assert.equal(`${code} ${stdout.trim()}`, "0 ok", stderr);
    // Node 20.19 and 22.12 up say that require() of a module is experimental, once, to code outside of node_modules.
    assert.equal(stderr.replaceAll(/^.*(ExperimentalWarning: |node --trace-warnings).*\n/gmu, ""), "");
  }

  test("nothing but the package is installed", async () => {
    assert.deepEqual(
      (await readdir(join(app, "node_modules"))).filter((name) => !name.startsWith(".")),
      ["bytestow"],
    );
    const lock = JSON.parse(await readFile(join(app, "package-lock.json"), "utf8"));
    assert.deepEqual(Object.keys(lock.packages).sort(), ["", "node_modules/bytestow"]);
    assert.equal(lock.packages["node_modules/bytestow"].hasInstallScript, undefined);
  });

  test("import", () =>
    runs(
      "esm.mjs",
      `import { InMemoryByteStore } from "bytestow"; const store = new InMemoryByteStore();${ROUND_TRIP}`,
    ));

  test("require()", () =>
    runs(
      "cjs.cjs",
      `const { InMemoryByteStore } = require("bytestow");
       (async () => { const store = new InMemoryByteStore({ namespace: "a" });${ROUND_TRIP}})();`,
    ));

  test("import and require() give the same classes", () =>
    runs(
      "both.mjs",
      `import { createRequire } from "node:module";
       import * as imported from "bytestow";
       const required = createRequire(import.meta.url)("bytestow");
       if (required.InMemoryByteStore !== imported.InMemoryByteStore) throw new Error("two copies");
       console.log("ok");`,
    ));

  const wasm = `const wasm = await readFile(new URL(import.meta.resolve("bytestow/bytestow.wasm")));`;
  const slim = `import { readFile } from "node:fs/promises"; import { initWasm, InMemoryByteStore } from "bytestow/slim";${wasm}`;
  const sources = {
    "a Buffer": "wasm",
    "an ArrayBuffer": "wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength)",
    "a promise of bytes": "readFile(new URL(import.meta.resolve('bytestow/bytestow.wasm')))",
    "a compiled module": "await WebAssembly.compile(wasm)",
    "a promise of a module": "WebAssembly.compile(wasm)",
    "a module of another realm":
      "(await import('node:vm')).runInNewContext('new WebAssembly.Module(bytes)', { bytes: wasm })",
    "a Response": "new Response(wasm, { headers: { 'content-type': 'application/wasm' } })",
    "a promise of a Response":
      "Promise.resolve(new Response(wasm, { headers: { 'content-type': 'application/wasm' } }))",
    "a data: URL": "new URL('data:application/wasm;base64,' + wasm.toString('base64'))",
    "a URL in a string": "'data:application/wasm;base64,' + wasm.toString('base64')",
  };
  for (const [what, source] of Object.entries(sources)) {
    test(`bytestow/slim with ${what}`, () =>
      runs("slim.mjs", `${slim} initWasm(${source}); const store = new InMemoryByteStore();${ROUND_TRIP}`));
  }

  test("bytestow/slim without initWasm rejects, says what to do, and works once told", () =>
    runs(
      "untold.mjs",
      `${slim} const store = new InMemoryByteStore();
       const error = await store.mget(["a"]).then(() => undefined, (error) => error);
       if (error?.code !== "invalid_argument" || !/initWasm/.test(error.message)) throw error;
       initWasm(wasm);${ROUND_TRIP}`,
    ));

  test("bytestow/slim with bytes that are no wasm rejects as unavailable, and works once told better", () =>
    runs(
      "broken.mjs",
      `${slim} initWasm(new Uint8Array([1, 2, 3])); const store = new InMemoryByteStore();
       for (let time = 0; time < 2; time++) {
         const error = await store.mget(["a"]).then(() => undefined, (error) => error);
         if (error?.code !== "unavailable" || !(error.cause instanceof WebAssembly.CompileError)) throw error;
       }
       initWasm(wasm);${ROUND_TRIP}`,
    ));

  test("bytestow/slim with a URL that fails rejects as unavailable, with the cause", () =>
    runs(
      "gone.mjs",
      `${slim} initWasm(new URL("http://127.0.0.1:1/bytestow.wasm")); const store = new InMemoryByteStore();
       const error = await store.mget(["a"]).then(() => undefined, (error) => error);
       if (error?.code !== "unavailable" || error.retryable !== true || !error.cause) throw error;
       initWasm(Promise.reject(new Error("no network")));
       const other = await store.mget(["a"]).then(() => undefined, (error) => error);
       if (other?.code !== "unavailable" || other.cause?.message !== "no network") throw other;
       console.log("ok");`,
    ));

  test("bytestow/slim with a promise that fails before any call ends no process", () =>
    runs(
      "late.mjs",
      `${slim} initWasm(readFile("/nowhere/bytestow.wasm"));
       await new Promise((resolve) => setTimeout(resolve, 50));
       const error = await new InMemoryByteStore().mget(["a"]).then(() => undefined, (error) => error);
       if (error?.code !== "unavailable" || error.cause?.code !== "ENOENT") throw error;
       console.log("ok");`,
    ));

  test("at an edge no call waits for another's instance, and all work on one", () =>
    runs(
      "edge.mjs",
      `${slim}
       let made = 0;
       const { instantiate } = WebAssembly;
       // Node's own fetch is wasm too.
       WebAssembly.instantiate = (...args) => { if (args[0] === wasm) made++; return instantiate(...args); };
       globalThis.EdgeRuntime = "a test";
       initWasm(wasm);
       const store = new InMemoryByteStore();
       await Promise.all([store.mget(["a"]), new InMemoryByteStore().mget(["a"]), store.mset([["b", new Uint8Array(1)]])]);
       if (made !== 3) throw new Error(made + " instances for three first calls");
       if ((await store.mget(["b"]))[0]?.length !== 1) throw new Error("written to an instance that is no more");
       ${ROUND_TRIP}`,
    ));

  test("the main entry and bytestow/slim share one instance and one error class", () =>
    runs(
      "shared.mjs",
      `import * as main from "bytestow"; import * as slim from "bytestow/slim";
       if (main.BytestowError !== slim.BytestowError) throw new Error("two error classes");
       const store = new slim.InMemoryByteStore();${ROUND_TRIP}`,
    ));

  test("bytestow/bytestow.wasm is a module of the glue's imports alone", async () => {
    const path = join(app, "node_modules/bytestow/dist/wasm/bytestow_wasm_bg.wasm");
    const module = await WebAssembly.compile(await readFile(path));
    assert.deepEqual([...new Set(WebAssembly.Module.imports(module).map((each) => each.module))].length, 1);
    assert.ok(WebAssembly.Module.exports(module).some((each) => each.kind === "memory"));
  });

  test("bytestow/testing runs without the main entry's help", () =>
    runs(
      "kit.mjs",
      `import { runRules } from "bytestow/testing"; import { InMemoryByteStore } from "bytestow";
       const { failed } = await runRules({ name: "m", open: (_, options) => new InMemoryByteStore(options) }, { only: ["R4"] });
       console.log(failed[0]?.message ?? "ok");`,
    ));

  test("the glue and the core are not to be reached by name", async () => {
    for (const path of ["dist/wasm/bytestow_wasm.js", "dist/core/runtime.js", "wasm", "core"]) {
      const { code, stderr } = await program(`await import("bytestow/${path}")`, { cwd: app });
      assert.equal(code, 1);
      assert.match(stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/u);
    }
  });

  for (const options of [{ format: "esm" }, { format: "cjs" }, { format: "esm", minify: true }]) {
    test(`bundled by esbuild for ${JSON.stringify(options)}, it works without the package`, async () => {
      await writeFile(
        join(app, "entry.mjs"),
        `import { InMemoryByteStore } from "bytestow"; (async () => { const store = new InMemoryByteStore();${ROUND_TRIP}})();`,
      );
      const away = await mkdtemp(join(tmpdir(), "bytestow-bundle-"));
      try {
        const outfile = join(away, options.format === "cjs" ? "app.cjs" : "app.mjs");
        const { warnings } = await build({
          entryPoints: [join(app, "entry.mjs")],
          bundle: true,
          platform: "neutral",
          outfile,
          logLevel: "silent",
          ...options,
        });
        assert.deepEqual(warnings, []);
        const { code, stdout, stderr } = await node([outfile], { cwd: away });
        assert.equal(`${code} ${stdout.trim()}`, "0 ok", stderr);
      } finally {
        await rm(away, { recursive: true });
      }
    });
  }

  test("a bundle for Workers takes the module, and no inlined copy", async () => {
    await writeFile(join(app, "worker.mjs"), 'export { InMemoryByteStore } from "bytestow";');
    const { outputFiles } = await build({
      entryPoints: [join(app, "worker.mjs")],
      bundle: true,
      format: "esm",
      conditions: ["workerd"],
      external: ["*.wasm"],
      write: false,
      logLevel: "silent",
    });
    assert.match(outputFiles[0].text, /from\s*"[^"]*bytestow_wasm_bg\.wasm"/u);
    assert.ok(outputFiles[0].text.length < 150_000, "the wasm is in it twice");
  });

  test("what nobody uses is left out of a bundle", async () => {
    const bundle = async (source) => {
      await writeFile(join(app, "shaken.mjs"), source);
      const options = { bundle: true, format: "esm", minify: true, write: false, logLevel: "silent" };
      const { outputFiles } = await build({ entryPoints: [join(app, "shaken.mjs")], ...options });
      return outputFiles[0].text;
    };
    assert.equal((await bundle('import "bytestow/testing";')).trim(), "");
    assert.doesNotMatch(
      await bundle('export { BytestowError } from "bytestow/slim";'),
      /H4sI/u,
      "the inlined wasm is in it",
    );
    assert.doesNotMatch(await bundle('export { InMemoryByteStore } from "bytestow/slim";'), /H4sI/u);
    assert.match(await bundle('export { InMemoryByteStore } from "bytestow";'), /H4sI/u);
  });
});
