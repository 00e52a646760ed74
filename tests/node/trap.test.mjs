/**
 * A trap in wasm is survived: what is in flight is rejected, the next call works on a fresh instance, and the process
 * hears of nothing. On the package `bytestow-trap`, whose wasm has exports that trap; each test in a process of its own.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { program } from "../support/child.mjs";
import { testsRoot, trapPackageRoot } from "../support/package.mjs";

const at = (path) => JSON.stringify(pathToFileURL(join(trapPackageRoot(), "dist", path)).href);

const prelude = () => `
  import assert from "node:assert/strict";
  import { InMemoryByteStore, IndexedDBByteStore, WrappedByteStore } from ${at("entry/default.js")};
  import { enter } from ${at("core/runtime.js")};
  import * as glue from ${at("wasm/bytestow_wasm.js")};
  const bytes = (...numbers) => new Uint8Array(numbers);
  const tick = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms));
  const outcome = (promise) => promise.then((value) => ({ value }), (error) => ({ error }));

  /** A store whose mget waits for release(). */
  function holding() {
    const entries = new Map();
    const waiting = [];
    return {
      entries,
      release: () => { for (const go of waiting.splice(0)) go(); },
      fail: () => { for (const go of waiting.splice(0)) go(Promise.reject(new Error("late"))); },
      get waiting() { return waiting.length; },
      async mget(keys) {
        if (keys[0] === "held") await new Promise((resolve) => waiting.push(resolve));
        return keys.map((key) => entries.get(key));
      },
      async mset(pairs) { for (const [key, value] of pairs) entries.set(key, value); },
      async mdelete(keys) { for (const key of keys) entries.delete(key); },
      async *yieldKeys(prefix = "") {
        for (const key of [...entries.keys()]) {
          if (key === "held") await new Promise((resolve) => waiting.push(resolve));
          if (key.startsWith(prefix)) yield key;
        }
      },
    };
  }

  const isInternal = (error) => {
    assert.equal(error?.name, "BytestowError", String(error?.stack ?? error));
    assert.equal(error.code, "internal");
    assert.equal(error.retryable, true);
    assert.ok(error.cause !== undefined);
    assert.ok(error.message.length < 600);
    assert.doesNotMatch(error.message, /unreachable|wasm-function/);
  };

  /** The ways to trap; each gives when it is over. */
  const traps = {
    sync: async () => { assert.throws(() => glue.trapNow(), WebAssembly.RuntimeError); },
    entered: async () => { isInternal((await outcome(Promise.resolve().then(() => enter(() => glue.trapNow())))).error); },
    later: async () => {
      let go;
      const id = glue.trapLater(new Promise((resolve) => { go = resolve; }));
      assert.equal(typeof id, "number");
      await tick();
      go("now");
      await tick();
    },
    task: async () => {
      let go;
      const task = outcome(enter(() => glue.trapLater(new Promise((resolve) => { go = resolve; }))));
      await tick();
      go("now");
      isInternal((await task).error);
    },
  };
