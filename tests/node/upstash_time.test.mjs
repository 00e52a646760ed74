/** `UpstashRedisByteStore` and time: attempts, deadlines, retries, aborts. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { program } from "../support/child.mjs";
import { all, bytes, rejects } from "../support/expect.mjs";
import { testsRoot } from "../support/package.mjs";
import { answer, open, scripted } from "../support/upstash/scripted.mjs";
import { startServer } from "../support/upstash/server.mjs";

/** How much later than promised something may be on a busy machine, ms: what is broken takes far longer in each test. */
const SLACK = 5_000;

/** Waits until `holds()`; fails after ten seconds. */
async function until(holds, what) {
  for (let began = performance.now(); !holds(); await sleep(2)) {
    assert.ok(performance.now() - began < 10_000, `it did not come to it that ${what}`);
  }
}

/** How a call ended and after how many ms. */
async function timed(call) {
  const began = performance.now();
  const outcome = await call().then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
  return { ...outcome, took: performance.now() - began };
}

/** Answers that never come to an end. */
const NEVER = {
  "no answer at all": () => {},
  "a head and no body": (response) => {
    response.writeHead(200, { "content-length": 100 });
    response.flushHeaders();
  },
  "half a body": (response) => {
    response.writeHead(200, { "content-length": 100 });
    response.write('{"result":["YWJj');
  },
  "a body that drips": async (response) => {
    response.writeHead(200);
    for (let at = 0; !response.destroyed && at < 1_000; at++) {
      response.write(" ");
      await sleep(10);
    }
  },
};

// First: what a process does but once would otherwise fall to attempts that are timed. So would a collection of garbage, in
// which Node's fetch loses what ends a request: of an answer that has begun the connection is then left to Node's own limit.
test("a process's first request has its time", async (context) => {
  const server = await scripted(context, [[200, { result: ["v"] }]]);
  const store = open(context, server, { timeout: 30_000, deadline: 30_000 });
  assert.deepEqual(await store.mget(["a"]), [bytes(118)]);
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
});

