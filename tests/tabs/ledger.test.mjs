/** The ledger of the killed browsers finds what must not be: a state that was not acknowledged, or never was. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { actOf, savedGroups, stateAfter } from "./groups.mjs";
import { Ledger } from "./ledger.mjs";

describe("the ledger of what a killed browser may have left", () => {
  const groups = savedGroups();
  /** Two groups whose first writes put, and what is there when nothing was written. */
  const [one, two] = groups.filter((group) => actOf(group, 1) === "put" && actOf(group, 2) === "put");
  const states = (...changed) => {
    const all = new Map(groups.map(({ name }) => [name, "nothing"]));
    for (const [group, number] of changed) all.set(group.name, stateAfter(group, number));
    return [...all];
  };
  /** A ledger that has heard of calls on these groups; the ones at the end are open. */
  const heard = (done, open = []) => {
    const ledger = new Ledger();
    for (const writes of [...done, ...open]) ledger.begun(writes.map(([{ name }, number]) => [name, number]));
    for (const writes of done) ledger.done(writes.map(([{ name }, number]) => [name, number]));
    return ledger;
  };

  const acknowledged = [[[one, 1]], [[two, 1]]];
  const underWay = [
    [
      [one, 2],
      [two, 2],
    ],
  ];
  for (const [what, there] of Object.entries({
    "all that was acknowledged": states([one, 1], [two, 1]),
    "and the call under way": states([one, 2], [two, 2]),
  })) {
    test(`it takes ${what}`, () => {
      assert.deepEqual(heard(acknowledged, underWay).check(there), []);
    });
  }

  for (const [what, there] of Object.entries({
    "an acknowledged write that is gone": states([two, 1]),
    "half of the call under way": states([one, 2], [two, 1]),
    "a write that was never begun": states([one, 3], [two, 1]),
    "what cannot be read": states([one, 1], [two, 1]).map(([name, state]) => [
      name,
      name === one.name ? undefined : state,
    ]),
  })) {
    test(`it finds ${what}`, () => {
      assert.notDeepEqual(heard(acknowledged, underWay).check(there), []);
    });
  }

  test("what was found once has to stay", () => {
    const ledger = heard(acknowledged, underWay);
    assert.deepEqual(ledger.check(states([one, 2], [two, 2])), []);
    assert.notDeepEqual(ledger.check(states([one, 1], [two, 1])), []);
  });
});
