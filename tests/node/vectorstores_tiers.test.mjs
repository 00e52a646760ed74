/** Vector stores over tiers: each device has a local tier that keeps what it read for ever, and sees what others write. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { InMemoryByteStore, TieredByteStore } from "bytestow";
import { ByteStoreVectorStore } from "bytestow/vectorstores";
import { letters } from "../support/letters.mjs";

const remote = () => {
  const inner = new InMemoryByteStore();
  const asked = [];
  let isDown = false;
  const up = () => {
    if (isDown) throw new Error("down");
  };
  return {
    asked,
    fail(fails) {
      isDown = fails;
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

test("where tiers are to fail with the remote one, so do searches", async () => {
  const far = remote();
  const vectors = device(far, { onRemoteError: "throw" });
  await vectors.addDocuments([{ pageContent: "a", metadata: {} }], ["a"]);
  far.fail(true);
  await assert.rejects(vectors.similaritySearch("a", 1), { code: "unavailable" });
});
