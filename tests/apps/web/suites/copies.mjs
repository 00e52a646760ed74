/**
 * Two copies of the package on one page share a database: two bundles, an inlined and a slim one, two installs in
 * different folders. Each has wasm, connections and classes of its own, and knows nothing of the other.
 */

import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { serving } from "../support/serve.mjs";
import { esbuildCopies } from "../support/tools.mjs";

const ROUNDS = 40;

/** Registers the suite; `there` is what the stage has. */
export function copies(there) {
  describe("two copies on one page", () => {
    let folder;

    before(async () => {
      folder = await there.apps.app("copies");
      await esbuildCopies(folder);
      await cp(join(folder, "node_modules"), join(folder, "other/node_modules"), { recursive: true });
    });

    for (const name of ["chromium", "firefox"]) {
      for (const [title, path] of [
        ["two bundles", "bundles.html"],
        ["an inlined and a slim one", "slim.html"],
        ["two installs", "installs.html"],
      ]) {
        // What hangs is ended by this.
        test(`${name}, ${title}`, { timeout: 40_000 }, (t) =>
          serving(folder, async (url) => {
            const tab = await there[name].tab(url + path);
            assert.equal(await tab.run(() => app.apart()), true);
            await t.test("in turns", () => interleaved(tab));
            await t.test("at once", () => concurrent(tab));
            await t.test("destroy()", () => destroyed(tab));
            await tab.close();
            assert.deepEqual(tab.complaints, []);
          }),
        );
      }
    }
  });
}

async function interleaved(tab) {
  const { seen, keys } = await tab.run((rounds) => app.interleaved(rounds), ROUNDS);
  const rounds = Array.from({ length: ROUNDS }, (_, at) => at);
  assert.deepEqual(
    seen,
    rounds.map((round) => [round, round, round, true]),
  );
  const expected = rounds.map((round) => `own ${round}`).sort();
  assert.deepEqual(
    keys.map((each) => each.sort()),
    [expected, expected],
  );
}

async function concurrent(tab) {
  const { right, listed, ends } = await tab.run((calls) => app.concurrent(calls), ROUNDS);
  assert.equal(right, true, "a read saw a part of a batch");
  assert.deepEqual(listed, new Array(4).fill([500, 500]));
  const [{ winner }] = ends;
  assert.deepEqual(ends, new Array(2).fill({ contested: true, winner, own: ROUNDS * 20, doomed: 0 }));
  assert.ok(winner < ROUNDS, "no batch won");
}

async function destroyed(tab) {
  assert.deepEqual(await tab.run(() => app.destroyed()), {
    after: "closed",
    empty: [["undefined", "undefined"], []],
    found: ["undefined", 3],
  });
  for (let time = 0; time < 5; time++) {
    const { ends, ...rest } = await tab.run((calls) => app.destroyedMeanwhile(calls), ROUNDS);
    assert.deepEqual(rest, { destroyed: "destroyed", parts: 0, after: 4 });
    assert.deepEqual(ends, ["done"]);
  }
}
