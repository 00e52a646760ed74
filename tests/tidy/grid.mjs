/**
 * The grid: which stores keep the contract in which runtimes, by what the suites of `conformance` found. They leave it in
 * `conformance/results/*.json`, earlier in the same run.
 *
 *   node tests/tidy/grid.mjs   writes the README's table from these results
 */

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { tarball, testsRoot } from "../support/package.mjs";
import { readme, root } from "./readme.mjs";

/** Where the suites leave what they found. */
export const folder = join(testsRoot, "conformance", "results");

/** The suites that make the grid, and the script of each; one that is optional is part of whole runs only. */
export const SUITES = {
  node: { script: "test:node" },
  runtimes: { script: "test:runtimes" },
  chromium: { script: "test:chromium" },
  firefox: { script: "test:firefox" },
  workerd: { script: "test:workerd" },
  vitest: { script: "test:vitest", optional: true },
};

const ofNode =
  (major) =>
  ({ runtime }) =>
    new RegExp(`^(?:vitest on )?node ${major}\\.`, "u").test(runtime);

/** The columns, and which results stand in each. */
export const COLUMNS = {
  "Node 20": ofNode(20),
  "Node 22": ofNode(22),
  "Node 24": ofNode(24),
  Deno: ({ runtime }) => runtime.startsWith("deno "),
  Bun: ({ runtime }) => runtime.startsWith("bun "),
  workerd: ({ suite }) => suite === "workerd",
  Chromium: ({ suite }) => suite === "chromium",
  Firefox: ({ suite }) => suite === "firefox",
};

const SHARED = "shared by tabs and workers";

/**
 * The rows: what the README says of a store, and what results call it. `all` are wanted in each cell, `any` may be there
 * too, `servers` of each kind are wanted where there are any, and `where` are runtimes that a claim's words want besides.
 */
export const ROWS = {
  InMemoryByteStore: {
    claim: "bounded or not, TTL, least recently used",
    all: ["memory", "memory, bounded"],
  },
  IndexedDBByteStore: {
    claim: `persistent, ${SHARED}`,
    all: ["IndexedDB", "IndexedDB, bounded", "IndexedDB, one database"],
    any: ["IndexedDB on fallback: memory"],
    where: [/, dedicated worker$/u, /, tab one of two/u, /, tab two of two/u],
  },
  UpstashRedisByteStore: {
    claim: "Redis over HTTP, shared by all clients",
    all: ["Upstash", "Upstash, real Redis"],
    any: [
      "Upstash, no RESP2",
      "Upstash, plain replies alone",
      "Upstash, no MSETEX",
      "Upstash, small limits",
      "Upstash, another origin",
    ],
  },
  TieredByteStore: {
    claim: "a local store before a remote one",
    all: [],
    any: [
      "tiered: memory, Upstash",
      "tiered: memory, Upstash, real Redis",
      "tiered: IndexedDB, Upstash",
      "tiered: IndexedDB, Upstash, real Redis",
    ],
    servers: [/^tiered: [\w]+, Upstash$/u, /, real Redis$/u],
  },
  WrappedByteStore: {
    claim: "any LangChain `BaseStore<string, Uint8Array>`",
    all: ["wrapped Map", "wrapped reference store"],
    any: ["wrapped memory"],
  },
};

/** Which store a result is of. */
export const storeOf = ({ store }) =>
  Object.keys(ROWS).find((name) => [...ROWS[name].all, ...(ROWS[name].any ?? [])].includes(store));

/** Which column it stands in. */
export const columnOf = (result) => Object.keys(COLUMNS).find((column) => COLUMNS[column](result));

/** What the suites found, each row with its suite; and what is not there. What is older than the package is not there. */
export function readResults() {
  const made = statSync(tarball()).mtimeMs;
  const [rows, missing] = [[], []];
  for (const [suite, { script, optional }] of Object.entries(SUITES)) {
    const path = join(folder, `${suite}.json`);
    const fresh = existsSync(path) && statSync(path).mtimeMs >= made;
    const what = existsSync(path) ? "is older than the package" : "is missing";
    if (fresh) rows.push(...JSON.parse(readFileSync(path, "utf8")).map((row) => ({ ...row, suite })));
    else if (!optional) missing.push(`conformance/results/${suite}.json ${what}: run \`npm run ${script}\` in tests`);
  }
  return { rows, missing };
}

/**
 * What a cell says: the rules passed, of all that there are, on the worst of its results; `absent` where the runtime was
 * seen to refuse the store; nothing where a result is wanted that is not there.
 */
export function cellOf(rows, store, column) {
  const here = rows.filter((row) => storeOf(row) === store && columnOf(row) === column);
  if (here.some(({ absent }) => absent > 0)) return "absent";
  const { all, servers = [], where = [] } = ROWS[store];
  const whole =
    here.length > 0 &&
    all.every((kind) => here.some((row) => row.store === kind)) &&
    servers.every((kind) => here.some((row) => kind.test(row.store))) &&
    where.every((kind) => here.some((row) => kind.test(row.runtime)));
  if (!whole) return "";
  const { passed, total } = here.reduce((worst, row) => (row.passed < worst.passed ? row : worst));
  return `${passed}/${total}`;
}

/** The whole grid: by store, its cells by column. */
export function gridOf(rows) {
  const cells = (store) => Object.keys(COLUMNS).map((column) => [column, cellOf(rows, store, column)]);
  return Object.fromEntries(Object.keys(ROWS).map((store) => [store, Object.fromEntries(cells(store))]));
}

const MARKED = /^(<!-- grid\b.*-->\n)(.*?)^(<!-- \/grid -->)$/msu;

/** The README's table as it stands. */
export const tableOf = (markdown) => MARKED.exec(markdown)[2];

/** The README's table as these results make it. */
export function tableFrom(rows) {
  const columns = Object.keys(COLUMNS);
  const line = (cells) => `| ${cells.join(" | ")} |\n`;
  const grid = gridOf(rows);
  const stores = Object.entries(ROWS).map(([store, { claim }]) =>
    line([`\`${store}\`: ${claim}`, ...columns.map((column) => grid[store][column])]),
  );
  return `${line(["store", ...columns])}|${"---|".repeat(columns.length + 1)}\n${stores.join("")}`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { rows, missing } = readResults();
  if (missing.length > 0) throw new Error(missing.join("\n"));
  writeFileSync(
    `${root}README.md`,
    readme.replace(MARKED, (_, begin, __, end) => begin + tableFrom(rows) + end),
  );
}
