/**
 * The README's table of stores and runtimes says what the suites of `conformance` found, and its numbers are theirs.
 * Reads `conformance/results/*.json`, which those suites write earlier in the same run, and prints them as one table.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { after, describe, test } from "node:test";
import * as bytestow from "bytestow";
import { rules } from "bytestow/testing";
import { compatibilityDate } from "workerd";
import { bundleWorker, startWorker } from "../conformance/grid/miniflare.mjs";
import { rejects } from "../support/expect.mjs";
import { tarball, testsRoot } from "../support/package.mjs";
import { numbers, prose, readme } from "./readme.mjs";

const folder = join(testsRoot, "conformance", "results");

/** The suites that make the table, and the script of each; one that is optional is part of whole runs only. */
const SUITES = {
  node: { script: "test:node" },
  chromium: { script: "test:chromium" },
  workerd: { script: "test:workerd" },
  vitest: { script: "test:vitest", optional: true },
};

/** The table's columns, and which runtimes of results stand in each. Node 20 is the least; a newer one may have run. */
const COLUMNS = {
  "Node 20": /^(?:vitest on )?node (?:2\d|[3-9]\d)\.\d+$/u,
  Chromium: /^chromium \d+(?:,|$)/u,
  "workerd (Cloudflare Workers)": /^workerd \d{4}-\d\d-\d\d$/u,
};

/** What the README says below its table of the servers behind these stores, and which results it wants of each. */
const SERVERS = [
  [/a strict server of its documented protocol/u, /^(?:Upstash|tiered: [\w, ]+, Upstash)$/u],
  [/a real Redis behind `@humanwhocodes\/upstash-redis-server`/u, /, real Redis$/u],
];

/**
 * The table's rows, by what results call their stores: `contract` wants them all, `more` may be there too, `refused` may
 * be there where the store is refused. `where` names runtimes that words of the README's claim want besides. `servers`:
 * the store stands on one, and results of each of them are wanted.
 */
const ROWS = {
  InMemoryByteStore: { contract: ["memory", "memory, bounded"] },
  IndexedDBByteStore: {
    contract: ["IndexedDB", "IndexedDB, one database"],
    where: { "shared by tabs and workers": [/, dedicated worker$/u, /, tab one of two/u, /, tab two of two/u] },
    refused: ["IndexedDB on fallback: memory"],
  },
  UpstashRedisByteStore: {
    contract: ["Upstash", "Upstash, real Redis"],
    more: [
      "Upstash, no RESP2",
      "Upstash, plain replies alone",
      "Upstash, no MSETEX",
      "Upstash, small limits",
      "Upstash, another origin",
    ],
    servers: true,
  },
  TieredByteStore: {
    contract: [],
    more: [
      "tiered: memory, Upstash",
      "tiered: memory, Upstash, real Redis",
      "tiered: IndexedDB, Upstash",
      "tiered: IndexedDB, Upstash, real Redis",
    ],
    servers: true,
  },
  WrappedByteStore: { contract: ["wrapped Map", "wrapped reference store"], more: ["wrapped memory"] },
};

/** The rows of results, each with the suite that wrote it, and what is not there. What is stale is not there. */
function read() {
  const made = statSync(tarball()).mtimeMs;
  const [rows, absent] = [[], []];
  for (const [suite, { script, optional }] of Object.entries(SUITES)) {
    const path = join(folder, `${suite}.json`);
    const fresh = existsSync(path) && statSync(path).mtimeMs >= made;
    const what = existsSync(path) ? "is older than the package" : "is missing";
    if (fresh) rows.push(...JSON.parse(readFileSync(path, "utf8")).map((row) => ({ ...row, suite })));
    else if (!optional) absent.push(`conformance/results/${suite}.json ${what}: run \`npm run ${script}\` in tests`);
  }
  return { rows, absent };
}

/** The README's table: by store, its claim and by column its cell. */
function tableOf(markdown) {
  const [, table] = /^<!-- grid\b.*-->\n(.*?)^<!-- \/grid -->$/msu.exec(markdown);
  const lines = table.trim().split("\n");
  const cells = lines.map((line) =>
    line
      .slice(1, -1)
      .split(/ ?\| ?/u)
      .map((cell) => cell.trim()),
  );
  const [[, ...columns], , ...rows] = cells;
  return new Map(
    rows.map(([store, ...values]) => {
      const [, name, claim] = /^`(\w+)`: (.*)$/u.exec(store);
      return [name, { claim, cells: Object.fromEntries(columns.map((column, at) => [column, values[at]])) }];
    }),
  );
}

const storeOf = (row) =>
  Object.keys(ROWS).find((name) => {
    const { contract, refused = [], more = [] } = ROWS[name];
    return [...contract, ...refused, ...more].includes(row.store);
  });
const columnOf = (row) => Object.keys(COLUMNS).find((column) => COLUMNS[column].test(row.runtime));

const { rows, absent } = read();
const table = tableOf(readme);
/** What the table printed at the end says of cells without results. */
const observed = [];

after(print);

