/** `WrappedByteStore` over stores that lie, throw, keep what they hand out, or never answer. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BytestowError, InMemoryByteStore, WrappedByteStore } from "bytestow";
import { all, bytes, rejects } from "../support/expect.mjs";

/** A store that works, with some methods replaced. */
function wrap(methods, options) {
  const entries = new Map();
  const store = {
    entries,
    async mget(keys) {
      return keys.map((key) => entries.get(key));
    },
    async mset(pairs) {
      for (const [key, value] of pairs) entries.set(key, value);
    },
    async mdelete(keys) {
      for (const key of keys) entries.delete(key);
    },
    async *yieldKeys(prefix = "") {
      for (const key of [...entries.keys()]) if (key.startsWith(prefix)) yield key;
    },
    ...methods,
  };
  return { inner: store, store: new WrappedByteStore({ store, ...options }) };
}

describe("answers that break the contract are corrupt", () => {
  const answers = {
    "too few": async () => [],
    "too many": async () => [bytes(1), bytes(2), bytes(3)],
    undefined: async () => undefined,
    null: async () => null,
    "an object": async () => ({ 0: bytes(1), 1: bytes(2), length: 2 }),
    "a string": async () => "ab",
    "text for values": async () => ["a", "b"],
    "buffers for values": async () => [new ArrayBuffer(1), new ArrayBuffer(1)],
    "numbers for values": async () => [1, 2],
    "arrays for values": async () => [[1], [2]],
    "clamped arrays": async () => [new Uint8ClampedArray(1), undefined],
    "holes made of objects": async () => [{}, {}],
  };
  for (const [what, mget] of Object.entries(answers)) {
    test(`mget: ${what}`, async () => {
      const { store } = wrap({ mget });
      const error = await rejects(() => store.mget(["a", "b"]), "corrupt", /wrapped store/u);
      assert.equal(error.retryable, false);
      await rejects(() => store.stat(["a", "b"]), "corrupt");
    });
  }

  const iterables = {
    undefined: () => undefined,
    "an array": () => ["a"],
    "a promise": async () => ["a"],
    "a number for an iterator": () => ({ [Symbol.asyncIterator]: () => 1 }),
    "an iterator without next": () => ({ [Symbol.asyncIterator]: () => ({}) }),
    "steps that are no objects": () => ({ [Symbol.asyncIterator]: () => ({ next: async () => undefined }) }),
    "keys that are no strings": async function* () {
      yield 1;
    },
  };
  for (const [what, yieldKeys] of Object.entries(iterables)) {
    test(`yieldKeys: ${what}`, async () => {
      const { store } = wrap({ yieldKeys });
      await rejects(() => all(store.yieldKeys()), "corrupt", /wrapped store/u);
      await rejects(() => store.clear({ all: true }), "corrupt", /wrapped store/u);
    });
  }

  test("yieldKeys: a key with a lone surrogate is not made into another key", async () => {
    const { store } = wrap({
      async *yieldKeys() {
        yield "a\ud800";
      },
    });
    const listed = await all(store.yieldKeys()).catch((error) => error);
    if (Array.isArray(listed)) assert.deepEqual(listed, [], "it gave a key that does not exist");
    else assert.equal(listed.code, "corrupt");
  });

  test("yieldKeys: keys that repeat or lack the prefix are left out", async () => {
    const { store } = wrap({
      async *yieldKeys() {
        yield* ["n/p1", "other", "n/p1", "n", "n/", "n/p2", "n/q", "nn/p3"];
      },
    }, { namespace: "n" }); // biome-ignore format: one line
    assert.deepEqual(await all(store.yieldKeys("p")), ["p1", "p2"]);
    assert.deepEqual((await all(store.yieldKeys())).sort(), ["", "p1", "p2", "q"]);
  });

  test("null stands for missing; synchronous answers and thenables will do", async () => {
    const { store } = wrap({
      mget: () => [null, bytes(1)],
      mset: () => undefined,
      // biome-ignore lint/suspicious/noThenProperty: a thenable is the input
      mdelete: () => ({ then: (resolve) => resolve() }),
      yieldKeys: () => ({ [Symbol.asyncIterator]: () => ({ next: () => ({ done: true }) }) }),
    });
    assert.deepEqual(await store.mget(["a", "b"]), [undefined, bytes(1)]);
    await store.mset([["a", bytes(1)]]);
    await store.mdelete(["a"]);
    assert.deepEqual(await all(store.yieldKeys()), []);
    const [missing, there] = await store.stat(["a", "b"]);
    assert.equal(missing, undefined);
    assert.equal(there.bytes, 1);
  });
});

