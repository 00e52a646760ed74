import { check, collect, sameKeys, sameValues, show } from "../expect.js";
import type { SomeRules } from "./body.js";

export const deletes = {
  async "D1-delete-then-set"(context) {
    const { store } = context;
    const [key, beside] = context.keys(2) as [string, string];
    const still = context.value();
    await store.mset([[beside, still]]);
    // Twice round: a tombstone may be outlived once by luck.
    for (let round = 0; round < 3; round++) {
      const value = context.value();
      await store.mset([[key, value]]);
      sameValues(await store.mget([key, beside]), [value, still], `mget after mset, round ${round}`);
      sameKeys(await collect(store.yieldKeys()), [key, beside], `yieldKeys after mset, round ${round}`);
      const end: unknown = await store.mdelete([key]);
      check(end === undefined, `mdelete gave ${show(end)}`);
      sameValues(await store.mget([key, beside]), [undefined, still], `mget after mdelete, round ${round}`);
      sameKeys(await collect(store.yieldKeys()), [beside], `yieldKeys after mdelete, round ${round}`);
    }
  },

  async "D2-delete-duplicates"(context) {
    const { store } = context;
    const [a, b, c] = context.keys(3) as [string, string, string];
    const pairs = context.pairs([a, b, c]);
    await store.mset(pairs);
    await store.mdelete([a, b, a, a, b]);
    sameValues(await store.mget([a, b, c]), [undefined, undefined, pairs[2]?.[1]], "mget");
    sameKeys(await collect(store.yieldKeys()), [c], "yieldKeys");
  },

  async "D3-delete-missing"(context) {
    const { store } = context;
    const keys = context.keys(6);
    const pairs = context.pairs(keys);
    const never = context.keys(3, "never");
    await store.mset(pairs);
    await store.mdelete([never[0], keys[0], never[1], keys[2], keys[4], never[2]] as string[]);
    sameValues(
      await store.mget([...keys, ...never]),
      [...pairs.map(([, value], i) => (i % 2 === 0 ? undefined : value)), undefined, undefined, undefined],
      "mget",
    );
    sameKeys(
      await collect(store.yieldKeys()),
      keys.filter((_, i) => i % 2 === 1),
      "yieldKeys",
    );
  },
} satisfies SomeRules;