describe("the README's table", () => {
  test("is made of results of the package as it is built now", () => {
    assert.deepEqual(absent, []);
    const fresh = new Set(rows.map((row) => row.suite));
    for (const [suite, { script }] of Object.entries(SUITES)) {
      assert.ok(
        fresh.has(suite) || SUITES[suite].optional,
        `${suite} gave no rows: run \`npm run ${script}\` in tests`,
      );
    }
  });

  test("has the stores that the package has, and the runtimes that the suites have", () => {
    const stores = Object.keys(bytestow).filter((name) => /.ByteStore$/u.test(name));
    assert.deepEqual([...table.keys()].sort(), stores.sort());
    assert.deepEqual([...table.keys()].sort(), Object.keys(ROWS).sort());
    for (const [store, { cells }] of table) {
      assert.deepEqual(Object.keys(cells), Object.keys(COLUMNS));
      for (const cell of Object.values(cells)) assert.match(cell, /^(?:contract|refused)$/u, store);
    }
  });

  test("shows every combination that ran, and every suite is known", () => {
    for (const row of rows) {
      const cell = table.get(storeOf(row))?.cells[columnOf(row)];
      const { contract, more = [], refused = [] } = ROWS[storeOf(row)] ?? {};
      const shown = { contract: [contract, more], refused: [refused] }[cell]?.flat() ?? [];
      assert.ok(shown.includes(row.store), `${row.store} in ${row.runtime} ran, and the README does not show it`);
    }
    const suites = existsSync(folder) ? readdirSync(folder).map((name) => basename(name, ".json")) : [];
    assert.deepEqual(
      suites.filter((suite) => !(suite in SUITES)),
      [],
    );
  });

  test("every row passed every rule there is", () => {
    for (const { store, runtime, passed, total, failed } of rows) {
      const where = `${store} in ${runtime}`;
      assert.deepEqual(failed, [], where);
      assert.equal(`${passed} of ${total}`, `${rules.length} of ${rules.length}`, where);
    }
  });

  for (const [store, { claim, cells }] of table) {
    for (const [column, cell] of Object.entries(cells)) {
      test(`${store} in ${column}: ${cell}`, async () => {
        const here = rows.filter((row) => storeOf(row) === store && columnOf(row) === column);
        const ran = new Set(here.map((row) => row.store));
        if (cell === "contract") {
          const wanted = ROWS[store].contract;
          assert.deepEqual(
            wanted.filter((kind) => !ran.has(kind)),
            [],
            "the README claims what no suite ran",
          );
          if (ROWS[store].servers) {
            for (const [words, kinds] of SERVERS) {
              assert.match(prose, words, "the README does not say this any more: change the test with it");
              assert.ok(
                here.some((row) => kinds.test(row.store)),
                `no result of ${store} for ${words}`,
              );
            }
          }
          for (const [words, runtimes] of Object.entries(ROWS[store].where ?? {})) {
            assert.ok(claim.includes(words), `the README does not say "${words}" any more: change the test with it`);
            const missing = runtimes.filter((runtime) => !here.some((row) => runtime.test(row.runtime)));
            assert.deepEqual(missing, [], words);
          }
        } else {
          const calls = await REFUSALS[column](store);
          observed.push({ store, runtime: column, result: `refused as unavailable by ${calls} methods` });
        }
      });
    }
  }
});

/** How each runtime is seen to refuse a store: it gives the number of methods that do, and throws if one does not. */
const REFUSALS = {
  async "Node 20"(name) {
    const Store = new Map(Object.entries(bytestow)).get(name);
    const store = new Store({ name: "nowhere" });
    const calls = {
      mget: () => store.mget(["k"]),
      mset: () => store.mset([["k", new Uint8Array(1)]]),
      mdelete: () => store.mdelete(["k"]),
      yieldKeys: () => store.yieldKeys().next(),
      stat: () => store.stat(["k"]),
      clear: () => store.clear({ all: true }),
      destroy: () => new Store({ name: "nowhere" }).destroy(),
    };
    for (const call of Object.values(calls)) await rejects(call, "unavailable", /no IndexedDB/u);
    return Object.keys(calls).length;
  },
  /** By the Worker of the grid. */
  async "workerd (Cloudflare Workers)"() {
    const worker = await startWorker(await bundleWorker(), compatibilityDate);
    try {
      const refusals = Object.entries(await worker.ask("refusals"));
      for (const [call, error] of refusals) {
        assert.equal(`${error?.name} ${error?.code}`, "BytestowError unavailable", call);
      }
      assert.ok(refusals.length > 5);
      return refusals.length;
    } finally {
      await worker.stop();
    }
  },
};

describe("the README's numbers", () => {
  const recorded = JSON.parse(readFileSync(join(testsRoot, "conformance/broken/recorded.json"), "utf8"));
  const { "langchain-in-memory-store": langchain, ...broken } = recorded;

  test("rules", () => {
    for (const count of numbers(/(\d[\d,]*) rules/gu)) assert.equal(count, rules.length);
  });

  test("rules that LangChain's own store breaks, and which", () => {
    assert.deepEqual(numbers(/`InMemoryStore` breaks (\d+) of/gu), [langchain.length]);
    for (const [words, ids] of [
      ["`__proto__`", ["K2-prototype-keys"]],
      ["aliased arrays", ["V4-result-owned", "V5-input-snapshot"]],
    ]) {
      assert.ok(prose.includes(words), words);
      for (const id of ids) assert.ok(langchain.includes(id), id);
    }
  });

  test("stores broken on purpose", () => {
    for (const count of numbers(/(\d[\d,]*) stores broken/gu)) assert.equal(count, Object.keys(broken).length);
  });
});

function print() {
  const ran = rows.map(({ store, runtime, passed, total }) => ({ store, runtime, result: `${passed} of ${total}` }));
  const lines = [{ store: "store", runtime: "runtime", result: "rules passed" }, ...ran, ...observed];
  const width = (name) => Math.max(...lines.map((line) => line[name].length));
  const [first, second] = [width("store"), width("runtime")];
  for (const { store, runtime, result } of lines) {
    console.log(`${store.padEnd(first)}  ${runtime.padEnd(second)}  ${result}`);
  }
  const left = Object.keys(SUITES).filter((suite) => !rows.some((row) => row.suite === suite));
  if (left.length > 0) console.log(`not in this run: ${left.join(", ")}`);
}
