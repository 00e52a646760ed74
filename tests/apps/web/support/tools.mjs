/**
 * The tools that build the apps, by their own commands and without a file of configuration. Each gives the folder to be
 * served.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { node } from "../../../support/child.mjs";
import { testsRoot } from "../../../support/package.mjs";
import { page } from "../../../support/site.mjs";

const here = fileURLToPath(new URL("..", import.meta.url));

/** Where the programs are, and what installs them. */
const TOOLS = {
  vite: [here, "vite/bin/vite.js"],
  webpack: [here, "webpack-cli/bin/cli.js"],
  rollup: [here, "rollup/dist/bin/rollup"],
  esbuild: [testsRoot, "esbuild/bin/esbuild"],
};

/** The path of a tool, or an error that says what installs it. */
function tool(name) {
  const [folder, path] = TOOLS[name];
  const found = join(folder, "node_modules", path);
  if (existsSync(found)) return found;
  const prefix = folder === here ? "tests/apps/web" : "tests";
  throw new Error(`${name} is not at ${found}: npm ci --ignore-scripts --prefix ${prefix}`);
}

/** Runs a tool in `folder`; gives what it said. */
async function run(name, folder, args) {
  const { code, stdout, stderr } = await node([tool(name), ...args], { cwd: folder });
  if (code !== 0) throw new Error(`${name} ${args.join(" ")} ended with ${code}: ${stdout}${stderr}`);
  return stdout + stderr;
}

/** Fails if `name` warned of anything but size: 244 KiB is where webpack begins to advise. */
function noWarnings(name, said) {
  const about = said.match(/^.*\b(?:warning|warn)\b.*$/gimu) ?? [];
  const other = about.filter(
    (line) => !/size limit|performance recommendations|compiled with \d warnings?/u.test(line),
  );
  if (other.length > 0) throw new Error(`${name} warns: ${said}`);
}

/** `vite build` */
export async function vite(folder) {
  noWarnings("vite", await run("vite", folder, ["build"]));
  return join(folder, "dist");
}

/** `webpack`: without a configuration its entry is src/index.js, and its output a classic script, dist/main.js. */
export async function webpack(folder) {
  noWarnings("webpack", await run("webpack", folder, ["--mode", "production"]));
  await writeFile(join(folder, "dist/index.html"), page("main.js").replace(' type="module"', " defer"));
  return join(folder, "dist");
}

/** `rollup -p node-resolve` */
export async function rollup(folder) {
  noWarnings("rollup", await run("rollup", folder, ["src/index.js", "-d", "dist", "-f", "es", "-p", "node-resolve"]));
  return withPage(folder);
}

/** {@link rollup}, and what it does not do: the wasm is copied to where `new URL("bytestow/bytestow.wasm", …)` looks. */
export async function rollupAndCopy(folder) {
  const dist = await rollup(folder);
  const wasm = createRequire(join(folder, "package.json")).resolve("bytestow/bytestow.wasm");
  await cp(wasm, join(dist, "bytestow/bytestow.wasm"));
  return dist;
}

/** `esbuild --bundle --format=esm`, with whatever an app needs beside. */
export async function esbuild(folder, ...options) {
  const args = ["src/index.js", "--bundle", "--format=esm", "--outdir=dist", ...options];
  noWarnings("esbuild", await run("esbuild", folder, args));
  return withPage(folder);
}

/** `esbuild --bundle`: src/worker.js becomes a classic script, worker.js, at the root of the app. */
export async function esbuildWorker(folder, ...options) {
  noWarnings("esbuild", await run("esbuild", folder, ["src/worker.js", "--bundle", "--outdir=.", ...options]));
  return folder;
}

/** `esbuild --bundle` of the app of copies: each of its entries is a bundle by itself. */
export async function esbuildCopies(folder) {
  const entries = ["one", "two", "slim"].map((name) => `src/${name}.js`);
  noWarnings(
    "esbuild",
    await run("esbuild", folder, [...entries, "--bundle", "--format=esm", "--outdir=dist", "--loader:.wasm=file"]),
  );
}

async function withPage(folder) {
  await writeFile(join(folder, "dist/index.html"), page("index.js"));
  return join(folder, "dist");
}

/** `vite`: its server for development, while `work` is at it. */
export async function servingByVite(folder, work) {
  const child = spawn(process.execPath, [tool("vite"), "--host", "127.0.0.1", "--port", "0"], {
    cwd: folder,
    stdio: "pipe",
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let said = "";
  const url = await new Promise((resolve, reject) => {
    const hear = (text) => {
      // Colours stand in the middle of the address.
      said += text;
      const found = /http:\/\/127\.0\.0\.1:\d+\//u.exec(stripVTControlCharacters(said));
      if (found) resolve(found[0]);
    };
    child.stdout.setEncoding("utf8").on("data", hear);
    child.stderr.setEncoding("utf8").on("data", hear);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`vite ended with ${code}: ${said}`)));
  });
  try {
    await work(url);
  } finally {
    child.kill();
    await ended;
  }
  noWarnings("vite", said);
}
