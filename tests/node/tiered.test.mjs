/** `TieredByteStore`: each of its rules, with the interleaving that it is about forced. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { InMemoryByteStore, TieredByteStore } from "bytestow";
import { all, bytes, rejects, throws } from "../support/expect.mjs";
import { fresh } from "../support/upstash/fresh.mjs";
import { open as upstash } from "../support/upstash/scripted.mjs";

/** A store whose calls end when told to: a read answers what was there when it was called. */
function byHand(entries = {}) {
  const data = new Map(Object.entries(entries));
  const calls = [];
  const call = (name, argument, effect) =>
    new Promise((resolve, reject) => {
      calls.push({ name, argument, go: () => resolve(effect()), fail: (why = new Error("down")) => reject(why) });
    });
  return {
    data,
    calls,
    mget(keys) {
      const found = keys.map((key) => data.get(key));
      return call("mget", keys, () => found);
    },
    mset: (pairs) => call("mset", pairs, () => pairs.forEach(([key, value]) => void data.set(key, value))),
    mdelete: (keys) => call("mdelete", keys, () => keys.forEach((key) => void data.delete(key))),
    yieldKeys: (prefix = "") => ({
      [Symbol.asyncIterator]() {
        const keys = [...data.keys()].filter((key) => key.startsWith(prefix));
        return { next: () => call("next", prefix, () => ({ value: keys[0], done: keys.shift() === undefined })) };
      },
    }),
    /** Waits for the `number`th call, from 1 on, and gives it. */
    async called(number) {
      for (const began = performance.now(); calls.length < number; await sleep(1)) {
        assert.ok(performance.now() - began < 10_000, `${calls.length} calls instead of ${number}`);
      }
      return calls[number - 1];
    },
  };
}

/** A store that answers at once, but for the methods that are replaced. */
function local(methods = {}) {
  const data = new Map();
  return {
    data,
    mget: async (keys) => keys.map((key) => data.get(key)),
    mset: async (pairs) => pairs.forEach(([key, value]) => void data.set(key, value)),
    mdelete: async (keys) => keys.forEach((key) => void data.delete(key)),
    async *yieldKeys(prefix = "") {
      for (const key of [...data.keys()]) if (key.startsWith(prefix)) yield key;
    },
    ...methods,
  };
}

const down = async () => {
  throw new Error("down");
};
const reason = (call) => call.then(() => "done", (error) => error); // biome-ignore format: one line
const [OLD, NEW] = [bytes(1), bytes(2)];

