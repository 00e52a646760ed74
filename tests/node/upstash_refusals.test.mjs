/** `UpstashRedisByteStore` and servers that refuse: tokens, quotas, limits, windows without writes. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { program } from "../support/child.mjs";
import { all, bytes, rejects } from "../support/expect.mjs";
import { testsRoot } from "../support/package.mjs";
import { fresh } from "../support/upstash/fresh.mjs";
import { answer, open, scripted } from "../support/upstash/scripted.mjs";
import { startServer } from "../support/upstash/server.mjs";

/** A strict server for one test. */
async function strict(context, options) {
  const server = await startServer(options);
  context.after(() => server.close());
  return server;
}

describe("a token that is refused", () => {
  test("a fixed one: once, and then nothing is asked for a while", async (context) => {
    const server = await strict(context);
    const store = open(context, { url: server.url, token: "wrong" }, { retries: 5 });
    const first = await rejects(() => store.mget(["a"]), "unauthorized", /token.*401/u);
    assert.deepEqual([first.status, first.attempts, first.retryable], [401, 1, false]);
    for (const call of [
      () => store.mget(["b"]),
      () => store.mset([["a", bytes(1)]]),
      () => store.mdelete(["a"]),
      () => store.stat(["a"]),
      () => all(store.yieldKeys()),
      () => store.clear({ all: true }),
    ]) {
      const error = await rejects(call, "unauthorized");
      assert.equal(error.status, 401);
    }
    assert.equal(server.counts().requests, 1);
    assert.deepEqual(store.told("breaker"), [{ type: "breaker", reason: "unauthorized", ms: 60_000 }]);
    assert.equal(store.stats().requests, 1);
  });

  test("one from a function: it is asked once more, and what it gives then is used", async (context) => {
    const server = await strict(context);
    const given = ["stale", server.token];
    const store = open(context, { url: server.url, token: async () => given.shift() ?? server.token });
    await store.mset([["a", bytes(255)]]);
    assert.equal(server.counts().requests, 2);
    assert.deepEqual(await store.mget(["a"]), [bytes(255)]);
    assert.equal(server.counts().requests, 3);
    assert.deepEqual(store.told("breaker"), []);
    assert.equal(store.told("retry").length, 1);
  });

  test("one from a function that stays wrong: twice, and then nothing is asked", async (context) => {
    const server = await strict(context);
    let asked = 0;
    const token = () => {
      asked += 1;
      return "wrong";
    };
    const store = open(context, { url: server.url, token }, { retries: 5 });
    const error = await rejects(() => store.mget(["a"]), "unauthorized", /401/u);
    assert.deepEqual([error.attempts, asked, server.counts().requests], [2, 2, 2]);
    await rejects(() => store.mget(["a"]), "unauthorized");
    assert.deepEqual([asked, server.counts().requests], [2, 2]);
    assert.equal(store.told("breaker").length, 1);
  });

  test("in an item of a pipeline, and as the text of an imitator", async (context) => {
    for (const refusal of [
      [200, [{ error: "WRONGPASS no" }, { result: -1 }, { result: "" }, { result: "" }, { result: 0 }]],
      [401, "Unauthorized"],
    ]) {
      const given = ["stale", "good"];
      const server = await scripted(context, (response, { headers }) => {
        if (headers.authorization === "Bearer stale") return answer(response, ...refusal);
        const { commands } = server.seen.at(-1);
        answer(
          response,
          200,
          commands.map(([name]) => ({ result: { STRLEN: 3, PTTL: -1 }[name] ?? "abc" })),
        );
      });
      const store = open(context, { url: server.url, token: () => given.shift() });
      assert.deepEqual(await store.stat(["a"]), [{ bytes: 3, ttl: null, written: undefined }]);
      assert.deepEqual(
        server.seen.map(({ headers }) => headers.authorization),
        ["Bearer stale", "Bearer good"],
      );
    }
  });

  test("a function is asked before each request, one request's attempts among them", async (context) => {
    let count = 0;
    const server = await scripted(context, [
      [503, ""],
      [200, { result: ["a"] }],
    ]);
    const store = open(context, { url: server.url, token: () => `t${++count}` }, { retries: 1 });
    await store.mget(["k"]);
    await store.mget(["l"]);
    assert.deepEqual(
      server.seen.map(({ headers }) => headers.authorization),
      ["Bearer t1", "Bearer t2", "Bearer t3"],
    );
  });

  test("a function that throws, rejects, or gives what is no token", async (context) => {
    const server = await strict(context);
    for (const [token, message] of [
      [
        () => {
          throw new Error("no token today");
        },
        /no token today/u,
      ],
      [
        async () => {
          throw new Error("no token today");
        },
        /no token today/u,
      ],
      [() => 5, /a number/u],
      [() => undefined, /undefined/u],
      [async () => null, /null/u],
      [() => "", /visible/u],
      [() => "two words", /visible/u],
      [() => "line\nbreak", /visible/u],
      [() => "é", /visible/u],
    ]) {
      // biome-ignore format: one line each
      const error = await open(context, { url: server.url, token }).mget(["a"]).catch((error) => error);
      assert.match(`${error.message} ${error.cause?.message}`, message);
      assert.match(error.message, /token/u);
      assert.doesNotMatch(inspect(error), /two words|line\nbreak/u);
    }
    assert.equal(server.counts().requests, 0);
  });

  test("null sends none", async (context) => {
    const server = await scripted(context, [[200, { result: ["a"] }]]);
    await open(context, { url: server.url, token: null }).mget(["k"]);
    assert.equal("authorization" in server.seen[0].headers, false);
  });
});