describe("attempts and deadlines", { concurrency: true }, () => {
  for (const [name, never] of Object.entries(NEVER)) {
    test(`${name}: each attempt ends in time, and its connection`, async (context) => {
      const server = await scripted(context, never);
      const store = open(context, server, { timeout: 800, retries: 1, deadline: 30_000 });
      const { error, took } = await timed(() => store.mget(["a"]));
      await rejects(() => Promise.reject(error), "timeout", /within (799|800) ms/u);
      assert.deepEqual([error.attempts, error.retryable, server.seen.length], [2, true, 2]);
      // Two attempts and a wait of at most 50 ms between them.
      assert.ok(took >= 1_600 && took < 1_650 + SLACK, `${took} ms`);
      assert.ok(error.elapsed >= 1_600 && error.elapsed <= took, `${error.elapsed} of ${took} ms`);
      assert.deepEqual(await Promise.all(server.seen.map(({ left }) => left)), [true, true], "the server was left");
      await until(() => server.sockets.size === 0, "the connections are closed");
    });

    test(`${name}: all attempts together end in time`, async (context) => {
      const server = await scripted(context, never);
      const store = open(context, server, { timeout: 600, retries: 100, deadline: 3_000 });
      const { error, took } = await timed(() => store.mget(["a"]));
      assert.equal(error.code, "timeout");
      assert.ok(took >= 600 && took < 3_000 + SLACK, `${took} ms`);
      assert.ok(server.seen.length >= 2 && server.seen.length <= 5, `${server.seen.length} attempts`);
      assert.equal(error.attempts, server.seen.length);
    });
  }

  test("an attempt may be longer than the deadline, which then ends it", async (context) => {
    const server = await scripted(context, NEVER["no answer at all"]);
    const { error, took } = await timed(() => open(context, server, { deadline: 200 }).mget(["a"]));
    assert.equal(error.code, "timeout");
    assert.ok(took >= 195 && took < 200 + SLACK, `${took} ms`);
  });

  test("a token function that takes its time, or never answers, counts as part of the attempt", async (context) => {
    const { url } = await scripted(context, [[200, { result: ["v"] }]]);
    const options = { timeout: 100, deadline: 300, retries: 100 };
    const hanging = open(context, { url, token: () => new Promise(() => {}) }, options);
    const { error, took } = await timed(() => hanging.mget(["a"]));
    assert.equal(error.code, "timeout");
    assert.match(error.message, /token/u);
    assert.ok(took < 300 + SLACK, `${took} ms`);
    const slow = open(context, { url, token: () => sleep(50, "secret") }, { timeout: 20_000, deadline: 20_000 });
    assert.deepEqual(
      await slow.mget(["a"]),
      [Buffer.from("v")].map((value) => new Uint8Array(value)),
    );
  });

  test("failures that come at once: as many attempts as allowed, waits that double at most, and the deadline", async (context) => {
    for (const retries of [0, 1, 4]) {
      const server = await scripted(context, [[503, ""]]);
      const store = open(context, server, { retries });
      const { error, took } = await timed(() => store.mget(["a"]));
      assert.deepEqual([error.attempts, server.seen.length], [retries + 1, retries + 1]);
      const told = store.told("retry");
      assert.deepEqual(
        told.map(({ attempt, reason }) => [attempt, reason]),
        Array.from({ length: retries }, (_, at) => [at + 1, "unavailable"]),
      );
      for (const [at, { delay }] of told.entries()) assert.ok(delay >= 0 && delay <= 50 * 2 ** at, `${delay} ms`);
      const waits = told.reduce((sum, { delay }) => sum + delay, 0);
      assert.ok(took >= waits && took < waits + SLACK, `${took} ms for waits of ${waits}`);
    }
    const server = await scripted(context, [[503, ""]]);
    const { error, took } = await timed(() => open(context, server, { retries: 1_000, deadline: 600 }).mget(["a"]));
    assert.ok(took <= 600 + SLACK, `${took} ms`);
    assert.equal(error.code, "unavailable", "the reason, not that time ran out");
    assert.equal(error.attempts, server.seen.length);
  });

  test("waits are not all alike", async (context) => {
    const delays = new Set();
    for (let round = 0; round < 10; round++) {
      const store = open(context, await scripted(context, [[503, ""]]), { retries: 1 });
      await store.mget(["a"]).catch(() => {});
      delays.add(Math.round(store.told("retry")[0].delay));
    }
    assert.ok(delays.size >= 3, [...delays].join(" "));
  });

  test("each of a call's requests has the deadline to itself", async (context) => {
    const server = await startServer({ latency: 1_000, requestLimit: 2_000 });
    context.after(() => server.close());
    const store = open(context, server, { timeout: 2_600, deadline: 2_600 });
    // Twelve requests, four at a time: three rounds of a second.
    const pairs = Array.from({ length: 24 }, (_, at) => [`k${at}`, new Uint8Array(900).fill(97 + at)]);
    await store.mset(pairs.slice(0, 1));
    await store.mset(pairs);
    assert.deepEqual(
      await store.mget(pairs.map(([key]) => key)),
      pairs.map(([, value]) => value),
    );
  });

  test("a process ends by itself as soon as its calls have", async (context) => {
    const server = await scripted(context, [[200, { result: ["v"] }]]);
    const source = `
      import { UpstashRedisByteStore } from "bytestow";
      const store = new UpstashRedisByteStore({ url: "${server.url}", token: "t" });
      await store.mget(["a"]);
      const controller = new AbortController();
      const call = store.mget(["b"], { signal: controller.signal }).catch(() => {});
      controller.abort();
      await call;
    `;
    const began = performance.now();
    const { code, stderr } = await program(source, { cwd: testsRoot });
    assert.equal(code, 0, stderr);
    assert.ok(performance.now() - began < 9_000, "it waited for a timer");
  });
});