describe("failures keep their cause", () => {
  const causes = [
    new Error("the disk is gone"),
    new TypeError("x"),
    "a string",
    42,
    null,
    undefined,
    Object.create(null),
    { code: "ECONNRESET" },
  ];
  for (const cause of causes) {
    for (const [how, fail] of Object.entries({
      "throws at the call": () => {
        throw cause;
      },
      rejects: () => Promise.reject(cause),
    })) {
      test(`a store that ${how}: ${typeof cause} ${cause && JSON.stringify(cause)}`, async () => {
        const iterable = () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) });
        const yieldKeys = how === "rejects" ? iterable : fail;
        const { store } = wrap({ mget: fail, mset: fail, mdelete: fail, yieldKeys });
        for (const call of [
          () => store.mget(["a"]),
          () => store.mset([["a", bytes(1)]]),
          () => store.mdelete(["a"]),
          () => store.stat(["a"]),
          () => store.clear({ all: true }),
          () => store.yieldKeys().next(),
        ]) {
          const error = await rejects(call, "unavailable");
          assert.equal(error.cause, cause);
          assert.ok(!error.message.includes("the disk is gone"), "messages of others may hold secrets");
        }
      });
    }
  }

  test("a BytestowError goes through with its code, message and retryable", async () => {
    const below = new BytestowError("quota_exceeded", "no room", { retryable: true });
    const { store } = wrap({ mset: () => Promise.reject(below) });
    const error = await rejects(() => store.mset([["a", bytes(1)]]), "quota_exceeded", /^no room$/u);
    assert.equal(error.retryable, true);
    // Another copy of the package has another class: told by name.
    const foreign = Object.assign(new Error("late"), { name: "BytestowError", code: "timeout", retryable: true });
    const other = wrap({ mget: () => Promise.reject(foreign) });
    await rejects(() => other.store.mget(["a"]), "timeout", /^late$/u);
    // A code that is none is not passed on.
    const odd = Object.assign(new Error("odd"), { name: "BytestowError", code: "no such code" });
    const third = wrap({ mget: () => Promise.reject(odd) });
    await rejects(() => third.store.mget(["a"]), "unavailable");
  });

  test("a message of megabytes is cut", async () => {
    const { store } = wrap({
      mget: () => Promise.reject(new BytestowError("unavailable", "x".repeat(10))),
      mset: () => Promise.reject(Object.assign(new Error("y".repeat(1e6)), { name: "BytestowError", code: "timeout" })),
    });
    await rejects(() => store.mget(["a"]), "unavailable");
    await rejects(() => store.mset([["a", bytes(1)]]), "timeout");
  });

  test("a store that fails goes on when it works again", async () => {
    let broken = true;
    const { store } = wrap({
      async mget(keys) {
        if (broken) throw new Error("down");
        return keys.map(() => bytes(1));
      },
    });
    await rejects(() => store.mget(["a"]), "unavailable");
    broken = false;
    assert.deepEqual(await store.mget(["a"]), [bytes(1)]);
  });

  test("getters that throw, revoked proxies, methods that vanish", async () => {
    const { inner, store } = wrap();
    Object.defineProperty(inner, "mget", { get: () => { throw new Error("getter"); } }); // biome-ignore format: one line
    await assert.rejects(store.mget(["a"]), { name: "BytestowError" });
    inner.mset = undefined;
    await assert.rejects(store.mset([["a", bytes(1)]]), { name: "BytestowError" });
    const { proxy, revoke } = Proxy.revocable(wrap().inner, {});
    const wrapped = new WrappedByteStore({ store: proxy });
    revoke();
    await assert.rejects(wrapped.mget(["a"]), { name: "BytestowError" });
    await assert.rejects(wrapped.yieldKeys().next(), { name: "BytestowError" });
    await store.mdelete(["a"]);
  });

  test("promises and thenables whose getters throw", async () => {
    const trap = () => {
      throw new Error("trap");
    };
    const promise = Object.defineProperty(Promise.resolve([]), "constructor", { get: trap });
    // biome-ignore lint/suspicious/noThenProperty: a thenable is the input
    const thenable = Object.defineProperty({}, "then", { get: trap });
    const memory = new InMemoryByteStore();
    await memory.mset([["a", bytes(1)]]);
    for (const answer of [promise, thenable]) {
      const { store } = wrap({
        mget: () => answer,
        yieldKeys: () => ({ [Symbol.asyncIterator]: () => ({ next: () => answer }) }),
      });
      for (const call of [() => store.mget(["a"]), () => store.yieldKeys().next()]) {
        const error = await call().catch((error) => error);
        assert.equal(error.name, "BytestowError");
        assert.notEqual(error.code, "internal");
      }
    }
    assert.deepEqual(await memory.mget(["a"]), [bytes(1)], "a hostile store cost another store its data");
  });

  test("errors whose fields are getters that throw", async () => {
    const trap = () => {
      throw new Error("trap");
    };
    const hostile = Object.defineProperties({}, { name: { get: trap }, code: { get: trap }, message: { get: trap } });
    const { store } = wrap({ mget: () => Promise.reject(hostile) });
    const error = await rejects(() => store.mget(["a"]), "unavailable");
    assert.equal(error.cause, hostile);
  });
});

