// The rules on embeddings caches must fail where one is broken, and nowhere else: they run on a correct cache that knows
// nothing of the package, on caches with one defect each, and on LangChain's own. What each breaks stands in
// embeddings/recorded.json.

import assert from "node:assert/strict";
import test from "node:test";
import { embeddingsCacheRules, embeddingsCacheTests, runEmbeddingsCacheRules } from "bytestow/testing";
import { brokenCaches, harnessOf, recorded } from "./embeddings/broken.mjs";
import { ReferenceCache } from "./embeddings/reference.mjs";
import { brokenBy } from "./kits/broken.mjs";

/** One seed for all: what is recorded must not depend on chance. */
const seed = "broken";

/** Rules on what the reference does not claim; ours does, and they are tried on ours. */
const UNCLAIMED = /^(?:V4|V5|F3|F6|F7|K1|K2|K3)-/u;

embeddingsCacheTests(test, harnessOf("reference"));
embeddingsCacheTests(test, harnessOf("reference, isolated", ReferenceCache, { shares: false }), { onResult() {} });

test("what is not claimed stands in the notes, rule by rule", async () => {
  const notes = new Map();
  const harness = { ...harnessOf("bare"), claims: {}, expires: false };
  const onResult = (result) => notes.set(result.id, result.notes);
  await runEmbeddingsCacheRules({ ...harness, open: bare }, { seed, onResult });
  const silent = [
    "B1",
    "B2",
    "B3",
    "G1",
    "G2",
    "A1",
    "A2",
    "A3",
    "N1",
    "F3",
    "F6",
    "F7",
    "O4",
    "O5",
    "E2",
    "X1",
  ].filter((letter) => [...notes].find(([id]) => id.startsWith(`${letter}-`))?.[1].length === 0);
  assert.deepEqual(silent, []);
});

test("a failure says how to repeat it, and a rule that is not there is refused", async () => {
  const { harness } = brokenCaches.find(({ name }) => name === "kinds-meet");
  const { failed, passed } = await runEmbeddingsCacheRules(harness, { seed, only: ["C3", "C8-order"] });
  assert.equal(passed.length, 1);
  assert.match(failed[0].message, /^seed=broken rule=C3-kinds-apart store=kinds-meet runtime=here: .* instead of /u);
  await assert.rejects(runEmbeddingsCacheRules(harness, { only: ["R4"] }), /no rule "R4"/u);
});

let found;
test("the rules run on each broken cache", { timeout: 1_200_000 }, async () => {
  found = await brokenBy(runEmbeddingsCacheRules, embeddingsCacheRules, brokenCaches, recorded, seed);
});

for (const { name, about, breaks } of brokenCaches) {
  test(`${name}: ${about}`, () => {
    const ids = found.get(name);
    assert.deepEqual(ids, breaks);
    assert.ok(ids.length > 0, "the rules do not notice");
  });
}

test("each rule is broken by some cache, and each record is of a cache that is there", () => {
  const broken = new Set([...found].flatMap(([name, ids]) => (name.startsWith("langchain") ? [] : ids)));
  const never = embeddingsCacheRules.map(({ id }) => id).filter((id) => !broken.has(id) && !UNCLAIMED.test(id));
  assert.deepEqual(never, []);
  const names = brokenCaches.map(({ name }) => name);
  assert.deepEqual(Object.keys(recorded).sort(), names.sort());
});

/** The reference, made with the least. */
function bare({ model, store, options }) {
  const { embedDocuments, embedQuery } = bound(new ReferenceCache({ model, store, options, shares: false }));
  return { embedDocuments, embedQuery };
}

const bound = (cache) => ({
  embedDocuments: (documents) => cache.embedDocuments(documents),
  embedQuery: (document) => cache.embedQuery(document),
});
