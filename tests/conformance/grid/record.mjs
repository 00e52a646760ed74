// What a suite of the grid found: one line for each store and runtime, and the same as JSON for `tidy/grid.test.mjs`.
//
//   BYTESTOW_SEED=<seed>   other keys and values; a failing rule names the seed it failed with

import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rules } from "bytestow/testing";

const FOLDER = fileURLToPath(new URL("../results/", import.meta.url));

/** The seed of every rule of the run. */
export const SEED = process.env.BYTESTOW_SEED ?? "bytestow";

/** The results of one suite, `results/<suite>.json`. What an earlier run left is removed at once. */
export class Results {
  #file;
  #rows = [];

  constructor(suite) {
    this.#file = `${FOLDER}${suite}.json`;
    rmSync(this.#file, { force: true });
  }

  /** A row for a store in a runtime: takes each rule's result. */
  row(store, runtime) {
    const row = { store, runtime, seed: SEED, passed: 0, total: rules.length, ms: 0, failed: [], notes: [] };
    this.#rows.push(row);
    return ({ id, ok, ms, notes, message }) => {
      row.ms += ms;
      row.notes.push(...notes.map((note) => ({ rule: id, note })));
      if (ok) row.passed++;
      else row.failed.push({ rule: id, message });
    };
  }

  /** Records that a runtime has no such store, and looks at what every method of it was refused with. */
  absent(store, runtime, refusals) {
    const calls = Object.entries(refusals);
    assert.ok(calls.length >= 7, `${calls.length} methods were tried`);
    for (const [call, error] of calls) {
      assert.equal(`${error?.name} ${error?.code}`, "BytestowError unavailable", call);
      assert.match(error.message, /no IndexedDB/u, call);
    }
    this.#rows.push({ store, runtime, absent: calls.length });
  }

  /** Prints the rows and writes them. */
  finish() {
    for (const { store, runtime, passed, total, ms, absent } of this.#rows) {
      if (absent) console.log(`${store} | ${runtime} | absent: refused by ${absent} methods`);
      else console.log(`${store} | ${runtime} | ${passed}/${total} | ${(ms / 1_000).toFixed(1)} s`);
    }
    this.#printNotes();
    console.log(`seed ${SEED} (BYTESTOW_SEED=... for another)`);
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(this.#file, `${JSON.stringify(this.#rows, undefined, 2)}\n`);
  }

  /** What could not be checked: each reason once, with its rules and stores. */
  #printNotes() {
    const reasons = new Map();
    for (const { store, notes = [] } of this.#rows) {
      for (const { rule, note } of notes) {
        if (!reasons.has(note)) reasons.set(note, { ids: new Set(), stores: new Set() });
        reasons.get(note).ids.add(rule.split("-", 1)[0]);
        reasons.get(note).stores.add(store);
      }
    }
    for (const [note, { ids, stores }] of reasons) {
      console.log(`  ${[...ids].sort().join(", ")}: ${note} (${[...stores].join("; ")})`);
    }
  }
}

/**
 * Each rule as a test, as the kit's own adapter makes them, for rules that run elsewhere: `run` gives the result of the
 * rule whose id it is given.
 */
export function testsElsewhere(name, add, run) {
  return rules.map(({ id, title }) => ({
    name: `${name}: ${id}: ${title}`,
    async body() {
      const result = await run(id);
      add(result);
      assert.ok(result.ok, result.message);
    },
  }));
}
