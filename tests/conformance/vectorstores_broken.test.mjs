// The rules on vector stores must fail where one is broken, and nowhere else: they run on a correct one that knows nothing
// of the package, on ones with one defect each, and on LangChain's own. What each breaks stands in
// vectorstores/recorded.json.
//
//   BYTESTOW_RECORD=1   writes down what each breaks, to be reviewed

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import test from "node:test";
import { runVectorStoreRules, vectorStoreRules, vectorStoreTests } from "bytestow/testing";
import { brokenBy } from "./kits/broken.mjs";
import { brokenStores, harnessOf, recorded } from "./vectorstores/broken.mjs";
import { ReferenceVectorStore } from "./vectorstores/reference.mjs";

/** One seed for all: what is recorded must not depend on chance. */
const seed = "broken";

vectorStoreTests(test, harnessOf("reference"));

test("what is not claimed stands in the notes, rule by rule", async () => {
  const notes = new Map();
  const onResult = (result) => notes.set(result.id, result.notes);
  const { failed } = await runVectorStoreRules(harnessOf("bare", ReferenceVectorStore, {}), { seed, onResult });
  assert.deepEqual(failed, []);
  const silent = ["M1", "S5", "F2", "F8", "D1", "I5", "R1", "R2", "R5", "R7", "R8", "C1", "C4", "A1", "E1", "E3"];
  const noted = (letter) => [...notes].find(([id]) => id.startsWith(`${letter}-`))?.[1].length > 0;
  assert.deepEqual(silent.filter((letter) => !noted(letter)), []); // biome-ignore format: one line
});

test("a failure says how to repeat it, and a rule that is not there is refused", async () => {
  const { harness } = brokenStores.find(({ name }) => name === "three-by-default");
  const { failed, passed } = await runVectorStoreRules(harness, { seed, only: ["S1", "V6-ties"] });
  assert.equal(passed.length, 1);
  assert.match(failed[0].message, /^seed=broken rule=S1-k store=three-by-default runtime=here: .* instead of /u);
  await assert.rejects(runVectorStoreRules(harness, { only: ["R4-empty"] }), /no rule "R4-empty"/u);
});

let found;
test("the rules run on each broken vector store", { timeout: 900_000 }, async () => {
  found = await brokenBy(runVectorStoreRules, vectorStoreRules, brokenStores, recorded, seed);
  if (process.env.BYTESTOW_RECORD) {
    const all = Object.fromEntries(brokenStores.map(({ name }) => [name, found.get(name)]));
    writeFileSync(new URL("vectorstores/recorded.json", import.meta.url), `${JSON.stringify(all, undefined, 2)}\n`);
  }
});

for (const { name, about, breaks } of brokenStores) {
  test(`${name}: ${about}`, () => {
    const ids = found.get(name);
    assert.ok(ids.length > 0, "the rules do not notice");
    assert.deepEqual(ids, breaks);
  });
}

test("each rule is broken by some vector store, and each record is of one that is there", () => {
  const broken = new Set([...found].flatMap(([name, ids]) => (name.startsWith("langchain") ? [] : ids)));
  assert.deepEqual(
    vectorStoreRules.map(({ id }) => id).filter((id) => !broken.has(id)),
    [],
  );
  assert.deepEqual(Object.keys(recorded).sort(), brokenStores.map(({ name }) => name).sort());
});
