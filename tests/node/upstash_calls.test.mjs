/** `UpstashRedisByteStore` and several calls at once: what they share, and the order in which they take effect. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { all, bytes, rejects } from "../support/expect.mjs";
import { fresh } from "../support/upstash/fresh.mjs";
import { answer, open, scripted } from "../support/upstash/scripted.mjs";

const text = (values) => values.map((value) => (value === undefined ? undefined : Buffer.from(value).toString()));

/** A server that answers each MGET with the keys themselves, and notes which keys each asked for. */
async function mirror(context, delay = 0) {
  const asked = [];
  const server = await scripted(context, async (response, { commands: [[, ...keys]] }) => {
    asked.push(keys);
    await sleep(delay);
    answer(response, 200, { result: keys });
  });
  return { ...server, asked };
}

describe("reads", () => {
  test("those of one turn share a request, in which each key stands once", async (context) => {
    const server = await mirror(context);
    const store = open(context, server);
    await store.mget(["warm"]);
    const calls = [];
    for (let at = 0; at < 50; at++) calls.push(store.mget([`k${at}`, "common", `k${at + 1}`]));
    for (const [at, call] of calls.entries()) {
      assert.deepEqual(text(await call), [`k${at}`, "common", `k${at + 1}`]);
    }
    assert.equal(server.asked.length, 2);
    assert.equal(server.asked[1].length, new Set(server.asked[1]).size);
    assert.equal(server.asked[1].length, 52);
    assert.equal(store.stats().hits, 1 + 150, "each call counts what it got");
  });

  for (const count of [1, 5, 50]) {
    test(`${count} in a loop and one a microtask later share a request`, async (context) => {
      const server = await mirror(context);
      const store = open(context, server);
      await store.mget(["warm"]);
      const calls = Array.from({ length: count }, (_, at) => store.mget([`k${at}`]));
      const later = Promise.resolve().then(() => store.mget(["later"]));
      await Promise.all([...calls, later]);
      assert.equal(server.asked.length, 2);
      assert.equal(server.asked[1].length, count + 1);
    });
  }

  test("a key in flight is not asked for again", async (context) => {
    const server = await mirror(context, 60);
    const store = open(context, server);
    const first = store.mget(["a", "b"]);
    await sleep(20);
    const second = store.mget(["b", "c"]);
    await sleep(20);
    const third = store.mget(["a", "b", "c"]);
    assert.deepEqual(text(await third), ["a", "b", "c"]);
    assert.deepEqual([text(await first), text(await second)], [["a", "b"], ["b", "c"]]); // biome-ignore format: one line
    assert.deepEqual(server.asked, [["a", "b"], ["c"]]); // biome-ignore format: one line
    assert.deepEqual(text(await store.mget(["a"])), ["a"]);
    assert.equal(server.asked.length, 3, "what has ended is asked for again");
  });

  test("each caller's bytes are its own", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server);
    await store.mset([["a", bytes(255, 1)]]);
    const calls = Array.from({ length: 3 }, () => store.mget(["a", "a"]));
    const [[one, two], ...others] = await Promise.all(calls);
    one.fill(7);
    assert.deepEqual(two, bytes(255, 1));
    for (const values of others) assert.deepEqual(values, [bytes(255, 1), bytes(255, 1)]);
    assert.equal(one.buffer.byteLength, 2, "it is no view of anything larger");
  });

  test("a failure of a shared request is everybody's, with its attempts", async (context) => {
    const server = await scripted(context, [[503, ""]]);
    const store = open(context, server, { retries: 1 });
    const calls = [store.mget(["a"]), store.mget(["b"]), store.mget(["a", "c"])];
    for (const call of calls) assert.equal((await rejects(() => call, "unavailable")).attempts, 2);
    assert.equal(server.seen.length, 2);
  });

  test("a value that cannot be read fails those who asked for it, and nobody else", async (context) => {
    const { server, call } = await fresh(context, { mode: "plain" });
    server.database("").put("bytes", Buffer.from([255, 254]));
    await call(["SET", "good", "x"]);
    const store = open(context, server);
    const [good, bad, both] = [store.mget(["good"]), store.mget(["bytes"]), store.mget(["good", "bytes"])];
    await Promise.all([
      rejects(() => bad, "corrupt", /"bytes"/u),
      rejects(() => both, "corrupt", /"bytes"/u),
      good.then((values) => assert.deepEqual(text(values), ["x"])),
    ]);
  });

  test("one caller's bad key is not another's failure", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server);
    const [good, bad] = [store.mget(["a"]), store.mget(["k".repeat(40_000)])];
    await rejects(() => bad, "too_large");
    assert.deepEqual(await good, [undefined]);
  });
});

