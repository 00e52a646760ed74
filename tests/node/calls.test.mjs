/** Calls before wasm is there, aborts, statistics, events. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InMemoryByteStore, WrappedByteStore } from "bytestow";
import { program } from "../support/child.mjs";
import { all, bytes } from "../support/expect.mjs";
import { testsRoot } from "../support/package.mjs";

/** Runs a program in a fresh process, where wasm is not loaded; it must say "ok" and nothing else. */
async function fresh(source, flags) {
  const { code, stdout, stderr } = await program(source, { cwd: testsRoot, flags });
  assert.equal(`${code} ${stdout.trim()}`, "0 ok", stderr);
  assert.equal(stderr, "");
}

const PRELUDE = `
  import assert from "node:assert/strict";
  import { InMemoryByteStore, WrappedByteStore } from "bytestow";
  const bytes = (...numbers) => new Uint8Array(numbers);
  /** Puts \`hook\` in the place of WebAssembly.instantiate for bytestow's wasm; Node has one of its own for fetch. */
  function onInstantiate(hook) {
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = (...args) =>
      args[0] instanceof ArrayBuffer && args[0].byteLength > 80_000 ? hook(() => instantiate(...args)) : instantiate(...args);
    return () => { WebAssembly.instantiate = instantiate; };
  }
`;

describe("before wasm is loaded", () => {
  test("calls take effect in call order, awaited or not, on every store", () =>
    fresh(`${PRELUDE}
      for (const store of [new InMemoryByteStore(), new WrappedByteStore({ store: new InMemoryByteStore() })]) {
        const calls = [];
        for (let at = 0; at < 50; at++) {
          calls.push(store.mset([["a", bytes(at)]]));
          calls.push(store.mget(["a"]).then(([value]) => assert.deepEqual(value, bytes(at))));
          if (at % 3 === 0) {
            calls.push(store.mdelete(["a"]));
            calls.push(store.mget(["a"]).then(([value]) => assert.equal(value, undefined)));
          }
        }
        await Promise.all(calls);
      }
      console.log("ok");`));

  test("values are copied at the call, not when wasm is there", () =>
    fresh(`${PRELUDE}
      const store = new InMemoryByteStore();
      const [value, pairs, keys] = [bytes(1, 2), [["a", undefined]], ["a"]];
      pairs[0][1] = value;
      const storing = store.mset(pairs);
      value.fill(0); pairs[0][0] = "b"; pairs.length = 0;
      const getting = store.mget(keys);
      keys[0] = "b";
      await storing;
      assert.deepEqual(await getting, [bytes(1, 2)]);
      console.log("ok");`));

  // The window between the birth of the instance and the first waiting call's turn.
  test("a call made as soon as wasm is there does not overtake those that waited for it", () =>
    fresh(`${PRELUDE}
      const store = new InMemoryByteStore();
      const seen = [];
      onInstantiate(async (instantiate) => {
        const result = await instantiate();
        // Calls of another task of the program, a few microtasks apart.
        (async () => {
          for (let at = 0; at < 30; at++) { await null; store.mget(["a"]).then(([value]) => seen.push(value?.[0])); }
        })();
        return result;
      });
      await store.mset([["a", bytes(7)]]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.deepEqual(seen, new Array(30).fill(7));
      console.log("ok");`));

  test("an abort while loading rejects at once with its reason; the call has no effect; others go on", () =>
    fresh(`${PRELUDE}
      const store = new InMemoryByteStore();
      const controller = new AbortController();
      const reason = new Error("enough");
      const calls = [
        store.mset([["a", bytes(1)]], { signal: controller.signal }),
        store.mget(["b"], { signal: controller.signal }),
        store.yieldKeys("", { signal: controller.signal }).next(),
      ].map((call) => call.then(() => "done", (error) => error));
      const other = store.mset([["b", bytes(2)]]);
      controller.abort(reason);
      assert.deepEqual(await Promise.all(calls), [reason, reason, reason]);
      await other;
      assert.deepEqual(await store.mget(["a", "b"]), [undefined, bytes(2)]);
      console.log("ok");`));

  test("stats() before the first call is all zeros and loads nothing", () =>
    fresh(`${PRELUDE}
      onInstantiate(() => { throw new Error("loaded"); });
      const store = new InMemoryByteStore();
      assert.deepEqual(Object.values(store.stats()), [0, 0, 0, 0, 0, 0]);
      await store.mget([]);
      await store.close();
      console.log("ok");`));

  test("wasm is compiled once for any number of stores and calls", () =>
    fresh(`${PRELUDE}
      let times = 0;
      onInstantiate((instantiate) => { times++; return instantiate(); });
      const stores = Array.from({ length: 20 }, () => new InMemoryByteStore());
      await Promise.all(stores.map((store) => store.mget(["a"])));
      await stores[0].mget(["a"]);
      assert.equal(times, 1);
      console.log("ok");`));

  test("a load that fails rejects every waiting call; the next call tries again", () =>
    fresh(`${PRELUDE}
      const mend = onInstantiate(async () => { throw new Error("no memory"); });
      const store = new InMemoryByteStore();
      const calls = [store.mget(["a"]), store.mset([["a", bytes(1)]]), store.stat(["a"])];
      for (const outcome of await Promise.allSettled(calls)) {
        assert.equal(outcome.reason?.code, "unavailable");
        assert.equal(outcome.reason.retryable, true);
        assert.equal(outcome.reason.cause.message, "no memory");
      }
      mend();
      await store.mset([["a", bytes(1)]]);
      assert.deepEqual(await store.mget(["a"]), [bytes(1)]);
      console.log("ok");`));

  test("a process without further work ends by itself", () =>
    fresh(`${PRELUDE}
      const store = new InMemoryByteStore({ ttl: 1000 });
      await store.mset([["a", bytes(1)]]);
      console.log("ok");`));
});