describe("bytes belong to one side", () => {
  test("what the caller changes after the call, or in a result, changes nothing stored", async () => {
    const { inner, store } = wrap();
    const value = bytes(1, 2, 3);
    const storing = store.mset([["a", value]]);
    value.fill(0);
    await storing;
    const [first] = await store.mget(["a"]);
    assert.deepEqual(first, bytes(1, 2, 3));
    first.fill(9);
    structuredClone(first.buffer, { transfer: [first.buffer] });
    assert.deepEqual(await store.mget(["a"]), [bytes(1, 2, 3)]);
    assert.deepEqual([...inner.entries.get("a")], [1, 2, 3]);
  });

  test("duplicates of a key are arrays of their own", async () => {
    const { store } = wrap();
    await store.mset([["a", bytes(1)]]);
    const [one, two] = await store.mget(["a", "a"]);
    one.fill(7);
    assert.deepEqual(two, bytes(1));
  });

  test("Buffers, also pooled ones, become plain arrays of just their bytes", async () => {
    const { store } = wrap({ mget: async (keys) => keys.map((key) => Buffer.from(key)) });
    for (const value of await store.mget(["pooled", "ä"])) {
      assert.equal(Object.getPrototypeOf(value), Uint8Array.prototype);
      assert.equal(value.byteOffset, 0);
      assert.equal(value.buffer.byteLength, value.byteLength);
    }
    const { inner, store: other } = wrap();
    await other.mset([["a", Buffer.from("pooled")]]);
    assert.equal(inner.entries.get("a").buffer.byteLength, 6);
  });

  test("arrays of other realms (Jest's and jsdom's windows, iframes) are arrays", async () => {
    const { runInNewContext } = await import("node:vm");
    const { store } = wrap({ mget: async () => runInNewContext("[new Uint8Array([1, 2]), undefined]") });
    assert.deepEqual(await store.mget(["a", "b"]), [bytes(1, 2), undefined]);
  });

  test("values over shared memory are copied, detached ones are not bytes", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(5);
    const { store } = wrap({ mget: async () => [shared] });
    const [value] = await store.mget(["a"]);
    shared.fill(0);
    assert.deepEqual(value, bytes(5, 5));
    assert.equal(value.buffer.constructor, ArrayBuffer);

    const gone = bytes(1, 2);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    const { store: detached } = wrap({ mget: async () => [gone] });
    const memory = new InMemoryByteStore();
    await memory.mset([["a", bytes(1)]]);
    await assert.rejects(detached.mget(["a"]), { name: "BytestowError", code: "corrupt" });
    assert.deepEqual(await memory.mget(["a"]), [bytes(1)], "one store's array cost another store its data");
    assert.deepEqual(await store.mget(["a"]), [bytes(0, 0)]);
  });

  test("what the store is given is its own to keep and to change", async () => {
    const { store } = wrap({
      async mget(keys) {
        keys.length = 0;
        return [bytes(1), bytes(2)];
      },
      async mset(pairs) {
        for (const pair of pairs) pair[1].fill(0);
        pairs.length = 0;
      },
    });
    const value = bytes(1);
    const pairs = [["a", value]];
    await store.mset(pairs);
    assert.deepEqual([value, pairs.length], [bytes(1), 1]);
    const keys = ["a", "b"];
    assert.deepEqual(await store.mget(keys), [bytes(1), bytes(2)]);
    assert.equal(keys.length, 2);
  });
});

