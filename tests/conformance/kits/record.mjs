// What a suite of a kit found: one line for each byte store and runtime, and what could not be checked.

import assert from "node:assert/strict";

/** The results of one suite. */
export class KitResults {
  #kit;
  #rows = [];

  constructor(kit) {
    this.#kit = kit;
  }

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

  /** Each rule as a test, for rules that run elsewhere: `run` gives the result of the rule whose id it is given. */
  testsElsewhere(store, runtime, run) {
    const add = this.row(store, runtime);
    return this.#kit.rules.map(({ id, title }) => ({
      name: `${this.#kit.over} ${store}: ${id}: ${title}`,
      async body() {
        const result = await run(id);
        add(result);
        assert.ok(result.ok, result.message);
      },
    }));
  }

  /** Prints the rows. */
  finish() {
    const { name, rules } = this.#kit;
    for (const { store, runtime, passed, ms, notes } of this.#rows) {
      console.log(`${name} over ${store} | ${runtime} | ${passed}/${rules.length} | ${(ms / 1_000).toFixed(1)} s`);
      for (const note of notes) console.log(`  ${note}`);
    }
  }
}
