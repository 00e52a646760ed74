/** Programs around one copy of the package, bundled for pages and for workerd, with its glue within their reach. */

import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

/**
 * Resolves `bytestow` to the entry `entry` of the package in `root`, `bytestow-glue` and `bytestow-runtime` to what it
 * calls wasm by, `bytestow-steps` to the module `steps`, and `bytestow-embeddings` to nothing unless it is wanted.
 */
function copyOf({ root, steps, embeddings = false }, entry) {
  const paths = {
    bytestow: join(root, "dist", "entry", `${entry}.js`),
    "bytestow-embeddings": embeddings ? join(root, "dist", "entry", "embeddings", `${entry}.js`) : NOTHING,
    "bytestow-glue": join(root, "dist", "wasm", "bytestow_wasm.js"),
    "bytestow-runtime": join(root, "dist", "core", "runtime.js"),
    "bytestow-steps": steps,
  };
  return {
    name: "copy-of-the-package",
    setup(bundle) {
      bundle.onResolve({ filter: /^bytestow(-embeddings|-glue|-runtime|-steps)?$/ }, ({ path }) => ({
        path: paths[path],
      }));
    },
  };
}

const NOTHING = fileURLToPath(new URL("nothing.mjs", import.meta.url));

/**
 * Bundles the module `file` for a page, over what the program is made of.
 * @param {string} file
 * @param {import("./drivers.mjs").Program} program
 */
export async function bundleForPage(file, program) {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    plugins: [copyOf(program, "default")],
    write: false,
    logLevel: "silent",
  });
  return { type: "text/javascript", body: outputFiles[0].text };
}

/** Bundles the Worker `file` likewise: Miniflare's modules, the wasm one of them. */
export async function bundleForWorkerd(file, program) {
  const wasm = join(program.root, "dist", "wasm", "bytestow_wasm_bg.wasm");
  const asModule = {
    name: "wasm-module",
    setup(bundle) {
      bundle.onResolve({ filter: /\.wasm$/ }, () => ({ path: `./${basename(wasm)}`, external: true }));
    },
  };
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    format: "esm",
    target: "es2022",
    plugins: [asModule, copyOf(program, "workerd")],
    write: false,
    logLevel: "silent",
  });
  return [
    { type: "ESModule", path: "worker.js", contents: outputFiles[0].text },
    { type: "CompiledWasm", path: basename(wasm), contents: await readFile(wasm) },
  ];
}

/**
 * Runs a Worker whose requests are `{ step, given }` and whose answers `{ value }` or `{ error }`; gives `ask`, what the
 * runtime has `said`, and `stop`.
 */
export async function startWorkerd(modules, compatibilityDate, options = {}) {
  let said = "";
  const hear = (stream) => {
    stream.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
  };
  // Only so does the runtime tell of what nobody caught.
  const logging = { verbose: true, handleRuntimeStdio: (...streams) => streams.forEach(hear) };
  const miniflare = new Miniflare({ modules, compatibilityDate, cf: false, ...logging, ...options });
  await miniflare.ready;
  return {
    miniflare,
    said: () => said,
    async ask(step, given) {
      const response = await miniflare.dispatchFetch("http://worker/", {
        method: "POST",
        body: JSON.stringify({ step, given }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${response.status} from the Worker: ${text.slice(0, 500)}\n${said}`);
      const { value, error } = JSON.parse(text);
      if (error !== undefined) throw new Error(error);
      return value;
    },
    stop: () => miniflare.dispose(),
  };
}
