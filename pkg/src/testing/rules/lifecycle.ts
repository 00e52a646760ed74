import type { StoreEvent } from "../../types.js";
import { sleep } from "../clock.js";
import { everyCall, having, type RuleContext, whole } from "../context.js";
import {
  check,
  collect,
  equalBytes,
  fail,
  held,
  outcome,
  refused,
  same,
  sameKeys,
  sameValues,
  show,
} from "../expect.js";
import type { TestedStore } from "../harness.js";
import type { SomeRules } from "./body.js";

const COUNTS = ["hits", "misses", "bytesRead", "bytesWritten", "requests", "evictions"] as const;

export const lifecycle = {
  async "S1-close"(context) {
    const store = whole(context.store);
    const { persistent, sharedWrites, sharedBackend } = await context.claims();
    const beside = context.harness.shares ? await context.open() : undefined;
    const [key, last] = context.keys(2) as [string, string];
    const value = context.value();
    await store.mset([[key, value]]);
    const open = held(store.yieldKeys());
    await open.next();

    // A call under way ends: done or closed, but it ends.
    const underWay = outcome(() => store.mset([[last, value]]));
    const closing = [held(store.close()), held(store.close())];
    const end = await underWay;
    if (!end.ok)
      same((end.error as { code?: string }).code, "closed", "code of an mset under way when the store was closed");
    for (const close of closing) same(await close, undefined, "what close() gave");
    same(await store.close(), undefined, "what close() gave the third time");

    for (const { name, run } of everyCall(store, key, {})) await refused(run, "closed", `${name} after close()`);
    await refused(() => open.next(), "closed", "a step, after close(), of an iteration begun before it");
    same((await open.next()).done, true, "done of the step behind it");

    if (beside !== undefined) {
      sameValues(await beside.mget([key]), [value], "mget of another handle after this one was closed");
      await beside.mset([[key, value]]);
    }
    const again = await context.open();
    const [seen] = await again.mget([key]);
    if (persistent) {
      check(
        context.harness.shares,
        "the store claims to persist, but the harness does not share: it cannot be looked at",
      );
      check(
        seen !== undefined && equalBytes(seen, value),
        "a store that claims to persist does not show its data again",
      );
    } else if (!sharedWrites && !sharedBackend) {
      check(seen === undefined, "a store that claims not to persist, and not to be shared, shows its data again");
    }
  },

  async "S2-stat"(context) {
    const store = having(context.store, "stat");
    const { ttl: expires } = await context.claims();
    const { clock } = context;
    const [a, empty, mortal, missing] = context.keys(4) as [string, string, string, string];
    const value = context.value(1_234);
    const before = clock.now();
    await store.mset([
      [a, value],
      [empty, new Uint8Array(0)],
    ]);
    if (expires) await store.mset([[mortal, value]], { ttl: 100 });
    else await store.mset([[mortal, value]]);
    const after = clock.now();
    await clock.advance(clock.injected ? 4_000 : 50);

    const asked = [missing, a, mortal, empty, a];
    const stats = await store.stat(asked);
    check(Array.isArray(stats), `stat gave ${show(stats)}`);
    same(stats.length, asked.length, "number of answers");
    for (const [i, bytes] of [undefined, 1_234, 1_234, 0, 1_234].entries()) {
      const stat = stats[i];
      if (bytes === undefined) {
        same(stat, undefined, "stat of a missing key");
        continue;
      }
      check(typeof stat === "object" && stat !== null, `stat of a key that is there gave ${show(stat)}`);
      same(stat.bytes, bytes, `bytes in stat[${i}]`);
      for (const member of ["ttl", "written"]) check(member in stat, `stat[${i}] has no member ${member}`);
      const { written } = stat;
      if (written !== undefined) {
        // Other clocks than the injected one may be off, and their stamps coarse.
        const grace = clock.injected ? 0 : 60_000;
        const good = typeof written === "number" && written >= before - grace && written <= after + grace;
        check(good, `written in stat[${i}]: ${show(written)}, but it was written from ${before} to ${after}`);
      }
      if (asked[i] === mortal && expires) {
        const left = stat.ttl;
        const [low, high] = clock.injected ? [95.5, 96.5] : [95, 100];
        const good = typeof left === "number" && left >= low && left <= high;
        check(good, `ttl in stat[${i}]: ${show(left)}, of 100 s, after ${clock.injected ? "4 s" : "50 ms"}`);
      } else if (expires) same(stat.ttl, null, `ttl in stat[${i}] of an entry without a TTL`);
      else check(stat.ttl === null || stat.ttl === undefined, `ttl in stat[${i}]: ${show(stat.ttl)}`);
    }
    same((await store.stat([])).length, 0, "number of answers to no key");
    await store.mset([[a, context.value(5)]]);
    await store.mdelete([empty]);
    const later = await store.stat([a, empty]);
    same(later[0]?.bytes, 5, "bytes in stat after the value was replaced");
    same(later[1], undefined, "stat of a deleted key");
  },

  async "S3-stats"(context) {
    const store = having(context.store, "stats");
    const unused = store.stats();
    for (const count of COUNTS) same(typeof unused[count], "number", `type of ${count} in stats()`);
    for (const count of COUNTS.slice(0, 4)) same(unused[count], 0, `${count} of an unused store`);
    const keys = context.keys(5);
    const lengths = [10, 0, 3_000, 77, 1];
    await store.mset(keys.map((key, i) => [key, context.value(lengths[i])]));
    await store.mget([...keys, "missing", "missing too"]);
    await store.mget([keys[2] as string, "missing"]);
    await outcome(() => store.mset([["k", "no bytes" as unknown as Uint8Array]]));
    const counted = store.stats();
    const expected = { hits: 6, misses: 3, bytesRead: 6_088, bytesWritten: 3_088 };
    for (const [name, count] of Object.entries(expected)) {
      same(counted[name as keyof typeof expected], count, `${name} after 6 hits and 3 misses`);
    }
    for (const count of COUNTS) same(unused[count] > counted[count], false, `whether ${count} went down`);
    same(counted.evictions, 0, "evictions of a store without bounds");
    same(unused.hits, 0, "hits in what stats() gave before");
    const fresh = having(await context.open(), "stats").stats();
    for (const count of COUNTS.slice(0, 4)) same(fresh[count], 0, `${count} of another handle`);

    const bounded = await context.bounded({ maxEntries: 2 });
    if (bounded === undefined) return;
    for (const key of ["a", "b", "c"]) await bounded.mset([[key, context.value()]]);
    same(having(bounded, "stats").stats().evictions, 1, "evictions after three entries where two are allowed");
    same((await collect(bounded.yieldKeys())).length, 2, "number of keys where two are allowed");
  },

  async "S4-conditional-set"(context) {
    const store = having(context.store, "setIf");
    const { conditionalSet, ttl: expires } = await context.claims();
    const [a, b, c] = context.keys(3) as [string, string, string];
    const [v, w, x] = [context.value(), context.value(900), context.value()];
    const asked = [a, b, c];
    if (!conditionalSet) {
      await store.mset([[a, v]]);
      for (const condition of ["absent", "present"] as const) {
        const setIf = () =>
          store.setIf(
            asked.map((key) => [key, w]),
            condition,
          );
        await refused(setIf, "unsupported", `setIf "${condition}" where it is not claimed`);
      }
      sameValues(await store.mget(asked), [v, undefined, undefined], "mget after setIf was refused");
      return;
    }
    const setIf = async (pairs: [string, Uint8Array][], condition: "absent" | "present", expected: boolean[]) => {
      const got = await store.setIf(pairs, condition);
      same(JSON.stringify(got), JSON.stringify(expected), `what setIf "${condition}" gave`);
    };
    await setIf(
      [
        [a, v],
        [b, v],
      ],
      "present",
      [false, false],
    );
    sameValues(
      await store.mget(asked),
      [undefined, undefined, undefined],
      'mget after setIf "present" of missing keys',
    );
    await setIf([[a, v]], "absent", [true]);
    await setIf(
      [
        [b, w],
        [a, w],
        [c, x],
      ],
      "absent",
      [true, false, true],
    );
    sameValues(await store.mget(asked), [v, w, x], 'mget after setIf "absent"');
    await store.mdelete([c]);
    await setIf(
      [
        [a, w],
        [c, w],
        [b, new Uint8Array(0)],
      ],
      "present",
      [true, false, true],
    );
    sameValues(await store.mget(asked), [w, new Uint8Array(0), undefined], 'mget after setIf "present"');
    // An empty value is there. Of duplicates each sees what the one before it did.
    await setIf(
      [
        [b, v],
        [c, v],
        [c, w],
      ],
      "absent",
      [false, true, false],
    );
    await setIf([], "absent", []);
    sameValues(await store.mget([c]), [v], "mget of a key that stood twice");
    for (const bad of ["maybe", "", undefined, null, 1, {}, "ABSENT"]) {
      const call = () => store.setIf([["never", v]], bad as "absent");
      await refused(call, "invalid_argument", `setIf with the condition ${show(bad)}`, "condition");
    }
    await oneWinner(context, store);
    if (expires && context.clock.injected) {
      const [got] = await store.setIf([["mortal", v]], "absent", { ttl: 10 });
      same(got, true, 'setIf "absent" with a ttl');
      await context.clock.advance(60_000);
      await setIf([["mortal", w]], "present", [false]);
      await setIf([["mortal", x]], "absent", [true]);
      await context.clock.advance(60_000);
      sameValues(await store.mget(["mortal"]), [x], "mget of a key set on condition again, without a ttl");
    }
  },

  async "S6-dispose"(context) {
    const store = having(context.store, "close");
    const { asyncDispose } = Symbol as { asyncDispose?: symbol };
    const value = context.value();
    await store.mset([["k", value]]);
    if (asyncDispose === undefined) {
      context.note("no Symbol.asyncDispose in this runtime: close() was called in its stead");
      await store.close();
    } else {
      const dispose = (store as unknown as Record<symbol, unknown>)[asyncDispose];
      same(typeof dispose, "function", "store[Symbol.asyncDispose], its type");
      const end = (dispose as () => Promise<unknown>).call(store);
      same(typeof end?.then, "function", "what store[Symbol.asyncDispose]() gave, its then");
      same(await end, undefined, "what store[Symbol.asyncDispose]() gave");
      await (dispose as () => Promise<unknown>).call(store);
    }
    await refused(() => store.mget(["k"]), "closed", "mget on a store that was disposed of");
    same(await store.close(), undefined, "what close() gave on a store that was disposed of");
  },

  async "S7-events"(context) {
    const events: StoreEvent[] = [];
    const nested: Promise<unknown>[] = [];
    const [key] = context.keys(1) as [string];
    // Told of something, the one calls the store, the other throws; a third only listens.
    let store: TestedStore | undefined;
    const calls = () => {
      if (nested.length >= 6 || store === undefined) return;
      nested.push(held(store.mget([key])), held(store.mset([["from inside", new Uint8Array([1])]])));
    };
    const error = new Error("the kit's own, from onEvent: a store may report it, and goes on");
    let throwing = true;
    const throws = () => {
      if (throwing) throw error;
    };
    const hearAgain = ignoreReportsOf(error);
    try {
      for (const onEvent of [(event: StoreEvent) => events.push(event), throws, calls]) {
        store = await context.open({ onEvent });
        await useStore(context, store, key);
        await sleep(10);
        await Promise.all(nested);
        const counted = store.stats?.().requests ?? 0;
        if (events.length === 0 && counted > 0) fail(`stats() tells of ${counted} requests, onEvent of none`);
        await store.mdelete([key]);
      }
      const evictions = await watchEvictions(context, events, throws);
      const nothing = !evictions && events.length === 0;
      if (nothing) context.note("nothing happens inside this store that onEvent could be told of");
    } finally {
      // The kit's clean-up makes events too.
      throwing = false;
      hearAgain();
    }
    for (const event of events) checkEvent(event);
  },

  async "S8-plain-methods"(context) {
    const { store } = context;
    const [key, second] = context.keys(2) as [string, string];
    const [v, w] = [context.value(), context.value()];
    const nothing: unknown[] = [await store.mset([[key, v]]), await store.mset([[second, w]], {})];
    sameValues(await store.mget([key, second]), [v, w], "mget with one argument");
    sameValues(await store.mget([key], undefined), [v], "mget with undefined for options");
    sameValues(await store.mget([key], {}), [v], "mget with empty options");
    sameValues(await store.mget([key], { signal: undefined }), [v], "mget with signal: undefined");
    nothing.push(await store.mset([[key, w]], { signal: undefined, ttl: undefined }));
    sameValues(await store.mget([key]), [w], "mget after mset with options that are all undefined");
    sameKeys(await collect(store.yieldKeys()), [key, second], "yieldKeys without an argument");
    sameKeys(await collect(store.yieldKeys(key)), [key], "yieldKeys with one argument");
    sameKeys(
      await collect(store.yieldKeys(undefined, {})),
      [key, second],
      "yieldKeys with undefined and empty options",
    );
    // Lists that LangChain made for itself: frozen here, to see that they are left as they are.
    const pair = Object.freeze([key, v]) as unknown as [string, Uint8Array];
    nothing.push(await store.mset(Object.freeze([pair]) as [string, Uint8Array][]));
    sameValues(await store.mget(Object.freeze([key]) as string[]), [v], "mget of frozen lists");
    nothing.push(await store.mdelete(Object.freeze([key]) as string[]), await store.mdelete([second], {}));
    sameValues(await store.mget([key, second]), [undefined, undefined], "mget after mdelete with one argument");
    for (const end of nothing) same(end, undefined, "what mset and mdelete gave");
  },
} satisfies SomeRules;

