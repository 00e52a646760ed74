/**
 * The README's table of stores and runtimes says what the suites of `conformance` found, and so do its numbers. Prints the
 * results, and last the grid of them.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, describe, test } from "node:test";
import * as bytestow from "bytestow";
import { embeddingsCacheRules, rules, vectorStoreRules } from "bytestow/testing";
import { testsRoot } from "../support/package.mjs";
import { COLUMNS, columnOf, folder, gridOf, ROWS, readResults, SUITES, storeOf, tableFrom, tableOf } from "./grid.mjs";
import { numbers, prose, readme } from "./readme.mjs";

/** What the README says below its table of the servers behind these stores. */
const SERVERS = [
  /a strict server of its documented protocol/u,
  /a real Redis behind `@humanwhocodes\/upstash-redis-server`/u,
];

const { rows, missing } = readResults();
const grid = gridOf(rows);

after(print);

describe("the grid", () => {
  test("is made of results of the package as it is built now", () => {
    assert.deepEqual(missing, []);
    const suites = existsSync(folder) ? readdirSync(folder).map((name) => basename(name, ".json")) : [];
    assert.deepEqual(
      suites.filter((suite) => !(suite in SUITES)),
      [],
    );
  });

  test("has a row for each store that the package has", () => {
    const stores = Object.keys(bytestow).filter((name) => /.ByteStore$/u.test(name));
    assert.deepEqual(Object.keys(ROWS).sort(), stores.sort());
  });

  test("has a place for every result", () => {
    // The Node that runs the tests may be another than those of the columns.
    const known = (row) => columnOf(row) !== undefined || row.suite === "node" || row.suite === "vitest";
    const lost = rows.filter((row) => storeOf(row) === undefined || !known(row));
    assert.deepEqual(lost, []);
  });

  test("every store passed every rule there is, or was refused by all its methods", () => {
    for (const { store, runtime, passed, total, failed, absent } of rows) {
      if (absent) continue;
      const where = `${store} in ${runtime}`;
      assert.deepEqual(failed, [], where);
      assert.equal(`${passed} of ${total}`, `${rules.length} of ${rules.length}`, where);
    }
  });

  test("has no empty cell", () => {
    for (const [store, cells] of Object.entries(grid)) {
      for (const [column, cell] of Object.entries(cells)) assert.notEqual(cell, "", `${store} in ${column}`);
    }
  });

  test("only IndexedDB is absent anywhere, and it is in both browsers", () => {
    const absent = Object.entries(grid).filter(([, cells]) => Object.values(cells).includes("absent"));
    assert.deepEqual(
      absent.map(([store]) => store),
      ["IndexedDBByteStore"],
    );
    for (const browser of ["Chromium", "Firefox"]) assert.notEqual(grid.IndexedDBByteStore[browser], "absent");
  });

  test("is the README's table: `node tests/tidy/grid.mjs` writes it", () => {
    assert.equal(tableOf(readme), tableFrom(rows));
    for (const words of SERVERS) assert.match(prose, words);
  });
});

describe("the README's numbers", () => {
  const recorded = JSON.parse(readFileSync(join(testsRoot, "conformance/broken/recorded.json"), "utf8"));
  const { "langchain-in-memory-store": langchain, ...broken } = recorded;

  test("rules", () => {
    for (const count of numbers(/(\d[\d,]*) rules/gu))
      assert.ok(
        [rules, embeddingsCacheRules, vectorStoreRules].some(({ length }) => count === length),
        `${count}`,
      );
  });

  test("rules that LangChain's own store breaks, and which", () => {
    const caches = JSON.parse(readFileSync(join(testsRoot, "conformance/embeddings/recorded.json"), "utf8"));
    assert.deepEqual(numbers(/of embeddings, in (\d+) rules,/gu), [embeddingsCacheRules.length]);
    assert.deepEqual(numbers(/of which LangChain's own breaks (\d+)\./gu), [caches["langchain-classic"].length]);
    const vectors = JSON.parse(readFileSync(join(testsRoot, "conformance/vectorstores/recorded.json"), "utf8"));
    assert.deepEqual(numbers(/for a vector store, in (\d+) rules;/gu), [vectorStoreRules.length]);
    assert.deepEqual(numbers(/`MemoryVectorStore` breaks (\d+) of/gu), [vectors["langchain-memory"].length]);
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
  const said = ({ passed, total, absent }) => (absent ? `refused by ${absent} methods` : `${passed} of ${total}`);
  lines([["store", "runtime", "rules passed"], ...rows.map((row) => [row.store, row.runtime, said(row)])]);
  const left = Object.keys(SUITES).filter((suite) => !rows.some((row) => row.suite === suite));
  if (left.length > 0) console.log(`not in this run: ${left.join(", ")}`);
  console.log("");
  const columns = Object.keys(COLUMNS);
  lines([["", ...columns], ...Object.entries(grid).map(([store, cells]) => [store, ...Object.values(cells)])]);
}

/** Prints a table, its columns as wide as they must be. */
function lines(table) {
  const widths = table[0].map((_, at) => Math.max(...table.map((line) => line[at].length)));
  for (const line of table)
    console.log(
      line
        .map((cell, at) => cell.padEnd(widths[at]))
        .join("  ")
        .trimEnd(),
    );
}