describe("listing", () => {
  test("leaving early ends the inner iteration; its failure to end bothers nobody", async () => {
    const ended = [];
    for (const [what, fail] of [
      ["quiet", () => {}],
      [
        "failing",
        () => {
          throw new Error("at the end");
        },
      ],
    ]) {
      // biome-ignore format: one line
      const { store } = wrap({
        async *yieldKeys() {
          try {
            for (let at = 0; ; at++) yield `${at}`;
          } finally {
            ended.push(what);
            fail();
          }
        },
      });
      for await (const key of store.yieldKeys()) if (key === "3") break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual(ended, ["quiet", "failing"]);
  });

  test("a listing is lazy: an endless store is asked for no more than a page", async () => {
    let asked = 0;
    const { store } = wrap({
      async *yieldKeys() {
        for (;;) yield `${asked++}`;
      },
    });
    for await (const key of store.yieldKeys()) if (key === "1500") break;
    assert.ok(asked <= 2_001, `${asked} keys were asked for`);
  });

  test("clear without a namespace demands { all: true }; with one it spares the others", async () => {
    const { inner, store } = wrap();
    await store.mset([["a", bytes(1)]]);
    await rejects(() => store.clear(), "invalid_argument", /all: true/u);
    assert.equal(inner.entries.size, 1);
    const spaced = new WrappedByteStore({ store: inner, namespace: "n" });
    await spaced.mset(Array.from({ length: 2_500 }, (_, at) => [`${at}`, bytes(1)]));
    await spaced.clear();
    assert.deepEqual([...inner.entries.keys()], ["a"]);
    await store.clear({ all: true });
    assert.equal(inner.entries.size, 0);
  });
});

test("no I/O for empty lists, aborted signals and bad arguments", async () => {
  const called = [];
  const spy = (name) => (...args) => { called.push([name, ...args]); return Promise.resolve([]); }; // biome-ignore format: one line
  const { store } = wrap({
    mget: spy("mget"),
    mset: spy("mset"),
    mdelete: spy("mdelete"),
    yieldKeys: spy("yieldKeys"),
  });
  const signal = AbortSignal.abort("why");
  await Promise.all([store.mget([]), store.mset([]), store.mdelete([]), store.stat([])]);
  for (const call of [
    () => store.mget(["a"], { signal }),
    () => store.mset([["a", bytes(1)]], { signal }),
    () => store.mdelete(["a"], { signal }),
    () => store.clear({ all: true, signal }),
    () => store.yieldKeys("", { signal }).next(),
    () => store.mget("bad", { signal }),
  ]) {
    assert.equal(await call().catch((reason) => reason), "why");
  }
  await rejects(() => store.mget([1]), "invalid_argument");
  await rejects(() => store.mset([["a", bytes(1)]], { ttl: 1 }), "invalid_argument");
  assert.deepEqual(called, []);
});

test("close does not close what it wraps", async () => {
  const inner = new InMemoryByteStore();
  const store = new WrappedByteStore({ store: inner });
  await store.mset([["a", bytes(1)]]);
  await store.close();
  assert.deepEqual(await inner.mget(["a"]), [bytes(1)]);
});

test("a store that calls the wrapper from within its own methods", async () => {
  const { inner, store } = wrap();
  const plain = inner.mget;
  let depth = 0;
  inner.mget = async (keys) => (depth++ < 5 ? store.mget(keys) : plain(keys));
  inner.entries.set("a", bytes(1));
  assert.deepEqual(await store.mget(["a"]), [bytes(1)]);
  // Synchronously as well, before the outer call has returned.
  const order = [];
  inner.mset = (pairs) => {
    order.push(pairs[0][0]);
    if (pairs[0][0] === "outer") store.mset([["inner", bytes(2)]]);
    return Promise.resolve();
  };
  await store.mset([["outer", bytes(1)]]);
  assert.deepEqual(order, ["outer", "inner"]);
});