`;

async function runs(body, { flags = [], ...options } = {}) {
  const { code, stdout, stderr } = await program(prelude() + body, { cwd: testsRoot, flags, ...options });
  assert.equal(`${code} ${stdout.trim()}`, "0 ok", stderr);
  assert.equal(stderr, "");
}

for (const kind of ["sync", "entered", "later", "task"]) {
  const trap = `traps.${kind}`;
  describe(`a trap: ${kind}`, () => {
    test("calls in flight are rejected as internal; the next calls work, each store told once", () =>
      runs(`
        const events = [];
        const inner = holding();
        const wrapped = new WrappedByteStore({ store: inner, namespace: "n", onEvent: (event) => events.push(["wrapped", event]) });
        const memory = new InMemoryByteStore({ namespace: "m", onEvent: (event) => events.push(["memory", event]) });
        await wrapped.mset([["a", bytes(1)]]);
        await memory.mset([["a", bytes(2)]]);
        const plain = new WrappedByteStore({ store: inner });
        const held = [plain.mget(["held"]), plain.stat(["held"]), plain.mget(["held"])].map(outcome);
        while (inner.waiting < 3) await tick();
        events.length = 0;

        await ${trap}();
        for (const { error } of await Promise.all(held)) isInternal(error);

        assert.deepEqual(await wrapped.mget(["a"]), [bytes(1)]);
        assert.deepEqual(await memory.mget(["a"]), [undefined]);
        await memory.mset([["b", bytes(3)]]);
        assert.deepEqual(await memory.mget(["b"]), [bytes(3)]);
        assert.deepEqual(await plain.mget(["n/a"]), [bytes(1)]);
        await tick();
        const resets = events.filter(([, event]) => event.type === "reset");
        assert.deepEqual(resets.map(([name]) => name).sort(), ["memory", "wrapped"]);
        for (const [, { reason }] of resets) assert.ok(typeof reason === "string" && reason.length > 0 && reason.length <= 500);
        console.log("ok");`));

    test("what the backend answers later, to calls long rejected, bothers nobody", () =>
      runs(`
        for (const end of ["release", "fail"]) {
          const inner = holding();
          const wrapped = new WrappedByteStore({ store: inner });
          const held = [wrapped.mget(["held"]), wrapped.mget(["held"])].map(outcome);
          while (inner.waiting < 2) await tick();
          await ${trap}();
          for (const { error } of await Promise.all(held)) isInternal(error);
          // Once before there is a fresh instance, once after.
          if (end === "release") inner[end]();
          await tick();
          await wrapped.mset([["a", bytes(1)]]);
          inner[end]();
          await tick();
          assert.deepEqual(await wrapped.mget(["a"]), [bytes(1)]);
        }
        const inner = holding();
        const wrapped = new WrappedByteStore({ store: inner });
        const held = outcome(wrapped.mget(["held"]));
        while (inner.waiting < 1) await tick();
        await ${trap}();
        isInternal((await held).error);
        assert.deepEqual(await wrapped.mget(["a"]), [undefined]);
        inner.release();
        await tick();
        console.log("ok");`));

    test("a second trap on the fresh instance, and a third", () =>
      runs(`
        const store = new InMemoryByteStore();
        for (let time = 0; time < 3; time++) {
          await store.mset([["a", bytes(time)]]);
          assert.deepEqual(await store.mget(["a"]), [bytes(time)]);
          await ${trap}();
          assert.deepEqual(await store.mget(["a"]), [undefined]);
        }
        console.log("ok");`));

    test("stats() right after it does not throw, and begins anew", () =>
      runs(`
        const store = new InMemoryByteStore();
        await store.mset([["a", bytes(1)]]);
        await store.mget(["a"]);
        await ${trap}();
        const stats = store.stats();
        assert.equal(typeof stats.hits, "number");
        await store.mget(["x"]);
        assert.deepEqual([store.stats().hits, store.stats().misses], [0, 1]);
        console.log("ok");`));

    test("a listing under way rejects or goes on, and leaving it is clean", () =>
      runs(`
        const store = new InMemoryByteStore();
        const pairs = Array.from({ length: 2500 }, (_, at) => [String(at).padStart(5, "0"), bytes(1)]);
        for (const resume of [false, true]) {
          await store.mset(pairs);
          const [left, stepped] = [store.yieldKeys(), store.yieldKeys()];
          await left.next();
          await stepped.next();
          await ${trap}();
          if (resume) await store.mset([["new", bytes(1)]]);
          assert.deepEqual(await left.return(), { value: undefined, done: true });
          // Keys of the page at hand may still come; then it must not be raw.
          const rest = await outcome((async () => { for await (const _ of stepped); })());
          if (rest.error !== undefined) isInternal(rest.error);
        }
        assert.deepEqual(await store.mget(["new"]), [bytes(1)]);
        console.log("ok");`));

    test("a listing of the old instance costs the new one nothing", () =>
      runs(`
        const [listed, other] = [new InMemoryByteStore(), new InMemoryByteStore()];
        await listed.mset(Array.from({ length: 1500 }, (_, at) => [String(at), bytes(1)]));
        const listing = listed.yieldKeys();
        await listing.next();
        await ${trap}();
        await other.mset([["kept", bytes(1)]]);
        // Past the page at hand it has to ask wasm, where it is no more.
        const rest = await outcome((async () => { for await (const _ of listing); })());
        if (rest.error !== undefined) isInternal(rest.error);
        assert.deepEqual(await other.mget(["kept"]), [bytes(1)], "the fresh instance was given up, too");
        console.log("ok");`));

    test("a listing that waits for its backend is rejected", () =>
      runs(`
        const inner = holding();
        inner.entries.set("held", bytes(1));
        const wrapped = new WrappedByteStore({ store: inner });
        const step = outcome(wrapped.yieldKeys().next());
        while (inner.waiting < 1) await tick();
        await ${trap}();
        isInternal((await step).error);
        inner.release();
        await tick();
        assert.deepEqual(await wrapped.mget(["a"]), [undefined]);
        console.log("ok");`));

    test("close(), an abort, and stores that were never used", () =>
      runs(`
        const [closed, unused] = [new InMemoryByteStore(), new InMemoryByteStore()];
        await closed.mset([["a", bytes(1)]]);
        const inner = holding();
        const wrapped = new WrappedByteStore({ store: inner });
        const controller = new AbortController();
        const held = outcome(wrapped.mget(["held"], { signal: controller.signal }));
        while (inner.waiting < 1) await tick();
        await ${trap}();
        controller.abort(new Error("too late"));
        isInternal((await held).error);
        await closed.close();
        await closed.close();
        assert.equal((await outcome(closed.mget(["a"]))).error.code, "closed");
        await unused.mset([["a", bytes(1)]]);
        assert.deepEqual(await unused.mget(["a"]), [bytes(1)]);
        console.log("ok");`));

    test("objects that are collected after it, before and after the fresh instance, are no trouble", () =>
      runs(
        `
        const keeper = new InMemoryByteStore();
        for (let round = 0; round < 4; round++) {
          await (async () => {
            const stores = Array.from({ length: 50 }, () => new InMemoryByteStore());
            for (const store of stores) {
              await store.mset(Array.from({ length: 20 }, (_, at) => [String(at), bytes(at)]));
              await store.yieldKeys().next();
            }
          })();
          await ${trap}();
          if (round % 2 === 1) await keeper.mset([["a", bytes(1)]]);
          for (let time = 0; time < 5; time++) { gc(); await tick(10); }
          assert.equal((await keeper.mget(["a"])).length, 1);
        }
        console.log("ok");`,
        { flags: ["--expose-gc"] },
      ));

    test("calls made in the same turn as the trap's end, not awaited, are in order", () =>
      runs(`
        const store = new InMemoryByteStore();
        await store.mset([["a", bytes(0)]]);
        await ${trap}();
        const calls = [];
        for (let at = 0; at < 20; at++) {
          calls.push(store.mset([["a", bytes(at)]]));
          calls.push(store.mget(["a"]).then((values) => assert.deepEqual(values, [bytes(at)])));
        }
        await Promise.all(calls);
        console.log("ok");`));

    test("200 of them do not make the memory grow", () =>
      runs(
        `
        const memory = new InMemoryByteStore();
        const wrapped = new WrappedByteStore({ store: holding() });
        const value = new Uint8Array(100_000);
        const inner = holding();
        const waiting = new WrappedByteStore({ store: inner });
        const round = async (count) => {
          for (let time = 0; time < count; time++) {
            await memory.mset(Array.from({ length: 20 }, (_, at) => [String(at), value]));
            await wrapped.mset([["a", value]]);
            const held = outcome(waiting.mget(["held"]));
            while (inner.waiting < 1) await new Promise((resolve) => setImmediate(resolve));
            await ${trap}();
            isInternal((await held).error);
            inner.release();
          }
          await memory.mget(["a"]);
          return used();
        };
        const used = async () => {
          for (let time = 0; time < 5; time++) { gc(); await tick(10); }
          const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
          return { rss, heapUsed, external, arrayBuffers };
        };
        // The heap finds its size first: what comes after as many resets again is growth.
        await round(200);
        const before = await round(20);
        let after = await round(200);
        const grown = (name) => (after[name] - before[name]) / 1e6;
        // Instances that stayed would be 600 MB (each had 2 MB of values). What is gone goes back to the system when the
        // collector comes to it.
        for (let time = 0; grown("rss") >= 200 && time < 60; time++) after = await used();
        const told = JSON.stringify([before, after]);
        assert.ok(grown("heapUsed") < 5 && grown("external") < 10 && grown("rss") < 200, told);
        console.log("ok");`,
        { flags: ["--expose-gc"], timeout: 120_000 },
      ));
  });
}

describe("a stack overflow in wasm", () => {
  test("costs at most one call; the process and the data of others go on", () =>
    runs(`
      const inner = holding();
      const wrapped = new WrappedByteStore({ store: inner });
      const memory = new InMemoryByteStore();
      await wrapped.mset([["a", bytes(1)]]);
      await memory.mset([["a", bytes(1)]]);
      assert.throws(() => glue.trapDeep(10_000_000));
      const first = await outcome(wrapped.mget(["a"]));
      if (first.error !== undefined) isInternal(first.error);
      assert.deepEqual(await wrapped.mget(["a"]), [bytes(1)]);
      const second = await outcome(memory.mset([["b", bytes(2)]]));
      if (second.error !== undefined) isInternal(second.error);
      await memory.mset([["b", bytes(2)]]);
      assert.deepEqual(await memory.mget(["b"]), [bytes(2)]);
      console.log("ok");`));

  test("through the runtime: internal, then a fresh instance", () =>
    runs(`
      const memory = new InMemoryByteStore();
      await memory.mset([["a", bytes(1)]]);
      isInternal((await outcome(Promise.resolve().then(() => enter(() => glue.trapDeep(10_000_000))))).error);
      assert.deepEqual(await memory.mget(["a"]), [undefined]);
      console.log("ok");`));
});

test("without a trap the package works as the other", () =>
  runs(`
    const store = new InMemoryByteStore();
    await store.mset([["a", bytes(1)]]);
    assert.equal(glue.trapDeep(0), 0);
    let fail;
    const harmless = enter(() => glue.trapLater(new Promise((_, reject) => { fail = reject; })));
    fail(new Error("no trap"));
    assert.equal(await harmless, undefined);
    assert.deepEqual(await store.mget(["a"]), [bytes(1)]);
    console.log("ok");`));
