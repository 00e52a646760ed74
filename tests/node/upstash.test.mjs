/** `UpstashRedisByteStore`: its options, what it sends, and what it makes of the environment. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { UpstashRedisByteStore } from "bytestow";
import { program } from "../support/child.mjs";
import { all, bytes, rejects, throws } from "../support/expect.mjs";
import { testsRoot } from "../support/package.mjs";
import { fresh } from "../support/upstash/fresh.mjs";
import { answer, open, scripted } from "../support/upstash/scripted.mjs";

const make = (options) => new UpstashRedisByteStore({ url: "https://x.upstash.io", token: "t", ...options });

describe("options", () => {
  test("unknown ones are named, with the nearest known one", () => {
    for (const [name, nearest] of [
      ["Token", "token"],
      ["uri", "url"],
      ["header", "headers"],
      ["namspace", "namespace"],
      ["retry", "retries"],
      ["deadlin", "deadline"],
      ["timeOut", "timeout"],
      ["encodings", "encoding"],
      ["onevent", "onEvent"],
      ["TTL", "ttl"],
    ]) {
      throws(() => make({ [name]: 1 }), "invalid_argument", new RegExp(`"${name}".*"${nearest}"`, "u"));
    }
    throws(() => make({ now: Date.now }), "invalid_argument", /"now"/u);
    throws(() => make({ [`x${"y".repeat(5_000)}`]: 1 }), "invalid_argument");
    throws(() => make(JSON.parse('{"__proto__": 1}')), "invalid_argument");
    for (const options of [undefined, null, "https://x.upstash.io", 1, []]) {
      throws(() => new UpstashRedisByteStore(options), "invalid_argument", /object of options/u);
    }
  });

  test("url: a host in any script is asked by its name in ASCII", async (context) => {
    const asked = [];
    context.mock.method(globalThis, "fetch", async (request) => {
      asked.push(new URL(request.url ?? request).host);
      return Response.json({ result: [null] });
    });
    for (const url of [
      "https://BÜCHER.example",
      "https://例え.テスト/",
      "https://xn--bcher-kva.example",
      "https://[2001:DB8::1]",
    ]) {
      const store = make({ url, retries: 0 });
      assert.deepEqual(await store.mget(["a"]), [undefined]);
      store.close();
    }
    assert.deepEqual(asked, [
      "xn--bcher-kva.example",
      "xn--r8jz45g.xn--zckzah",
      "xn--bcher-kva.example",
      "[2001:db8::1]",
    ]);
  });

  test("url: what is wrong is said without showing it", () => {
    for (const [url, message] of [
      ["redis://default:hunter2@x.upstash.io:6379", /url.*Redis protocol.*https/u],
      ["rediss://default:hunter2@x.upstash.io:6379", /url.*Redis protocol.*https/u],
      [" REDISS://default:hunter2@x.upstash.io", /url.*Redis protocol.*https/u],
      ["https://user:hunter2@x.upstash.io", /url.*user/u],
      ["https://hunter2@x.upstash.io", /url.*user/u],
      ["https://x.upstash.io?_token=hunter2", /url.*query/u],
      ["https://x.upstash.io/#hunter2", /url.*fragment/u],
      ["x.upstash.io/hunter2", /url.*https:\/\//u],
      ["/hunter2", /url.*https:\/\/.*page.*relative/u],
      ["", /url/u],
      ["https://", /url/u],
      ["ftp://x.upstash.io/hunter2", /url.*https:\/\//u],
      ["javascript:hunter2", /url.*https:\/\//u],
      ["https://x y.io/hunter2", /url/u],
      [undefined, /url must be a string/u],
      [null, /url must be a string/u],
      [new URL("https://x.upstash.io"), /url must be a string/u],
      ["https://x.upstash.io/\ud800", /lone surrogate/u],
    ]) {
      const error = throws(() => make({ url }), "invalid_argument", message);
      assert.doesNotMatch(inspect(error), /hunter2/u);
    }
    for (const url of [
      "https://x.upstash.io",
      "http://127.0.0.1:8079/",
      " https://x/kv/redis// ",
      "HTTPS://X.UPSTASH.IO",
    ]) {
      make({ url });
    }
  });

  test("token: a string, a function or null, and never shown", () => {
    for (const token of [undefined, 1, {}, true, ["hunter2"], Promise.resolve("hunter2")]) {
      throws(() => make({ token }), "invalid_argument", /token must be a string, a function .* or null/u);
    }
    for (const token of ["", "hunter2 two", "hunter2\n", "hunter2é", "\u0000", "hunter2\u007f"]) {
      const error = throws(() => make({ token }), "invalid_argument", /token must be visible ASCII/u);
      assert.doesNotMatch(inspect(error), /hunter2/u);
    }
    for (const token of ["t", "AX==", null, () => "t", async () => "t"]) make({ token });
  });

  test("headers", () => {
    for (const headers of [null, 1, "x", () => {}]) throws(() => make({ headers }), "invalid_argument", /headers/u);
    for (const name of ["", "a b", "a:b", "é", "a\n"]) {
      throws(() => make({ headers: { [name]: "hunter2" } }), "invalid_argument", /headers/u);
    }
    for (const value of [1, null, undefined, "hunter2\r\nx: y", "é", ["a"]]) {
      const error = throws(() => make({ headers: { "x-key": value } }), "invalid_argument", /headers\["x-key"\]/u);
      assert.doesNotMatch(inspect(error), /hunter2/u);
    }
    for (const name of ["content-type", "Content-Length", "upstash-encoding", "Upstash-Sync-Token", "authorization"]) {
      throws(() => make({ headers: { [name]: "x" } }), "invalid_argument", /headers/u);
    }
    make({ token: null, headers: { Authorization: "Basic x" } });
    make({ headers: {} });
  });

  test("times and counts", () => {
    for (const name of ["timeout", "deadline"]) {
      for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, "1", null, 1n]) {
        throws(() => make({ [name]: value }), "invalid_argument", new RegExp(name, "u"));
      }
      for (const value of [1, 2 ** 31 - 1, undefined]) make({ [name]: value });
    }
    for (const retries of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "1", null]) {
      throws(() => make({ retries }), "invalid_argument", /retries/u);
    }
    for (const retries of [0, 5, Number.MAX_SAFE_INTEGER]) make({ retries });
    for (const ttl of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "1", null]) {
      throws(() => make({ ttl }), "invalid_argument", /ttl/u);
    }
    for (const ttl of [0.001, 1, 1e9]) make({ ttl });
  });

  test("namespace, encoding and onEvent", () => {
    for (const namespace of ["", "/", "/a", "a/", 1, null, "\ud800"])
      throws(() => make({ namespace }), "invalid_argument");
    for (const encoding of ["base64", "RAW", "", null, 1]) {
      throws(() => make({ encoding }), "invalid_argument", /encoding.*"auto", "raw"/u);
    }
    for (const onEvent of [null, 1, "log"]) throws(() => make({ onEvent }), "invalid_argument", /onEvent/u);
    make({ namespace: "a/b", encoding: "raw", onEvent: () => {} });
  });

  test("the longest times do no harm", async (context) => {
    const { server } = await fresh(context);
    const longest = 2 ** 31 - 1;
    const options = { timeout: longest, deadline: longest, retries: Number.MAX_SAFE_INTEGER };
    const store = open(context, server, options);
    await store.mset([["a", bytes(1)]], { ttl: 9_007_199_254_740 });
    assert.deepEqual(await store.mget(["a"]), [bytes(1)]);
  });
});

describe("what is sent", () => {
  test("one command: to the url itself, and nothing that is not needed", async (context) => {
    const server = await scripted(context, [[200, { result: ["v", null] }]]);
    const store = open(context, { ...server, url: `${server.url}/kv/redis/` }, { headers: { "X-Proxy": "p q" } });
    await store.mget(["a", 'é\n"\\\u0001😀']);
    const [{ method, url, headers, body, commands }] = server.seen;
    assert.deepEqual([method, url], ["POST", "/kv/redis"]);
    assert.deepEqual(commands, [["MGET", "a", 'é\n"\\\u0001😀']]);
    assert.equal(headers["content-type"], "application/json");
    assert.equal(headers.authorization, "Bearer secret");
    assert.equal(headers["x-proxy"], "p q");
    assert.equal(headers["content-length"], String(body.length));
    const ours = Object.keys(headers).filter((name) => name.startsWith("upstash"));
    assert.deepEqual(ours, [], "neither encoding nor telemetry is asked for");
  });

  test("several commands: to /pipeline below the url", async (context) => {
    const there = [{ result: 1 }, { result: -1 }, { result: "x" }, { result: "x" }, { result: 1 }];
    const server = await scripted(context, [[200, there]]);
    await open(context, { ...server, url: `${server.url}/kv` }, { namespace: "n" }).stat(["a"]);
    assert.equal(server.seen[0].url, "/kv/pipeline");
    assert.deepEqual(server.seen[0].commands, [
      ["STRLEN", "n/a"],
      ["PTTL", "n/a"],
      ["GETRANGE", "n/a", "0", "9"],
      ["GETRANGE", "n/a", "-2", "-1"],
      ["STRLEN", "n/a"],
    ]);
  });

  test("each method's command", async (context) => {
    const commands = async (call, result, options) => {
      const server = await scripted(context, [[200, { result }]]);
      await call(open(context, server, options));
      return server.seen.flatMap((request) => request.commands);
    };
    const pairs = [["a", Buffer.from("x")], ["b", bytes(255)], ["a", Buffer.from("é")]]; // biome-ignore format: one line
    assert.deepEqual(await commands((store) => store.mset(pairs.slice(0, 1)), "OK"), [["SET", "a", "x"]]);
    assert.deepEqual(await commands((store) => store.mset(pairs), "OK"), [["MSET", "b", "bytestow1:/w==", "a", "é"]]);
    const life = ["PX", "1500"];
    assert.deepEqual(await commands((store) => store.mset(pairs.slice(0, 1), { ttl: 1.5 }), "OK"), [
      ["SET", "a", "x", ...life],
    ]);
    assert.deepEqual(await commands((store) => store.mset(pairs, { ttl: 1.5 }), 1), [
      ["MSETEX", "2", "b", "bytestow1:/w==", "a", "é", ...life],
    ]);
    // The store's default, and a call that cancels it.
    assert.deepEqual(await commands((store) => store.mset(pairs.slice(0, 1)), "OK", { ttl: 0.0001 }), [
      ["SET", "a", "x", "PX", "1"],
    ]);
    const unlimited = (store) => store.mset(pairs.slice(0, 1), { ttl: null });
    assert.deepEqual(await commands(unlimited, "OK", { ttl: 9 }), [["SET", "a", "x"]]);
    assert.deepEqual(await commands((store) => store.mget(["b", "a", "b"]), ["1", null]), [["MGET", "b", "a"]]);
    assert.deepEqual(await commands((store) => store.mdelete(["a", "b"]), 2), [["UNLINK", "a", "b"]]);
    const [[name, cursor, match, pattern, count]] = await commands((store) => all(store.yieldKeys("a*b?[c]\\^-")), ["0", []], {
      namespace: "n*",
    }); // biome-ignore format: one line
    assert.deepEqual([name, cursor, match, count], ["SCAN", "0", "MATCH", "COUNT"]);
    assert.equal(
      pattern.replaceAll(/\\(.)/gu, "$1"),
      "n*/a*b?[c]\\^-*",
      "every special character but the last is escaped",
    );
    assert.deepEqual(pattern.match(/(?<!\\)(?:\\\\)*[*?[\]]/gu), ["*"]);
    assert.deepEqual(await commands((store) => store.clear({ all: true }), "OK"), [["FLUSHDB"]]);
  });

  test("nothing for nothing", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server);
    assert.deepEqual(await store.mget([]), []);
    assert.deepEqual(await store.stat([]), []);
    await store.mset([]);
    await store.mdelete([]);
    await store.capabilities();
    await rejects(() => store.setIf([["a", bytes(1)]], "absent"), "unsupported");
    await rejects(() => store.clear(), "invalid_argument", /all: true/u);
    assert.equal(server.counts().requests, 0);
  });

  test("a server that does not know UNLINK is asked for it once", async (context) => {
    const server = await scripted(context, (response, { commands: [[name]] }) => {
      if (name === "UNLINK")
        answer(response, 400, { error: "ERR unknown command 'UNLINK', with args beginning with: " });
      else answer(response, 200, { result: 0 });
    });
    const store = open(context, server);
    await store.mdelete(["a"]);
    await store.mdelete(["b"]);
    assert.deepEqual(
      server.seen.map(({ commands: [[name]] }) => name),
      ["UNLINK", "DEL", "DEL"],
    );
  });

  test("requests are counted and told, retries among them", async (context) => {
    const server = await scripted(context, [[503, ""], [200, { result: ["v", null] }]]); // biome-ignore format: one line
    const store = open(context, server, { retries: 1 });
    await store.mget(["a", "b"]);
    const { requests, hits, misses, bytesRead } = store.stats();
    assert.deepEqual([requests, hits, misses, bytesRead], [2, 1, 1, 1]);
    const told = store.told("request");
    assert.deepEqual(told.map(({ operation, keys }) => [operation, keys]), [["get", 2], ["get", 2]]); // biome-ignore format: one line
    for (const { ms } of told) assert.ok(ms > 0 && ms < 5_000);
  });
});