describe("quotas and permissions", () => {
  test("the quota, one command or a pipeline: nothing is asked for a while, and the code stays", async (context) => {
    for (const [quota, status, call] of [
      [true, 400, (store) => store.mget(["a"])],
      [true, 200, (store) => store.stat(["a"])],
      ["whole", 400, (store) => store.stat(["a"])],
      [true, 400, (store) => store.mset([["a", bytes(1)]])],
    ]) {
      const server = await strict(context, { quota });
      const store = open(context, server, { retries: 5 });
      const error = await rejects(() => call(store), "quota_exceeded", /quota/u);
      assert.deepEqual([error.status, error.redisError, error.attempts], [status, "ERR", 1]);
      assert.equal(server.counts().requests, 1);
      server.set({ quota: false });
      for (const again of [() => call(store), () => store.mdelete(["b"]), () => all(store.yieldKeys())]) {
        await rejects(again, "quota_exceeded", /quota/u);
      }
      assert.equal(server.counts().requests, 1);
      assert.deepEqual(store.told("breaker"), [{ type: "breaker", reason: "quota_exceeded", ms: 60_000 }]);
      // It is the handle that rests, not the process.
      assert.deepEqual(await open(context, server).mget(["a"]), [undefined]);
    }
  });

  test("calls under way when the quota ends are refused as well, without asking again", async (context) => {
    const server = await strict(context, { latency: 50 });
    const store = open(context, server, { retries: 5 });
    const calls = ["a", "b"].map((key) => store.mset([[key, bytes(1)]]));
    calls.push(store.mget(["c"]));
    server.set({ quota: true });
    for (const call of calls) await rejects(() => call, "quota_exceeded");
    assert.equal(server.counts().requests, 3);
  });

  // With a clock that can be put forward, which no other test may see.
  test("after a minute it is asked again", async (context) => {
    const server = await strict(context, { quota: true });
    const { code, stderr } = await program(
      `
      import assert from "node:assert/strict";
      import { UpstashRedisByteStore } from "bytestow";
      const real = performance.now;
      let ahead = 0;
      performance.now = () => real.call(performance) + ahead;
      const store = new UpstashRedisByteStore({ url: "${server.url}", token: "${server.token}" });
      const refused = () => assert.rejects(store.mget(["a"]), { code: "quota_exceeded" });
      await refused();
      ahead = 59_000;
      await refused();
      assert.equal(store.stats().requests, 1);
      ahead = 61_000;
      await refused();
      assert.equal(store.stats().requests, 2);
      ahead = 119_000;
      await refused();
      assert.equal(store.stats().requests, 2);
      `,
      { cwd: testsRoot },
    );
    assert.equal(code, 0, stderr);
    assert.equal(server.counts().requests, 2);
  });

  test("a full database refuses writes alone, and no breaker opens", async (context) => {
    const server = await scripted(context, (response, { commands: [[name]] }) => {
      if (name === "MGET") answer(response, 200, { result: ["a"] });
      else answer(response, 400, { error: "ERR DB capacity quota exceeded" });
    });
    const store = open(context, server, { retries: 3 });
    const error = await rejects(() => store.mset([["k", bytes(97)]]), "quota_exceeded", /full.*ttl/u);
    assert.deepEqual([error.retryable, error.attempts], [false, 1]);
    assert.deepEqual(await store.mget(["k"]), [bytes(97)]);
    await rejects(() => store.mset([["k", bytes(97)]]), "quota_exceeded");
    assert.equal(server.seen.length, 3);
    assert.deepEqual(store.told("breaker"), []);
  });

  test("a read-only token reads; writes and listings fail with a message of their own, and no breaker opens", async (context) => {
    const server = await strict(context, { readOnlyToken: "readonly" });
    server.database("").put("a", "x");
    const store = open(context, { url: server.url, token: "readonly" }, { retries: 3 });
    for (const [command, call] of Object.entries({
      MSET: () => store.mset([["a", bytes(1)], ["b", bytes(2)]]), // biome-ignore format: one line
      SET: () => store.mset([["a", bytes(1)]]),
      UNLINK: () => store.mdelete(["a"]),
      SCAN: () => all(store.yieldKeys()),
      FLUSHDB: () => store.clear({ all: true }),
    })) {
      const error = await rejects(call, "unauthorized", /read-only token/u);
      assert.deepEqual([error.redisError, error.retryable, error.attempts], ["NOPERM", false, 1], command);
    }
    assert.deepEqual(await store.mget(["a", "b"]), [bytes(120), undefined]);
    assert.equal((await store.stat(["a"]))[0].bytes, 1);
    assert.equal(server.counts().requests, 7);
    assert.deepEqual(store.told("breaker"), []);
  });
});

