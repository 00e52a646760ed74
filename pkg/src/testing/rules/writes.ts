import type { BaseByteStore } from "../../types.js";
import { sleep } from "../clock.js";
import type { RuleContext } from "../context.js";
import { check, collect, equalBytes, fail, held, outcome, refused, same, sameKeys, sameValues } from "../expect.js";
import type { SomeRules } from "./body.js";

async function fillFrom(context: RuleContext, pairs: [string, Uint8Array][], what: string): Promise<void> {
  await context.store.mset(pairs);
  const keys = pairs.map(([key]) => key);
  sameValues(
    await context.store.mget(keys),
    pairs.map(([, value]) => value),
    what,
  );
}

export const writes = {
  async "W1-overwrite-length"(context) {
    const { store } = context;
    const [key, beside] = context.keys(2) as [string, string];
    const still = context.value(500);
    await store.mset([[beside, still]]);
    for (const length of [10, 100_000, 7, 300, 0, 65_600, 1]) {
      const value = context.value(length);
      await store.mset([[key, value]]);
      sameValues(await store.mget([key, beside]), [value, still], `mget after a value of ${length} bytes`);
    }
  },

  async "W2-last-wins"(context) {
    const { store } = context;
    const [key, beside, third] = context.keys(3) as [string, string, string];
    const [a, b, c, d] = [context.value(), context.value(5_000), context.value(), context.value(0)];
    await store.mset([
      [key, b],
      [beside, a],
      [key, a],
      [third, c],
      [key, c],
      [third, d],
    ]);
    sameValues(await store.mget([key, beside, third]), [c, a, d], "mget");
    sameKeys(await collect(store.yieldKeys()), [key, beside, third], "yieldKeys");
    await store.mset([
      [key, a],
      [key, b],
    ]);
    sameValues(await store.mget([key]), [b], "mget after a second mset with duplicates");
  },

  async "W3-read-your-writes"(context) {
    const { store } = context;
    const keys = context.keys(200);
    await fillFrom(context, context.pairs(keys), "mget right after mset");
    const pairs = context.pairs(keys);
    await store.mset(pairs);
    const reads = await Promise.all([store.mget(keys), store.mget(keys), store.mget(keys)]);
    for (const got of reads) {
      sameValues(
        got,
        pairs.map(([, value]) => value),
        "concurrent mget right after a second mset",
      );
    }
    sameKeys(await collect(store.yieldKeys()), keys, "yieldKeys right after mset");
    await store.mdelete(keys.slice(0, 100));
    sameKeys(await collect(store.yieldKeys()), keys.slice(100), "yieldKeys right after mdelete");
    await store.mset([[keys[0] as string, pairs[1]?.[1] as Uint8Array]]);
    await store.mdelete([keys[150] as string]);
    const expected = pairs.map(([, value], i) => (i < 100 || i === 150 ? undefined : value));
    expected[0] = pairs[1]?.[1];
    sameValues(await store.mget(keys), expected, "mget right after mdelete");
    if (store.stat) {
      const stats = await store.stat([keys[0] as string, keys[1] as string]);
      same(stats[0]?.bytes, pairs[1]?.[1].length, "bytes in stat right after mset");
      same(stats[1], undefined, "stat right after mdelete");
    }
  },

  async "W4-shared-writes"(context) {
    const { store } = context;
    const { sharedWrites, sharedBackend } = await context.claims();
    const [key, second] = context.keys(2) as [string, string];
    const [a, b] = [context.value(), context.value(3_000)];
    if (sharedWrites) {
      const other = await context.other();
      check(
        other !== undefined,
        "the store claims sharedWrites, but the harness gives no other handle to see them with",
      );
      // The other handle looks before each write: an answer that it remembers would show.
      sameValues(await other.mget([key]), [undefined], "mget of the other handle before anything");
      for (const [from, to, who] of [
        [store, other, "the other handle"],
        [other, store, "this handle"],
      ] as const) {
        for (const value of [a, b, a]) {
          await from.mset([[key, value]]);
          sameValues(await to.mget([key, second]), [value, undefined], `mget of ${who} after mset`);
          sameKeys(await collect(to.yieldKeys()), [key], `yieldKeys of ${who} after mset`);
        }
        await from.mdelete([key]);
        sameValues(await to.mget([key]), [undefined], `mget of ${who} after mdelete`);
        sameKeys(await collect(to.yieldKeys()), [], `yieldKeys of ${who} after mdelete`);
      }
      return;
    }
    const other = (await context.other()) ?? (await context.open());
    await store.mset([[key, a]]);
    const [seen] = await other.mget([key]);
    if (sharedBackend) {
      // What lies below is not this store's to promise: it may show the write or not, but not half of it.
      context.note("sharedWrites is not claimed and the backend is shared: another handle may see a write or not");
      check(seen === undefined || equalBytes(seen, a), "another handle sees neither nothing nor the value written");
      return;
    }
    check(seen === undefined, "the store claims that other handles do not see its writes, but one does");
    await other.mset([[second, b]]);
    sameValues(await store.mget([key, second]), [a, undefined], "mget after another handle wrote");
    sameKeys(await collect(store.yieldKeys()), [key], "yieldKeys after another handle wrote");
  },

  async "W5-nothing-half-done"(context) {
    const { store } = context;
    const old = context.value();
    const [kept, ...keys] = context.keys(6) as [string, ...string[]];
    await store.mset([[kept, old]]);
    const value = context.value();
    const bad: [string, unknown][] = [
      ["a value that is a text", ["bad", "text"]],
      ["a key that is a number", [5, value]],
      ["a key with a lone surrogate", ["\ud800", value]],
      ["a pair without a value", ["bad"]],
      ["a pair that is none", null],
    ];
    for (const [what, pair] of bad) {
      for (const at of [0, 3, 6]) {
        const pairs: unknown[] = [...context.pairs(keys), [kept, context.value()]];
        pairs.splice(at, 0, pair);
        const where = `mset with ${what} at ${at} of 7`;
        await refused(() => store.mset(pairs as [string, Uint8Array][]), "invalid_argument", where);
        sameValues(await store.mget([kept, ...keys]), [old, ...keys.map(() => undefined)], `mget after ${where}`);
      }
    }
    sameKeys(await collect(store.yieldKeys()), [kept], "yieldKeys after all of them");
  },

  async "W6-too-large"(context) {
    const few = await context.bounded({ maxEntries: 4 });
    const small = await context.bounded({ maxBytes: 10_000 });
    if (few === undefined || small === undefined) {
      context.note("this kind of store has no bounds (the harness gives none): only a batch of 1 MiB was checked");
      await fillFrom(context, context.pairs(context.keys(64), 16_384), "mget after an mset of 1 MiB");
      return;
    }
    const [kept, ...keys] = context.keys(6) as [string, ...string[]];
    const old = context.value(200);
    const tooLarge: [string, typeof few, [string, Uint8Array][], string][] = [
      ["5 entries", few, context.pairs(keys), "4"],
      ["20,000 bytes in 5 values", small, context.pairs(keys, 4_000), "10000"],
      ["one value of 10,001 bytes", small, context.pairs(keys.slice(0, 1), 10_001), "10000"],
      // The first alone would fit, and would be seen if pairs went in one by one.
      ["a small value and a large one", small, [...context.pairs(["a"], 10), ["b", context.value(10_001)]], "10000"],
    ];
    for (const [what, store, pairs, limit] of tooLarge) {
      await store.mset([[kept, old]]);
      await refused(() => store.mset(pairs), "too_large", `mset of ${what}`, limit);
      // Not even room was made for it.
      const asked = [kept, ...pairs.map(([key]) => key)];
      sameValues(await store.mget(asked), [old, ...pairs.map(() => undefined)], `mget after ${what}`);
      sameKeys(await collect(store.yieldKeys()), [kept], `yieldKeys after ${what}`);
    }
    // What fits goes in: here five pairs, but four entries.
    const [a, b] = [context.pairs(keys.slice(0, 4)), context.pairs(keys.slice(0, 2), 4_000)];
    await few.mset([[keys[0] as string, old], ...a]);
    sameValues(
      await few.mget(keys.slice(0, 4)),
      a.map(([, value]) => value),
      "mget after an mset that just fits",
    );
    await small.mset(b);
    sameValues(
      await small.mget(keys.slice(0, 2)),
      b.map(([, value]) => value),
      "mget after an mset that fits",
    );
  },

  async "W7-atomic-batch"(context) {
    const { atomicBatch, sharedWrites } = await context.claims();
    const readers: [BaseByteStore, string][] = [[context.store, "a reader of the same handle"]];
    const other = sharedWrites ? await context.other() : undefined;
    if (other !== undefined) readers.push([other, "a reader of another handle"]);
    for (const [reader, who] of readers) await watchWriter(context, reader, who, atomicBatch);
    if (!atomicBatch) context.note("atomicBatch is not claimed: only that each value is whole was checked");
  },

  async "W8-concurrent-writers"(context) {
    const { store } = context;
    const { sharedWrites } = await context.claims();
    const other = (sharedWrites ? await context.other() : undefined) ?? store;
    // One that has nothing else to do: the others are busy writing.
    const reader = (sharedWrites ? await context.other() : undefined) ?? store;
    const [key, beside] = context.keys(2) as [string, string];
    for (let round = 0; round < 3; round++) {
      const values = Array.from({ length: 16 }, (_, i) => context.value(i % 2 === 0 ? 20 : 50_000));
      const writers = values.map((value, i) => held((i % 4 < 2 ? store : other).mset([[key, value]])));
      const reads: Promise<(Uint8Array | undefined)[]>[] = [];
      for (let turn = 0; turn < 40; turn++) {
        reads.push(held((turn % 8 === 0 ? store : reader).mget([key, beside])));
        await Promise.resolve();
      }
      await Promise.all(writers);
      const seen = [...(await Promise.all(reads)).map((got) => got[0]), (await store.mget([key]))[0]];
      for (const value of seen) {
        if (value === undefined) continue;
        const whole = values.some((written) => equalBytes(value, written));
        check(whole, `a reader saw a value of ${value.length} bytes that no writer wrote`);
      }
      check(seen.at(-1) !== undefined, "16 concurrent writers left no value");
      sameValues(await other.mget([key]), [seen.at(-1)], "mget of the other handle when all is over");
      sameKeys(await collect(store.yieldKeys()), [key], "yieldKeys when all is over");
      await store.mdelete([key]);
    }
  },
} satisfies SomeRules;

