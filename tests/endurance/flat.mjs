/**
 * Whether a runtime's figures stay flat, and the table of them.
 *
 * wasm never gives memory back, and engines warm up; so figures are compared after a first round that is not counted. A
 * leak grows in every round. Growth in one that the next does not repeat is the engine's own, so a round over the limit has
 * two more to show which it was.
 */

import assert from "node:assert/strict";

/**
 * The most that a figure may grow by in a round. 16 bytes a key forgotten in wasm are 24 pages over 100,000 keys; an object
 * a call that wasm or a runtime holds on to is as many handles, and one in 17 of them is watched as uncollected.
 */
const LIMITS = { pages: 4, handles: 10, uncollected: 20, heap: 350_000, active: 6, files: 8 };
const ROUNDS = 3;
/** What every runtime tells, by the glue; a driver says what its own tells besides. */
const ALWAYS = ["pages", "handles", "uncollected"];

/** What there is in `driver`'s runtime when its garbage was collected. */
async function figures(driver) {
  const settled = await driver.settle();
  return { ...settled, ...(await driver.ask("wasm")) };
}

/**
 * Runs `round` until it leaves `driver`'s figures flat, at most three times. Gives the figures before and after the last
 * round, and how many there were.
 *
 * @param {import("../support/programs/drivers.mjs").Driver} driver
 * @param {() => Promise<void>} round
 * @param {string[]} [names] the figures that are looked at
 */
export async function flat(driver, round, names = Object.keys(LIMITS)) {
  let before = await figures(driver);
  for (const name of [...ALWAYS, ...driver.tells]) {
    assert.ok(Number.isFinite(before[name]), `${driver.title} does not tell of ${name}`);
  }
  let grown = [];
  for (let time = 0; time < ROUNDS; time++) {
    await round();
    const after = await figures(driver);
    grown = names.filter((name) => after[name] - before[name] > LIMITS[name]);
    if (grown.length === 0) return { before, after, rounds: time + 1 };
    if (time + 1 === ROUNDS) {
      assert.fail(`${driver.title} grew by round: ${JSON.stringify(before)} → ${JSON.stringify(after)} (${grown})`);
    }
    before = after;
  }
}

/** The table of what was flat: a line for each thing that was done in a runtime. */
export class Table {
  #rows = [];

  add(what, { title }, { before, after, rounds }) {
    this.#rows.push({ what, title, before, after, rounds });
  }

  print() {
    if (this.#rows.length === 0) return;
    console.log("what | runtime | wasm, kB | heap, kB | held by wasm | uncollected | active | files | rounds");
    const order = [...new Set(this.#rows.map(({ what }) => what))];
    const rows = this.#rows.toSorted((a, b) => order.indexOf(a.what) - order.indexOf(b.what));
    for (const { what, title, before, after, rounds } of rows) {
      const change = (name, unit = 1) =>
        before[name] === undefined
          ? "not told"
          : `${Math.round(before[name] * unit)} → ${Math.round(after[name] * unit)}`;
      const cells = [
        change("pages", 64),
        change("heap", 1 / 1_000),
        ...["handles", "uncollected", "active", "files"].map((name) => change(name)),
      ];
      console.log([what, title, ...cells, rounds].join(" | "));
    }
  }
}