describe("aborts", () => {
  const CALLS = {
    mget: (store, options) => store.mget(["a"], options),
    mset: (store, options) => store.mset([["a", bytes(1)]], options),
    "mset with ttl": (store, { signal }) => store.mset([["a", bytes(1)]], { ttl: 9, signal }),
    mdelete: (store, options) => store.mdelete(["a"], options),
    stat: (store, options) => store.stat(["a"], options),
    clear: (store, { signal }) => store.clear({ all: true, signal }),
    yieldKeys: (store, options) => all(store.yieldKeys("", options)),
  };
  for (const [name, call] of Object.entries(CALLS)) {
    test(`${name}: rejects at once with the reason, and the connection is closed`, async (context) => {
      for (const never of Object.values(NEVER)) {
        const server = await scripted(context, never);
        const store = open(context, server, { retries: 5 });
        const controller = new AbortController();
        const calling = call(store, { signal: controller.signal }).catch((reason) => reason);
        await until(() => server.seen.length === 1, "the server is asked");
        const began = performance.now();
        controller.abort("enough");
        assert.equal(await calling, "enough");
        assert.ok(performance.now() - began < SLACK);
        assert.equal(await server.seen[0].left, true);
        await until(() => server.sockets.size === 0, "the connection is closed");
        assert.equal(server.seen.length, 1, "it was tried again");
      }
    });
  }

  test("between two attempts: no more of them", async (context) => {
    const server = await scripted(context, [[429, "", { "retry-after": "5" }]]);
    const store = open(context, server, { retries: 5 });
    const controller = new AbortController();
    const calling = store.mget(["a"], { signal: controller.signal }).catch((reason) => reason);
    await until(() => store.told("retry").length === 1, "it waits");
    controller.abort("enough");
    assert.equal(await calling, "enough");
    await sleep(50);
    assert.equal(server.seen.length, 1);
  });

  test("a call in the queue behind another one: nothing is sent for it", async (context) => {
    const held = [];
    const server = await scripted(context, (response) => held.push(response));
    const store = open(context, server);
    const controller = new AbortController();
    const first = store.mset([["a", Buffer.from("1")]]);
    const second = store.mset([["a", Buffer.from("2")]], { signal: controller.signal }).catch((reason) => reason);
    const third = store.mset([["a", Buffer.from("3")]]);
    await until(() => server.seen.length === 1, "the first is sent");
    controller.abort("enough");
    assert.equal(await second, "enough");
    answer(held[0], 200, { result: "OK" });
    await first;
    await until(() => server.seen.length === 2, "the third is sent");
    answer(held[1], 200, { result: "OK" });
    await third;
    assert.deepEqual(
      server.seen.map(({ commands: [[, , value]] }) => value),
      ["1", "3"],
    );
  });

  test("nothing piles up: 300 aborted calls leave no connection, timer or listener", async (context) => {
    const server = await scripted(context, NEVER["half a body"]);
    const store = open(context, server, { retries: 5 });
    const round = async (count) => {
      for (let at = 0; at < count; at++) {
        const controller = new AbortController();
        const calling = store.mget([`k${at}`], { signal: controller.signal }).catch(() => {});
        const seen = server.seen.length;
        await until(() => server.seen.length > seen, "the server is asked");
        controller.abort();
        await calling;
      }
      await until(() => server.sockets.size === 0, "the connections are closed");
      await sleep(20);
      return process.getActiveResourcesInfo().length;
    };
    const before = await round(20);
    const after = await round(300);
    assert.ok(after <= before + 3, `${before} things were active, then ${after}`);
  });

  test("an aborted call does not disturb another one that shares its request", async (context) => {
    const held = [];
    const server = await scripted(context, (response, { commands: [[, ...keys]] }) => held.push({ response, keys }));
    const store = open(context, server);
    const controller = new AbortController();
    const aborted = store.mget(["a", "b"], { signal: controller.signal }).catch((reason) => reason);
    const kept = store.mget(["b", "c"]);
    const late = new Promise((resolve) => setTimeout(resolve, 20)).then(() => store.mget(["a"]));
    await until(() => held.length === 1, "one request is sent");
    await sleep(40);
    controller.abort("enough");
    assert.equal(await aborted, "enough");
    await sleep(20);
    assert.equal(held[0].response.destroyed, false, "the request was ended though others wait for it");
    answer(held[0].response, 200, { result: held[0].keys });
    const text = (values) => values.map((value) => Buffer.from(value).toString());
    assert.deepEqual(text(await kept), ["b", "c"]);
    assert.deepEqual(text(await late), ["a"]);
    assert.equal(held.length, 1);
  });

  test("when all who share a request have left, it is ended", async (context) => {
    const server = await scripted(context, NEVER["half a body"]);
    const store = open(context, server);
    const controllers = [new AbortController(), new AbortController(), new AbortController()];
    const calls = controllers.map(({ signal }, at) =>
      store.mget(["a", `b${at}`], { signal }).catch((reason) => reason),
    );
    await until(() => server.seen.length === 1, "one request is sent");
    for (const [at, controller] of controllers.entries()) {
      controller.abort(at);
      assert.equal(await calls[at], at);
    }
    assert.equal(await server.seen[0].left, true);
    await until(() => server.sockets.size === 0, "the connection is closed");
    assert.equal(server.seen.length, 1);
  });

  test("a listing that is left early frees what it held; the next one is whole", async (context) => {
    const server = await startServer();
    context.after(() => server.close());
    for (let at = 0; at < 5_000; at++) server.database("").put(`k${at}`, "v");
    const store = open(context, server);
    for await (const key of store.yieldKeys()) {
      assert.match(key, /^k/u);
      break;
    }
    assert.ok(server.counts().requests < 5);
    assert.equal(new Set(await all(store.yieldKeys())).size, 5_000);
  });

  test("an aborted signal sends nothing", async (context) => {
    const server = await scripted(context, [[200, { result: ["v"] }]]);
    const store = open(context, server);
    const signal = AbortSignal.abort("before");
    for (const call of Object.values(CALLS)) {
      assert.equal(await call(store, { signal }).catch((reason) => reason), "before");
    }
    assert.equal(server.seen.length, 0);
  });
});