/** Of writers that all want a missing key, one gets it, and its value stays. */
async function oneWinner(
  context: RuleContext,
  store: TestedStore & Required<Pick<TestedStore, "setIf">>,
): Promise<void> {
  const values = Array.from({ length: 12 }, (_, i) => context.value(i % 2 === 0 ? 30 : 20_000));
  const answers = await Promise.all(values.map((value) => store.setIf([["race", value]], "absent")));
  const winners = values.filter((_, i) => answers[i]?.[0] === true);
  same(winners.length, 1, 'number of winners of 12 concurrent setIf "absent"');
  sameValues(await store.mget(["race"]), winners, "mget after the race");
}

/** Errors that are the kit's own, of rules that may run at once. */
const ownErrors = new Set<unknown>();
let heardBefore: typeof console.error | undefined;

const ignoreOwn = (event: Event) => {
  if (!ownErrors.has((event as ErrorEvent).error)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
};

/** Keeps what a store rightly reports (`reportError`, the console) from a test runner and its log, until called off. */
function ignoreReportsOf(error: Error): () => void {
  const target = globalThis as Partial<EventTarget>;
  if (ownErrors.size === 0) {
    const before = console.error;
    heardBefore = before;
    console.error = (...said: unknown[]) => {
      if (!ownErrors.has(said[0])) before(...said);
    };
    target.addEventListener?.("error", ignoreOwn);
  }
  ownErrors.add(error);
  return () => {
    ownErrors.delete(error);
    if (ownErrors.size > 0 || heardBefore === undefined) return;
    console.error = heardBefore;
    target.removeEventListener?.("error", ignoreOwn);
  };
}

/** Does a little of everything, as a caller would who knows nothing of events. */
async function useStore(context: RuleContext, store: TestedStore, key: string): Promise<void> {
  const value = context.value();
  await store.mset([[key, value]]);
  sameValues(await store.mget([key, "missing"]), [value, undefined], "mget of a store with onEvent");
  check((await collect(store.yieldKeys(key))).length === 1, "yieldKeys of a store with onEvent does not give its key");
  await outcome(() => store.mget([5 as unknown as string]));
  await store.mdelete(["missing"]);
  sameValues(await store.mget([key]), [value], "mget of a store with onEvent");
}

/** Makes a bounded store drop entries, if this kind of store has bounds. */
async function watchEvictions(context: RuleContext, events: StoreEvent[], throws: () => void): Promise<boolean> {
  const heard: StoreEvent[] = [];
  for (const onEvent of [(event: StoreEvent) => heard.push(event), throws]) {
    const bounded = await context.bounded({ maxEntries: 2 }, { onEvent });
    if (bounded === undefined) return false;
    const pairs = context.pairs(["a", "b", "c"], 20);
    for (const pair of pairs) await bounded.mset([pair]);
    sameValues(await bounded.mget(["c"]), [pairs[2]?.[1]], "mget of what made another entry be dropped");
    await sleep(10);
  }
  const dropped = heard.filter((event) => event.type === "evict").reduce((sum, event) => sum + event.keys, 0);
  same(dropped, 1, "entries that onEvent was told were dropped");
  events.push(...heard);
  return true;
}

function checkEvent(event: StoreEvent): void {
  same(typeof event?.type, "string", "type of an event's type");
  const numbers =
    event.type === "request" ? [event.keys, event.ms] : event.type === "evict" ? [event.keys, event.bytes] : [];
  for (const number of numbers)
    check(Number.isFinite(number) && number >= 0, `a number in a ${event.type} event: ${number}`);
  if (event.type === "request") same(typeof event.operation, "string", "type of an event's operation");
}
