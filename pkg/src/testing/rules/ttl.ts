import type { RuleContext } from "../context.js";
import { check, collect, fail, outcome, refused, same, sameKeys, sameValues, show } from "../expect.js";
import type { TestedStore } from "../harness.js";
import type { RuleBody, SomeRules } from "./body.js";

/** How the rules of this file measure time: in lives, short where the kit has to wait for them. */
interface Pace {
  /** The life that entries are given, in seconds. */
  life: number;
  /** When an entry must still be there, in ms after it was set. */
  early: number;
  /** From when on it must be missing. */
  late: number;
  /** A life of a fraction of a second, where nothing is too slow for it. */
  fraction: number;
}

/** How much longer entries may be made to live, than where a machine has time. */
const LONGEST = 16;

/**
 * A rule that is held at its pace. Where lives are waited for, a busy machine may be too slow to see an entry within its own:
 * if the calls took longer than the shortest of these lives, what they have seen says nothing, and lives are made longer.
 */
function paced(rule: (context: RuleContext, pace: Pace) => Promise<void>): RuleBody {
  return async (context) => {
    const { clock } = context;
    for (let times = 1; ; times *= 4) {
      const pace = await paceOf(context, times);
      if (pace === undefined) return refuses(context);
      const since = Date.now() - clock.advanced;
      try {
        return await rule(context, pace);
      } catch (error) {
        const calls = Date.now() - clock.advanced - since;
        if (clock.injected || times === LONGEST || calls < pace.fraction * 1_000) throw error;
      }
    }
  };
}

async function paceOf(context: RuleContext, times: number): Promise<Pace | undefined> {
  const { ttl, exactTtl } = await context.claims();
  if (!ttl) return undefined;
  if (!context.clock.injected) {
    context.note("the store does not take a clock: expiry was waited for, and its very millisecond not seen");
    const life = 1.2 * times;
    return { life, early: life * 250, late: life * 1_000 + (exactTtl ? 100 : 1_800), fraction: 0.25 * times };
  }
  if (exactTtl) return { life: 10, early: 9_999, late: 10_000, fraction: 0.25 };
  context.note("exactTtl is not claimed: expiry was looked for with two seconds of grace");
  return { life: 10, early: 7_000, late: 12_000, fraction: 0.25 };
}

/** What is left of each T rule for a store that cannot expire: it refuses, and nothing has happened. */
async function refuses(context: RuleContext): Promise<void> {
  const { store } = context;
  const [kept, key] = context.keys(2) as [string, string];
  const [old, value] = [context.value(), context.value()];
  await store.mset([[kept, old]]);
  const pairs: [string, Uint8Array][] = [
    [kept, value],
    [key, value],
  ];
  for (const ttl of [10, 0.5]) {
    await refused(() => store.mset(pairs, { ttl }), "invalid_argument", "mset with a ttl where none is claimed", "ttl");
  }
  sameValues(await store.mget([kept, key]), [old, undefined], "mget after an mset with a ttl was refused");
  sameKeys(await collect(store.yieldKeys()), [kept], "yieldKeys after an mset with a ttl was refused");
  const open = () => context.open({ ttl: 10 });
  await refused(open, "invalid_argument", "a store with a default ttl where none is claimed", "ttl");
  // `null` asks for nothing that the store cannot do.
  await store.mset([[key, value]], { ttl: null });
  sameValues(await store.mget([key]), [value], "mget after mset with ttl: null");
}

async function expects(
  store: TestedStore,
  there: string[],
  gone: string[],
  value: Uint8Array,
  when: string,
): Promise<void> {
  const expected = [...there.map(() => value), ...gone.map(() => undefined)];
  sameValues(await store.mget([...there, ...gone]), expected, `mget of ${show([...there, ...gone])} ${when}`);
}

