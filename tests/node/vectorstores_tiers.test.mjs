/** Vector stores over tiers: each device has a local tier that keeps what it read for ever, and sees what others write. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { InMemoryByteStore, TieredByteStore } from "bytestow";
import { ByteStoreVectorStore } from "bytestow/vectorstores";
import { letters } from "../support/letters.mjs";

const remote = () => {
  const inner = new InMemoryByteStore();
  const asked = [];
  let failure;
  let calls = 0;
  const up = () => {
    calls++;
    if (failure) throw failure === true ? new Error("down") : failure;
  };
  return {
    asked,
    /** How often it was called since this was asked. */
    calls() {
      const since = calls;
      calls = 0;
      return since;
    },
    fail(how) {
      failure = how;
    },
    async mget(keys) {
      up();
      asked.push(...keys);
      return inner.mget(keys);
    },
    async mset(pairs) {
      up();
      return inner.mset(pairs);
    },
    async mdelete(keys) {
      up();
      return inner.mdelete(keys);
    },
    async *yieldKeys(prefix) {
      up();
      yield* inner.yieldKeys(prefix);
    },
  };
};

const device = (far, { onRemoteError, ...options } = {}) =>
  new ByteStoreVectorStore(letters, {
    store: new TieredByteStore({ local: new InMemoryByteStore(), remote: far, onRemoteError }),
    refresh: 0,
    ...options,
  });

test("what one device adds or deletes the other sees, whatever its local tier has", async () => {
  const far = remote();
  const [one, other] = [device(far), device(far)];
  const found = async (vectors) => (await vectors.similaritySearch("a", 9)).map((doc) => doc.pageContent).sort();
  for (let round = 0; round < 12; round++) {
    const [writer, reader] = round % 2 === 0 ? [one, other] : [other, one];
    await writer.addDocuments([{ pageContent: `a${round}`, metadata: {} }], [`${round}`]);
    if (round > 0) await writer.delete({ ids: [`${round - 1}`] });
    assert.deepEqual(await found(reader), [`a${round}`]);
    assert.deepEqual(await found(writer), [`a${round}`]);
  }
});

test("vectors and documents come from the local tier; on what counts the remote one is asked", async () => {
  const far = remote();
  const vectors = device(far, { staleIfError: false });
  await vectors.addDocuments([{ pageContent: "a", metadata: {} }], ["a"]);
  far.asked.length = 0;
  await vectors.similaritySearch("a", 1);
  assert.ok(far.asked.length > 0);
  assert.deepEqual(
    far.asked.filter((key) => !/\/m(\/|$)/.test(key)),
    [],
  );
  far.fail(true);
  await assert.rejects(vectors.similaritySearch("a", 1), { code: "unavailable" });
  far.fail(false);
  assert.equal((await vectors.similaritySearch("a", 1)).length, 1);
});

test("while the remote tier is down, searches go on with what is known, and writes fail", async () => {
  const far = remote();
  const [one, other] = [device(far), device(far)];
  const found = async (vectors, filter) =>
    (await vectors.similaritySearch("a", 9, filter)).map((doc) => doc.pageContent).sort();
  await one.addDocuments([{ pageContent: "a1", metadata: { n: 1 } }], ["1"]);
  assert.deepEqual(await found(other), ["a1"]);
  far.fail(true);
  for (const vectors of [one, other]) {
    assert.deepEqual(await found(vectors), ["a1"]);
    assert.deepEqual(await found(vectors, { n: { $gte: 1 } }), ["a1"]);
    assert.equal((await vectors.getByIds(["1"]))[0].pageContent, "a1");
    await assert.rejects(vectors.addDocuments([{ pageContent: "a2", metadata: {} }], ["2"]), { code: "unavailable" });
    await assert.rejects(vectors.delete({ ids: ["1"] }), { code: "unavailable" });
    await assert.rejects(vectors.delete({ filter: { n: 1 } }), { code: "unavailable" });
    await assert.rejects(vectors.refresh(), { code: "unavailable" });
    assert.deepEqual(await found(vectors), ["a1"]);
  }
  // An index that was never read is not an empty one.
  await assert.rejects(device(far).similaritySearch("a", 1), { code: "unavailable" });
  far.fail(false);
  await one.addDocuments([{ pageContent: "a3", metadata: { n: 3 } }], ["3"]);
  assert.deepEqual(await found(other), ["a1", "a3"]);
  assert.deepEqual(await found(other, { n: { $gte: 1 } }), ["a1", "a3"]);
});

test("that searches go on without the remote tier is told once an outage, whatever it fails with", async () => {
  const far = remote();
  const heard = [];
  const vectors = device(far, { now: () => 1_800_000_000_000, onEvent: (event) => heard.push(event) });
  await vectors.addDocuments([{ pageContent: "a", metadata: { n: 1 } }], ["a"]);
  // So that no upkeep meets an outage.
  await vectors.compact();
  await vectors.similaritySearch("a", 1);
  const revoked = Object.assign(new Error("revoked"), { name: "BytestowError", code: "unauthorized" });
  for (const failure of [new Error("down"), revoked]) {
    far.fail(failure);
    for (const filter of [undefined, { n: 1 }, () => true, undefined]) {
      assert.equal((await vectors.similaritySearch("a", 1, filter)).length, 1);
    }
    assert.equal((await vectors.getByIds(["a"])).length, 1);
    far.fail(false);
    assert.equal((await vectors.similaritySearch("a", 1)).length, 1);
  }
  assert.deepEqual(heard, [
    { type: "store_error", code: "unavailable", message: "mget of the wrapped store failed: see cause" },
    { type: "store_error", code: "unauthorized", message: "revoked" },
  ]);
});

test("a search with a filter asks what others have written once, too", async () => {
  const far = remote();
  const [one, other] = [device(far, { now: () => 1_800_000_000_000 }), device(far)];
  await one.addDocuments([{ pageContent: "a1", metadata: { n: 1 } }], ["1"]);
  await one.compact();
  const found = async (filter) => (await one.similaritySearch("a", 9, filter)).map((doc) => doc.pageContent).sort();
  await found({ n: { $gte: 1 } });
  far.calls();
  await found();
  const once = far.calls();
  for (const filter of [{ n: { $gte: 1 } }, () => true]) {
    assert.deepEqual(await found(filter), ["a1"]);
    assert.equal(far.calls(), once);
  }
  // While it is down, as well.
  far.fail(true);
  await found();
  const down = far.calls();
  assert.deepEqual(await found({ n: { $gte: 1 } }), ["a1"]);
  assert.equal(far.calls(), down);
  far.fail(false);
  await other.addDocuments([{ pageContent: "a2", metadata: { n: 2 } }], ["2"]);
  assert.deepEqual(await found({ n: { $gte: 1 } }), ["a1", "a2"]);
  await other.delete({ ids: ["1"] });
  assert.deepEqual(await found({ n: { $gte: 1 } }), ["a2"]);
  await one.delete({ filter: { n: 2 } });
  assert.deepEqual(await found(), []);
});

test("where tiers are to fail with the remote one, so do searches", async () => {
  const far = remote();
  const vectors = device(far, { onRemoteError: "throw" });
  await vectors.addDocuments([{ pageContent: "a", metadata: {} }], ["a"]);
  far.fail(true);
  await assert.rejects(vectors.similaritySearch("a", 1), { code: "unavailable" });
});