describe("fromEnv", () => {
  const UPSTASH = { UPSTASH_REDIS_REST_URL: "https://a.upstash.io", UPSTASH_REDIS_REST_TOKEN: "u" };
  const KV = { KV_REST_API_URL: "https://b.upstash.io", KV_REST_API_TOKEN: "k" };

  test("takes either pair, the first one where both are there", async (context) => {
    const first = await scripted(context, [[200, { result: [null] }]]);
    const second = await scripted(context, [[200, { result: [null] }]]);
    const upstash = { UPSTASH_REDIS_REST_URL: first.url, UPSTASH_REDIS_REST_TOKEN: "u" };
    const kv = { KV_REST_API_URL: second.url, KV_REST_API_TOKEN: "k" };
    for (const env of [
      upstash,
      kv,
      { ...upstash, ...kv },
      { ...kv, UPSTASH_REDIS_REST_URL: "", UPSTASH_REDIS_REST_TOKEN: "" },
    ]) {
      await UpstashRedisByteStore.fromEnv(env).mget(["a"]);
    }
    assert.deepEqual(
      first.seen.map(({ headers }) => headers.authorization),
      ["Bearer u", "Bearer u"],
    );
    assert.deepEqual(
      second.seen.map(({ headers }) => headers.authorization),
      ["Bearer k", "Bearer k"],
    );
  });

  test("says which variables are missing, and shows none", () => {
    for (const [env, message] of [
      [{}, /UPSTASH_REDIS_REST_URL nor KV_REST_API_URL/u],
      [{ UPSTASH_REDIS_REST_URL: UPSTASH.UPSTASH_REDIS_REST_URL }, /UPSTASH_REDIS_REST_TOKEN nor KV_REST_API_TOKEN/u],
      [{ UPSTASH_REDIS_REST_TOKEN: "hunter2" }, /_URL/u],
      [{ ...KV, KV_REST_API_TOKEN: undefined }, /_TOKEN/u],
      [{ ...UPSTASH, UPSTASH_REDIS_REST_TOKEN: 5 }, /_TOKEN/u],
      [{ ...UPSTASH, UPSTASH_REDIS_REST_URL: "rediss://default:hunter2@x" }, /Redis protocol/u],
      [{ ...UPSTASH, UPSTASH_REDIS_REST_TOKEN: "hunter2 x" }, /token/u],
      ["x", /env must be an object/u],
    ]) {
      const error = throws(() => UpstashRedisByteStore.fromEnv(env), "invalid_argument", message);
      assert.doesNotMatch(inspect(error), /hunter2/u);
    }
  });

  test("further options are the constructor's, but for url and token", async (context) => {
    const server = await scripted(context, [[200, { result: "OK" }]]);
    const env = { UPSTASH_REDIS_REST_URL: server.url, UPSTASH_REDIS_REST_TOKEN: "u" };
    const store = UpstashRedisByteStore.fromEnv(env, {
      namespace: "n",
      ttl: 2,
      url: "https://other.io",
      token: "other",
    });
    await store.mset([["a", Buffer.from("x")]]);
    assert.deepEqual(server.seen[0].commands, [["SET", "n/a", "x", "PX", "2000"]]);
    assert.equal(server.seen[0].headers.authorization, "Bearer u");
    throws(() => UpstashRedisByteStore.fromEnv(env, { namspace: "n" }), "invalid_argument", /"namespace"/u);
  });

  test("the process's environment is the default; without a process the message is the same", async () => {
    const source = `
      import assert from "node:assert/strict";
      import { UpstashRedisByteStore } from "bytestow";
      assert.throws(() => UpstashRedisByteStore.fromEnv(), /_URL/u);
      process.env.KV_REST_API_URL = "https://x.upstash.io";
      process.env.KV_REST_API_TOKEN = "t";
      UpstashRedisByteStore.fromEnv();
      delete globalThis.process;
      assert.throws(() => UpstashRedisByteStore.fromEnv(), /_URL/u);
    `;
    const { code, stderr } = await program(source, { cwd: testsRoot });
    assert.equal(code, 0, stderr);
  });
});