export const ttl = {
  "T1-expires": paced(async (context, pace) => {
    const { store, clock } = context;
    const value = context.value();
    await store.mset([["forever", value]]);
    await store.mset(
      [
        ["short", value],
        ["short too", value],
      ],
      { ttl: pace.life },
    );
    await store.mset([["long", value]], { ttl: pace.life * 100 });
    await expects(store, ["forever", "short", "short too", "long"], [], value, "at once");
    await clock.advance(pace.early);
    await expects(store, ["forever", "short", "short too", "long"], [], value, "before its time");
    await clock.advance(pace.late - pace.early);
    await expects(store, ["forever", "long"], ["short", "short too"], value, "at its time");
    await clock.advance(pace.late);
    await expects(store, ["forever", "long"], ["short", "short too"], value, "after its time");
    // Fractions of a second count.
    await store.mset([["fraction", value]], { ttl: pace.fraction });
    await expects(store, ["fraction"], [], value, "at once");
    await clock.advance(pace.late - pace.life * 1_000 + pace.fraction * 1_000);
    await expects(store, ["forever"], ["fraction"], value, "after that fraction");
  }),

  "T2-default": paced(async (context, pace) => {
    const { clock } = context;
    const store = await context.open({ ttl: pace.life });
    const value = context.value();
    await store.mset([["default", value]]);
    await store.mset([["default too", value]], { ttl: undefined });
    await store.mset([["longer", value]], { ttl: pace.life * 100 });
    await store.mset([["shorter", value]], { ttl: pace.life / 4 });
    await expects(store, ["default", "default too", "longer", "shorter"], [], value, "at once");
    await clock.advance(pace.late - pace.life * 750);
    if (clock.injected)
      await expects(store, ["default", "default too"], ["shorter"], value, "after a quarter of the default");
    await clock.advance(pace.late);
    await expects(store, ["longer"], ["shorter", "default", "default too"], value, "after the default");
    // Deleting and setting again starts a new life by the default.
    await store.mset([["default", value]]);
    await expects(store, ["default"], [], value, "set again");
    await clock.advance(pace.late);
    await expects(store, [], ["default"], value, "after the default again");
  }),

  "T3-null-cancels": paced(async (context, pace) => {
    const { clock } = context;
    const value = context.value();
    const store = await context.open({ ttl: pace.life });
    await store.mset([["default", value]]);
    await store.mset([["null", value]], { ttl: null });
    await store.mset([["both", value]]);
    await store.mset([["both", value]], { ttl: null });
    if (store.stat) same((await store.stat(["null"]))[0]?.ttl, null, "ttl in stat of an entry set with ttl: null");
    await clock.advance(clock.injected ? 1e12 : pace.late);
    await expects(store, ["null", "both"], ["default"], value, "after the default");
  }),

  "T4-hidden-from-list": paced(async (context, pace) => {
    const { store, clock } = context;
    check(typeof store.stat === "function", "the store has no stat()");
    const value = context.value();
    await store.mset(
      [
        ["a1", value],
        ["a2", value],
        ["b1", value],
      ],
      { ttl: pace.life },
    );
    await store.mset([
      ["a3", value],
      ["b2", value],
    ]);
    sameKeys(await collect(store.yieldKeys()), ["a1", "a2", "a3", "b1", "b2"], "yieldKeys before their time");
    await clock.advance(pace.late);
    // No mget in between: a store that drops expired entries when it meets them must not have met them yet.
    sameKeys(await collect(store.yieldKeys("a")), ["a3"], 'yieldKeys("a") at their time');
    sameKeys(await collect(store.yieldKeys()), ["a3", "b2"], "yieldKeys() at their time");
    const stats = await store.stat(["a1", "a3", "b1"]);
    check(stats[0] === undefined && stats[2] === undefined, "stat knows of an expired entry");
    same(stats[1]?.bytes, value.length, "bytes in stat of the entry between them");
    await expects(store, ["a3", "b2"], ["a1", "a2", "b1"], value, "at their time");
    await store.mdelete(["a1"]);
    sameKeys(await collect(store.yieldKeys()), ["a3", "b2"], "yieldKeys after mdelete of an expired key");
  }),

  "T5-reset": paced(async (context, pace) => {
    const { store, clock } = context;
    const value = context.value();
    const set = (key: string, ttl?: number | null) => store.mset([[key, value]], ttl === undefined ? {} : { ttl });
    for (const key of ["again", "ended", "nulled", "longer", "shorter"]) await set(key, pace.life);
    await set("begun");
    await clock.advance(pace.life * 600);
    await set("again", pace.life);
    await set("ended");
    await set("nulled", null);
    await set("longer", pace.life * 100);
    await set("shorter", pace.life / 10);
    await set("begun", pace.life);
    await clock.advance(pace.late - pace.life * 600);
    const long = ["ended", "nulled", "longer"];
    await expects(
      store,
      clock.injected ? ["again", "begun", ...long] : long,
      ["shorter"],
      value,
      "after the first lives",
    );
    await clock.advance(pace.life * 600);
    await expects(store, long, ["again", "begun", "shorter"], value, "after the second lives");
  }),

  async "T6-no-ttl-refused"(context) {
    const { store } = context;
    const claims = await context.claims();
    if (!claims.ttl) {
      check(!claims.exactTtl, "a store that claims no ttl claims exactTtl");
      await refuses(context);
      if (store.setIf && claims.conditionalSet) {
        const setIf = () => store.setIf?.([["k", context.value()]], "absent", { ttl: 10 });
        await refused(setIf, "invalid_argument", "setIf with a ttl", "ttl");
      }
      return;
    }
    // The claim: no call that is well-formed is refused.
    const value = context.value();
    for (const life of [0.001, 0.5, 1, 86_400, 31_536_000, 1e9, null, undefined]) {
      const end = await outcome(() => store.mset([["k", value]], { ttl: life }));
      if (!end.ok) fail(`the store claims ttl, but refuses ${life}: ${show(end.error)}`);
    }
    sameValues(await store.mget(["k"]), [value], "mget after an mset with ttl: undefined");
  },

  async "T7-bad-ttl"(context) {
    const { store } = context;
    const claims = await context.claims();
    const [kept, key] = context.keys(2) as [string, string];
    const [old, value] = [context.value(), context.value()];
    await store.mset([[kept, old]]);
    const pairs: [string, Uint8Array][] = [
      [kept, value],
      [key, value],
    ];
    const bad = [
      0,
      -0,
      -1,
      -0.001,
      Number.NaN,
      Infinity,
      -Infinity,
      "10",
      "",
      true,
      false,
      {},
      [],
      [10],
      10n,
      () => 10,
    ];
    for (const life of bad as number[]) {
      const what = `with ttl ${typeof life === "object" ? JSON.stringify(life) : `${String(life)} (${typeof life})`}`;
      await refused(() => store.mset(pairs, { ttl: life }), "invalid_argument", `mset ${what}`, "ttl");
      await refused(() => context.open({ ttl: life }), "invalid_argument", `a store ${what}`, "ttl");
      if (!claims.conditionalSet) continue;
      await refused(() => store.setIf?.(pairs, "present", { ttl: life }), "invalid_argument", `setIf ${what}`, "ttl");
    }
    sameValues(await store.mget([kept, key]), [old, undefined], "mget after bad ttls");
    sameKeys(await collect(store.yieldKeys()), [kept], "yieldKeys after bad ttls");
  },
} satisfies SomeRules;
