import { everyCall, type NamedCall, whole } from "../context.js";
import { check, fail, held, outcome, refused, rejectedWith, sameValues, show } from "../expect.js";
import { abortedSignal } from "../signals.js";
import type { SomeRules } from "./body.js";

export const order = {
  async "O1-check-order"(context) {
    const store = whole(context.store);
    const key = context.key();
    const value = context.value();
    await store.mset([[key, value]]);
    const reason = new Error("the kit's own reason");
    const { signal } = abortedSignal(reason);
    const empty: NamedCall[] = [
      { name: "mget of nothing", run: () => store.mget([], { signal }) },
      { name: "mset of nothing", run: () => store.mset([], { signal }) },
      { name: "mdelete of nothing", run: () => store.mdelete([], { signal }) },
      { name: "stat of nothing", run: () => store.stat([], { signal }) },
      { name: "setIf of nothing", run: () => store.setIf([], "absent", { signal }) },
      // Without `all` this is a bad argument on a shared backend.
      { name: "clear", run: () => store.clear({ signal }) },
      { name: "mset with a bad ttl", run: () => store.mset([[key, value]], { signal, ttl: -1 }) },
    ];
    const aborted = [...everyCall(store, key, { signal }, true), ...everyCall(store, key, { signal }), ...empty];

    for (const { name, run } of aborted) await rejectedWith(run, reason, `${name}, aborted signal before arguments`);
    // Bad arguments come before "nothing to do".
    await refused(() => store.mset([], { ttl: -1 }), "invalid_argument", "mset of nothing with a bad ttl");
    sameValues(await store.mget([key]), [value], "mget after calls that were all refused");

    await store.close();
    const closed = [
      ...aborted,
      ...everyCall(store, key, {}),
      ...everyCall(store, key, {}, true),
      { name: "mget of nothing", run: () => store.mget([]) },
      { name: "mset of nothing", run: () => store.mset([]) },
      { name: "mdelete of nothing", run: () => store.mdelete([]) },
    ];
    for (const { name, run } of closed) await refused(run, "closed", `${name} on a closed store`);
  },

  async "O2-call-order"(context) {
    const { store } = context;
    const [key, near, far] = context.keys(3) as [string, string, string];
    const [a, b, c] = [context.value(), context.value(300_000), context.value()];

    // No call is awaited before the next is made. The large value would be overtaken where work is merely parallel.
    const calls = [
      store.mset([[key, b]]),
      store.mget([key]),
      store.mset([
        [near, b],
        [key, a],
      ]),
      store.mget([key]),
      store.mdelete([key]),
      store.mget([key]),
      store.mset([
        [key, c],
        [far, c],
      ]),
      store.mget([key, near, far]),
    ].map((call) => held<unknown>(call));
    const ends = (await Promise.all(calls)) as (Uint8Array | undefined)[][];
    sameValues(ends[1], [b], "mget called after the first mset");
    sameValues(ends[3], [a], "mget called after the second mset");
    sameValues(ends[5], [undefined], "mget called after mdelete");
    sameValues(ends[7], [c, b, c], "mget called after the last mset");

    // A refused call takes no place in the order; what stands behind it goes on.
    const refusal = outcome(() => store.mset([[key, "no bytes" as unknown as Uint8Array]]));
    const after = [held(store.mset([[key, b]])), held(store.mget([key])), held(store.mset([[key, a]]))] as const;
    if ((await refusal).ok) fail("mset of a text went through");
    sameValues((await Promise.all(after))[1], [b], "mget called after a refused mset and a good one");
    sameValues(await store.mget([key]), [a], "mget after all");

    // Many writes of one key: the last call wins, not the last to come through.
    const values = Array.from({ length: 30 }, (_, i) => context.value(i % 3 === 0 ? 40_000 : 40));
    const writes = values.map((value) => held(store.mset([[key, value]])));
    const mid = held(store.mget([key]));
    writes.push(held(store.mdelete([far])));
    await Promise.all(writes);
    sameValues(await mid, [values.at(-1)], "mget called after 30 calls of mset, none awaited");
    sameValues(await store.mget([key, far]), [values.at(-1), undefined], "mget after them");
  },

  async "O3-empty-lists"(context) {
    const { store } = context;
    const key = context.key();
    const value = context.value();
    await store.mset([[key, value]]);
    await context.quietly(store, "calls with empty lists", async () => {
      const got = await store.mget([]);
      check(Array.isArray(got) && got.length === 0, `mget([]) gave ${show(got)}`);
      const set: unknown = await store.mset([]);
      check(set === undefined, `mset([]) gave ${show(set)}`);
      const deleted: unknown = await store.mdelete([]);
      check(deleted === undefined, `mdelete([]) gave ${show(deleted)}`);
    });
    sameValues(await store.mget([key]), [value], "mget after calls with empty lists");
  },
} satisfies SomeRules;
