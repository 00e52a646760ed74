/** `UpstashRedisByteStore` and what servers answer that is no reply: each kind, where it may stand, and what it becomes. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { all, bytes, rejects } from "../support/expect.mjs";
import { answer, open, scripted } from "../support/upstash/scripted.mjs";
import { startServer } from "../support/upstash/server.mjs";

const refusal = (error) => ({ error });
const WRONGTYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
const QUOTA = "ERR max requests limit exceeded. Limit: 500000, Usage: 500000. See https://upstash.com/docs";
const CAPACITY = "ERR DB capacity quota exceeded";
const WRONGPASS = "WRONGPASS invalid or missing auth token. See https://docs.upstash.com/redis/troubleshooting";
const NOPERM = "NOPERM this user has no permissions to run the 'mset' command";
const READONLY = "READONLY Writes are temporarily rejected due to server upgrade";
const CUT = '{"result":["YWJj","d';

/** What an error is besides its message, without what was not to be there. */
function fieldsOf({ code, retryable, status, redisError, limit, actual, attempts }) {
  const all = { code, retryable, status, redisError, limit, actual, attempts };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** The first word of the server's error, where it is one of Redis'. */
const wordOf = (body) => /^(?:Failed to execute Redis command: )?([A-Z]+) /u.exec(body.error)?.[1];

/**
 * Answers, each with the error that it becomes. `retried`: a second attempt is made; all are with one retry allowed.
 */
const ANSWERS = {
  // Errors inside a 200, as Upstash gives them for replies that are too large, and its imitators for anything.
  "200 with an error": [200, refusal("ERR syntax error"), { code: "unavailable" }],
  "200 with a result and an error": [200, { result: ["a", "b"], error: "ERR no" }, { code: "unavailable" }],
  "400 with an error": [400, refusal("ERR wrong number of arguments"), { code: "unavailable" }],
  // HTML of proxies and content networks.
  "200 with HTML": [200, "<!doctype html><title>error code: 1016</title>", { code: "unavailable" }, /HTML/u],
  "404 with HTML": [404, "<html>no such page</html>", { code: "unavailable" }, /url.*404/u],
  "502 with HTML": [502, "<html><h1>502 Bad Gateway</h1></html>", { code: "unavailable", retried: true }, /HTML/u],
  "403 with HTML": [403, " \n<html>no entry</html>", { code: "unauthorized" }, /HTML.*403/u],
  // Plain text.
  "200 with text": [200, "error code: 1016", { code: "unavailable" }],
  "530 with text": [530, "error code: 1016", { code: "unavailable", retried: true }, /530/u],
  "401 with text": [401, "Unauthorized", { code: "unauthorized" }, /token.*401/u],
  "403 with text": [403, "Forbidden", { code: "unauthorized" }, /403/u],
  "404 with text": [404, "404 Not Found", { code: "unavailable" }, /url.*404/u],
  "405 with nothing": [405, "", { code: "unavailable" }, /405/u],
  "500 with text": [500, "Internal Server Error", { code: "unavailable", retried: true }, /500/u],
  // JSON, and yet no reply.
  "200 with nothing": [200, "", { code: "unavailable", retried: true }, /empty/u],
  "200 with white space": [200, " \r\n\t", { code: "unavailable", retried: true }, /empty/u],
  "204 with nothing": [204, "", { code: "unavailable", retried: true }, /empty/u],
  "200 with JSON cut off": [200, CUT, { code: "unavailable", retried: true }, /cut off/u],
  "200 with more than a reply": [200, '{"result":["a","b"]}{"result":1}', { code: "unavailable", retried: true }],
  "200 with an object that is no reply": [200, {}, { code: "unavailable", retried: true }],
  "200 with too few values": [200, { result: ["a"] }, { code: "unavailable", retried: true }],
  "200 with too many values": [200, { result: ["a", "b", "c"] }, { code: "unavailable", retried: true }],
  "200 with one value": [200, { result: "OK" }, { code: "unavailable", retried: true }],
  "200 with null for all": [200, { result: null }, { code: "unavailable", retried: true }],
  "200 with numbers": [200, { result: [1, 2] }, { code: "unavailable", retried: true }],
  "200 with objects": [200, { result: [{}, {}] }, { code: "unavailable", retried: true }],
  "200 with lists": [200, { result: [["a"], ["b"]] }, { code: "unavailable", retried: true }],
  "200 with a pipeline's answer": [200, [{ result: ["a", "b"] }], { code: "unavailable", retried: true }],
  "200 with RESP2 nobody asked for": [200, "*2\r\n$1\r\na\r\n$1\r\nb\r\n", { code: "unavailable", retried: true }],
  // Statuses with a meaning.
  "401 with an error": [401, refusal(WRONGPASS), { code: "unauthorized" }, /token.*401/u],
  "401 with another error": [401, refusal("ERR invalid token"), { code: "unauthorized" }],
  "403 with an error": [403, refusal("ERR your address is not allowed"), { code: "unauthorized" }],
  "408 with text": [408, "Request Timeout", { code: "unavailable", retried: true }, /408/u],
  "425 with nothing": [425, "", { code: "unavailable", retried: true }, /425/u],
  "429 with an error": [
    429,
    refusal("ERR max commands per second exceeded"),
    { code: "unavailable", retried: true },
    /429/u,
  ],
  "500 with an error": [500, refusal("ERR internal server error"), { code: "unavailable", retried: true }],
  "503 with an error": [503, refusal("ERR service unavailable"), { code: "unavailable", retried: true }],
  "500 with an error of Redis, as an imitator has it": [
    500,
    refusal("Failed to execute Redis command: ERR syntax error"),
    { code: "unavailable" },
  ],
  // Words with a meaning.
  WRONGTYPE: [400, refusal(WRONGTYPE), { code: "corrupt" }],
  READONLY: [400, refusal(READONLY), { code: "unavailable", retried: true }],
  "the quota": [400, refusal(QUOTA), { code: "quota_exceeded", retryable: true }, /quota/u],
  "the capacity": [400, refusal(CAPACITY), { code: "quota_exceeded" }, /full/u],
  NOPERM: [400, refusal(NOPERM), { code: "unauthorized" }, /read-only token/u],
};

describe("the answer to one command", () => {
  for (const [name, [status, body, expected, message]] of Object.entries(ANSWERS)) {
    test(name, async (context) => {
      const server = await scripted(context, [[status, body]]);
      const store = open(context, server, { retries: 1 });
      const began = performance.now();
      const error = await rejects(() => store.mget(["a", "b"]), expected.code, message);
      const { code, retried = false, retryable = retried } = expected;
      const word = wordOf(body);
      const told = word === undefined ? {} : { redisError: word };
      assert.deepEqual(fieldsOf(error), { code, retryable, status, ...told, attempts: retried ? 2 : 1 });
      assert.ok(error.elapsed >= 0 && error.elapsed <= performance.now() - began, `${error.elapsed} ms`);
      assert.equal(server.seen.length, retried ? 2 : 1);
      assert.equal(store.told("retry").length, retried ? 1 : 0);
    });
  }

  test("a write, a deletion, a listing and a clear fail as a read does", async (context) => {
    for (const [status, body, code] of [
      [400, refusal(READONLY), "unavailable"],
      [200, refusal("ERR syntax error"), "unavailable"],
      [200, "<html></html>", "unavailable"],
      [200, CUT, "unavailable"],
      [200, { result: {} }, "unavailable"],
      [200, { result: "no OK" }, "unavailable"],
      [200, { result: null }, "unavailable"],
      [400, refusal(CAPACITY), "quota_exceeded"],
      [400, refusal(NOPERM), "unauthorized"],
    ]) {
      const store = open(context, await scripted(context, [[status, body]]), { namespace: "n" });
      await rejects(() => store.mset([["a", bytes(1)]]), code);
      await rejects(() => store.mset([["a", bytes(1)]], { ttl: 9 }), code);
      await rejects(() => store.mdelete(["a"]), code);
      await rejects(() => all(store.yieldKeys()), code);
      await rejects(() => store.clear(), code);
      await rejects(() => store.stat(["a"]), code);
    }
  });

  test("what an MSETEX, an UNLINK and a SCAN may not answer", async (context) => {
    for (const [result, call] of [
      [0, (store) => store.mset([["a", bytes(1)], ["b", bytes(2)]], { ttl: 9 })], // biome-ignore format: one line
      ["QUEUED", (store) => store.mset([["a", bytes(1)]])],
      ["x", (store) => store.mdelete(["a"])],
      [["0"], (store) => all(store.yieldKeys())],
      [["0", "a"], (store) => all(store.yieldKeys())],
      [["0", [1]], (store) => all(store.yieldKeys())],
      [["0", [null]], (store) => all(store.yieldKeys())],
      [[null, []], (store) => all(store.yieldKeys())],
    ]) {
      const store = open(context, await scripted(context, [[200, { result }]]));
      await rejects(() => call(store), "unavailable", /cannot be understood/u);
    }
  });
});

describe("the answer to several commands", () => {
  /** What `stat` asks of a key that is there. */
  const THERE = [{ result: 3 }, { result: -1 }, { result: "abc" }, { result: "bc" }, { result: 3 }];
  /** The same with one item replaced. */
  const with_ = (at, item) => THERE.with(at, item);

  test("errors of items", async (context) => {
    for (const [item, expected] of [
      [refusal("ERR syntax error"), { code: "unavailable", redisError: "ERR", retryable: false, attempts: 1 }],
      [refusal(NOPERM), { code: "unauthorized", redisError: "NOPERM", retryable: false, attempts: 1 }],
      [refusal(CAPACITY), { code: "quota_exceeded", redisError: "ERR", retryable: false, attempts: 1 }],
      [refusal(QUOTA), { code: "quota_exceeded", redisError: "ERR", retryable: true, attempts: 1 }],
      [refusal(READONLY), { code: "unavailable", redisError: "READONLY", retryable: true, attempts: 2 }],
      [refusal(WRONGPASS), { code: "unauthorized", redisError: "WRONGPASS", retryable: false, attempts: 1 }],
    ]) {
      for (const at of [0, 1, 2, 3, 4]) {
        const server = await scripted(context, [[200, with_(at, item)]]);
        const error = await rejects(() => open(context, server, { retries: 1 }).stat(["a"]), expected.code);
        const { attempts = 1, ...fields } = fieldsOf(error);
        const { attempts: wanted, ...rest } = expected;
        assert.equal(attempts, wanted, error.message);
        assert.equal(server.seen.length, wanted, error.message);
        assert.equal(fields.retryable, rest.retryable, error.message);
        assert.equal(fields.redisError, rest.redisError, error.message);
      }
    }
  });

  test("only the items that failed for now are sent again", async (context) => {
    const keys = ["a", "b", "c", "d"];
    const server = await scripted(context, (response, { commands }, number) => {
      if (commands[0][0] === "MSETEX") return answer(response, 400, refusal("ERR unknown command 'MSETEX'"));
      const fails = (key) => (number === 2 && key !== "b") || (number === 3 && key === "d");
      const items = commands.map(([, key]) => (fails(key) ? refusal(READONLY) : { result: "OK" }));
      answer(response, 200, items);
    });
    const store = open(context, server, { retries: 5 });
    await store.mset(
      keys.map((key) => [key, bytes(97)]),
      { ttl: 9 },
    );
    assert.deepEqual(
      server.seen.slice(1).map(({ url, commands }) => [url, ...commands.map(([, key]) => key)]),
      [
        ["/pipeline", "a", "b", "c", "d"],
        ["/pipeline", "a", "c", "d"],
        ["/pipeline", "d"],
      ],
    );
  });

  test("what stat asks of a key is sent again as a whole: it is to be of one state of it", async (context) => {
    const server = await scripted(context, [[200, with_(2, refusal(READONLY))], [200, THERE]]); // biome-ignore format: one line
    assert.deepEqual(await open(context, server, { retries: 1 }).stat(["a"]), [
      { bytes: 3, ttl: null, written: undefined },
    ]);
    assert.deepEqual(
      server.seen.map(({ commands }) => commands.length),
      [5, 5],
    );
  });

  test("another number of items is no answer", async (context) => {
    for (const items of [[], THERE.slice(1), [...THERE, { result: 1 }], [THERE]]) {
      const server = await scripted(context, [[200, items]]);
      const error = await rejects(() => open(context, server, { retries: 1 }).stat(["a"]), "unavailable");
      assert.deepEqual([error.attempts, error.retryable, server.seen.length], [2, true, 2]);
    }
    const server = await scripted(context, [[200, THERE.slice(1)], [200, THERE]]); // biome-ignore format: one line
    assert.equal((await open(context, server, { retries: 1 }).stat(["a"]))[0].bytes, 3);
  });

  test("one error, HTML, text or JSON cut off stands for all of them", async (context) => {
    for (const [status, body, code] of [
      [400, refusal("ERR failed to parse JSON request"), "unavailable"],
      [200, refusal("ERR syntax error"), "unavailable"],
      [400, refusal(QUOTA), "quota_exceeded"],
      [401, refusal(WRONGPASS), "unauthorized"],
      [401, "Unauthorized", "unauthorized"],
      [200, "<html>", "unavailable"],
      [502, "Bad Gateway", "unavailable"],
      [200, '[{"result":3},{"result":-1', "unavailable"],
      [200, { result: [1, 2, 3, 4] }, "unavailable"],
      [200, [[], {}, 1, null], "unavailable"],
    ]) {
      const error = await rejects(
        async () => open(context, await scripted(context, [[status, body]])).stat(["a"]),
        code,
      );
      assert.equal(error.status, status);
    }
  });

  test("an answer that names its error with a null, as some have it, is none", async (context) => {
    const server = await scripted(context, [[200, { error: null, result: ["a", null] }]]);
    assert.deepEqual(await open(context, server).mget(["x", "y"]), [bytes(97), undefined]);
  });
});

describe("bodies that end early", () => {
  const ends = {
    "content-length is longer than the body": (response) => {
      response.writeHead(200, { "content-length": 5_000 });
      response.write('{"result":["a"]}', () => response.socket.destroy());
    },
    "the connection is reset within the body": (response) => {
      response.writeHead(200, { "content-length": 5_000 });
      response.write(CUT, () => response.socket.resetAndDestroy());
    },
    "chunks end without the last one": (response) => {
      response.writeHead(200);
      response.write('{"result":["a"]}', () => response.socket.destroy());
    },
    "the connection ends before the head": (response) => response.socket.destroy(),
    "the connection is reset before the head": (response) => response.socket.resetAndDestroy(),
  };
  for (const [name, end] of Object.entries(ends)) {
    test(`${name}: tried again, and an error if it stays so`, async (context) => {
      const once = await scripted(context, (response, _request, number) => {
        if (number === 1) end(response);
        else answer(response, 200, { result: ["a"] });
      });
      const store = open(context, once, { retries: 1 });
      assert.deepEqual(await store.mget(["k"]), [bytes(97)]);
      const [{ delay, ...told }] = store.told("retry");
      assert.deepEqual(told, { type: "retry", operation: "get", attempt: 1, reason: "unavailable" });
      assert.ok(delay >= 0 && delay <= 50, `${delay} ms`);

      const always = await scripted(context, end);
      const error = await rejects(() => open(context, always, { retries: 2 }).mget(["k"]), "unavailable");
      assert.deepEqual([error.attempts, always.seen.length, error.retryable], [3, 3, true]);
    });
  }

  test("nobody listens, and a name that nobody has", async (context) => {
    const gone = await startServer();
    await gone.close();
    for (const url of [gone.url, "http://no-such-host.invalid"]) {
      const error = await rejects(() => open(context, { url, token: "t" }, { retries: 1 }).mget(["k"]), "unavailable");
      assert.deepEqual([error.attempts, error.retryable, error.status], [2, true, undefined]);
      assert.notEqual(error.cause, undefined, "the message sends one to the cause");
    }
  });
});
