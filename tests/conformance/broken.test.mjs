// The kit must fail where the contract is broken, and nowhere else: it runs on a correct store, on stores with one
// defect each, and on LangChain's own. What each breaks stands in broken/recorded.json.

import assert from "node:assert/strict";
import test from "node:test";
import { byteStoreTests, rules, runRules } from "bytestow/testing";
import { harnessOf } from "./broken/harness.mjs";
import { brokenStores, recorded } from "./broken/index.mjs";
import { brokenRulesOf, SEED } from "./broken/run.mjs";

for (const kind of ["shared", "slow", "own", "plain"]) byteStoreTests(test, harnessOf(`reference, ${kind}`, kind));

test("another seed gives the correct store nothing to break", async () => {
  for (const seed of [1, 2, 3]) {
    const { failed } = await runRules(harnessOf("reference", "shared"), { seed });
    assert.deepEqual(failed, []);
  }
});

test("a failure says how to repeat it", async () => {
  const { harness } = brokenStores.find(({ name }) => name === "null-for-missing");
  const { failed, passed } = await runRules(
    { ...harness, runtime: "here" },
    { seed: SEED, only: ["R3", "V1-all-bytes"] },
  );
  assert.equal(passed.length, 1);
  assert.match(failed[0].message, /^seed=broken rule=R3-missing store=null-for-missing runtime=here: mget .*null/);
  await assert.rejects(runRules(harness, { only: ["R99"] }), /no rule "R99"/);
});

let found;
test("the kit runs on each broken store", async () => {
  found = await brokenRulesOf(brokenStores);
});

for (const { name, about, breaks } of brokenStores) {
  test(`${name}: ${about}`, () => {
    const ids = found.get(name);
    assert.deepEqual(ids, breaks);
    assert.ok(ids.length > 0, "the kit does not notice");
  });
}

test("each rule is broken by some store, and each record is of a store that is there", () => {
  const broken = new Set([...found].flatMap(([name, ids]) => (name.startsWith("langchain") ? [] : ids)));
  const never = rules.map(({ id }) => id).filter((id) => !broken.has(id));
  assert.deepEqual(never, []);
  const names = brokenStores.map(({ name }) => name);
  assert.deepEqual(Object.keys(recorded).sort(), names.sort());
});