describe("order", () => {
  test("unawaited calls on one key take effect in call order", async (context) => {
    const { server } = await fresh(context, { latency: 2 });
    const store = open(context, server);
    const calls = [];
    for (let at = 0; at < 30; at++) {
      const value = bytes(255, at);
      calls.push(store.mset([["a", value], [`b${at % 3}`, value]])); // biome-ignore format: one line
      calls.push(store.mget(["a", `b${at % 3}`]).then((values) => assert.deepEqual(values, [value, value], `${at}`)));
      if (at % 3 === 0) {
        calls.push(store.mdelete(["a"]));
        calls.push(store.stat(["a"]).then(([stat]) => assert.equal(stat, undefined)));
        calls.push(store.mget(["a"]).then(([found]) => assert.equal(found, undefined)));
      }
    }
    await Promise.all(calls);
  });

  test("so they do when the queue is longer than a second", async (context) => {
    const { server } = await fresh(context, { latency: 60 });
    const store = open(context, server);
    const calls = [];
    for (let at = 0; at < 12; at++) {
      calls.push(store.mset([["a", bytes(at)]]));
      calls.push(store.mget(["a"]).then((values) => assert.deepEqual(values, [bytes(at)], `${at}`)));
    }
    await Promise.all(calls);
  });

  test("so they do when attempts fail, before or after they have taken effect", async (context) => {
    const { server } = await fresh(context);
    const proxy = await scripted(context, async (response, { url, headers, body }, number) => {
      await sleep((number * 7) % 23);
      if (number % 3 === 0) return answer(response, 503, "");
      const { "content-length": _, host, connection, ...passed } = headers;
      const given = await fetch(server.url + url, { method: "POST", headers: passed, body });
      if (number % 5 === 0) return response.destroy(); // done, and nobody is told
      answer(response, given.status, Buffer.from(await given.arrayBuffer()));
    });
    const store = open(context, { url: proxy.url, token: server.token }, { retries: 50 });
    const calls = [];
    for (let at = 0; at < 15; at++) {
      calls.push(store.mset([["a", bytes(at)]]));
      calls.push(store.mget(["a"]).then((values) => assert.deepEqual(values, [bytes(at)], `${at}`)));
    }
    await Promise.all(calls);
  });

  test("calls on different keys do not wait for each other", async (context) => {
    const held = [];
    const server = await scripted(context, (response, { commands: [[name]] }) => held.push({ response, name }));
    const store = open(context, server);
    const calls = [
      store.mset([["a", bytes(97)]]),
      store.mset([["b", bytes(97)]]),
      store.mdelete(["c"]),
      store.mget(["d"]),
    ];
    while (held.length < 4) await sleep(2);
    for (const { response, name } of held.reverse()) {
      answer(response, 200, { result: { SET: "OK", UNLINK: 1, MGET: [null] }[name] });
    }
    await Promise.all(calls);
  });

  test("a read that came before a write does not see it, one that came after does", async (context) => {
    const { server } = await fresh(context, { latency: 30 });
    const store = open(context, server);
    await store.mset([["a", bytes(1)]]);
    const before = store.mget(["a"]);
    const write = store.mset([["a", bytes(2)]]);
    const after = store.mget(["a"]);
    assert.deepEqual([await before, await after], [[bytes(1)], [bytes(2)]]);
    await write;
  });

  test("a read that a server leaves unanswered holds up a write for a second at most", async (context) => {
    let stuck;
    const server = await scripted(context, (response, { commands: [[name]] }) => {
      if (name === "MGET") stuck = response;
      else answer(response, 200, { result: "OK" });
    });
    const store = open(context, server, { timeout: 20_000 });
    const read = store.mget(["a"]);
    const began = performance.now();
    await store.mset([["a", bytes(1)]]);
    const took = performance.now() - began;
    assert.ok(took >= 900 && took < 10_000, `${took} ms`);
    answer(stuck, 200, { result: [null] });
    assert.deepEqual(await read, [undefined]);
  });

  test("values are those of the call, whatever the caller does to the array later", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server);
    const value = bytes(1, 2);
    const writes = [store.mset([["a", value]]), store.mset([["b", value]])];
    value.fill(9);
    await Promise.all(writes);
    assert.deepEqual(await store.mget(["a", "b"]), [bytes(1, 2), bytes(1, 2)]);
  });
});

describe("close", () => {
  test("calls made before still end, in order; later ones are refused without a request", async (context) => {
    const { server } = await fresh(context, { latency: 20 });
    const store = open(context, server);
    const calls = [store.mset([["a", bytes(1)]]), store.mset([["a", bytes(2)]]), store.mget(["a"])];
    const closing = store.close();
    for (const call of [
      () => store.mget(["a"]),
      () => store.mset([["a", bytes(3)]]),
      () => store.mdelete(["a"]),
      () => store.stat(["a"]),
      () => store.clear({ all: true }),
      () => all(store.yieldKeys()),
    ]) {
      await rejects(call, "closed");
    }
    await closing;
    assert.deepEqual((await Promise.all(calls))[2], [bytes(2)]);
    assert.equal(server.counts().requests, 3);
    await store.close();
  });

  test("two stores on one server are two handles", async (context) => {
    const { server } = await fresh(context);
    const [one, two] = [open(context, server), open(context, server)];
    await one.mset([["a", bytes(1)]]);
    await one.close();
    assert.deepEqual(await two.mget(["a"]), [bytes(1)]);
  });
});