/** When a reader looks, in turns of the microtask queue after a write was begun. A store may be half done at any. */
const MOMENTS = [0, 1, 2, 3, 5, 8, 13, 21, 34];

/** Lets a writer write generation after generation of 50 keys, and reads all along. */
async function watchWriter(context: RuleContext, reader: BaseByteStore, who: string, atomic: boolean): Promise<void> {
  const { store } = context;
  const keys = context.keys(50, "batch");
  const generations = Array.from({ length: 8 }, (_, i) => context.value(i % 2 === 0 ? 24 : 900));
  const tagged = (i: number) =>
    keys.map((key, k) => [key, withTag(generations[i] as Uint8Array, k)] as [string, Uint8Array]);
  const reads: Promise<(Uint8Array | undefined)[]>[] = [];
  let over = false;
  const look = () => reads.push(held(reader.mget(keys)));
  const looping = async () => {
    while (!over) {
      look();
      await outcome(() => reads.at(-1));
      // A writer that needs a task of its own must get one.
      await sleep(0);
    }
  };
  const observed = async (write: Promise<void>) => {
    for (const moment of MOMENTS) {
      for (let turn = 0; turn < moment; turn++) await Promise.resolve();
      look();
    }
    await write;
  };
  const writing = async () => {
    try {
      for (let i = 0; i < generations.length; i++) await observed(held(store.mset(tagged(i))));
      await observed(held(store.mdelete(keys)));
    } finally {
      over = true;
    }
  };
  await Promise.all([writing(), looping()]);

  for (const got of await Promise.all(reads)) {
    const seen = new Set(got.map((value, k) => generationOf(generations, value, k, who)));
    if (atomic && seen.size > 1) fail(`${who} saw half of a batch: generations ${[...seen].join(", ")} in one mget`);
  }
}

function withTag(generation: Uint8Array, index: number): Uint8Array {
  const value = generation.slice();
  value[0] = index;
  return value;
}

function generationOf(generations: Uint8Array[], value: Uint8Array | undefined, index: number, who: string): number {
  if (value === undefined) return -1;
  const found = generations.findIndex((generation) => equalBytes(withTag(generation, index), value));
  if (found < 0) fail(`${who} saw a value of ${value.length} bytes under a key that nobody wrote there`);
  return found;
}
