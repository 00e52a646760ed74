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

const device = (far) =>
  new ByteStoreVectorStore(letters, {
    store: new TieredByteStore({ local: new InMemoryByteStore(), remote: far }),
    refresh: 0,
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

test("vectors and documents come from the local tier; nothing is found while nobody can say what counts", async () => {
  const far = remote();
  const vectors = device(far);
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
