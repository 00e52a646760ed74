/**
 * `node run.mjs [--only PART] [--rounds N] [--json FILE]`: measures, prints a report, and ends with 0 whatever the
 * figures; with 1 when something could not be measured or was read back wrong; with 2 for arguments it does not know.
 */

import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { executable, inChromium } from "./browser/chromium.mjs";
import { goalLine, goals, records, tables } from "./report.mjs";

const PARTS = ["indexeddb", "memory-node", "memory-chromium"];

/** Rounds that are run but not counted: databases and compiled code are new in them. */
const WARM_UPS = 2;

/** A multiple of the number of contenders, so that their turns balance (measure.mjs). */
const ROUNDS = 16;

const USAGE = `node run.mjs [--only PART] [--rounds N] [--json FILE]
  --only PART   one of ${PARTS.join(", ")}, or how their names begin
  --rounds N    rounds that count (${ROUNDS}); fewer than 9 are for trying things out
  --json FILE   writes every sample there`;

/** @returns {{ parts: string[], rounds: number, json?: string }} */
function options() {
  const string = { type: "string" };
  const { values } = parseArgs({ options: { only: string, rounds: string, json: string } });
  const parts = PARTS.filter((part) => part.startsWith(values.only ?? ""));
  if (parts.length === 0) throw new Error(`--only ${values.only}: no such part`);
  const rounds = Number(values.rounds ?? ROUNDS);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: not a number of rounds`);
  return { parts, rounds, json: values.json };
}

/** @param {string} line For whoever watches; the report alone goes to stdout. */
const progress = (line) => console.error(`[bench] ${line}`);

/** @returns {Promise<Record<string, string>>} The versions that are measured. */
async function versions() {
  const found = {};
  for (const [name, folder] of [
    ["bytestow", "../node_modules/bytestow"],
    ...["idb-keyval", "dexie", "localforage"].map((peer) => [peer, `node_modules/${peer}`]),
  ]) {
    const url = new URL(`${folder}/package.json`, import.meta.url);
    const text = await readFile(url, "utf8").catch(() => {
      throw new Error(`${name} is not at tests/bench/${folder}: "cargo xtask bench" puts it there`);
    });
    found[name] = JSON.parse(text).version;
  }
  return found;
}

/**
 * @param {string[]} parts
 * @param {number} rounds
 */
async function measure(parts, rounds) {
  const counts = { rounds, warmUps: WARM_UPS };
  const rows = [];
  if (parts.includes("memory-node")) {
    // Here rather than on the command line, so that `node run.mjs` is all there is to know.
    setFlagsFromString("--expose-gc");
    globalThis.gc = runInNewContext("gc");
    progress("in memory, Node");
    const { memory } = await import("./memory.mjs");
    rows.push(...(await memory({ where: "Node", ...counts })));
  }
  const jobs = [];
  if (parts.includes("memory-chromium")) {
    jobs.push({ part: "memory", given: { where: "Chromium", ...counts }, progress });
  }
  if (parts.includes("indexeddb")) jobs.push({ part: "indexeddb", given: counts, progress });
  if (jobs.length === 0) return { rows };
  progress("Chromium");
  const { version, rows: more } = await inChromium(jobs);
  return { rows: [...rows, ...more], chromium: version };
}

let given;
try {
  given = options();
} catch (error) {
  console.error(`${error.message}\n${USAGE}`);
  process.exit(2);
}

let measured;
try {
  // Before anything is measured, which takes minutes.
  measured = await versions();
  if (given.parts.some((part) => part !== "memory-node")) executable();
} catch (error) {
  console.error(`[bench] ${error.message}`);
  process.exit(1);
}

try {
  const { rows, chromium } = await measure(given.parts, given.rounds);
  const machine = { node: process.version, chromium, cpu: cpus()[0]?.model, cores: cpus().length };
  const reached = goals(rows);
  console.log(`${Object.entries(measured)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ")}
Node ${machine.node}${chromium ? `, Chromium ${chromium}` : ""}; ${machine.cores} × ${machine.cpu}
Medians (quartiles) of ${given.rounds} interleaved rounds after ${WARM_UPS} warm-ups.
×n: the peer takes n times our time; above 1 ours is faster.
Keys of 64 hex digits; values random, each over a buffer of its own. Every result is checked, outside of the timed part.
IndexedDB: a profile on disk, relaxed durability, ours without its memory tier; 1,000 keys in one call (localforage: as
many calls at once), single calls awaited one after another (time per call). In memory: time per call; sets replace.

${tables(rows)}

${reached.map(goalLine).join("\n")}`);
  if (given.json !== undefined) {
    const report = { date: new Date().toISOString(), versions: measured, machine, rows: records(rows), goals: reached };
    await writeFile(given.json, `${JSON.stringify(report, null, 2)}\n`);
  }
} catch (error) {
  console.error(`[bench] failed: ${error.stack ?? error}`);
  process.exitCode = 1;
}
