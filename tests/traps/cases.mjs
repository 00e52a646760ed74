/**
 * What must hold when wasm traps: each case is a program for any runtime, on a package whose wasm has exports that trap.
 *
 * @typedef {{ bytestow: typeof import("bytestow"), embeddings: typeof import("bytestow/embeddings"), glue: any,
 *   enter: (work: () => unknown) => any, trap: () => Promise<void>, gc?: () => Promise<void> }} Given `trap` traps in the way
 *   that is tried
 */

import { assert, bytes, error, holding, isInternal, pairs, same, tick, until } from "./expect.mjs";

/** @type {Record<string, (given: Given) => Promise<void>>} */
export const CASES = {
  async "calls in flight are rejected as internal; the next calls work, each store told once"({ bytestow, trap }) {
    const { InMemoryByteStore, WrappedByteStore } = bytestow;
    const events = [];
    const inner = holding();
    const tell = (name) => (event) => events.push([name, event]);
    const wrapped = new WrappedByteStore({ store: inner, namespace: "n", onEvent: tell("wrapped") });
    const memory = new InMemoryByteStore({ namespace: "m", onEvent: tell("memory") });
    await wrapped.mset([["a", bytes(1)]]);
    await memory.mset([["a", bytes(2)]]);
    const plain = new WrappedByteStore({ store: inner });
    const held = [plain.mget(["held"]), plain.stat(["held"]), plain.mget(["held"])].map(error);
    await until(() => inner.waiting === 3);
    events.length = 0;

    await trap();
    for (const each of held) isInternal(await each);

    same(await wrapped.mget(["a"]), [bytes(1)]);
    same(await memory.mget(["a"]), [undefined]);
    await memory.mset([["b", bytes(3)]]);
    same(await memory.mget(["b"]), [bytes(3)]);
    same(await plain.mget(["n/a"]), [bytes(1)]);
    await tick();
    const resets = events.filter(([, { type }]) => type === "reset");
    same(resets.map(([name]) => name).sort(), ["memory", "wrapped"]);
    for (const [, { reason }] of resets)
      assert(typeof reason === "string" && reason !== "" && reason.length <= 500, reason);
    inner.release();
    await tick();
  },

  async "what the backend answers later, to calls long rejected, bothers nobody"({ bytestow, trap }) {
    for (const end of ["release", "fail"]) {
      const inner = holding();
      const wrapped = new bytestow.WrappedByteStore({ store: inner });
      const held = [wrapped.mget(["held"]), wrapped.mget(["held"])].map(error);
      await until(() => inner.waiting === 2);
      await trap();
      for (const each of held) isInternal(await each);
      // Once before there is a fresh instance, once after.
      if (end === "release") inner[end]();
      await tick();
      await wrapped.mset([["a", bytes(1)]]);
      inner[end]();
      await tick();
      same(await wrapped.mget(["a"]), [bytes(1)]);
    }
  },

  async "a second trap on the fresh instance, and a third"({ bytestow, trap }) {
    const store = new bytestow.InMemoryByteStore();
    for (let time = 0; time < 3; time++) {
      await store.mset([["a", bytes(time)]]);
      same(await store.mget(["a"]), [bytes(time)]);
      await trap();
      same(await store.mget(["a"]), [undefined]);
    }
  },

  async "stats() right after it does not throw, and begins anew"({ bytestow, trap }) {
    const store = new bytestow.InMemoryByteStore();
    await store.mset([["a", bytes(1)]]);
    await store.mget(["a"]);
    await trap();
    same(typeof store.stats().hits, "number");
    await store.mget(["x"]);
    same([store.stats().hits, store.stats().misses], [0, 1]);
  },

  async "a listing under way rejects past its page, and leaving it is clean"({ bytestow, trap }) {
    const store = new bytestow.InMemoryByteStore();
    for (const resume of [false, true]) {
      await store.mset(pairs(2_500));
      const [left, stepped] = [store.yieldKeys(), store.yieldKeys()];
      await left.next();
      await stepped.next();
      await trap();
      if (resume) await store.mset([["new", bytes(1)]]);
      same(await left.return(), { value: undefined, done: true });
      // Keys of the page at hand still come. An end without an error would be a listing that lacks keys.
      isInternal(await error(drained(stepped)));
    }
    same(await store.mget(["new"]), [bytes(1)]);
  },

  async "a listing of the old instance costs the new one nothing"({ bytestow, trap }) {
    const [listed, other] = [new bytestow.InMemoryByteStore(), new bytestow.InMemoryByteStore()];
    await listed.mset(pairs(1_500));
    const listing = listed.yieldKeys();
    await listing.next();
    await trap();
    await other.mset([["kept", bytes(1)]]);
    // Past the page at hand it has to ask wasm, where it is no more.
    isInternal(await error(drained(listing)));
    same(await other.mget(["kept"]), [bytes(1)], "the fresh instance was given up, too");
  },

  async "a listing that waits for its backend is rejected"({ bytestow, trap }) {
    const inner = holding();
    inner.entries.set("held", bytes(1));
    const wrapped = new bytestow.WrappedByteStore({ store: inner });
    const step = error(wrapped.yieldKeys().next());
    await until(() => inner.waiting === 1);
    await trap();
    isInternal(await step);
    inner.release();
    await tick();
    same(await wrapped.mget(["a"]), [undefined]);
  },

  async "close(), an abort, and stores that were never used"({ bytestow, trap }) {
    const [closed, unused] = [new bytestow.InMemoryByteStore(), new bytestow.InMemoryByteStore()];
    await closed.mset([["a", bytes(1)]]);
    const inner = holding();
    const wrapped = new bytestow.WrappedByteStore({ store: inner });
    const controller = new AbortController();
    const held = error(wrapped.mget(["held"], { signal: controller.signal }));
    await until(() => inner.waiting === 1);
    await trap();
    controller.abort(new Error("too late"));
    isInternal(await held);
    await closed.close();
    await closed.close();
    same((await error(closed.mget(["a"])))?.code, "closed");
    await unused.mset([["a", bytes(1)]]);
    same(await unused.mget(["a"]), [bytes(1)]);
    inner.release();
    await tick();
  },

  async "calls made in the same turn as the trap's end, not awaited, are in order"({ bytestow, trap }) {
    const store = new bytestow.InMemoryByteStore();
    await store.mset([["a", bytes(0)]]);
    await trap();
    const calls = [];
    for (let at = 0; at < 20; at++) {
      calls.push(store.mset([["a", bytes(at)]]));
      calls.push(store.mget(["a"]).then((values) => same(values, [bytes(at)])));
    }
    await Promise.all(calls);
  },

  async "a tiered store goes on, its remote tier's values with it"({ bytestow, trap }) {
    const inner = holding();
    const store = new bytestow.TieredByteStore({ local: new bytestow.InMemoryByteStore(), remote: inner });
    await store.mset([["a", bytes(1)]]);
    const held = error(store.mget(["held"]));
    await until(() => inner.waiting === 1);
    await trap();
    isInternal(await held);
    same(await store.mget(["a"]), [bytes(1)]);
    await store.mset([["a", bytes(2)]]);
    same(inner.entries.get("a"), bytes(2));
    inner.release();
    await tick();
  },

  async "objects that are collected after it, before and after the fresh instance, are no trouble"({
    bytestow,
    trap,
    gc,
  }) {
    const keeper = new bytestow.InMemoryByteStore();
    for (let round = 0; round < 4; round++) {
      await leaveStores(bytestow, 50);
      await trap();
      if (round % 2 === 1) await keeper.mset([["a", bytes(1)]]);
      // Where nobody may ask for it, a later round meets it.
      await gc?.();
      same((await keeper.mget(["a"])).length, 1);
    }
  },
};

async function leaveStores(bytestow, count) {
  for (let time = 0; time < count; time++) {
    const store = new bytestow.InMemoryByteStore();
    await store.mset(pairs(20));
    await store.yieldKeys().next();
  }
}

async function drained(iterable) {
  for await (const _ of iterable);
}
