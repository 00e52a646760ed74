// What a suite of the embeddings cache found: one line for each store and runtime, and what could not be checked.

import assert from "node:assert/strict";
import { embeddingsCacheRules } from "bytestow/testing";

/** The results of one suite. */
export class CacheResults {
  #rows = [];

  /** A row for a store in a runtime: takes each rule's result. */
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
      const kept = `${passed}/${embeddingsCacheRules.length}`;
      console.log(`embeddings cache over ${store} | ${runtime} | ${kept} | ${(ms / 1_000).toFixed(1)} s`);
      for (const note of notes) console.log(`  ${note}`);
    }
  }
}

/** Each rule as a test, for rules that run elsewhere: `run` gives the result of the rule whose id it is given. */
export function cacheTestsElsewhere(name, add, run) {
  return embeddingsCacheRules.map(({ id, title }) => ({
    name: `${name}: ${id}: ${title}`,
    async body() {
      const result = await run(id);
      add(result);
      assert.ok(result.ok, result.message);
    },
  }));
}
