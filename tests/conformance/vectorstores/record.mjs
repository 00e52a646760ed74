// What a suite of the vector store found: one line for each byte store and runtime, and what could not be checked.

import assert from "node:assert/strict";
import { vectorStoreRules } from "bytestow/testing";

/** The results of one suite. */
export class VectorStoreResults {
  #rows = [];

  /** A row for a byte store in a runtime: takes each rule's result. */
  row(store, runtime) {
    const row = { store, runtime, passed: 0, ms: 0, notes: [] };
    this.#rows.push(row);
    return ({ id, ok, ms, notes }) => {
      row.ms += ms;
      if (ok) row.passed++;
      row.notes.push(...notes.map((note) => `${id}: ${note}`));
    };
  }

  /** Prints the rows. */
  finish() {
    for (const { store, runtime, passed, ms, notes } of this.#rows) {
      const kept = `${passed}/${vectorStoreRules.length}`;
      console.log(`vector store over ${store} | ${runtime} | ${kept} | ${(ms / 1_000).toFixed(1)} s`);
      for (const note of notes) console.log(`  ${note}`);
    }
  }
}

/** Each rule as a test, for rules that run elsewhere: `run` gives the result of the rule whose id it is given. */
export function vectorStoreTestsElsewhere(name, add, run) {
  return vectorStoreRules.map(({ id, title }) => ({
    name: `${name}: ${id}: ${title}`,
    async body() {
      const result = await run(id);
      add(result);
      assert.ok(result.ok, result.message);
    },
  }));
}
