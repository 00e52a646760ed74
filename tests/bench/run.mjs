/**
 * `node run.mjs [PART...] [--only PART] [--rounds N] [--json FILE]`: measures, prints a report, and ends with 0 whatever the
 * figures; with 1 when something could not be measured or was read back wrong; with 2 for arguments it does not know.
 */

import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { executable, inChromium } from "./browser/chromium.mjs";
import { isOfCaches } from "./embeddings/names.mjs";
import { goalLine, goals, records, tables } from "./report.mjs";

const PARTS = [
  "indexeddb-chromium",
  "indexeddb-firefox",
  "memory-node",
  "memory-chromium",
  "upstash",
  "embeddings",
  "edge",
  "vectorstores-node",
  "vectorstores-chromium",
  "page",
];

const PEERS = [
  ...["idb-keyval", "dexie", "localforage"],
  ...["@upstash/redis", "@langchain/core", "@langchain/classic", "@langchain/community"],
  ...["hnswlib-wasm", "voy-search", "@orama/orama", "vectra", "sqlite-vec-wasm"],
];

/** Those of which at least a part runs in Node. */
const IN_NODE = ["memory-node", "upstash", "embeddings"];

/** Those whose pages run in one Chromium. IndexedDB has browsers of its own. */
const IN_CHROMIUM = ["memory-chromium", "embeddings"];

/** Rounds that are run but not counted: databases and compiled code are new in them. */
const WARM_UPS = 2;

/** A multiple of the number of contenders, so that their turns balance (measure.mjs). */
const ROUNDS = 16;

/** Of IndexedDB, in either browser: a multiple of most numbers of contenders there. */
const INDEXEDDB_ROUNDS = 12;

/** Of the part over HTTP, whose rounds take 15 s each, and twice that on a busy machine. */
const UPSTASH_ROUNDS = 6;

/** Of the embeddings caches, at up to 3 s a round of each of their tables. */
const EMBEDDINGS_ROUNDS = 6;

/** Of vector stores, at some seconds a round of all of their tables. */
const VECTOR_STORE_ROUNDS = 30;

/** Of cold starts, which are short; a multiple of the number of Workers, too. */
const EDGE_ROUNDS = 36;

/** Of the page, at some seconds a round. */
const PAGE_ROUNDS = 10;

const USAGE = `node run.mjs [PART...] [--only PART] [--rounds N] [--no-million] [--vectors FILE --queries FILE --dims N]
                     [--json FILE]
  PART          of ${PARTS.join(", ")}, or how their names begin; all if none is named
  --only PART   the same
  --rounds N    rounds that count (${ROUNDS}; indexeddb ${INDEXEDDB_ROUNDS}, upstash ${UPSTASH_ROUNDS}, embeddings ${EMBEDDINGS_ROUNDS}, edge ${EDGE_ROUNDS},
                vectorstores ${VECTOR_STORE_ROUNDS}, page ${PAGE_ROUNDS}); fewer are for trying things out
  --no-million  IndexedDB opens 100,000 keys only, not 1,000,000 as well, which take a minute or two to be written
  --vectors FILE --queries FILE --dims N
                vector stores take these, too: rows of N floats of 16 bits, the lower byte first, one behind another
  --json FILE   writes every sample there`;

/** @returns {{ parts: string[], rounds?: number, million: boolean, files?: import("./search/index.mjs").Files, json?: string }} */
function options() {
  const string = { type: "string" };
  const { values, positionals } = parseArgs({
    options: {
      ...{ only: { ...string, multiple: true }, rounds: string, "no-million": { type: "boolean" }, json: string },
      ...{ vectors: string, queries: string, dims: string },
    },
    allowPositionals: true,
  });
  const named = [...positionals, ...(values.only ?? [])];
  for (const name of named) {
    if (!PARTS.some((part) => part.startsWith(name))) throw new Error(`${name}: no such part`);
  }
  const parts = PARTS.filter((part) => named.length === 0 || named.some((name) => part.startsWith(name)));
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new Error(`--rounds ${values.rounds}: not a number of rounds`);
  }
  const { vectors, queries, dims } = values;
  const dimensions = Number(dims);
  if (vectors !== undefined && !(queries !== undefined && Number.isInteger(dimensions) && dimensions > 0)) {
    throw new Error("--vectors asks for --queries, a file of the same kind, and --dims, a number");
  }
  const files =
    vectors === undefined ? undefined : { vectors: resolve(vectors), queries: resolve(queries), dimensions };
  return { parts, rounds, million: !values["no-million"], files, json: values.json };
}

const NOTES = `In memory: keys of 64 hex digits; values random, each over a buffer of its own; time per call; sets replace.`;

/**
 * @param {string[]} parts
 * @returns {string[]} In which IndexedDB is to be measured.
 */
