/** Bad input: a typed error at the right moment, and nothing done. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { IndexedDBByteStore, InMemoryByteStore, WrappedByteStore } from "bytestow";
import { program } from "../support/child.mjs";
import { all, bytes, rejects, throws } from "../support/expect.mjs";
import { testsRoot } from "../support/package.mjs";

const LONE = ["\ud800", "a\udc00b", "😀\ud83d"];

describe("constructors throw at once", () => {
  const stores = {
    InMemoryByteStore: (options) => new InMemoryByteStore(options),
    IndexedDBByteStore: (options) => new IndexedDBByteStore({ name: "a", ...options }),
    WrappedByteStore: (options) => new WrappedByteStore({ store: new InMemoryByteStore(), ...options }),
  };
  for (const [name, open] of Object.entries(stores)) {
    test(`${name}: unknown options are named, with the nearest known one`, () => {
      throws(() => open({ namspace: "a" }), "invalid_argument", /"namspace".*"namespace"/u);
      throws(() => open({ onevent: () => {} }), "invalid_argument", /"onevent".*"onEvent"/u);
      throws(() => open({ Namespace: "a" }), "invalid_argument", /"Namespace".*"namespace"/u);
      // Even if it is left undefined: a typing mistake all the same.
      throws(() => open({ namspace: undefined }), "invalid_argument", /"namespace"/u);
      throws(() => open({ ["x".repeat(5_000)]: 1 }), "invalid_argument");
      throws(() => open({ toString: 1 }), "invalid_argument", /"toString"/u);
      throws(() => open(JSON.parse('{"__proto__": 1}')), "invalid_argument");
    });

    test(`${name}: namespaces`, () => {
      for (const namespace of ["", "/", "/a", "a/", "/a/", "//"]) {
        throws(() => open({ namespace }), "invalid_argument", /namespace/u);
      }
      for (const namespace of LONE) throws(() => open({ namespace }), "invalid_argument", /lone surrogate/u);
      for (const namespace of [null, 1, true, {}, ["a"], () => "a"]) {
        throws(() => open({ namespace }), "invalid_argument", /namespace must be a string/u);
      }
      for (const namespace of ["a", "a/b", "a//b", " ", "😀", "__proto__", "*", undefined]) open({ namespace });
    });

    test(`${name}: onEvent`, () => {
      for (const onEvent of [null, 1, "log", {}]) throws(() => open({ onEvent }), "invalid_argument", /onEvent/u);
      open({ onEvent: undefined });
    });
  }

  for (const name of ["InMemoryByteStore", "IndexedDBByteStore"]) {
    test(`${name}: ttl and now`, () => {
      const open = stores[name];
      for (const ttl of [0, -1, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e300]) {
        throws(() => open({ ttl }), "invalid_argument", /ttl/u);
      }
      for (const ttl of ["1", null, {}, [1], 1n])
        throws(() => open({ ttl }), "invalid_argument", /ttl must be a number/u);
      for (const now of [0, null, "now", new Date()]) throws(() => open({ now }), "invalid_argument", /now/u);
      for (const ttl of [0.001, 1, 1e9, undefined]) open({ ttl });
    });
  }

  test("options that are no object", () => {
    for (const options of [null, 1, "a", [], true, () => {}]) {
      throws(() => new InMemoryByteStore(options), "invalid_argument", /options/u);
      throws(() => new IndexedDBByteStore(options), "invalid_argument", /options/u);
      throws(() => new WrappedByteStore(options), "invalid_argument", /options/u);
    }
    throws(() => new IndexedDBByteStore(), "invalid_argument");
    throws(() => new WrappedByteStore(), "invalid_argument");
  });

  test("bounds", () => {
    for (const name of ["maxBytes", "maxEntries"]) {
      for (const bound of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "1", null]) {
        throws(() => new InMemoryByteStore({ [name]: bound }), "invalid_argument", new RegExp(name, "u"));
      }
      new InMemoryByteStore({ [name]: 1 });
      new InMemoryByteStore({ [name]: Number.MAX_SAFE_INTEGER });
    }
  });

  test("the words of IndexedDBByteStore", () => {
    throws(() => new IndexedDBByteStore({}), "invalid_argument", /name/u);
    for (const name of ["", 1, null, ...LONE])
      throws(() => new IndexedDBByteStore({ name }), "invalid_argument", /name/u);
    for (const name of ["recover", "durability", "fallback"]) {
      for (const word of ["", "Error", true, null, 1]) {
        throws(() => new IndexedDBByteStore({ name: "a", [name]: word }), "invalid_argument", new RegExp(name, "u"));
      }
    }
    for (const memoryBytes of [-1, 0.5, Number.NaN, "1"]) {
      throws(() => new IndexedDBByteStore({ name: "a", memoryBytes }), "invalid_argument", /memoryBytes/u);
    }
  });

  test("what WrappedByteStore cannot wrap", () => {
    for (const store of [undefined, null, 1, "a", () => {}]) {
      throws(() => new WrappedByteStore({ store }), "invalid_argument", /store/u);
    }
    const whole = { async mget() {}, async mset() {}, async mdelete() {}, async *yieldKeys() {} };
    for (const missing of Object.keys(whole)) {
      throws(
        () => new WrappedByteStore({ store: { ...whole, [missing]: undefined } }),
        "invalid_argument",
        new RegExp(missing, "u"),
      );
    }
    throws(() => new WrappedByteStore({ store: whole, ttl: 1 }), "invalid_argument", /ttl/u);
  });
});

const open = {
  InMemoryByteStore: (options) => new InMemoryByteStore(options),
  WrappedByteStore: (options) => new WrappedByteStore({ store: new InMemoryByteStore(), ...options }),
};
for (const [name, make] of Object.entries(open)) {
  describe(`${name}: methods reject, and never throw`, () => {
    test("keys that are none, by position", async () => {
      const store = make();
      for (const method of ["mget", "mdelete", "stat"]) {
        for (const keys of [undefined, null, "a", 1, {}, { length: 1, 0: "a" }, new Set(["a"])]) {
          await rejects(() => store[method](keys), "invalid_argument", /keys must be an array/u);
        }
        for (const key of [undefined, null, 1, {}, Symbol("a"), ["a"], new String("a")]) {
          await rejects(() => store[method](["a", key]), "invalid_argument", /keys\[1\]/u);
        }
        // biome-ignore lint/suspicious/noSparseArray: that is the input
        await rejects(() => store[method](["a", , "b"]), "invalid_argument", /keys\[1\]/u);
        for (const key of LONE)
          await rejects(() => store[method](["a", "b", key]), "invalid_argument", /keys\[2\].*lone/u);
      }
    });

    test("pairs that are none, by position; nothing of the call is stored", async () => {
      const store = make();
      const good = ["good", bytes(1)];
      for (const pairs of [undefined, null, "a", {}, new Map([good])]) {
        await rejects(() => store.mset(pairs), "invalid_argument", /pairs must be an array/u);
      }
      for (const pair of [undefined, null, "ab", {}, [], ["a"], ["a", bytes(1), 1]]) {
        await rejects(() => store.mset([good, pair]), "invalid_argument", /pairs\[1\]/u);
      }
      for (const key of [undefined, null, 1, {}, ...LONE]) {
        await rejects(() => store.mset([good, [key, bytes(1)]]), "invalid_argument", /pairs\[1\]\[0\]/u);
      }
      const values = [undefined, null, "text", 1, [1, 2], {}, new ArrayBuffer(1), new DataView(new ArrayBuffer(1))];
      values.push(new Uint8ClampedArray(1), new Int8Array(1), new Uint16Array(1), new Float32Array(1));
      for (const value of values) {
        await rejects(() => store.mset([good, ["a", value]]), "invalid_argument", /pairs\[1\]\[1\]/u);
      }
      assert.deepEqual(await all(store.yieldKeys()), []);
    });

    test("messages hold no value, and keys cut short", async () => {
      const store = make();
      const secret = "s3cret".repeat(300);
      for (const call of [
        () => store.mset([["a", secret]]),
        () => store.mget([`${secret}\ud800`]),
        () => store.mset([[`${secret}\ud800`, bytes(1)]]),
        () => store.mget(["a"], secret),
        () => store.mset([["a", bytes(1)]], { ttl: secret }),
      ]) {
        const error = await rejects(call, "invalid_argument");
        assert.ok(!error.message.includes("s3cret".repeat(20)), error.message);
      }
    });

    test("detached arrays, views of shared memory, growable buffers, other realms' arrays", async () => {
      const store = make();
      const gone = new Uint8Array(8);
      structuredClone(gone.buffer, { transfer: [gone.buffer] });
      await rejects(() => store.mset([["a", bytes(1)], ["b", gone]]), "invalid_argument", /pairs\[1\]\[1\].*detached/u); // biome-ignore format: one line
      assert.deepEqual(await store.mget(["a"]), [undefined]);

      const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(7);
      const growable = new Uint8Array(new ArrayBuffer(2, { maxByteLength: 10 })).fill(9);
      const { runInNewContext } = await import("node:vm");
      const foreign = runInNewContext("new Uint8Array([1, 2, 3])");
      const storing = store.mset([["shared", shared], ["growable", growable], ["foreign", foreign]]); // biome-ignore format: one line
      shared.fill(0);
      growable.buffer.resize(10);
      await storing;
      const values = await store.mget(["shared", "growable", "foreign"]);
      assert.deepEqual(values, [bytes(7, 7, 7), bytes(9, 9), bytes(1, 2, 3)]);
      for (const value of values) {
        assert.equal(Object.getPrototypeOf(value), Uint8Array.prototype);
        assert.equal(value.buffer.constructor, ArrayBuffer);
        assert.equal(value.buffer.byteLength, value.byteLength);
      }
    });

    test("options of calls", async () => {
      const store = make();
      for (const options of [null, 1, "a", true]) {
        await rejects(() => store.mget(["a"], options), "invalid_argument", /options/u);
        await rejects(() => store.clear(options), "invalid_argument", /options/u);
        await rejects(() => store.yieldKeys("", options).next(), "invalid_argument", /options/u);
      }
      for (const signal of [1, {}, "a", new EventTarget()]) {
        await rejects(() => store.mget(["a"], { signal }), "invalid_argument", /signal/u);
      }
      for (const all of [1, "yes", {}]) await rejects(() => store.clear({ all }), "invalid_argument", /all/u);
      for (const prefix of [null, 1, {}, ...LONE]) {
        await rejects(() => store.yieldKeys(prefix).next(), "invalid_argument", /prefix/u);
      }
    });

    test("TTLs", async () => {
      const store = make();
      for (const ttl of [
        0,
        -0,
        -1,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        1e300,
        "1",
        {},
        1n,
      ]) {
        await rejects(() => store.mset([["a", bytes(1)]], { ttl }), "invalid_argument", /ttl/u);
      }
      assert.deepEqual(await store.mget(["a"]), [undefined]);
      await store.mset([["a", bytes(1)]], { ttl: null });
      await store.mset([["b", bytes(1)]], { ttl: undefined });
      if (name === "WrappedByteStore") {
        await rejects(() => store.mset([["c", bytes(1)]], { ttl: 1 }), "invalid_argument", /ttl.*cannot expire/u);
        assert.deepEqual(await store.mget(["c"]), [undefined]);
      }
    });

    test("bad input in an empty call is still bad", async () => {
      const store = make();
      await rejects(() => store.mset([], { ttl: -1 }), "invalid_argument", /ttl/u);
      await rejects(() => store.mget([], { signal: 1 }), "invalid_argument", /signal/u);
    });

    test("calls after close", async () => {
      const store = make();
      await store.mset([["a", bytes(1)]]);
      const listing = store.yieldKeys();
      await store.close();
      await store.close();
      for (const call of [
        () => store.mget(["a"]),
        () => store.mget("not even keys"),
        () => store.mset([["a", bytes(1)]]),
        () => store.mset([]),
        () => store.mdelete(["a"]),
        () => store.stat(["a"]),
        () => store.clear({ all: true }),
        () => store.setIf([["a", bytes(1)]], "absent"),
        () => store.capabilities(),
        () => store.yieldKeys().next(),
        () => listing.next(),
        () => store.mget(["a"], { signal: AbortSignal.abort() }),
      ]) {
        await rejects(call, "closed", /closed/u);
      }
      assert.equal(typeof store.stats().hits, "number");
    });

    test("calls made before close() still end; close() before the first call is fine", async () => {
      const store = make();
      const [stored, , found] = [store.mset([["a", bytes(1)]]), store.mget([]), store.mget(["a"])];
      const closing = store.close();
      await rejects(() => store.mget(["a"]), "closed");
      await Promise.all([stored, closing]);
      assert.deepEqual(await found, [bytes(1)]);
      const unused = make();
      await unused.close();
      await rejects(() => unused.mget(["a"]), "closed");
    });

    test("a closed store ends a listing under way", async () => {
      const store = make();
      await store.mset(Array.from({ length: 5 }, (_, at) => [`${at}`, bytes(at)]));
      const listing = store.yieldKeys();
      await listing.next();
      await store.close();
      await rejects(() => listing.next(), "closed");
      assert.deepEqual(await listing.next(), { value: undefined, done: true });
    });

    test("setIf: a bad condition is named", async () => {
      const store = make();
      for (const condition of [undefined, null, "unchanged", 1]) {
        await rejects(() => store.setIf([["a", bytes(1)]], condition), "invalid_argument", /condition/u);
      }
    });

    test("getters and proxies that throw make a rejection", async () => {
      const store = make();
      const hostile = new Proxy([], {
        get(target, name) {
          if (name === "length") throw new Error("hostile");
          return Reflect.get(target, name);
        },
      });
      await assert.rejects(store.mget(hostile), /hostile/u);
      const options = {
        get signal() {
          throw new Error("hostile");
        },
      };
      await assert.rejects(store.mget(["a"], options), /hostile/u);
      await store.mget(["a"]);
    });
  });
}

describe("InMemoryByteStore: bounds", () => {
  test("an mset larger than the store is too_large, whole; limits in digits", async () => {
    const store = new InMemoryByteStore({ maxBytes: 100 });
    await store.mset([["kept", new Uint8Array(10)]]);
    await rejects(() => store.mset([["big", new Uint8Array(98)]]), "too_large", /101.*100/u);
    await rejects(
      () => store.mset(Array.from({ length: 3 }, (_, at) => [`${at}`, new Uint8Array(40)])),
      "too_large",
      /123.*100/u,
    );
    assert.deepEqual(await all(store.yieldKeys()), ["kept"]);
    // Of duplicates only the last counts.
    await store.mset(Array.from({ length: 5 }, () => ["same", new Uint8Array(90)]));
    assert.deepEqual(await all(store.yieldKeys()), ["same"]);

    const few = new InMemoryByteStore({ maxEntries: 2 });
    await few.mset([["a", bytes()], ["b", bytes()]]); // biome-ignore format: one line
    await rejects(() => few.mset(["c", "d", "e"].map((key) => [key, bytes()])), "too_large", /3.*2/u);
    assert.deepEqual((await all(few.yieldKeys())).sort(), ["a", "b"]);
  });

  test("keys count in UTF-8, namespace included; both bounds at once", async () => {
    const store = new InMemoryByteStore({ namespace: "n", maxBytes: 6 });
    await store.mset([["😀", bytes()]]);
    await rejects(() => store.mset([["😀", bytes(1)]]), "too_large");
  });
});

test("a batch whose keys are longer together than a string can be is a typed error, and costs nothing", async () => {
  const store = new InMemoryByteStore();
  await store.mset([["a", bytes(1)]]);
  const key = "k".repeat(1_000_000);
  await rejects(() => store.mget(new Array(600).fill(key)), "too_large");
  await rejects(() => store.mset(new Array(600).fill([key, bytes()])), "too_large");
  assert.deepEqual(await store.mget(["a"]), [bytes(1)]);
});

describe("clocks that are none", () => {
  for (const [what, now] of Object.entries({
    throws: () => {
      throw new Error("no time");
    },
    NaN: () => Number.NaN,
    "a string": () => "1",
    negative: () => -5,
    infinite: () => Number.POSITIVE_INFINITY,
    huge: () => 1e300,
    "a promise": async () => 1,
  })) {
    test(`now: ${what}`, async () => {
      const store = new InMemoryByteStore({ now, ttl: 100 });
      await store.mset([["a", bytes(1)]]);
      await store.mget(["a"]);
      const [stat] = await store.stat(["a"]);
      assert.ok(stat === undefined || stat.bytes === 1);
      await all(store.yieldKeys());
    });
  }

  test("now that calls the store", async () => {
    const calls = [];
    let times = 0;
    const store = new InMemoryByteStore({
      now() {
        if (times++ < 3) calls.push(store.mget(["a"]));
        return 1;
      },
    });
    await store.mset([["a", bytes(1)]]);
    await Promise.all(calls);
    assert.deepEqual(await store.mget(["a"]), [bytes(1)]);
  });
});

describe("IndexedDB absent", () => {
  test("the constructor works, the first call rejects as unavailable, nothing is unhandled", async () => {
    const source = `
      import { IndexedDBByteStore } from "bytestow";
      const events = [];
      const store = new IndexedDBByteStore({ name: "pages", onEvent: (event) => events.push(event.type) });
      const calls = [
        () => store.mget(["a"]), () => store.mset([["a", new Uint8Array(1)]]), () => store.mdelete(["a"]), () => store.stat(["a"]),
        () => store.clear({ all: true }), () => store.yieldKeys().next(), () => store.mget(["a"]),
      ];
      for (const call of calls) {
        const error = await call().then(() => undefined, (error) => error);
        if (error?.name !== "BytestowError" || error.code !== "unavailable" || error.retryable) throw error ?? new Error(String(call));
        if (!/IndexedDB/.test(error.message)) throw error;
      }
      if ((await store.mget([])).length !== 0) throw new Error("an empty call opened something");
      const recreating = new IndexedDBByteStore({ name: "pages", recover: "recreate" });
      const again = await recreating.mget(["a"]).then(() => undefined, (error) => error);
      if (again?.code !== "unavailable") throw again;
      const doomed = new IndexedDBByteStore({ name: "pages" });
      const error = await doomed.destroy().then(() => undefined, (error) => error);
      if (error?.code !== "unavailable") throw error ?? new Error("destroyed");
      await store.close();
      console.log(JSON.stringify(events), (await recreating.capabilities()).persistent);
    `;
    const { code, stdout, stderr } = await program(source, { cwd: testsRoot });
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    assert.equal(stdout.trim(), "[] true");
  });

  test('fallback: "memory" goes on in memory, says so once, and handles of one name share', async () => {
    const events = [];
    const options = { name: "absent", fallback: "memory", onEvent: (event) => events.push(event) };
    const store = new IndexedDBByteStore(options);
    await store.mset([["a", bytes(1)]]);
    assert.deepEqual(await store.mget(["a"]), [bytes(1)]);
    assert.deepEqual(
      events.map(({ type, to, reason }) => [type, to, typeof reason]),
      [["fallback", "memory", "string"]],
    );
    const { persistent, sharedWrites } = await store.capabilities();
    assert.deepEqual([persistent, sharedWrites], [false, true]);
    const other = new IndexedDBByteStore({ name: "absent", fallback: "memory", namespace: "n" });
    await other.mset([["b", bytes(2)]]);
    assert.deepEqual((await all(store.yieldKeys())).sort(), ["a", "n/b"]);
    await store.destroy();
    await rejects(() => store.mget(["a"]), "closed");
    assert.deepEqual(await new IndexedDBByteStore(options).mget(["a"]), [undefined]);
  });
});