describe("refusals that pass", () => {
  test("a window without writes: they are tried again, reads are not concerned", async (context) => {
    const server = await strict(context, { readOnlyWindow: 2 });
    const store = open(context, server, { retries: 5 });
    await store.mset([["a", bytes(1)]]);
    assert.deepEqual(
      store.told("retry").map(({ operation, attempt }) => [operation, attempt]),
      [
        ["set", 1],
        ["set", 2],
      ],
    );
    assert.deepEqual(server.database("").keys().length, 1);
    server.set({ readOnlyWindow: true });
    assert.deepEqual(await store.mget(["a"]), [bytes(1)]);
    const closed = open(context, server, { retries: 1 });
    const error = await rejects(() => closed.mdelete(["a"]), "unavailable", /writes/u);
    assert.deepEqual([error.redisError, error.attempts, error.retryable], ["READONLY", 2, true]);
  });

  test("too many: Retry-After is waited for, and not longer than five seconds or the deadline", async (context) => {
    const server = await strict(context, { tooMany: { retryAfter: 1, times: 1 } });
    const store = open(context, server, { retries: 1 });
    const began = performance.now();
    await store.mset([["a", bytes(1)]]);
    const took = performance.now() - began;
    assert.ok(took >= 995 && took < 5_000, `${took} ms`);
    assert.equal(store.told("retry")[0].delay, 1_000);

    server.set({ tooMany: { retryAfter: 3_600 } });
    const hasty = open(context, server, { retries: 9, deadline: 4_000 });
    const start = performance.now();
    const error = await rejects(() => hasty.mget(["a"]), "unavailable", /429/u);
    assert.ok(performance.now() - start < 4_000, "it waited though there was no time for another attempt");
    assert.deepEqual([error.attempts, error.status], [1, 429]);
    const patient = open(context, server, { retries: 1, deadline: 60_000 });
    const abort = new AbortController();
    const call = patient.mget(["a"], { signal: abort.signal }).catch((reason) => reason);
    while (patient.told("retry").length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(patient.told("retry")[0].delay, 5_000);
    abort.abort("enough");
    assert.equal(await call, "enough");
  });

  test("Retry-After that is a date, negative or no number counts for nothing", async (context) => {
    for (const value of ["Wed, 21 Oct 2099 07:28:00 GMT", "-5", "soon", "", "1.5"]) {
      const server = await scripted(context, [
        [429, "", { "retry-after": value }],
        [200, { result: ["a"] }],
      ]);
      const store = open(context, server, { retries: 1 });
      assert.deepEqual(await store.mget(["k"]), [bytes(97)]);
      assert.ok(store.told("retry")[0].delay <= 50);
    }
  });
});

describe("what is too large", () => {
  test("Limit and Actual are fields, of a reply that comes as an error in a 200 as well", async (context) => {
    const server = await strict(context, { requestLimit: 2_000 });
    server.database("").put("a", "x".repeat(3_000));
    const store = open(context, server, { retries: 3 });
    const reply = await rejects(() => store.mget(["a"]), "too_large", /of "a".*2000/u);
    assert.deepEqual([reply.status, reply.redisError, reply.limit], [200, "ERR", 2_000]);
    assert.ok(reply.actual > 3_000 && reply.message.includes(`${reply.actual} bytes`), reply.message);
    assert.equal(reply.retryable, false);

    const fresh = open(context, server, { retries: 3 });
    const request = await rejects(() => fresh.mset([["a", new Uint8Array(3_000).fill(97)]]), "too_large", /2000/u);
    assert.deepEqual([request.status, request.limit], [413, 2_000]);
    assert.ok(request.actual > 3_000 && request.actual < 3_100, String(request.actual));
  });

  test("413 without words, and as HTML", async (context) => {
    for (const body of ["", "<html>413 Request Entity Too Large</html>", "Payload Too Large"]) {
      const server = await scripted(context, [[413, body]]);
      const store = open(context, server, { retries: 3 });
      const error = await rejects(() => store.mset([["a", bytes(1)]]), "too_large", /413/u);
      assert.deepEqual([error.status, error.limit, error.actual, error.retryable], [413, undefined, undefined, false]);
      assert.equal(server.seen.length, 1);
    }
  });

  test("a key that is longer than Upstash takes is refused before anything is sent", async (context) => {
    const server = await strict(context);
    const store = open(context, server);
    const long = "k".repeat(32_769);
    for (const call of [
      () => store.mget(["a", long]),
      () => store.mset([["a", bytes(1)], [long, bytes(1)]]), // biome-ignore format: one line
      () => store.mdelete([long]),
      () => store.stat([long]),
    ]) {
      const error = await rejects(call, "too_large", /32769.*32768/u);
      assert.deepEqual([error.limit, error.actual, error.status], [32_768, 32_769, undefined]);
    }
    assert.equal(server.counts().requests, 0);
    const most = "k".repeat(32_768);
    await store.mset([[most, bytes(1)]]);
    assert.deepEqual(await store.mget([most]), [bytes(1)]);
  });
});

test("another program's lists are missing to mget and stat, and go when told to", async (context) => {
  const { server, call } = await fresh(context);
  assert.deepEqual(await call(["LPUSH", "list", "item"]), [200, { result: 1 }]);
  const store = open(context, server);
  await store.mset([["a", bytes(1)]]);
  assert.deepEqual(await store.mget(["list", "a"]), [undefined, bytes(1)]);
  assert.deepEqual(
    (await store.stat(["list", "a"])).map((stat) => stat?.bytes),
    [undefined, 1],
  );
  assert.deepEqual(await call(["LRANGE", "list", "0", "-1"]), [200, { result: ["item"] }]);
  await store.mdelete(["list"]);
  assert.deepEqual(await call(["EXISTS", "list"]), [200, { result: 0 }]);
});
