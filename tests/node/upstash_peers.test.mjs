/** The strict server of the Upstash protocol among its kind: the official SDK on it, a real Redis beside it. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Redis } from "@upstash/redis";
import { fresh } from "../support/upstash/fresh.mjs";
import { startRedis } from "../support/upstash/redis.mjs";

describe("the official SDK", () => {
  test("reads and writes in base64 mode", async (context) => {
    const { server, call } = await fresh(context);
    const redis = new Redis({ url: server.url, token: server.token, enableTelemetry: false, retry: { retries: 0 } });
    assert.equal(await redis.set("text", "é\u{1f600} text", { px: 60_000 }), "OK");
    assert.equal(await redis.get("text"), "é\u{1f600} text");
    assert.deepEqual((await call(["GET", "text"]))[1], { result: "é\u{1f600} text" });
    assert.equal(await redis.set("number", 5), "OK");
    assert.equal(await redis.get("number"), 5);
    assert.equal(await redis.get("none"), null);
    await redis.mset({ a: { b: 1 }, ok: "OK" });
    assert.deepEqual(await redis.mget("a", "none", "ok"), [{ b: 1 }, null, "OK"]);
    assert.deepEqual(await redis.pipeline().strlen("ok").get("ok").del("ok", "none").exec(), [2, "OK", 1]);
    assert.deepEqual(await redis.multi().set("m", "1").get("m").exec(), ["OK", 1]);
    assert.equal(await redis.ping(), "PONG");
    const keys = new Set();
    let cursor = "0";
    do {
      const [next, page] = await redis.scan(cursor, { match: "[am]*", count: 1 });
      cursor = next;
      for (const key of page) keys.add(key);
    } while (cursor !== "0");
    assert.deepEqual([...keys].sort(), ["a", "m"]);
    await redis.lpush("list", "x", "y");
    assert.deepEqual(await redis.lrange("list", 0, -1), ["y", "x"]);
    await assert.rejects(redis.get("list"), /WRONGTYPE/);
    await assert.rejects(redis.mget(), /ERR wrong number of arguments for 'mget' command/);
    await assert.rejects(new Redis({ url: server.url, token: "wrong", enableTelemetry: false }).get("a"), /WRONGPASS/);
  });
});

describe("beside a real Redis", () => {
  let redis;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis?.close());

  /** Numbers from 0 to `below` that follow from `seed`. */
  function generator(seed) {
    let state = seed;
    return (below) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  }

  /** A random command on few keys, often a wrong one. Times are long: both clocks go on meanwhile. */
  function randomCommand(below) {
    const pick = (...of) => of[below(of.length)];
    const key = () => pick("a", "b", "key:1", "key:2", "k[x]", "list", "");
    const value = () => pick("", "v", "OK", "12", "some longer text", "a\r\nb", 'it\'s \\ "quoted"');
    const some = (make) => Array.from({ length: below(4) }, make).flat();
    const place = () => String(pick(0, 1, 2, 5, 100, -1, -2, -5, -100, "x", "1.5", ""));
    const time = () => pick("1000", "2000", "0", "-1", "x", "9223372036854775807", "99999999999999999999", "01");
    const option = () =>
      pick(["NX"], ["XX"], ["GET"], ["KEEPTTL"], ["EX", time()], ["PX", `${time()}000`], ["EX"], ["nope"]);
    const pattern = () =>
      pick("*", "key:?", "[a-b]", "[^a]*", "k\\[x\\]", "k[[]x]", "k*1", "", "[b-a", "\\", "**a", "?", "[]a]", "k[");
    return pick(
      () => ["GET", key()],
      () => ["SET", key(), value(), ...some(option)],
      () => ["set", key(), value()],
      () => ["MGET", ...some(key)],
      () => ["MSET", ...some(() => [key(), value()]), ...pick([], [], [], [key()])],
      () => [pick("DEL", "UNLINK", "EXISTS"), ...some(key)],
      () => [pick("STRLEN", "TYPE", "PTTL", "TTL"), key()],
      () => ["GETRANGE", key(), place(), place()],
      () => ["LRANGE", pick("list", key()), place(), place()],
      () => ["LPUSH", pick("list", key()), value(), ...some(value)],
      () => ["APPEND", key(), value()],
      () => [
        pick("EXPIRE", "PEXPIRE"),
        key(),
        pick(time(), "100000"),
        ...pick([], [], ["NX"], ["XX"], ["GT"], ["LT"], ["nope"]),
      ],
      () => ["SETEX", key(), time(), value()],
      () => ["RENAME", key(), key()],
      () => ["KEYS", pattern()],
      () => ["DBSIZE", ...pick([], [], ["x"])],
      () => ["FLUSHDB", ...pick([], ["ASYNC"], ["SYNC"], ["x"])],
      () => ["PING", ...some(value)],
      () => ["ECHO", ...some(value)],
      () => [
        "SCAN",
        pick("0", "x"),
        ...pick([], ["COUNT", "0"], ["COUNT", "x"], ["MATCH"], ["nope", "1"], ["COUNT", "100"]),
      ],
      () => [pick("NOPE", "FLUSHEVERYTHING", "a'b"), ...some(value), ...some(() => "x".repeat(50))],
    )();
  }

  /** A reply in which order, repetition and the time that went by do not show. */
  function settled([name], reply) {
    const { result } = reply;
    if (/^(P?TTL)$/.test(name) && result > 0) return { result: Math.round(result / (name === "TTL" ? 100 : 100_000)) };
    if (name === "KEYS" && result !== undefined) return { result: [...result].sort() };
    if (name === "SCAN" && result !== undefined) return { result: [result[0], [...new Set(result[1])].sort()] };
    return reply;
  }

  test("random commands have the same answers", async (context) => {
    const { call } = await fresh(context);
    const below = generator(4);
    const real = async (commands) => {
      const response = await fetch(`${redis.url(0)}/pipeline`, {
        method: "POST",
        headers: { authorization: `Bearer ${redis.token}` },
        body: JSON.stringify(commands),
      });
      return response.json();
    };
    for (let batch = 0; batch < 200; batch++) {
      const commands = Array.from({ length: 20 }, () => randomCommand(below));
      const [theirs, [, ours]] = [await real(commands), await call(commands, {}, "/pipeline")];
      commands.forEach((command, at) => {
        assert.deepEqual(
          settled(command, ours[at]),
          settled(command, theirs[at]),
          `${batch}: ${JSON.stringify(command)}`,
        );
      });
    }
  });

  test("each database has its own path, and redis-cli beside it", async () => {
    const post = async (database, body, token = redis.token) => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(redis.url(database), { method: "POST", headers, body: JSON.stringify(body) });
      return [response.status, await response.text()];
    };
    assert.deepEqual(await post(1023, ["SET", "a", "é"]), [200, '{"result":"OK"}']);
    assert.deepEqual(await post(1022, ["GET", "a"]), [200, '{"result":null}']);
    assert.equal((await redis.cli(1023, "GET", "a")).toString(), "é");
    const bytes = Buffer.from([0, 255, 10, 13, 10]);
    await redis.cli(1023, "SET", "bin", bytes);
    assert.deepEqual(await redis.cli(1023, "GET", "bin"), bytes);
    assert.equal((await post(1023, ["GET"]))[0], 500);
    assert.equal((await post(1023, ["GET", "a"], "wrong"))[0], 401);
  });
});
