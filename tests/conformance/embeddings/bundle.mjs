// The Worker of the suite in workerd, bundled as a bundler for Workers does it: by the condition `workerd`, `.wasm`
// imports left as modules of their own, and LangChain's code within the script.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The modules of the Worker, as `startWorker` takes them. */
export async function bundleWorker() {
  const wasm = fileURLToPath(import.meta.resolve("bytestow/bytestow.wasm"));
  const asModule = {
    name: "wasm-module",
    setup(bundle) {
      bundle.onResolve({ filter: /\.wasm$/ }, () => ({ path: `./${basename(wasm)}`, external: true }));
    },
  };
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("worker.mjs", import.meta.url))],
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    plugins: [asModule],
    write: false,
    logLevel: "silent",
  });
  const [script] = outputFiles;
  return [
    { type: "ESModule", path: "worker.js", contents: script.text },
    { type: "CompiledWasm", path: basename(wasm), contents: await readFile(wasm) },
  ];
}
