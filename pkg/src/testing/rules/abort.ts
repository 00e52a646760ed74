import { sleep } from "../clock.js";
import { everyCall, type RuleContext, whole } from "../context.js";
import {
  check,
  collect,
  equalBytes,
  fail,
  held,
  type Outcome,
  outcome,
  refused,
  rejectedWith,
  same,
  sameKeys,
  sameValues,
  show,
} from "../expect.js";
import { abortedSignal, watchedSignal } from "../signals.js";
import type { SomeRules } from "./body.js";

/** When to abort a call that was just made: at once, after some turns of the microtask queue, after some tasks. */
const DELAYS: { name: string; tasks: boolean; wait?: () => Promise<void> }[] = [
  { name: "at once", tasks: false },
  { name: "a turn later", tasks: false, wait: () => turns(1) },
  { name: "7 turns later", tasks: false, wait: () => turns(7) },
  { name: "40 turns later", tasks: false, wait: () => turns(40) },
  { name: "a task later", tasks: true, wait: () => sleep(0) },
  { name: "2 ms later", tasks: true, wait: () => sleep(2) },
  { name: "6 ms later", tasks: true, wait: () => sleep(6) },
];

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

type Answers = (Uint8Array | undefined)[];

/**
 * Aborts a call while it is under way, and ends the rule if it ends wrongly: with another error than the reason, or
 * well although it had not ended when the signal was aborted. The latter can be told only after a task: within one, a
 * promise that is settled may not have said so yet.
 */
async function abortDuring(
  call: (signal: AbortSignal) => Promise<unknown>,
  { tasks, wait }: (typeof DELAYS)[number],
  what: string,
): Promise<Outcome> {
  const { signal, abort, listening } = watchedSignal();
  const reason = { why: what };
  let settled = false;
  const end = outcome(() => call(signal)).then((result) => {
    settled = true;
    return result;
  });
  if (wait) await wait();
  const underWay = tasks && !settled;
  abort(reason);
  const result = await end;
  if (!result.ok) check(result.error === reason, `${what}: rejected with ${show(result.error)} instead of the reason`);
  else check(!underWay, `${what}: was under way when its signal was aborted, and did not reject`);
  await sleep(0);
  same(listening(), 0, `${what}, listeners left on the signal`);
  return result;
}

/**
 * What a write that may have been aborted may leave: all of it if it resolved; else all or none where the store says
 * so, and each entry whole where it does not.
 */
function checkLeft(end: Outcome, got: Answers, before: Answers, after: Answers, atomic: boolean, what: string): void {
  if (end.ok) {
    sameValues(got, after, `mget after ${what}, which resolved`);
    return;
  }
  const like = (value: Uint8Array | undefined, other: Uint8Array | undefined) =>
    value === undefined || other === undefined ? value === other : equalBytes(value, other);
  const done = got.filter((value, i) => like(value, after[i])).length;
  const undone = got.filter((value, i) => like(value, before[i])).length;
  check(done + undone === got.length, `after ${what}, an entry is neither what it was nor what it should have become`);
  if (atomic && done > 0 && undone > 0)
    fail(`after ${what}, ${done} of ${got.length} entries were done, not all or none`);
}

/** Aborts an mset and an mdelete at one moment and looks at what they left. Gives what must stay so. */
async function abortWrites(
  context: RuleContext,
  delay: (typeof DELAYS)[number],
  atomic: boolean,
  late: number,
): Promise<[string[], Answers][]> {
  const { store } = context;
  const keys = context.keys(200, `${delay.name} ${late}`);
  const doomed = context.keys(200, `${delay.name} ${late}, doomed`);
  const old = context.pairs(keys, 40);
  const fresh = context.pairs(keys, 700);
  const there = context.pairs(doomed, 40);
  await store.mset([...old, ...there]);
  const before = old.map(([, value]) => value);
  const after = fresh.map(([, value]) => value);
  const values = there.map(([, value]) => value);
  const missing = doomed.map(() => undefined);

  const mset = `mset aborted ${delay.name}`;
  const set = await abortDuring((signal) => store.mset(fresh, { signal }), delay, mset);
  await sleep(late);
  const afterSet = await store.mget(keys);
  checkLeft(set, afterSet, before, after, atomic, mset);

  const mdelete = `mdelete aborted ${delay.name}`;
  const deleted = await abortDuring((signal) => store.mdelete(doomed, { signal }), delay, mdelete);
  await sleep(late);
  const afterDelete = await store.mget(doomed);
  checkLeft(deleted, afterDelete, values, missing, atomic, mdelete);

  const read = await abortDuring((signal) => store.mget(keys, { signal }), delay, `mget aborted ${delay.name}`);
  const left: [string[], Answers][] = [
    [keys, afterSet],
    [doomed, afterDelete],
  ];
  if (read.ok) {
    check(
      Array.isArray(read.value),
      `mget that was not ended by an abort ${delay.name}: ${show(read.value)}, no array`,
    );
    left.push([keys, read.value as Answers]);
  }
  return left;
}