const indexedDbBrowsers = (parts) =>
  ["Chromium", "Firefox"].filter((browser) => parts.includes(`indexeddb-${browser.toLowerCase()}`));

/**
 * @param {string[]} parts
 * @returns {{ node: boolean, chromium: boolean } | undefined} Where vector stores are to be measured.
 */
function vectorStorePlaces(parts) {
  const [node, chromium] = ["node", "chromium"].map((place) => parts.includes(`vectorstores-${place}`));
  return node || chromium ? { node, chromium } : undefined;
}

/** @param {string} line For whoever watches; the report alone goes to stdout. */
const progress = (line) => console.error(`[bench] ${line}`);

/** @returns {Promise<Record<string, string>>} The versions that are measured. */
async function versions() {
  const found = {};
  for (const [name, folder] of [
    ["bytestow", "../node_modules/bytestow"],
    ...PEERS.map((peer) => [peer, `node_modules/${peer}`]),
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
 * @param {object} given
 * @param {string[]} given.parts
 * @param {number} [given.rounds] Each part's own number unless given.
 * @param {boolean} given.million
 * @param {import("./search/index.mjs").Files} [given.files]
 */
async function measure({ parts, rounds, million, files }) {
  const counts = { rounds: rounds ?? ROUNDS, warmUps: WARM_UPS };
  const rows = [];
  let upstash;
  let edge;
  let indexedDb;
  if (parts.some((part) => IN_NODE.includes(part))) {
    // Here rather than on the command line, so that `node run.mjs` is all there is to know.
    setFlagsFromString("--expose-gc");
    globalThis.gc = runInNewContext("gc");
  }
  if (parts.includes("memory-node")) {
    progress("in memory, Node");
    const { memory } = await import("./memory.mjs");
    rows.push(...(await memory({ where: "Node", ...counts })));
  }
  if (parts.includes("upstash")) {
    const part = await import("./upstash/index.mjs");
    upstash = await part.upstash({ rounds: rounds ?? UPSTASH_ROUNDS, warmUps: 1, progress });
    rows.push(...upstash.rows);
  }
  const jobs = [];
  if (parts.includes("embeddings")) {
    const part = await import("./embeddings/index.mjs");
    const given = { rounds: rounds ?? EMBEDDINGS_ROUNDS, progress };
    rows.push(...(await part.embeddingsInNode(given)));
    jobs.push(...part.embeddingsJobs(given));
  }
  if (parts.includes("edge")) {
    const part = await import("./edge/index.mjs");
    edge = await part.edge({ rounds: rounds ?? EDGE_ROUNDS, warmUps: 1, progress });
  }
  if (parts.includes("memory-chromium")) {
    jobs.push({ part: "memory", given: { where: "Chromium", ...counts }, progress });
  }
  const browsers = indexedDbBrowsers(parts);
  if (browsers.length > 0) {
    const part = await import("./indexeddb/index.mjs");
    const given = { rounds: rounds ?? INDEXEDDB_ROUNDS, warmUps: WARM_UPS, million, progress };
    indexedDb = await part.indexedDb(browsers, given);
  }
  const ofIndexedDb = Object.fromEntries(
    indexedDb?.map(({ browser, version }) => [browser.toLowerCase(), version]) ?? [],
  );
  const places = vectorStorePlaces(parts);
  const search = places && (await import("./search/index.mjs"));
  const vectors = await search?.vectorStores({ ...places, rounds: rounds ?? VECTOR_STORE_ROUNDS, files, progress });
  let page;
  if (parts.includes("page")) {
    const part = await import("./page/index.mjs");
    page = await part.page({ rounds: rounds ?? PAGE_ROUNDS, progress });
  }
  const measured = { upstash, edge, indexedDb, vectors, page, ...ofIndexedDb };
  const inPage = vectors?.find(({ version }) => version !== undefined);
  if (inPage !== undefined) measured.chromium ??= inPage.version;
  if (jobs.length === 0) return { ...measured, rows };
  progress("Chromium");
  const { version, rows: more } = await inChromium(jobs);
  return { ...measured, rows: [...rows, ...more], chromium: version };
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
  if (given.parts.some((part) => IN_CHROMIUM.includes(part))) executable();
  if (given.parts.includes("embeddings")) await (await import("./embeddings/index.mjs")).ready();
  const browsers = indexedDbBrowsers(given.parts);
  if (browsers.length > 0) (await import("./indexeddb/index.mjs")).ready(browsers);
  if (given.parts.includes("edge")) await (await import("./edge/process.mjs")).ready();
  const places = vectorStorePlaces(given.parts);
  if (places !== undefined) (await import("./search/index.mjs")).ready({ ...places, files: given.files });
} catch (error) {
  console.error(`[bench] ${error.message}`);
  process.exit(1);
}

try {
  const { rows: all, upstash, edge, indexedDb, vectors, page, chromium, firefox } = await measure(given);
  const caches = given.parts.includes("embeddings") ? await import("./embeddings/report.mjs") : undefined;
  const [rows, ofCaches] = [false, true].map((wanted) => all.filter((row) => isOfCaches(row) === wanted));
  const machine = {
    node: process.version,
    chromium,
    firefox,
    workerd: edge?.workerd,
    cpu: cpus()[0]?.model,
    cores: cpus().length,
  };
  const reached = goals(rows);
  const overHttp = upstash === undefined ? undefined : await import("./upstash/report.mjs");
  const overWire = overHttp?.trafficGoals(upstash.traffic);
  const atEdge = edge === undefined ? undefined : await import("./edge/report.mjs");
  const coldStart = atEdge?.edgeGoal(edge.starts);
  const overIndexedDb = indexedDb === undefined ? undefined : await import("./indexeddb/report.mjs");
  const ofVectors = vectors === undefined ? undefined : await import("./search/report.mjs");
  const ofPage = page === undefined ? undefined : await import("./page/report.mjs");
  const counted = [
    ...rows,
    ...(indexedDb?.flatMap(({ rows }) => rows) ?? []),
    ...ofCaches.filter(({ unit }) => unit !== "bytes"),
  ];
  const counts = [
    ...counted.map(({ samples }) => Object.values(samples)[0].length),
    ...[...(edge ? [edge] : []), ...(page ? [page] : []), ...(vectors ?? [])].map(({ rounds }) => rounds),
  ];
  const samples = [...new Set(counts)].join(" or ");
  const runtimes = Object.entries({
    Node: machine.node,
    Chromium: chromium,
    Firefox: firefox,
    workerd: machine.workerd,
  })
    .filter(([, version]) => version !== undefined)
    .map(([name, version]) => `${name} ${version}`);
  const versionList = Object.entries(measured).map(([name, version]) => `${name} ${version}`);
  const said = [
    versionList.join(", "),
    `${runtimes.join(", ")}; ${machine.cores} × ${machine.cpu}`,
    `Medians (quartiles) of ${samples} interleaved rounds after warm-ups.`,
    "×n: the peer takes n times our time; above 1 ours is faster. Every result is checked, outside of the timed part.",
  ];
  if (given.parts.some((part) => part.startsWith("memory"))) said.push(NOTES);
  if (overIndexedDb !== undefined) said.push(overIndexedDb.NOTES);
  if (overHttp !== undefined) said.push(overHttp.NOTES);
  if (caches !== undefined) said.push(caches.NOTES);
  if (atEdge !== undefined) said.push(atEdge.NOTES);
  if (ofVectors !== undefined) said.push(ofVectors.NOTES);
  if (ofPage !== undefined) said.push(ofPage.NOTES);
  if (rows.length > 0) said.push("", tables(rows));
  said.push("");
  if (overIndexedDb !== undefined) said.push(overIndexedDb.indexedDbReport(indexedDb), "");
  if (overHttp !== undefined) {
    said.push(overHttp.trafficTable(upstash.traffic), "", overHttp.smallTable(upstash.small), "");
  }
  if (caches !== undefined) said.push(caches.embeddingsTables(ofCaches), "");
  if (atEdge !== undefined) said.push(atEdge.edgeTable(edge.starts), "");
  if (ofVectors !== undefined) said.push(ofVectors.vectorStoreReport(vectors), "");
  if (ofPage !== undefined) said.push(ofPage.pageTable(page), "");
  said.push(...reached.map(goalLine), ...(overWire?.map(overHttp.trafficGoalLine) ?? []));
  if (atEdge !== undefined) said.push(atEdge.edgeGoalLine(coldStart));
  if (ofPage !== undefined) said.push(ofPage.pageGoalLine(ofPage.pageGoal(page)));
  console.log(said.join("\n"));
  if (given.json !== undefined) {
    const { traffic, small } = upstash ?? {};
    const report = {
      ...{ date: new Date().toISOString(), versions: measured, machine, rows: records(all), goals: reached },
      ...{ traffic, small, trafficGoals: overWire, edge: edge?.starts, edgeGoal: coldStart },
      ...{ indexedDb, indexedDbGoals: overIndexedDb?.indexedDbGoals(indexedDb) },
      embeddingsGoals: caches?.embeddingsGoals(ofCaches),
      ...{ vectorStores: vectors, vectorStoreGoals: ofVectors?.vectorStoreGoals(vectors) },
      ...{ page, pageGoal: ofPage?.pageGoal(page) },
    };
    await writeFile(given.json, `${JSON.stringify(report, null, 2)}\n`);
  }
} catch (error) {
  console.error(`[bench] failed: ${error.stack ?? error}`);
  process.exitCode = 1;
}
