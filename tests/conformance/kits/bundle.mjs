// The Worker of a suite in workerd, bundled as a bundler for Workers does it: by the condition `workerd`, `.wasm` imports
// left as modules of their own, and LangChain's code within the script.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The wasm modules of the package, by the names of their files. */
const WASM = ["bytestow/bytestow.wasm", "bytestow/search.wasm"].map((name) => fileURLToPath(import.meta.resolve(name)));

/** The modules of the Worker whose module `path` is, relative to `base`, as `startWorker` takes them. */
export async function bundleWorker(path, base) {
  const imported = new Set();
  const asModule = {
    name: "wasm-module",
    setup(bundle) {
      bundle.onResolve({ filter: /\.wasm$/ }, ({ path: wasm }) => {
        imported.add(basename(wasm));
        return { path: `./${basename(wasm)}`, external: true };
      });
    },
  };
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(path, base))],
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    plugins: [asModule],
    write: false,
    logLevel: "silent",
  });
  const [script] = outputFiles;
  const files = WASM.filter((file) => imported.has(basename(file)));
  const binaries = files.map(async (file) => ({
    type: "CompiledWasm",
    path: basename(file),
    contents: await readFile(file),
  }));
  return [{ type: "ESModule", path: "worker.js", contents: script.text }, ...(await Promise.all(binaries))];
}
