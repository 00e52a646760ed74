// The Worker of the grid in workerd, bundled as a bundler for Workers does it: by the condition `workerd`, `.wasm`
// imports left as modules of their own. No compatibility flag, no `nodejs_compat`.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

/** The module of what the Worker's module itself must know: it is evaluated before any request could tell it. */
const SERVERS = "./servers.js";

/** The modules of the Worker, but for the one that {@link startWorker} adds. */
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
    external: [SERVERS],
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

/**
 * A fresh isolate of the Worker. `upstash` are the options that its stores on a server are made with; without them it has
 * none.
 *
 * @param {{ type: string, path: string, contents: string | Uint8Array }[]} bundled
 * @param {string} compatibilityDate
 * @param {{ url: string, token: string }} [upstash]
 */
export async function startWorker(bundled, compatibilityDate, upstash) {
  const contents = `export const upstash = ${JSON.stringify(upstash)};`;
  const modules = [...bundled, { type: "ESModule", path: basename(SERVERS), contents }];
  let said = "";
  const hear = (stream) => {
    stream.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
  };
  // Only so does the runtime tell of what nobody caught, and of promises and I/O that crossed requests.
  const logging = { verbose: true, handleRuntimeStdio: (...streams) => streams.forEach(hear) };
  const miniflare = new Miniflare({ modules, compatibilityDate, cf: false, ...logging });
  await miniflare.ready;
  return {
    /** What the runtime has logged so far. */
    said: () => said,
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