describe("a miss", () => {
  test("is read from remote in one batch, and written back", async () => {
    const remote = byHand({ a: OLD, b: NEW });
    const near = new InMemoryByteStore();
    await near.mset([["c", bytes(3)]]);
    const store = new TieredByteStore({ local: near, remote });
    const read = store.mget(["a", "c", "none", "b", "a"]);
    const call = await remote.called(1);
    assert.deepEqual(call.argument, ["a", "none", "b"]);
    call.go();
    assert.deepEqual(await read, [OLD, bytes(3), undefined, NEW, OLD]);
    assert.deepEqual(await near.mget(["a", "b", "none"]), [OLD, NEW, undefined]);
    assert.deepEqual(await store.mget(["b", "a"]), [NEW, OLD]);
    assert.equal(remote.calls.length, 1);
    const { hits, misses, requests } = store.stats();
    assert.deepEqual([hits, misses, requests], [6, 1, 1]);
  });

  test("is asked once by all who want it; whoever leaves does not disturb the others", async () => {
    const remote = byHand({ a: OLD });
    const store = new TieredByteStore({ local: new InMemoryByteStore(), remote });
    const controller = new AbortController();
    const [left, kept] = [reason(store.mget(["a"], { signal: controller.signal })), store.mget(["a"])];
    const call = await remote.called(1);
    controller.abort("enough");
    assert.equal(await left, "enough");
    call.go();
    assert.deepEqual(await kept, [OLD]);
    assert.equal(remote.calls.length, 1);
  });

  for (const [who, make] of Object.entries({
    "another handle": (near, remote) => new TieredByteStore({ local: near, remote }),
    "the local store itself": (near) => near,
  })) {
    test(`a write by ${who} meanwhile is not replaced`, async () => {
      const [near, remote] = [new InMemoryByteStore(), byHand({ a: OLD })];
      const store = new TieredByteStore({ local: near, remote });
      const read = store.mget(["a"]);
      const miss = await remote.called(1);
      const write = make(near, remote).mset([["a", NEW]]);
      if (who === "another handle") (await remote.called(2)).go();
      await write;
      miss.go();
      assert.deepEqual(await read, [OLD]);
      assert.deepEqual(await near.mget(["a"]), [NEW]);
    });

    test(`a deletion by ${who} meanwhile is not undone`, async () => {
      const [near, remote] = [new InMemoryByteStore(), byHand({ a: OLD })];
      const store = new TieredByteStore({ local: near, remote });
      const other = make(near, remote);
      const read = store.mget(["a"]);
      const miss = await remote.called(1);
      if (who !== "another handle") await near.mset([["a", NEW]]);
      const deletion = other.mdelete(["a"]);
      if (who === "another handle") (await remote.called(2)).go();
      await deletion;
      miss.go();
      await read;
      assert.deepEqual(await near.mget(["a"]), [undefined]);
    });
  }

  test("a write behind it by the same handle, not awaited, leaves both tiers equal", async () => {
    const [near, remote] = [new InMemoryByteStore(), byHand({ a: OLD })];
    const store = new TieredByteStore({ local: near, remote });
    const [read, write, again] = [store.mget(["a"]), store.mset([["a", NEW]]), store.mget(["a"])];
    (await remote.called(1)).go();
    (await remote.called(2)).go();
    assert.deepEqual([await read, await write, await again], [[OLD], undefined, [NEW]]);
    assert.deepEqual([(await near.mget(["a"]))[0], remote.data.get("a")], [NEW, NEW]);
    const [reading, deletion] = [store.mget(["b"]), store.mdelete(["a"])];
    for (const at of [3, 4]) (await remote.called(at)).go();
    await Promise.all([reading, deletion]);
    assert.deepEqual([(await near.mget(["a"]))[0], remote.data.get("a")], [undefined, undefined]);
  });

  test("the caller's bytes are not those that are written back", async () => {
    const near = new InMemoryByteStore();
    const store = new TieredByteStore({ local: near, remote: local({ mget: async () => [bytes(1)] }) });
    const [value] = await store.mget(["a"]);
    value.fill(9);
    assert.deepEqual(await near.mget(["a"]), [OLD]);
  });

  test("waitUntil gets the write-back, and the read does not wait for it", async () => {
    const [near, works] = [byHand(), []];
    const store = new TieredByteStore({
      local: near,
      remote: local({ mget: async () => [OLD] }),
      waitUntil: (work) => works.push(work),
    });
    const read = store.mget(["a"]);
    (await near.called(1)).go();
    assert.deepEqual(await read, [OLD]);
    const writing = await near.called(2);
    assert.deepEqual([works.length, writing.name, near.data.size], [1, "mset", 0]);
    writing.go();
    assert.equal(await works[0], undefined);
    assert.deepEqual(near.data.get("a"), OLD);
  });
});

