/** Workers as wrangler would bundle them, each with the configuration that workerd serves it by. */

import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { compatibilityDate } from "workerd";

/** What the Worker's module and its text bindings are called in {@link configuration}. */
const SCRIPT = "worker.js";

/**
 * Bundles `workers/<name>.mjs`; gives its configuration's path.
 *
 * @param {string} name
 * @param {string} folder Where it goes, into a folder of its own.
 * @param {Record<string, string>} bindings Texts that the Worker finds in its environment.
 */
export async function bundled(name, folder, bindings) {
  const root = join(folder, name);
  await mkdir(root);
  const wasm = await bundle(name, root);
  for (const path of wasm) await copyFile(path, join(root, basename(path)));
  const config = join(root, "config.capnp");
  await writeFile(config, configuration(wasm.map((path) => basename(path)).sort(), bindings));
  return config;
}

/** Bundles the script, its `.wasm` imports left as modules of their own; gives their files. */
async function bundle(name, root) {
  const wasm = new Set();
  const apart = {
    name: "wasm-modules",
    setup(bundle) {
      bundle.onResolve({ filter: /\.wasm$/ }, async ({ path, importer, namespace, resolveDir, kind, pluginData }) => {
        if (pluginData === wasm) return undefined;
        const found = await bundle.resolve(path, { importer, namespace, resolveDir, kind, pluginData: wasm });
        wasm.add(found.path);
        return { path: `./${basename(found.path)}`, external: true };
      });
    },
  };
  await build({
    entryPoints: [fileURLToPath(new URL(`workers/${name}.mjs`, import.meta.url))],
    outfile: join(root, SCRIPT),
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    plugins: [apart],
    logLevel: "silent",
  });
  return [...wasm];
}

/** The Worker at a free port of 127.0.0.1; its own requests may go there too. */
function configuration(wasm, bindings) {
  const quoted = (text) => JSON.stringify(text);
  const modules = [
    `(name = ${quoted(SCRIPT)}, esModule = embed ${quoted(SCRIPT)})`,
    ...wasm.map((file) => `(name = ${quoted(file)}, wasm = embed ${quoted(file)})`),
  ];
  const texts = Object.entries(bindings).map(([name, text]) => `(name = ${quoted(name)}, text = ${quoted(text)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
const worker :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  bindings = [${texts.join(", ")}],
  compatibilityDate = ${quoted(compatibilityDate)},
);
`;
}