/** Whether all of `left` is there as it was; if not, and this is the `last` time, it ends the rule. */
async function isLeft({ store }: RuleContext, left: [string[], Answers][], last: boolean): Promise<boolean> {
  for (const [keys, values] of left) {
    const what = `mget some time after writes were aborted, of "${keys[0]}"...`;
    try {
      sameValues(await store.mget(keys), values, what);
    } catch (error) {
      if (last) throw error;
      return false;
    }
  }
  return true;
}

export const abort = {
  async "A1-aborted-before"(context) {
    const store = whole(context.store);
    const [key] = context.keys(1) as [string];
    const value = context.value();
    await store.mset([[key, value]]);
    // A reason can be anything; the second is the one that a bare abort() makes.
    for (const reason of [new Error("the kit's own reason"), undefined, "a text", null, { any: "object" }]) {
      const { signal, listening } = abortedSignal(reason);
      await context.quietly(store, "calls with an aborted signal", async () => {
        for (const { name, run } of everyCall(store, key, { signal })) {
          await rejectedWith(run, signal.reason, `${name} with a signal that was aborted before`);
        }
        await sleep(0);
      });
      same(listening(), 0, "listeners left on a signal that was aborted before");
    }
    sameValues(await store.mget([key]), [value], "mget after calls with aborted signals");
  },

  async "A2-aborted-during"(context) {
    const { atomicBatch, sharedBackend } = await context.claims();
    if (!atomicBatch) context.note("atomicBatch is not claimed: only that each entry is whole was checked");
    // A server may have read a request just before its connection was closed, and carries it out a moment later: the busier a
    // machine is, the later.
    const moments = sharedBackend && !atomicBatch ? [60, 600, 3_000] : [0];
    for (const late of moments) {
      const left: [string[], Answers][] = [];
      for (const delay of DELAYS) left.push(...(await abortWrites(context, delay, atomicBatch, late)));
      // What was left is final: nothing of an aborted call comes in late.
      await sleep(30);
      if (await isLeft(context, left, late === moments.at(-1))) break;
    }
    const pairs = context.pairs(["after", "all"]);
    await context.store.mset(pairs);
    sameValues(
      await context.store.mget(["after", "all"]),
      pairs.map(([, value]) => value),
      "mget of the next mset",
    );
  },

  async "A3-aborted-iteration"(context) {
    const { store } = context;
    const keys = context.keys(400);
    await store.mset(context.pairs(keys, 8));
    for (const steps of [1, 3, 150]) {
      const { signal, abort, listening } = watchedSignal();
      const reason = { after: steps };
      const generator = held(store.yieldKeys("key", { signal }));
      for (let i = 0; i < steps; i++) same((await generator.next()).done, false, `done at step ${i + 1}`);
      abort(reason);
      await rejectedWith(() => generator.next(), reason, `the step after an abort, after ${steps} steps`);
      same((await generator.next()).done, true, "done of the step behind the one that rejected");
      await sleep(0);
      same(listening(), 0, "listeners left on the signal");
    }
    // Aborted while a step is under way: it ends either way, but none comes behind it.
    const { signal, abort } = watchedSignal();
    const generator = held(store.yieldKeys(undefined, { signal }));
    const step = outcome(() => generator.next());
    abort("now");
    const end = await step;
    if (!end.ok) same(end.error, "now", "what a step under way rejected with");
    const next = await outcome(() => generator.next());
    if (end.ok) check(!next.ok && next.error === "now", "the step behind the one under way did not reject");
    else check(next.ok && (next.value as IteratorResult<string>).done, "a generator that rejected went on");
    sameKeys(await collect(store.yieldKeys()), keys, "yieldKeys after iterations that were aborted");
  },

  async "A4-others-go-on"(context) {
    const { store } = context;
    const keys = context.keys(60);
    const pairs = context.pairs(keys);
    const values = pairs.map(([, value]) => value);
    await store.mset(pairs);
    for (const delay of DELAYS.filter((_, i) => i % 2 === 0)) {
      const { signal, abort } = watchedSignal();
      const reason = { delay: delay.name };
      const other = watchedSignal();
      // The same keys, so that a store that shares one flight among calls does so here.
      const calls = [
        store.mget(keys, { signal: other.signal }),
        store.mget(keys, { signal }),
        store.mget(keys),
        store.mget(keys, { signal }),
        store.mget(keys, { signal: other.signal }),
      ];
      const mine = (i: number) => i % 2 === 1;
      const ends = calls.map((call) => outcome(() => call));
      // A write of another beside one that is aborted.
      const fresh: [string, Uint8Array][] = [[`beside ${delay.name}`, context.value()]];
      const dropped = outcome(() => store.mset([[`dropped ${delay.name}`, context.value()]], { signal }));
      const kept = held(store.mset(fresh, { signal: other.signal }));
      const listing = held(collect(store.yieldKeys("key-", { signal: other.signal })));
      if (delay.wait) await delay.wait();
      abort(reason);
      for (const [i, call] of ends.entries()) {
        const end = await call;
        if (end.ok) sameValues(end.value, values, `mget ${i} of 5 at once, two aborted ${delay.name}`);
        else
          check(
            mine(i) && end.error === reason,
            `mget ${i} of 5 at once ended with ${show(end.error)}, for others' abort`,
          );
      }
      const gone = await dropped;
      if (!gone.ok) same(gone.error, reason, "what the aborted mset rejected with");
      await kept;
      sameKeys(await listing, keys, "yieldKeys beside aborted calls");
      sameValues(await store.mget([`beside ${delay.name}`]), [fresh[0]?.[1]], "mget of an mset beside an aborted one");
      // A signal that is aborted when all is done changes nothing.
      other.abort("too late");
      sameValues(await store.mget(keys), values, "mget after the signal of finished calls was aborted");
    }
  },

  async "A5-listeners-freed"(context) {
    const store = whole(context.store);
    const { signal, listening } = watchedSignal();
    const keys = context.keys(50);
    const free = async (what: string) => {
      // A listener may go a moment after its call.
      await sleep(0);
      same(listening(), 0, `listeners left on the signal after ${what}`);
    };
    await store.mset(context.pairs(keys), { signal });
    await free("mset");
    await store.mget(keys, { signal });
    await free("mget");
    await store.stat(keys, { signal });
    await free("stat");
    await outcome(() => store.setIf(context.pairs(keys), "present", { signal }));
    await free("setIf");
    for (let i = 0; i < 30; i++) await store.mget([keys[i] as string], { signal });
    // Node warns of more than ten listeners at once.
    await Promise.all(keys.slice(0, 8).map((key) => store.mget([key], { signal })));
    await free("38 calls of mget");
    sameKeys(await collect(store.yieldKeys("", { signal })), keys, "yieldKeys");
    await free("a whole iteration");
    for await (const _ of held(store.yieldKeys("", { signal }))) break;
    await free("an iteration left early");
    held(store.yieldKeys("", { signal }));
    await free("an iteration that never began");
    await store.mdelete(keys, { signal });
    await free("mdelete");
    await store.mget([], { signal });
    await store.mset([], { signal });
    await store.mdelete([], { signal });
    await free("calls with empty lists");
    const bad = everyCall(store, "k", { signal }, true).filter(({ name }) => name !== "clear" && name !== "setIf");
    for (const { name, run } of bad) await refused(run, "invalid_argument", `${name} with a bad argument`);
    await free("calls with bad arguments");
    await store.clear({ all: true, signal });
    await free("clear");
    await store.close();
    for (const { name, run } of everyCall(store, "k", { signal }))
      await refused(run, "closed", `${name} on a closed store`);
    await free("calls on a closed store");
  },
} satisfies SomeRules;
