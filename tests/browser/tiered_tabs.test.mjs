/** Tiers over IndexedDB in several tabs: what another tab did while the remote was asked is not undone by what it gave. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pages } from "../support/pages.mjs";

/** What the other tab does meanwhile, and what is then there locally of the keys `a` and `b`; the remote has 1 of both. */
const MEANWHILE = [
  ["nothing", () => undefined, [1, 1]],
  ["a write", (local) => local.mset([["a", new Uint8Array([2])]]), [2, 1]],
  [
    "a write and its deletion",
    (local) => local.mset([["a", new Uint8Array([2])]]).then(() => local.mdelete(["a"])),
    [null, 1],
  ],
  ["a deletion of what was not there", (local) => local.mdelete(["a"]), [null, 1]],
  ["clear()", (local) => local.clear(), [null, null]],
  ["a deleted database", (local) => local.destroy(), [null, null]],
];

describe("tiers over IndexedDB, in two tabs of Chromium", { timeout: 900_000 }, () => {
  let context, name;
  const { tab } = pages(
    (now) => {
      ({ context, name } = now);
    },
    () => context,
  );

  for (const [what, meanwhile, expected] of MEANWHILE) {
    test(`${what} while the remote is asked`, async () => {
      const [one, two] = [await tab(), await tab()];
      await one.evaluate(async (name) => {
        const local = new bytestow.IndexedDBByteStore({ name });
        await local.mset([["other", new Uint8Array(1)]]);
        await new Promise((asked) => {
          const mget = (keys) =>
            new Promise((resolve) => {
              globalThis.answer = () => resolve(keys.map(() => new Uint8Array([1])));
              asked();
            });
          const nothing = async () => undefined;
          const remote = { mget, mset: nothing, mdelete: nothing, async *yieldKeys() {} };
          globalThis.read = new bytestow.TieredByteStore({ local, remote }).mget(["a", "b"]);
        });
      }, name);
      await two.evaluate(
        ([name, meanwhile]) => new Function(`return (${meanwhile})`)()(new bytestow.IndexedDBByteStore({ name })),
        [name, String(meanwhile)],
      );
      const result = await one.evaluate(async () => {
        answer();
        const values = await read;
        // What was read is written back behind the call.
        await new Promise((resolve) => setTimeout(resolve, 300));
        return values.map((value) => value[0]);
      });
      assert.deepEqual(result, [1, 1]);
      const stored = await two.evaluate(async (name) => {
        const values = await new bytestow.IndexedDBByteStore({ name }).mget(["a", "b"]);
        return values.map((value) => value?.[0] ?? null);
      }, name);
      assert.deepEqual(stored, expected);
      await one.close();
      await two.close();
    });
  }
});