describe("aborts", () => {
  /** A store whose answers wait until `go`. */
  function slow() {
    const calls = [];
    const hold = (name, answer) => (argument) =>
      new Promise((resolve) => calls.push({ name, go: () => resolve(answer(argument)) }));
    const inner = {
      mget: hold("mget", (keys) => keys.map(() => bytes(1))),
      mset: hold("mset", () => undefined),
      mdelete: hold("mdelete", () => undefined),
      yieldKeys: () => ({
        [Symbol.asyncIterator]: () => ({ next: hold("next", () => ({ value: "a", done: false })) }),
      }),
    };
    return { calls, store: new WrappedByteStore({ store: inner }) };
  }

  test("end one waiter and no other; listeners are removed in the end", async () => {
    const { calls, store } = slow();
    await store.mget([]);
    const controller = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = controller.signal;
    controller.signal.addEventListener = function (...args) {
      listeners++;
      return addEventListener.apply(this, args);
    };
    controller.signal.removeEventListener = function (...args) {
      listeners--;
      return removeEventListener.apply(this, args);
    };
    const reason = new Error("enough");
    const [ended, kept] = [store.mget(["a"], { signal: controller.signal }), store.mget(["a"])];
    const done = store.mget(["b"], { signal: controller.signal });
    while (calls.length < 3) await new Promise((resolve) => setImmediate(resolve));
    calls[2].go();
    assert.deepEqual(await done, [bytes(1)]);
    const outcome = assert.rejects(ended, (error) => error === reason);
    controller.abort(reason);
    await outcome;
    calls[0].go();
    calls[1].go();
    assert.deepEqual(await kept, [bytes(1)]);
    // The one that was aborted had its listener taken by `once`.
    assert.ok(listeners <= 1, `${listeners} listeners are left`);
  });

  test("10,000 calls on one signal leave no listener", async () => {
    const store = new InMemoryByteStore();
    const controller = new AbortController();
    const { getEventListeners } = await import("node:events");
    const { calls, store: waiting } = slow();
    for (let at = 0; at < 10_000; at++) await store.mget(["a"], { signal: controller.signal });
    const pending = Array.from({ length: 50 }, () => waiting.mget(["a"], { signal: controller.signal }));
    while (calls.length < 50) await new Promise((resolve) => setImmediate(resolve));
    for (const call of calls) call.go();
    await Promise.all(pending);
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  });

  test("a listing under way rejects at its next step, and ends", async () => {
    const store = new InMemoryByteStore();
    await store.mset(Array.from({ length: 10 }, (_, at) => [`${at}`, bytes(at)]));
    const controller = new AbortController();
    const listing = store.yieldKeys("", { signal: controller.signal });
    await listing.next();
    controller.abort("why");
    assert.equal(await listing.next().catch((reason) => reason), "why");
    assert.equal((await listing.next()).done, true);
    assert.equal((await all(store.yieldKeys())).length, 10);
  });

  test("an abort while a listing waits for its page", async () => {
    const { calls, store } = slow();
    const controller = new AbortController();
    const step = store.yieldKeys("", { signal: controller.signal }).next();
    while (calls.length < 1) await new Promise((resolve) => setImmediate(resolve));
    const outcome = step.catch((reason) => reason);
    controller.abort("why");
    assert.equal(await outcome, "why");
    calls[0].go();
    await new Promise((resolve) => setImmediate(resolve));
  });

  test("a reason of undefined is a rejection all the same", async () => {
    const { calls, store } = slow();
    const controller = new AbortController();
    const call = store.mget(["a"], { signal: controller.signal });
    while (calls.length < 1) await new Promise((resolve) => setImmediate(resolve));
    const outcome = assert.rejects(call, { name: "AbortError" });
    controller.abort();
    await outcome;
  });
});