describe("writes", () => {
  test("go to remote first, then to local", async () => {
    const [near, remote] = [byHand(), byHand()];
    const store = new TieredByteStore({ local: near, remote });
    for (const [at, call] of [() => store.mset([["a", NEW]]), () => store.mdelete(["a"])].entries()) {
      const calling = call();
      const far = await remote.called(at + 1);
      await sleep(10);
      assert.equal(near.calls.length, at);
      far.go();
      (await near.called(at + 1)).go();
      await calling;
    }
  });

  test("not awaited, on one key, by two handles: both tiers are equal in the end", async (context) => {
    const { server } = await fresh(context, { latency: 3 });
    const [near, far] = [new InMemoryByteStore(), upstash(context, server)];
    const handles = [0, 1].map(() => new TieredByteStore({ local: near, remote: far }));
    const calls = [];
    for (let at = 0; at < 40; at++) {
      const store = handles[at % 2];
      calls.push(at % 5 === 4 ? store.mdelete(["a", `b${at % 3}`]) : store.mset([["a", bytes(at)], [`b${at % 3}`, bytes(at)]])); // biome-ignore format: one line
      calls.push(store.mget(["a", `b${at % 3}`]));
    }
    await Promise.all(calls);
    const keys = ["a", "b0", "b1", "b2"];
    const [here, there] = [await near.mget(keys), await far.mget(keys)];
    for (const [at, value] of here.entries()) {
      if (value !== undefined) assert.deepEqual(value, there[at], keys[at]);
    }
    for (const handle of handles) assert.deepEqual(await handle.mget(keys), there);
  });

  for (const [name, methods] of Object.entries({
    "the local write fails": { mset: down },
    "the local write and even its deletion fail": { mset: down, mdelete: down },
  })) {
    test(`${name}: the call succeeds, and remote's value is what is read`, async () => {
      const [near, remote, events] = [local(), local(), []];
      const store = new TieredByteStore({ local: near, remote, onEvent: (event) => events.push(event) });
      await store.mset([["a", OLD]]);
      const { mset, mdelete } = near;
      // The wrapped store's methods are looked up at each call.
      Object.assign(near, methods);
      await store.mset([["a", NEW]]);
      assert.ok(events.some(({ type }) => type === "local_error"));
      assert.deepEqual(await store.mget(["a"]), [NEW]);
      assert.deepEqual(await new TieredByteStore({ local: near, remote }).mget(["a"]), [NEW], "through another handle");
      Object.assign(near, { mset, mdelete });
      assert.deepEqual(await store.mget(["a"]), [NEW]);
      assert.deepEqual(near.data.get("a"), NEW);
    });
  }

  test("one whose remote part fails rejects, and the local entries are no longer served", async () => {
    for (const call of [(store) => store.mset([["a", NEW]]), (store) => store.mdelete(["a"])]) {
      for (const methods of [{}, { mdelete: down }]) {
        const [near, remote] = [local(), local()];
        const store = new TieredByteStore({ local: near, remote });
        await store.mset([["a", OLD]]);
        const { mset, mdelete } = remote;
        Object.assign(remote, { mset: down, mdelete: down });
        Object.assign(near, methods);
        const error = await rejects(() => call(store), "unavailable");
        assert.equal(error.cause?.message, "down");
        // What the server has made of it nobody knows: it is asked.
        remote.data.set("a", bytes(7));
        assert.deepEqual(await store.mget(["a"]), [bytes(7)]);
        Object.assign(remote, { mset, mdelete });
      }
    }
  });

  test("an aborted one likewise", async () => {
    for (const call of [
      (store, options) => store.mset([["a", NEW]], options),
      (store, options) => store.mdelete(["a"], options),
    ]) {
      const [near, remote] = [new InMemoryByteStore(), byHand({ a: bytes(7) })];
      await near.mset([["a", OLD]]);
      const store = new TieredByteStore({ local: near, remote });
      const controller = new AbortController();
      const calling = reason(call(store, { signal: controller.signal }));
      await remote.called(1);
      controller.abort("enough");
      assert.equal(await calling, "enough");
      const read = store.mget(["a"]);
      (await remote.called(2)).go();
      assert.deepEqual(await read, [bytes(7)]);
    }
  });
});

describe("expiry", () => {
  for (const [name, options, ttl, expected] of [
    ["the remote store's ttl", {}, undefined, 100],
    ["the call's", {}, 50, 50],
    ["localTtl where it is shorter", { localTtl: 20 }, undefined, 20],
    ["the remote one where that is shorter", { localTtl: 500 }, undefined, 100],
  ]) {
    test(`a local entry lives for ${name}`, async (context) => {
      const { server } = await fresh(context);
      const near = new InMemoryByteStore();
      const remote = upstash(context, server, { ttl: 100 });
      const store = new TieredByteStore({ local: near, remote, ...options });
      await store.mset([["a", OLD]], { ttl });
      const [stat] = await near.stat(["a"]);
      assert.ok(stat.ttl > expected - 2 && stat.ttl <= expected, `${stat.ttl} s`);
    });
  }

  test("without any of them an entry stays; a miss knows the remote store's default", async (context) => {
    const { server } = await fresh(context);
    const life = async (ttl, options) => {
      const near = new InMemoryByteStore();
      const remote = upstash(context, server, { ttl });
      await remote.mset([["a", OLD]]);
      await new TieredByteStore({ local: near, remote, ...options }).mget(["a"]);
      return (await near.stat(["a"]))[0].ttl;
    };
    assert.equal(await life(undefined), null);
    assert.ok((await life(undefined, { localTtl: 30 })) > 28);
    assert.ok((await life(90)) <= 90);
  });
});

