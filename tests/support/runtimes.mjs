/**
 * The runtimes that programs of the tests run in, besides browsers and workerd: three Nodes, Deno and Bun. They come from
 * the registry, by `tests/runtimes`; the Node that runs the tests stands for its own version.
 *
 *   NODE_20, NODE_22, NODE_24, DENO, BUN = /path/to/it   another binary, as on machines that these packages are not made for
 */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { testsRoot } from "./package.mjs";

const INSTALL = "npm ci --ignore-scripts --prefix tests/runtimes";

/** Where each is, how it is told to run a file, and how to collect garbage when it is asked to. */
const RUNTIMES = {
  "node-20": { binary: "node-20/bin/node", flags: [], gc: ["--expose-gc"] },
  "node-22": { binary: "node-22/bin/node", flags: [], gc: ["--expose-gc"] },
  "node-24": { binary: "node-24/bin/node", flags: [], gc: ["--expose-gc"] },
  deno: {
    binary: "@deno/linux-x64-glibc/deno",
    flags: ["run", "--quiet", "--allow-all", "--no-prompt", "--no-lock", "--node-modules-dir=manual"],
    gc: ["--v8-flags=--expose-gc"],
  },
  bun: { binary: "@oven/bun-linux-x64/bin/bun", flags: ["run"], gc: [] },
};

/** The Node that runs the tests, which may be none of them. */
export const THIS_NODE = `node-${process.versions.node.split(".", 1)[0]}`;

/** The names of {@link runtimeOf}. */
export const RUNTIME_NAMES = Object.keys(RUNTIMES);

/**
 * The runtime `name`, or an error that says what installs it.
 *
 * @param {string} name one of {@link RUNTIME_NAMES}
 * @returns {{ name: string, path: string, version: string, title: string, args: (file: string, options?: { gc?: boolean }) => string[] }}
 *   `version` is `<major>.<minor>`; `title` is how results name it; `args` is what runs a file, with `gc` where it is wanted
 */
export function runtimeOf(name) {
  const { path, flags, gc } = located(name);
  const version = versionOf(path);
  const kind = name.split("-", 1)[0];
  return {
    name,
    path,
    version,
    title: `${kind} ${version}`,
    args: (file, options = {}) => [...flags, ...(options.gc ? gc : []), file],
  };
}

function located(name) {
  const { binary, ...rest } = RUNTIMES[name];
  if (name === THIS_NODE) return { path: process.execPath, ...rest };
  const variable = name.toUpperCase().replace("-", "_");
  const found = process.env[variable] ?? join(testsRoot, "runtimes", "node_modules", binary);
  if (!existsSync(found)) throw new Error(`${name} is not at ${found}: ${INSTALL} (or set ${variable})`);
  return { path: found, ...rest };
}

function versionOf(path) {
  const said = execFileSync(path, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return /\d+\.\d+/u.exec(said)[0];
}