describe("statistics", () => {
  test("count hits, misses, bytes, requests and evictions; each call gives a copy", async () => {
    const store = new InMemoryByteStore({ maxEntries: 3 });
    await store.mset(["a", "b", "c", "d"].slice(0, 3).map((key) => [key, new Uint8Array(10)]));
    await store.mget(["a", "b", "x", "a"]);
    await store.mset([["d", new Uint8Array(5)]]);
    const expected = { hits: 3, misses: 1, bytesRead: 30, bytesWritten: 35, requests: 0, evictions: 1 };
    assert.deepEqual(store.stats(), expected);
    store.stats().hits = 99;
    assert.deepEqual(store.stats(), expected);
    const wrapped = new WrappedByteStore({ store });
    await wrapped.mget(["a"]);
    await wrapped.mset([["a", new Uint8Array(1)]]);
    await wrapped.mdelete(["a"]);
    assert.deepEqual(wrapped.stats(), {
      hits: 1,
      misses: 0,
      bytesRead: 10,
      bytesWritten: 1,
      requests: 3,
      evictions: 0,
    });
  });

  test("failed calls count as nothing read or written", async () => {
    const store = new InMemoryByteStore({ maxBytes: 10 });
    await store.mset([["a", new Uint8Array(100)]]).catch(() => {});
    await store.mget(["\ud800"]).catch(() => {});
    assert.deepEqual(Object.values(store.stats()), [0, 0, 0, 0, 0, 0]);
  });
});

describe("events", () => {
  test("evictions and requests are told after the fact", async () => {
    const events = [];
    const onEvent = (event) => events.push(event);
    const store = new InMemoryByteStore({ maxEntries: 1, onEvent });
    await store.mset([["a", new Uint8Array(3)]]);
    await store.mset([["b", new Uint8Array(3)]]);
    const wrapped = new WrappedByteStore({ store: new InMemoryByteStore(), onEvent });
    await wrapped.mset([["a", bytes(1)]]);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(events[0], { type: "evict", keys: 1, bytes: 4 });
    assert.equal(events.length, 2);
    const { ms, ...request } = events[1];
    assert.deepEqual(request, { type: "request", operation: "set", keys: 1 });
    assert.ok(ms >= 0);
  });

  test("an onEvent that throws, rejects or calls the store changes nothing", () =>
    fresh(`${PRELUDE}
      process.on("uncaughtException", (error) => { process.stderr.write("uncaught " + error); process.exitCode = 3; });
      console.error = () => {};
      let times = 0;
      const store = new InMemoryByteStore({ maxEntries: 1, onEvent() { times++; throw new Error("a listener's"); } });
      for (let at = 0; at < 5; at++) await store.mset([[String(at), bytes(1)]]);
      const calling = new InMemoryByteStore({
        maxEntries: 1,
        onEvent() { if (times++ < 20) calling.mset([["again" + times, bytes(1)]]); calling.stats(); },
      });
      for (let at = 0; at < 5; at++) await calling.mset([[String(at), bytes(1)]]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.ok(times > 10);
      assert.equal((await calling.mget(["again" + times]))?.length, 1);
      console.log("ok");`));

  for (const [where, hidden, way] of [
    ["a page, by reportError", "{}", "reportError"],
    ["a process, where reportError would end it, on the console", "process", "console"],
  ]) {
    test(`an onEvent that throws is made known in ${where}`, () =>
      fresh(`${PRELUDE}
        const reported = [];
        globalThis.reportError = (error) => reported.push(["reportError", error.message]);
        console.error = (error) => reported.push(["console", error.message]);
        const store = new InMemoryByteStore({ maxEntries: 1, onEvent() { throw new Error("a listener's"); } });
        globalThis.process = ${hidden};
        await store.mset([["a", bytes(1)]]);
        await store.mset([["b", bytes(1)]]);
        await new Promise((resolve) => setTimeout(resolve, 5));
        assert.deepEqual(reported, [["${way}", "a listener's"]]);
        console.log("ok");`));
  }
});

test("memory does not grow: 300,000 calls, listings left early, aborted calls", () =>
  fresh(
    `${PRELUDE}
    const store = new InMemoryByteStore({ maxEntries: 100 });
    const wrapped = new WrappedByteStore({ store });
    const value = new Uint8Array(1000);
    const round = async (count) => {
      for (let at = 0; at < count; at++) {
        await store.mset([[String(at % 500), value]]);
        await wrapped.mget([String(at % 500)]);
        if (at % 10 === 0) for await (const _ of wrapped.yieldKeys()) break;
        if (at % 10 === 1) {
          const controller = new AbortController();
          const call = wrapped.mget(["1"], { signal: controller.signal }).catch(() => {});
          controller.abort();
          await call;
        }
      }
      gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
      gc();
      return process.memoryUsage();
    };
    await round(20_000);
    const before = await round(20_000);
    const after = await round(100_000);
    const grown = (name) => (after[name] - before[name]) / 1e6;
    assert.ok(grown("heapUsed") + grown("external") < 4, JSON.stringify([before, after]));
    console.log("ok");`,
    ["--expose-gc"],
  ));