describe("remote down", () => {
  test("serve-local: what is local is served alone, and told; writes fail", async () => {
    const [near, events] = [new InMemoryByteStore(), []];
    await near.mset([["a", OLD]]);
    const remote = {
      mget: down,
      mset: down,
      mdelete: down,
      yieldKeys: () => ({ [Symbol.asyncIterator]: () => ({ next: down }) }),
    };
    const store = new TieredByteStore({ local: near, remote, onEvent: (event) => events.push(event) });
    assert.deepEqual(await store.mget(["a", "b"]), [OLD, undefined]);
    assert.deepEqual(await all(store.yieldKeys()), ["a"]);
    assert.equal((await store.stat(["a"]))[0].bytes, 1);
    assert.ok(events.filter(({ type, code }) => type === "remote_error" && code === "unavailable").length >= 3);
    await rejects(() => store.mset([["b", NEW]]), "unavailable");

    const strict = new TieredByteStore({ local: near, remote, onRemoteError: "throw" });
    assert.deepEqual(await strict.mget(["a"]), [OLD], "what is local needs no remote store");
    await rejects(() => strict.mget(["b"]), "unavailable");
    await rejects(() => all(strict.yieldKeys()), "unavailable");
  });

  for (const [name, change, code] of [
    ["quota", { quota: true }, "quota_exceeded"],
    ["401", { unauthorized: true }, "unauthorized"],
  ]) {
    test(`${name}: the server is asked once, then left alone; the code stays`, async (context) => {
      const { server } = await fresh(context, change);
      const near = new InMemoryByteStore();
      await near.mset([["a", OLD]]);
      const remote = upstash(context, server);
      const store = new TieredByteStore({ local: near, remote });
      for (let round = 0; round < 5; round++) assert.deepEqual(await store.mget(["a", `b${round}`]), [OLD, undefined]);
      assert.equal(server.counts().requests, 1);
      await rejects(() => store.mset([["c", NEW]]), code);
      await rejects(() => new TieredByteStore({ local: near, remote, onRemoteError: "throw" }).mget(["z"]), code);
      assert.equal(server.counts().requests, 1);
    });
  }
});

describe("the rest", () => {
  test("yieldKeys lists remote, not local", async () => {
    const [near, remote] = [new InMemoryByteStore(), local()];
    await near.mset([["here", OLD]]);
    remote.data.set("there", OLD);
    assert.deepEqual(await all(new TieredByteStore({ local: near, remote }).yieldKeys()), ["there"]);
  });

  test("clear is checked on both before either is touched, each by its own namespace", async (context) => {
    const { server } = await fresh(context);
    const shared = upstash(context, server);
    await shared.mset([["other", OLD]]);
    const near = new InMemoryByteStore();
    const without = new TieredByteStore({ local: near, remote: shared });
    await without.mset([["a", OLD]]);
    const { requests } = server.counts();
    await rejects(() => without.clear(), "invalid_argument", /all: true/u);
    assert.deepEqual([(await near.mget(["a"]))[0], server.counts().requests], [OLD, requests]);
    const store = new TieredByteStore({ local: near, remote: upstash(context, server, { namespace: "n" }) });
    await store.mset([["b", NEW]]);
    await store.clear();
    assert.deepEqual(await near.mget(["a", "b"]), [undefined, undefined]);
    assert.deepEqual((await all(shared.yieldKeys())).sort(), ["a", "other"]);
  });

  test("closing it closes neither tier", async () => {
    const [near, remote] = [new InMemoryByteStore(), new InMemoryByteStore()];
    const store = new TieredByteStore({ local: near, remote });
    await store.mset([["a", OLD]]);
    await store.close();
    await rejects(() => store.mget(["a"]), "closed");
    assert.deepEqual([await near.mget(["a"]), await remote.mget(["a"])], [[OLD], [OLD]]);
  });

  test("options", () => {
    const [near, remote] = [new InMemoryByteStore(), new InMemoryByteStore()];
    const make = (options) => new TieredByteStore({ local: near, remote, ...options });
    throws(() => make({ remot: near }), "invalid_argument", /"remote"/u);
    throws(() => make({ namespace: "n" }), "invalid_argument", /"namespace"/u);
    for (const store of [undefined, null, 1, {}, { mget() {} }]) {
      throws(() => make({ local: store }), "invalid_argument", /local/u);
      throws(() => make({ remote: store }), "invalid_argument", /remote/u);
    }
    throws(() => make({ remote: near }), "invalid_argument", /two stores/u);
    throws(() => make({ write: "behind" }), "invalid_argument", /write/u);
    throws(() => make({ onRemoteError: "ignore" }), "invalid_argument", /onRemoteError/u);
    throws(() => make({ waitUntil: 1 }), "invalid_argument", /waitUntil/u);
    for (const localTtl of [0, -1, "1", Number.NaN]) throws(() => make({ localTtl }), "invalid_argument", /ttl/iu);
    make({ write: "through", onRemoteError: "throw", localTtl: 1, waitUntil: () => {} });
  });
});
