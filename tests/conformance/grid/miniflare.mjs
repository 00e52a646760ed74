// The Worker of the grid in workerd, bundled as a bundler for Workers does it: by the condition `workerd`, `.wasm`
// imports left as modules of their own. No compatibility flag, no `nodejs_compat`.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

/** The modules of the Worker. */
export async function bundleWorker() {
  const wasm = new Map();
  const wasmModules = {
    name: "wasm-modules",
    setup(bundle) {
      bundle.onResolve({ filter: /\.wasm$/ }, async ({ path, kind, pluginData, ...from }) => {
        if (pluginData === wasm) return undefined;
        const found = await bundle.resolve(path, { kind, pluginData: wasm, ...pick(from) });
        const name = basename(found.path);
        wasm.set(name, found.path);
        return { path: `./${name}`, external: true };
      });
    },
  };
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("workerd.mjs", import.meta.url))],
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    plugins: [wasmModules],
    write: false,
    logLevel: "silent",
  });
  const binaries = [...wasm].map(async ([name, path]) => ({
    type: "CompiledWasm",
    path: name,
    contents: await readFile(path),
  }));
  const [script] = outputFiles;
  return [{ type: "ESModule", path: "worker.js", contents: script.text }, ...(await Promise.all(binaries))];
}

/** A fresh isolate of the Worker. */
export async function startWorker(modules, compatibilityDate) {
  const miniflare = new Miniflare({ modules, compatibilityDate, cf: false });
  await miniflare.ready;
  return {
    /** Makes a request: `step` says what for. */
    async ask(step, given = {}) {
      const body = JSON.stringify({ step, ...given });
      const response = await miniflare.dispatchFetch("http://worker/", { method: "POST", body });
      const text = await response.text();
      if (!response.ok) throw new Error(`${response.status} from the Worker: ${text.slice(0, 500)}`);
      const { value, error } = JSON.parse(text);
      if (error !== undefined) throw new Error(error);
      return value;
    },
    stop: () => miniflare.dispose(),
  };
}

function pick({ importer, namespace, resolveDir }) {
  return { importer, namespace, resolveDir };
}
