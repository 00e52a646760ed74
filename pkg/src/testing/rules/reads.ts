import { check, collect, same, sameBytes, sameKeys, sameValues } from "../expect.js";
import type { SomeRules } from "./body.js";

export const reads = {
  async "R1-shape"(context) {
    const { store, random } = context;
    const keys = context.keys(60);
    const there = new Map(context.pairs(keys.filter((_, i) => i % 3 !== 0)));
    await store.mset([...there]);
    // Frozen: a store has no business changing its caller's list.
    const asked = Object.freeze(random.shuffled(keys)) as string[];
    const got = await store.mget(asked);
    check(Array.isArray(got), "mget did not give an array");
    sameValues(
      got,
      asked.map((key) => there.get(key)),
      "mget",
    );
    for (let i = 0; i < got.length; i++) check(i in got, `mget left a hole at ${i}`);
    const backwards = [...asked].reverse();
    sameValues(
      await store.mget(backwards),
      backwards.map((key) => there.get(key)),
      "mget backwards",
    );
  },

  async "R2-duplicate-keys"(context) {
    const { store } = context;
    const [key, other, missing] = context.keys(3) as [string, string, string];
    const [value, beside] = [context.value(), context.value()];
    await store.mset([
      [key, value],
      [other, beside],
    ]);
    const asked = [key, missing, key, other, missing, key];
    const got = await store.mget(asked);
    sameValues(got, [value, undefined, value, beside, undefined, value], "mget");
    const [first, , second, , , third] = got as Uint8Array[];
    check(first?.buffer !== second?.buffer, "a key asked twice was answered with one buffer");
    first?.fill(0);
    sameBytes(second, value, "the second answer after the first was changed");
    sameBytes(third, value, "the third answer after the first was changed");
  },

  async "R3-missing"(context) {
    const { store } = context;
    const [a, b, gone, never] = context.keys(4) as [string, string, string, string];
    const [va, vb] = [context.value(), context.value()];
    sameValues(await store.mget([never]), [undefined], "mget on an empty store");
    await store.mset([
      [a, va],
      [gone, va],
      [b, vb],
    ]);
    await store.mdelete([gone]);
    const asked = [never, a, gone, b, never, `${a}x`, a.slice(0, -1)];
    const expected = [undefined, va, undefined, vb, undefined, undefined, undefined];
    sameValues(await store.mget(asked), expected, "mget");
    sameValues(await store.mget([never]), [undefined], "mget of one missing key");
  },

  async "R4-empty-value"(context) {
    const { store } = context;
    const [key, other, third] = context.keys(3) as [string, string, string];
    const value = context.value();
    const nothing = new Uint8Array(0);
    await store.mset([
      [key, nothing],
      [other, value],
      [third, value],
    ]);
    sameValues(await store.mget([key, other]), [nothing, value], "mget");
    sameValues(await store.mget([key]), [nothing], "mget of the empty value alone");
    sameKeys(await collect(store.yieldKeys()), [key, other, third], "yieldKeys");
    if (store.stat) same((await store.stat([key]))[0]?.bytes, 0, "bytes in stat");
    await store.mset([[third, nothing]]);
    sameValues(await store.mget([third]), [nothing], "mget after an empty value replaced another");
    await store.mdelete([key]);
    sameValues(await store.mget([key, third]), [undefined, nothing], "mget after mdelete of an empty value");
  },
} satisfies SomeRules;
