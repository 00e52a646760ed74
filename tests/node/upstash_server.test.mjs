/** The strict server of the Upstash protocol, itself: each wire rule, mode and limit. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fresh } from "../support/upstash/fresh.mjs";
import { startServer } from "../support/upstash/server.mjs";

const BASE64 = { "upstash-encoding": "base64" };
const RESP2 = { "upstash-response-format": "resp2" };
const [LIMIT, SEE] = [10_485_760, "See https://upstash.com/docs"];

describe("requests", () => {
  test("one command, a pipeline and a transaction", async (context) => {
    const { call } = await fresh(context);
    assert.deepEqual(await call(["SET", "a", "1", "EX", 100]), [200, { result: "OK" }]);
    assert.deepEqual(await call(["get", "a"]), [200, { result: "1" }]);
    const commands = [["GET", "a"], ["GET"], ["NOPE", "x"], ["MGET", "a", "b"], ["EXISTS", "a", "a"]];
    const replies = [
      { result: "1" },
      { error: "ERR wrong number of arguments for 'get' command" },
      { error: "ERR unknown command 'NOPE', with args beginning with: 'x' " },
      { result: ["1", null] },
      { result: 2 },
    ];
    assert.deepEqual(await call(commands, {}, "/pipeline"), [200, replies]);
    const [status, discarded] = await call([["SET", "a", "2"], ["NOPE"]], {}, "/multi-exec");
    assert.equal(status, 400);
    assert.match(discarded.error, /^EXECABORT .*unknown command/);
    assert.deepEqual(
      await call(
        [
          ["LPUSH", "l", "x"],
          ["GET", "l"],
          ["GET", "a"],
        ],
        {},
        "/multi-exec",
      ),
      [
        200,
        [
          { result: 1 },
          { error: "WRONGTYPE Operation against a key holding the wrong kind of value" },
          { result: "1" },
        ],
      ],
    );
  });

  test("arguments are typed, bodies are JSON arrays", async (context) => {
    const { call, server } = await fresh(context);
    for (const [body, error] of [
      [["SET", "a", null], "ERR null args are not supported"],
      [["SET", "a", {}], 'ERR unsupported arg type: "{": json.Delim'],
      [["SET", "a", []], 'ERR unsupported arg type: "[": json.Delim'],
      ["", "EOF"],
      ['"text"', "expected JSON array"],
      [{ GET: "a" }, "expected JSON array"],
      ["[", "ERR failed to parse JSON request"],
      [[], "ERR empty command"],
    ]) {
      assert.deepEqual(await call(body), [400, { error }], JSON.stringify(body));
    }
    const half = [
      ["SET", "a", "1"],
      ["SET", "b", null],
    ];
    assert.deepEqual(await call(half, {}, "/pipeline"), [400, { error: "ERR null args are not supported" }]);
    assert.equal(server.database().size, 0);
    await call(["MSET", "number", 12.5, "flag", true]);
    assert.deepEqual(await call(["MGET", "number", "flag"]), [200, { result: ["12.5", "true"] }]);
  });

  test("the path holds a command, the body its last argument before the query", async (context) => {
    const { send, server } = await fresh(context, { now: () => 1000 });
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    const db = server.database();
    const key = "a/ b+%2F?#é";
    const { status, text } = await send(`/set/${encodeURIComponent(key)}?EX=100`, { body: bytes });
    assert.deepEqual([status, text], [200, '{"result":"OK"}']);
    assert.deepEqual([db.get(key), db.expireAt(key)], [Buffer.from(bytes), 101_000]);
    await send("/append/x", { method: "PUT", body: "1" });
    assert.equal((await send("/GET/x", { method: "GET" })).text, '{"result":"1"}');
    assert.equal((await send("/set/x/y?NX&PX=5", { method: "GET" })).text, '{"result":null}');
    assert.equal((await send("/get/x", { method: "HEAD" })).status, 200);
    const missing = await send("/set/x", { body: "" });
    assert.deepEqual(
      [missing.status, missing.text],
      [400, `{"error":"ERR wrong number of arguments for 'set' command"}`],
    );
    const framed = await send(`/get/${encodeURIComponent(key)}`, { method: "GET", headers: RESP2 });
    assert.deepEqual(framed.bytes, Buffer.concat([Buffer.from("$256\r\n"), bytes, Buffer.from("\r\n")]));
  });

  test("tokens: bearer, bare, in the query, wrong, none, another database, read-only", async (context) => {
    const { send, server } = await fresh(context, { readOnlyToken: "reader" });
    const as = (authorization, path = "/", body = ["SET", "a", "1"]) =>
      send(path, { headers: { authorization }, body });
    assert.equal((await as("secret")).status, 200);
    assert.equal((await as("Bearer wrong", "/?_token=secret")).status, 200);
    assert.equal((await as("", "/set/b/2?_token=secret&EX=10", "")).status, 200);
    const refused = await as("Bearer secret", "/?_token=wrong");
    assert.equal(refused.status, 401);
    assert.match(JSON.parse(refused.text).error, /^WRONGPASS invalid or missing auth token\. See https:/);
    assert.equal((await as("")).status, 401);
    await as("Bearer secret:other", "/", ["SET", "only here", "1"]);
    assert.deepEqual([server.database("other").size, server.database().size], [1, 2]);
    assert.equal((await as("Bearer reader", "/", ["GET", "a"])).text, '{"result":"1"}');
    for (const command of [
      ["SET", "a", "1"],
      ["SCAN", "0"],
      ["KEYS", "*"],
    ]) {
      const { status, text } = await as("Bearer reader", "/", command);
      const error = `NOPERM this user has no permissions to run the '${command[0].toLowerCase()}' command`;
      assert.deepEqual([status, JSON.parse(text)], [400, { error }]);
    }
    server.set({ unauthorized: true });
    assert.equal((await as("Bearer secret")).status, 401);
  });

  test("other methods get 405 and nothing, pages their CORS headers", async (context) => {
    const { send, server } = await fresh(context);
    const gone = await send("/", { method: "DELETE" });
    assert.deepEqual([gone.status, gone.text], [405, ""]);
    const asked = {
      origin: "https://page.test",
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,upstash-response-format",
    };
    const preflight = await send("/", { method: "OPTIONS", headers: asked });
    assert.equal(preflight.status, 200);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "https://page.test");
    assert.equal(preflight.headers.get("access-control-allow-credentials"), "true");
    assert.equal(preflight.headers.get("access-control-allow-headers"), "authorization,upstash-response-format");
    const wrong = await send("/", { headers: { authorization: "x", origin: "https://page.test" }, body: ["PING"] });
    assert.equal(wrong.headers.get("access-control-allow-origin"), "https://page.test");
    server.set({ cors: "no-resp2" });
    const without = await send("/", { method: "OPTIONS", headers: asked });
    assert.doesNotMatch(without.headers.get("access-control-allow-headers"), /format/);
    server.set({ cors: false });
    assert.equal((await send("/", { method: "OPTIONS", headers: asked })).status, 405);
  });

  test("each answer carries a sync token that grows with each write", async (context) => {
    const { send } = await fresh(context);
    const token = async (body) => (await send("/", { body })).headers.get("upstash-sync-token");
    const tokens = [];
    for (const command of [
      ["GET", "a"],
      ["SET", "a", "1"],
      ["GET", "a"],
      ["SET", "a"],
    ])
      tokens.push(await token(command));
    assert.deepEqual(tokens, ["0", "1", "1", "1"]);
    for (let at = 0; at < 31; at++) await token(["SET", "a", "1"]);
    assert.equal(await token(["GET", "a"]), "10");
  });
});

describe("replies", () => {
  const binary = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x41]);

  test("plain JSON loses what is not UTF-8", async (context) => {
    const { server, call } = await fresh(context);
    server.database().put("bin", binary);
    server.database().put("text", "é\u2028\u{1f600}");
    assert.deepEqual(await call(["MGET", "bin", "text"]), [
      200,
      { result: ["\ufffd\ufffd\0\ufffdA", "é\u2028\u{1f600}"] },
    ]);
  });

  test("base64 at any depth, but for OK, nulls, numbers and errors", async (context) => {
    const { server, call } = await fresh(context);
    const db = server.database();
    for (const [key, value] of Object.entries({ bin: binary, empty: "", ok: "OK" })) db.put(key, value);
    const bin = binary.toString("base64");
    assert.deepEqual(await call(["MGET", "bin", "empty", "ok", "none"], BASE64), [
      200,
      { result: [bin, "", "T0s=", null] },
    ]);
    const commands = [
      ["SET", "a", "1"],
      ["PING"],
      ["TYPE", "a"],
      ["SCAN", "0", "MATCH", "a"],
      ["STRLEN", "a"],
      ["NOPE"],
    ];
    const replies = [
      { result: "OK" },
      { result: "UE9ORw==" },
      { result: "c3RyaW5n" },
      { result: ["MA==", ["YQ=="]] },
      { result: 1 },
      { error: "ERR unknown command 'NOPE', with args beginning with: " },
    ];
    for (const path of ["/pipeline", "/multi-exec"]) {
      const [status, given] = await call(path === "/pipeline" ? commands : commands.slice(0, 5), BASE64, path);
      assert.equal(status, 200);
      // SCAN may repeat keys.
      given[3].result[1] = [...new Set(given[3].result[1])];
      assert.deepEqual(given, path === "/pipeline" ? replies : replies.slice(0, 5));
    }
    assert.deepEqual(await call(["GET"], BASE64), [400, { error: "ERR wrong number of arguments for 'get' command" }]);
  });

  test("RESP2 gives frames, raw", async (context) => {
    const { server, send, raw, call } = await fresh(context);
    server.database().put("bin", binary);
    const frame = Buffer.concat([Buffer.from("$5\r\n"), binary, Buffer.from("\r\n")]);
    const { headers, bytes } = await send("/", { body: ["GET", "bin"], headers: RESP2 });
    assert.equal(headers.get("content-type"), "application/octet-stream");
    assert.deepEqual(bytes, frame);
    assert.deepEqual(
      await raw(["MGET", "bin", "none"], RESP2),
      Buffer.concat([Buffer.from("*2\r\n"), frame, Buffer.from("$-1\r\n")]),
    );
    const commands = [["SET", "a", ""], ["GET", "a"], ["DBSIZE"], ["GET"], ["PING"], ["GET", "bin"]];
    const frames = await send("/pipeline", { body: commands, headers: RESP2 });
    const said = "+OK\r\n$0\r\n\r\n:2\r\n-ERR wrong number of arguments for 'get' command\r\n+PONG\r\n";
    assert.deepEqual([frames.status, frames.bytes], [200, Buffer.concat([Buffer.from(said), frame])]);
    const error = await send("/", { body: ["NOPE"], headers: RESP2 });
    assert.deepEqual([error.status, error.text], [400, "-ERR unknown command 'NOPE', with args beginning with: \r\n"]);
    for (const [headers, path] of [
      [{ ...RESP2, ...BASE64 }, "/"],
      [{ "upstash-response-format": "resp3" }, "/"],
      [RESP2, "/multi-exec"],
    ]) {
      const [status, { error }] = await call(path === "/" ? ["PING"] : [["PING"]], headers, path);
      assert.deepEqual([status, error.slice(0, 4)], [400, "ERR "], path);
    }
    assert.deepEqual(await call(["PING"], { "upstash-response-format": "json", ...BASE64 }), [
      200,
      { result: "UE9ORw==" },
    ]);
    assert.equal((await call(["GET", "a"], { ...RESP2, authorization: "x" }))[0], 401);
  });
});

describe("modes", () => {
  for (const [mode, asBase64, asResp2, msetex] of [
    ["full", "YQ==", "$1\r\na\r\n", 1],
    ["no-resp2", "YQ==", '{"result":"a"}', 1],
    ["plain", "a", '{"result":"a"}', 1],
    ["no-msetex", "YQ==", "$1\r\na\r\n", undefined],
    ["small-limits", "YQ==", "$1\r\na\r\n", 1],
  ]) {
    test(mode, async (context) => {
      const { call, raw } = await fresh(context, { mode });
      await call(["SET", "k", "a"]);
      assert.deepEqual(await call(["GET", "k"], BASE64), [200, { result: asBase64 }]);
      assert.equal((await raw(["GET", "k"], RESP2)).toString(), asResp2);
      const [, { result, error }] = await call(["MSETEX", 2, "x", "1", "y", "2", "PX", 1000]);
      assert.equal(result, msetex);
      if (msetex === undefined)
        assert.match(error, /^ERR unknown command 'MSETEX', with args beginning with: '2' 'x' /);
      const tooBig = mode === "small-limits" ? 413 : 200;
      assert.equal((await call(["SET", "big", "x".repeat(70_000)]))[0], tooBig);
    });
  }

  test("no other", () => assert.rejects(startServer({ mode: "none" }), /no such mode: none/));
});

describe("limits", () => {
  test("of one command's request: 413, or an item of a pipeline; never of a pipeline's sum", async (context) => {
    const { call, send, server } = await fresh(context);
    const big = "x".repeat(LIMIT);
    const error = (actual) => ({
      error: `ERR max request size exceeded. Limit: ${LIMIT} bytes, Actual: ${actual} bytes. ${SEE}`,
    });
    assert.deepEqual(await call(["SET", "k", big]), [413, error(LIMIT + 14)]);
    assert.deepEqual(await call(["SET", "k", big], RESP2), [413, error(LIMIT + 14)]);
    assert.deepEqual(await call(["SET", "k", big.slice(14)]), [200, { result: "OK" }]);
    assert.deepEqual(await call([["SET", "k", big], ["SET", "l", big.slice(14)], ["PING"]], {}, "/pipeline"), [
      200,
      [error(LIMIT + 14), { result: "OK" }, { result: "PONG" }],
    ]);
    assert.equal((await send("/set/raw", { body: Buffer.alloc(LIMIT - 6) })).status, 200);
    assert.equal((await send("/set/raw", { body: Buffer.alloc(LIMIT - 5) })).status, 413);
    assert.equal(server.database().get("raw").length, LIMIT - 6);
    assert.deepEqual(await call([["SET", "k", big]], {}, "/multi-exec").then(([status]) => status), 413);
  });

  test("of one command's reply: an error inside 200", async (context) => {
    const { call, send, server } = await fresh(context, { mode: "small-limits" });
    const limit = 64 * 1024;
    for (const key of ["a", "b"]) server.database().put(key, "x".repeat(40_000));
    const error = (actual) => ({
      error: `ERR max request size exceeded. Limit: ${limit} bytes, Actual: ${actual} bytes. ${SEE}`,
    });
    assert.deepEqual(await call(["MGET", "a", "b"]), [200, error(80_007)]);
    assert.deepEqual(await call(["MGET", "a", "b"], BASE64), [200, error(106_679)]);
    const { status, text } = await send("/", { body: ["MGET", "a", "b"], headers: RESP2 });
    assert.deepEqual([status, text], [200, `-${error(80_024).error}\r\n`]);
    const [, items] = await call(
      [
        ["GET", "a"],
        ["MGET", "a", "b"],
        ["GET", "b"],
      ],
      {},
      "/pipeline",
    );
    assert.deepEqual([items[0].result.length, items[1], items[2].result.length], [40_000, error(80_007), 40_000]);
    server.set({ requestLimit: 100 });
    assert.deepEqual((await call(["GET", "a"]))[0], 200);
    assert.deepEqual((await call(["SET", "a", "x".repeat(100)]))[0], 413);
  });

  test("of keys", async (context) => {
    const { call } = await fresh(context);
    const key = "k".repeat(32 * 1024);
    assert.deepEqual(await call(["MSET", "a", "1", key, "1"]), [200, { result: "OK" }]);
    const error = "ERR max key size exceeded. Limit: 32768 bytes, Actual: 32769 bytes";
    for (const command of [
      ["MSET", "b", "1", `${key}k`, "1"],
      ["GET", `${key}k`],
      ["MSETEX", 1, `${key}k`, "1", "PX", 1],
    ]) {
      assert.deepEqual(await call(command), [400, { error }]);
    }
    assert.deepEqual(await call(["EXISTS", "b"]), [200, { result: 0 }]);
  });

  test("quota, too many requests, a window without writes", async (context) => {
    const { call, send, server } = await fresh(context);
    const pipeline = () =>
      call(
        [
          ["GET", "a"],
          ["SET", "a", "1"],
        ],
        {},
        "/pipeline",
      );
    const quota = { error: "ERR max requests limit exceeded. Limit: 500000, Usage: 500000." };
    server.set({ quota: true });
    assert.deepEqual(await call(["GET", "a"], RESP2), [400, quota]);
    assert.deepEqual(await pipeline(), [200, [quota, quota]]);
    server.set({ quota: "whole" });
    assert.deepEqual(await pipeline(), [400, quota]);
    server.set({ quota: false, tooMany: { retryAfter: 2, times: 1 } });
    const many = await send("/", { body: ["PING"] });
    assert.deepEqual([many.status, many.headers.get("retry-after")], [429, "2"]);
    assert.equal((await call(["PING"]))[0], 200);
    server.set({ tooMany: {} });
    assert.deepEqual([(await call(["PING"]))[0], (await call(["PING"]))[0]], [429, 429]);
    const window = { error: "READONLY Writes are temporarily rejected due to server upgrade" };
    server.set({ tooMany: null, readOnlyWindow: 1 });
    assert.deepEqual(await pipeline(), [200, [{ result: null }, window]]);
    assert.deepEqual(await pipeline(), [200, [{ result: null }, { result: "OK" }]]);
    server.set({ readOnlyWindow: true });
    assert.deepEqual(await call(["SET", "a", "1"]), [400, window]);
  });
});

describe("commands", () => {
  test("expiry follows the clock given", async (context) => {
    const clock = { now: 5000 };
    const { call, server } = await fresh(context, { now: () => clock.now });
    const result = async (...command) => (await call(command))[1].result;
    await result("SET", "a", "1", "PX", 100);
    await result("MSETEX", 2, "b", "1", "c", "2", "EX", 1);
    await result("SET", "for ever", "1");
    assert.deepEqual(
      [
        await result("PTTL", "a"),
        await result("PTTL", "b"),
        await result("PTTL", "for ever"),
        await result("PTTL", "x"),
      ],
      [100, 1000, -1, -2],
    );
    clock.now = 5100;
    assert.equal(await result("GET", "a"), "1");
    clock.now = 5101;
    assert.deepEqual(await result("MGET", "a", "b"), [null, "1"]);
    assert.deepEqual([await result("TTL", "b"), await result("DBSIZE"), await result("DEL", "a")], [1, 3, 0]);
    await result("SET", "b", "2", "KEEPTTL");
    await result("MSET", "c", "3");
    clock.now = 10_000;
    assert.deepEqual((await result("KEYS", "*")).sort(), ["c", "for ever"]);
    assert.deepEqual(new Set((await result("SCAN", "0"))[1]), new Set(["c", "for ever"]));
    assert.equal(server.database().size, 2);
  });

  test("MSETEX sets all or none", async (context) => {
    const { call } = await fresh(context);
    for (const [command, reply] of [
      [["MSETEX", 1, "a", "1"], { result: 1 }],
      [["MSETEX", 2, "b", "1", "a", "1", "NX"], { result: 0 }],
      [["EXISTS", "b"], { result: 0 }],
      [["MSETEX", 2, "b", "1", "a", "1", "XX"], { result: 0 }],
      [["MSETEX", 2, "b", "1", "c", "1", "NX", "PX", 100], { result: 1 }],
      [["MSETEX", 2, "b", "1"], { error: "ERR wrong number of key-value pairs" }],
      [["MSETEX", 0, "b", "1"], { error: "ERR invalid numkeys value" }],
      [["MSETEX", 1, "b", "1", "PX", 0], { error: "ERR invalid expire time in 'msetex' command" }],
      [["MSETEX", 1, "b", "1", "PX"], { error: "ERR syntax error" }],
      [["MSETEX", 1, "b", "1", "PX", "1.5"], { error: "ERR value is not an integer or out of range" }],
    ]) {
      assert.deepEqual((await call(command))[1], reply, JSON.stringify(command));
    }
  });

  test("SCAN gives each key that lives throughout, repeats some, and ends", async (context) => {
    const { call, server } = await fresh(context);
    const db = server.database();
    for (let at = 0; at < 1000; at++) db.put(`key:${at}`, "1");
    const [seen, pages] = [[], []];
    let [cursor, page] = ["0", 0];
    do {
      const [, { result }] = await call(["SCAN", cursor, "COUNT", "50", "MATCH", "key:*"]);
      cursor = result[0];
      seen.push(...result[1]);
      pages.push(cursor);
      // Odd keys are removed and others added while it goes on.
      for (let at = 1; at < 100; at += 2) db.delete(`key:${page * 100 + at}`);
      for (let at = 0; at < 100; at++) db.put(`key:new:${page}:${at}`, "1");
      page += 1;
    } while (cursor !== "0");
    const found = new Set(seen);
    for (let at = 0; at < 1000; at += 2) assert.ok(found.has(`key:${at}`), `key:${at}`);
    assert.ok(seen.length > found.size, "no key came twice");
    assert.ok(pages.length < 40);
    assert.ok(pages.slice(0, -1).every((next) => !Number.isSafeInteger(Number(next))));
    assert.deepEqual(await call(["SCAN", "x"]), [400, { error: "ERR invalid cursor" }]);
  });

  test("many appended pieces, many keys, and large bodies take no long", async (context) => {
    const { send, call, server } = await fresh(context);
    const piece = Buffer.alloc(1 << 20, 7);
    const began = performance.now();
    for (let at = 0; at < 60; at++) await send("/append/k", { body: piece });
    assert.equal(server.database().get("k").length, 60 << 20);
    const keys = Array.from({ length: 50_000 }, (_, at) => `key:${at}`);
    await call(["MSET", ...keys.flatMap((key) => [key, key])]);
    assert.deepEqual((await call(["MGET", ...keys]))[1].result, keys);
    assert.equal((await call(["UNLINK", ...keys]))[1].result, keys.length);
    assert.ok(performance.now() - began < 20_000);
  });

  test("counts", async (context) => {
    const { call, server } = await fresh(context);
    server.resetCounts();
    await call([["mget", "a", "b"], ["MGET", "a"], ["PING"]], { "upstash-sync-token": "1" }, "/pipeline");
    assert.deepEqual(server.counts(), {
      requests: 1,
      preflights: 0,
      commands: 3,
      bytesIn: 40,
      bytesOut: 60,
      perCommand: { MGET: 2, PING: 1 },
      syncTokens: 1,
    });
  });
});
