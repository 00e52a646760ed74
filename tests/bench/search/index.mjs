/**
 * Vector stores, in Node and in Chromium: each part in a process or a page of its own.
 *
 * @import { Job } from "./run.mjs"
 * @import { Compared } from "./small.mjs"
 * @import { Large } from "./large.mjs"
 * @import { Opening } from "./opening.mjs"
 * @import { Wide } from "./wide.mjs"
 *
 * @typedef {object} Files Of floats of 16 bits.
 * @property {string} vectors
 * @property {string} queries
 * @property {number} dimensions
 *
 * @typedef {object} Measured
 * @property {string} where
 * @property {string} [version] Of the browser.
 * @property {number} rounds
 * @property {{ peers: Compared, mmr: Compared }[]} small
 * @property {Large[]} large
 * @property {Wide[]} wide
 * @property {Opening} [opening]
 * @property {{ bytes: number, gzipped: number }} wasm The search wasm's size.
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { executable, openChromium } from "../browser/chromium.mjs";
import { serve } from "../browser/site.mjs";
import { withProfile } from "../browser/tabs.mjs";
import { opening } from "./opening.mjs";

const PROBE = new URL("../../../target/probe/", import.meta.url);
const here = createRequire(import.meta.url);

/** Vectors of 100,000 × 384 as JavaScript's numbers, and what peers make of them. */
const HEAP_MB = 6_144;

/** Throws the line that says what is missing, before anything is measured. */
export function ready({ chromium, files }) {
  if (!existsSync(new URL("bytestow_search.js", PROBE))) {
    throw new Error('no probe in target/probe: "cargo xtask build --probe" makes it');
  }
  for (const path of files === undefined ? [] : [files.vectors, files.queries]) {
    if (!existsSync(path)) throw new Error(`${path}: no such file`);
  }
  if (chromium) executable();
}

/** What a process of its own measures. */
async function inProcess(job, files, progress) {
  const child = fork(fileURLToPath(new URL("child.mjs", import.meta.url)), [JSON.stringify({ ...job, files })], {
    execArgv: ["--expose-gc", `--max-old-space-size=${HEAP_MB}`],
  });
  let result;
  child.on("message", (message) => {
    if (message.line !== undefined) progress(message.line);
    else result = message.result;
  });
  const [code] = await once(child, "exit");
  if (result === undefined) throw new Error(`vector stores, ${job.size}, ${job.kind}: the process ended with ${code}`);
  return result;
}

/** What is measured of each size, on which data. */
function jobs({ rounds, files }) {
  const kinds = ["hard", "easy"];
  const sizes = ["small", "large", "wide"];
  const synthetic = sizes.flatMap((size) => kinds.map((kind) => ({ size, kind, rounds })));
  return files ? [{ size: "small", kind: "real", rounds, dimensions: files.dimensions }, ...synthetic] : synthetic;
}

async function measured(where, options, run) {
  const found = { where, rounds: options.rounds, small: [], large: [], wide: [], wasm: await size() };
  for (const job of jobs(options)) found[job.size].push(await run(job));
  return found;
}

async function size() {
  const bytes = await readFile(fileURLToPath(import.meta.resolve("bytestow/search.wasm")));
  return { bytes: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
}

/** @returns {Promise<Measured>} */
const inNode = (options) => measured("Node", options, (job) => inProcess(job, options.files, options.progress));

/** What the page asks for, and where it is. */
const served = (files) => ({
  "/probe/bytestow_search.js": new URL("bytestow_search.js", PROBE),
  "/probe/bytestow_search_bg.wasm": new URL("bytestow_search_bg.wasm", PROBE),
  "/voy_search_bg.wasm": here.resolve("voy-search/voy_search_bg.wasm"),
  "/sqlite3.wasm": fileURLToPath(new URL("sqlite3.wasm", import.meta.resolve("sqlite-vec-wasm"))),
  ...(files && { "/vectors.f16": files.vectors, "/queries.f16": files.queries }),
});

/** @returns {Promise<Measured>} */
async function inChromium(options) {
  const { rounds, progress, files } = options;
  const site = await serve({ entry: new URL("page/index.mjs", import.meta.url), files: served(files) });
  const start = (profile) => openChromium(profile, site.url);
  try {
    let version;
    // A browser for each, too: its processes keep what they once had.
    const run = (job) =>
      withProfile(async (profile) => {
        const browser = await start(profile);
        version = browser.version;
        try {
          return await (await browser.tab()).run("vectorStores", job, progress);
        } finally {
          await browser.close();
        }
      });
    const found = await measured("Chromium", options, run);
    return { ...found, version, opening: await opening(start, { kind: "hard", rounds, progress }) };
  } finally {
    site.close();
  }
}

/**
 * @param {{ node: boolean, chromium: boolean, rounds: number, files?: Files, progress: (line: string) => void }} options
 * @returns {Promise<Measured[]>} In Node, in Chromium.
 */
export async function vectorStores(options) {
  const all = [];
  if (options.node) all.push(await inNode(options));
  if (options.chromium) all.push(await inChromium(options));
  return all;
}
