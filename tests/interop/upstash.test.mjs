/** What stands in Redis, exchanged with LangChain, the official SDKs, redis-cli, Python and a shell: both ways. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { UpstashRedisStore } from "@langchain/community/storage/upstash_redis";
import { Redis } from "@upstash/redis";
import { UpstashRedisByteStore } from "bytestow";
import { run } from "../support/child.mjs";
import { all, bytes, rejects } from "../support/expect.mjs";
import { startRedis } from "../support/upstash/redis.mjs";
import { startServer } from "../support/upstash/server.mjs";
import { venv } from "../support/venv.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const utf8 = (text) => new Uint8Array(Buffer.from(text));
const text = (value) => value && Buffer.from(value).toString();
const MARKER = "bytestow1:";
const BINARY = bytes(...Array.from({ length: 256 }, (_, at) => 255 - at));
const VECTOR = new Uint8Array(new Float32Array([0.1, -1e-9, 3e38]).buffer);

/**
 * The servers. `area()` gives an empty database: its URL and token, and what its own side of it can do. `lossy` servers
 * give bytes that are no text as U+FFFD, whatever a client asks for, and take no bytes that are none.
 */
const SERVERS = {
  "a real Redis": {
    lossy: true,
    async start() {
      const redis = await startRedis();
      let count = 0;
      const area = () => {
        const database = count++;
        const native = {
          get: (key) => redis.cli(database, "GET", key),
          put: async (key, value) =>
            assert.equal(text(await redis.cli(database, "SET", key, Buffer.from(value))), "OK"),
          exists: async (key) => text(await redis.cli(database, "EXISTS", key)) === "1",
          life: async (key) => Number(await redis.cli(database, "PTTL", key)),
        };
        const { port, token } = redis;
        return { url: redis.url(database), token, native, cli: `redis-cli -p ${port} -n ${database}` };
      };
      return { area, close: () => redis.close() };
    },
  },
  "the strict server": {
    lossy: false,
    async start() {
      const server = await startServer();
      let count = 0;
      const area = () => {
        const name = `area-${count++}`;
        const database = server.database(name);
        const native = {
          get: (key) => database.get(key),
          put: (key, value) => database.put(key, Buffer.from(value)),
          exists: (key) => database.get(key) !== undefined,
          life: (key) => database.expireAt(key) - Date.now(),
        };
        return { url: server.url, token: `${server.token}:${name}`, native };
      };
      return { area, close: () => server.close() };
    },
  },
};

for (const [name, { lossy, start }] of Object.entries(SERVERS)) {
  describe(`on ${name}`, () => {
    let server;
    before(async () => {
      server = await start();
    });
    after(() => server?.close());

    /** Our store on an area, closed after the test. */
    const ours = (context, { url, token }, options) => {
      const store = new UpstashRedisByteStore({ url, token, ...options });
      context.after(() => store.close());
      return store;
    };

    /** The SDK asks for base64, and takes what it gets for base64: the server in front of Redis gives none. */
    const configuration = ({ url, token }) => ({
      ...{ url, token, enableTelemetry: false },
      ...(lossy ? { responseEncoding: false } : {}),
    });

    describe("LangChain.js' UpstashRedisStore", () => {
      const theirs = (area, options = {}) => {
        const config = { ...configuration(area), ...options };
        return new UpstashRedisStore({ config, namespace: "app" });
      };
      const TEXTS = {
        plain: "plain text",
        json: '{"a":[1,{"b":null}]}',
        emoji: "é 👩‍🚀 😀",
        number: "12.5",
        "a key with spaces, é and 😀": "v",
      };
      const keys = Object.keys(TEXTS);
      const entries = Object.entries(TEXTS).map(([key, value]) => [key, utf8(value)]);

      test("what it writes we read", async (context) => {
        const area = server.area();
        await theirs(area).mset([...entries, ["empty", utf8("")]]);
        assert.equal(text(await area.native.get("app/json")), TEXTS.json);
        const store = ours(context, area, { namespace: "app" });
        assert.deepEqual(await store.mget([...keys, "empty", "none"]), [
          ...entries.map(([, value]) => value),
          bytes(),
          undefined,
        ]);
        // It writes text only: bytes that are none are lost before they are sent.
        await theirs(area).mset([["bytes", bytes(0xff, 0, 0x80, 0x41)]]);
        assert.equal(text(await area.native.get("app/bytes")), "\ufffd\0\ufffdA");
      });

      test("what we write it reads", async (context) => {
        const area = server.area();
        const store = ours(context, area, { namespace: "app" });
        await store.mset([...entries, ["bytes", BINARY]]);
        assert.equal(text(await area.native.get("app/json")), TEXTS.json);
        for (const reader of [theirs(area), theirs(area, { automaticDeserialization: false })]) {
          const found = await reader.mget([...keys, "none", "bytes"]);
          assert.deepEqual(found.slice(0, -1).map(text), [...Object.values(TEXTS), undefined]);
          assert.equal(text(found.at(-1)), MARKER + Buffer.from(BINARY).toString("base64"));
        }
      });

      test("what it makes of values that look like something else is not our doing", async (context) => {
        const area = server.area();
        const store = ours(context, area, { namespace: "app" });
        const values = { empty: "", zero: "0", no: "false", nothing: "null", json: '{ "a": 1.0 }', quoted: '"q"' };
        const names = Object.keys(values);
        await store.mset(Object.entries(values).map(([key, value]) => [key, utf8(value)]));
        // It tells values by their truth, and writes JSON anew that its client has parsed.
        const parsed = [undefined, undefined, undefined, undefined, '{"a":1}', "q"];
        assert.deepEqual((await theirs(area).mget(names)).map(text), parsed);
        // With a client that leaves text alone only the empty one is lost.
        const plain = theirs(area, { automaticDeserialization: false });
        assert.deepEqual((await plain.mget(names)).map(text), [undefined, ...Object.values(values).slice(1)]);
        assert.deepEqual((await store.mget(names)).map(text), Object.values(values));
      });

      test("either lists and deletes what the other has written", async (context) => {
        const area = server.area();
        const store = ours(context, area, { namespace: "app" });
        await theirs(area).mset([["t/1", utf8("1")], ["t/2", utf8("2")], ["t/*", utf8("3")]]); // biome-ignore format: pairs
        await store.mset([["o/1", utf8("1")], ["o/2", BINARY]]); // biome-ignore format: pairs
        await ours(context, area, { namespace: "other" }).mset([["t/3", utf8("4")]]);

        const listed = ["o/1", "o/2", "t/*", "t/1", "t/2"];
        assert.deepEqual((await all(store.yieldKeys())).sort(), listed);
        assert.deepEqual((await all(store.yieldKeys("t/"))).sort(), ["t/*", "t/1", "t/2"]);
        // It repeats what SCAN repeats.
        assert.deepEqual([...new Set(await all(theirs(area).yieldKeys()))].sort(), listed);
        assert.deepEqual([...new Set(await all(theirs(area).yieldKeys("o/")))].sort(), ["o/1", "o/2"]);

        await store.mdelete(["t/*", "t/2", "none"]);
        await theirs(area).mdelete(["o/2"]);
        assert.deepEqual((await all(store.yieldKeys())).sort(), ["o/1", "t/1"]);
        assert.deepEqual([...new Set(await all(theirs(area).yieldKeys()))].sort(), ["o/1", "t/1"]);
        assert.deepEqual(await store.mget(["o/2", "t/2"]), [undefined, undefined]);
      });

      test("a session's life is one that we see", async (context) => {
        const area = server.area();
        const session = new UpstashRedisStore({ config: configuration(area), sessionTTL: 60, namespace: "app" });
        await session.mset([["k", utf8("v")]]);
        const [stat] = await ours(context, area, { namespace: "app" }).stat(["k"]);
        assert.equal(stat.bytes, 1);
        assert.ok(stat.ttl > 40 && stat.ttl <= 60, `${stat.ttl} s`);
      });
    });

    describe("@upstash/redis", () => {
      const TEXTS = ["plain", "é 👩‍🚀", "a\r\nb\0", "12", '{"a":1}', "OK", "aGVsbG8=", '"', ""];
      const keys = TEXTS.map((_, at) => `k ${at}`);

      for (const automaticDeserialization of [false, true]) {
        test(`text both ways, automaticDeserialization: ${automaticDeserialization}`, async (context) => {
          const area = server.area();
          const [store, redis] = [ours(context, area), new Redis({ ...configuration(area), automaticDeserialization })];
          /** What it gives for `value`: with the option on, what JSON makes of it, where it is JSON. */
          const shown = (value) =>
            ({ 12: 12, '{"a":1}': { a: 1 } })[automaticDeserialization ? value : "none"] ?? value;

          await redis.mset(Object.fromEntries(TEXTS.map((value, at) => [keys[at], value])));
          await redis.set("single", "v");
          const found = await store.mget([...keys, "single", "none"]);
          assert.deepEqual(found.map(text), [...TEXTS, "v", undefined]);

          await store.mset(TEXTS.map((value, at) => [`o${at}`, utf8(value)]));
          const seen = await redis.mget(...TEXTS.map((_, at) => `o${at}`), "none");
          assert.deepEqual(seen, [...TEXTS.map(shown), null]);
          assert.equal(await redis.get("o1"), TEXTS[1]);
          assert.deepEqual(await redis.get("o4"), shown('{"a":1}'));
          assert.equal(await redis.strlen("o1"), Buffer.byteLength(TEXTS[1]));

          // Either writes over what the other wrote.
          await redis.set("o0", "theirs");
          await store.mset([["single", utf8("ours")]]);
          assert.deepEqual((await store.mget(["o0", "single"])).map(text), ["theirs", "ours"]);
          assert.deepEqual(await redis.mget("o0", "single"), ["theirs", "ours"]);
        });

        test(`bytes are a marker and base64, automaticDeserialization: ${automaticDeserialization}`, async (context) => {
          const area = server.area();
          const [store, redis] = [ours(context, area), new Redis({ ...configuration(area), automaticDeserialization })];
          const values = [BINARY, VECTOR, bytes(0xff), utf8("a \ufffd"), utf8(`${MARKER}x`)];
          await store.mset(values.map((value, at) => [`k${at}`, value]));
          const seen = await redis.mget(...values.map((_, at) => `k${at}`));
          for (const [at, value] of values.entries()) {
            assert.ok(seen[at].startsWith(MARKER));
            assert.deepEqual(new Uint8Array(Buffer.from(seen[at].slice(MARKER.length), "base64")), value);
          }
          await redis.set("copy", seen[0]);
          assert.deepEqual(await store.mget(["copy"]), [BINARY]);
        });
      }

      test("objects and numbers that it writes are text to us", async (context) => {
        const area = server.area();
        await new Redis(configuration(area)).mset({ object: { a: [1, "é"] }, number: 5 });
        assert.deepEqual((await ours(context, area).mget(["object", "number"])).map(text), ['{"a":[1,"é"]}', "5"]);
      });
    });

    describe(lossy ? "redis-cli" : "programs on the server's other side", () => {
      const KEYS = ["key", "a key with spaces", "é/😀", "a*[b]?\\", '"quoted"'];
      const TEXTS = ["text", "é 👩‍🚀", "a\r\nb", '{ "a": 1.0 }', ""];

      test("text both ways, under any key", async (context) => {
        const area = server.area();
        const store = ours(context, area);
        for (const [at, key] of KEYS.entries()) await area.native.put(key, TEXTS[at]);
        assert.deepEqual((await store.mget([...KEYS, "none"])).map(text), [...TEXTS, undefined]);
        assert.deepEqual((await all(store.yieldKeys())).sort(), [...KEYS].sort());

        await store.mset(KEYS.map((key, at) => [`o ${key}`, utf8(TEXTS.at(-1 - at))]));
        for (const [at, key] of KEYS.entries()) {
          assert.ok(await area.native.exists(`o ${key}`));
          assert.equal(text(await area.native.get(`o ${key}`)), TEXTS.at(-1 - at));
        }
      });

      test("a life that we give is one that it sees", async (context) => {
        const area = server.area();
        await ours(context, area).mset([["a", utf8("1")], ["b", BINARY]], { ttl: 60 }); // biome-ignore format: pairs
        for (const key of ["a", "b"]) {
          const left = await area.native.life(key);
          assert.ok(left > 40_000 && left <= 60_000, `${key}: ${left} ms`);
        }
      });

      test("bytes that we write are a marker and base64 there", async (context) => {
        const area = server.area();
        await ours(context, area).mset([["k", BINARY]]);
        const stands = MARKER + Buffer.from(BINARY).toString("base64");
        assert.equal(text(await area.native.get("k")), stands);
        await area.native.put("theirs", MARKER + Buffer.from(VECTOR).toString("base64"));
        assert.deepEqual(await ours(context, area).mget(["theirs"]), [VECTOR]);
      });

      const NATIVE = [BINARY, VECTOR, bytes(0xff), bytes(0xc3, 0x28), utf8("a real \ufffd")];

      if (lossy) {
        test("as they are, bytes do not pass a server that knows text only: errors, and never other bytes", async (context) => {
          const area = server.area();
          for (const encoding of ["auto", "raw"]) {
            const store = ours(context, area, { encoding });
            await area.native.put("text", "text");
            for (const value of NATIVE) {
              await area.native.put("bytes", value);
              await rejects(() => store.mget(["bytes"]), "corrupt", /"bytes"/u);
              await rejects(() => store.mget(["text", "bytes"]), "corrupt", /"bytes"/u);
              assert.deepEqual(new Uint8Array(await area.native.get("bytes")), value, "reading changed it");
            }
            assert.deepEqual((await store.mget(["text"])).map(text), ["text"]);
          }
          const raw = ours(context, area, { encoding: "raw" });
          // It has no path form: nothing is at that URL.
          const error = await rejects(() => raw.mset([["new", BINARY]]), "unavailable");
          assert.deepEqual([error.status, error.retryable], [404, false]);
          assert.equal(await area.native.exists("new"), false);
          await raw.mset([["new", utf8("text needs no other form")]]);
          assert.equal(text(await area.native.get("new")), "text needs no other form");
        });
      } else {
        test("as they are, bytes both ways with encoding: raw", async (context) => {
          const area = server.area();
          const raw = ours(context, area, { encoding: "raw" });
          await raw.mset(NATIVE.map((value, at) => [KEYS[at], value]));
          for (const [at, key] of KEYS.entries()) assert.deepEqual(new Uint8Array(area.native.get(key)), NATIVE[at]);
          for (const [at, value] of NATIVE.entries()) area.native.put(`n ${at}`, value);
          for (const encoding of ["auto", "raw"]) {
            const store = ours(context, area, { encoding });
            assert.deepEqual(await store.mget(KEYS), NATIVE);
            assert.deepEqual(await store.mget(NATIVE.map((_, at) => `n ${at}`)), NATIVE);
          }
        });
      }
    });

    describe("other languages", () => {
      /** What the documentation says of the form of values, and nothing else. */
      const READER = `
import base64, json, sys, urllib.request

url, token = sys.argv[1:]

def command(*arguments):
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(arguments).encode(), headers)
    with urllib.request.urlopen(request) as response:
        return json.load(response)["result"]

def value(key):
    text = command("GET", key)
    if text.startswith("${MARKER}"):
        return base64.b64decode(text[len("${MARKER}"):], validate=True)
    return text.encode()

print(json.dumps([value(key).hex() for key in json.load(sys.stdin)]))
command("SET", "from Python", "${MARKER}" + base64.b64encode(bytes(range(256))).decode())
`;

      test("Python reads what we write, and writes what we read", async (context) => {
        const area = server.area();
        const store = ours(context, area);
        const values = [BINARY, VECTOR, utf8("é 😀"), bytes(), utf8("\ufffd"), utf8(`${MARKER}/w==`)];
        const keys = values.map((_, at) => `é ${at}`);
        await store.mset(values.map((value, at) => [keys[at], value]));
        const options = { input: JSON.stringify(keys) };
        const { code, stdout, stderr } = await run("python3", ["-c", READER, area.url, area.token], options);
        assert.equal(code, 0, stderr);
        assert.deepEqual(
          JSON.parse(stdout),
          values.map((value) => Buffer.from(value).toString("hex")),
        );
        assert.deepEqual(await store.mget(["from Python"]), [bytes(...Array(256).keys())]);
      });

      if (lossy) {
        test("a shell reads the bytes that we write, and writes bytes that we read", async (context) => {
          const area = server.area();
          const store = ours(context, area);
          await store.mset([["k", BINARY], ["v", VECTOR]]); // biome-ignore format: pairs
          for (const [key, value] of [
            ["k", BINARY],
            ["v", VECTOR],
          ]) {
            // biome-ignore format: pairs
            const line = `${area.cli} get ${key} | sed 's/^${MARKER}//' | base64 -d | od -An -v -tx1 | tr -d ' \\n'`;
            const { code, stdout, stderr } = await run("sh", ["-c", line]);
            assert.equal(code, 0, stderr);
            assert.equal(stdout, Buffer.from(value).toString("hex"));
          }
          const line = `${area.cli} set s "${MARKER}$(printf '\\377\\000\\001' | base64 -w 0)"`;
          assert.equal((await run("sh", ["-c", line])).stdout, "OK\n");
          assert.deepEqual(await store.mget(["s"]), [bytes(255, 0, 1)]);
        });
      }
    });

    describe("LangChain for Python's UpstashRedisByteStore", () => {
      // Its client takes answers for base64 unless told otherwise; see `configuration`.
      const PROGRAM = `
import json, sys
from langchain_community.storage import UpstashRedisByteStore
from upstash_redis import Redis

url, token, encoding = sys.argv[1:]
client = Redis(url, token, rest_encoding=encoding or None, rest_retries=0, allow_telemetry=False)
store = UpstashRedisByteStore(client=client, namespace="app")
given = json.load(sys.stdin)
told = {}

def attempt(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__

hexes = lambda values: [None if value is None else value.hex() for value in values]
told["read"] = hexes(store.mget(given["read"]))
told["native"] = attempt(lambda: hexes(store.mget(["native"])))
store.mset([(key, bytes.fromhex(value)) for key, value in given["write"]])
told["bytes"] = attempt(lambda: store.mset([("bytes", b"\\xff\\x00")]))
told["keys"] = sorted(set(store.yield_keys()))
told["prefix"] = sorted(set(store.yield_keys(prefix="o/")))
told["pattern"] = sorted(set(store.yield_keys(prefix="o/*")))
store.mdelete(given["delete"])
UpstashRedisByteStore(client=client, namespace="app", ttl=60).mset([("short", b"1")])
print(json.dumps(told))
`;
      const TEXTS = ["plain text", '{ "a": 1.0 }', "é 👩‍🚀", "", "0", "null", "OK", "aGVsbG8="];
      const hex = (value) => Buffer.from(value).toString("hex");
      let program;
      before(async () => {
        program = await venv();
      });

      test("both ways", async (context) => {
        const area = server.area();
        const store = ours(context, area, { namespace: "app" });
        const [mine, its] = [TEXTS.map((_, at) => `o/${at}`), TEXTS.map((_, at) => `t/${at}`)];
        await store.mset([
          ...TEXTS.map((value, at) => [mine[at], utf8(value)]),
          ["o/bytes", BINARY],
          ["o/gone", BINARY],
        ]);
        await area.native.put("app/native", BINARY);

        const input = JSON.stringify({
          read: [...mine, "o/bytes", "none"],
          write: TEXTS.map((value, at) => [its[at], hex(value)]),
          delete: ["o/gone", "none"],
        });
        const args = ["-c", PROGRAM, area.url, area.token, lossy ? "" : "base64"];
        const { code, stdout, stderr } = await run(program, args, { input });
        assert.equal(code, 0, stderr);
        const told = JSON.parse(stdout);

        // Text is the same bytes on both sides; of bytes it sees the form in which they stand.
        const stands = MARKER + Buffer.from(BINARY).toString("base64");
        assert.deepEqual(told.read, [...TEXTS.map(hex), hex(stands), null]);
        assert.deepEqual((await store.mget(its)).map(text), TEXTS);
        // In spite of its name it holds text alone: of bytes it writes nothing, and reads other ones or fails.
        assert.equal(told.bytes, "UnicodeDecodeError");
        assert.deepEqual(await store.mget(["bytes"]), [undefined]);
        assert.deepEqual(told.native, lossy ? [hex(Buffer.from(BINARY).toString())] : "UnicodeDecodeError");
        // Its prefix is a whole pattern.
        assert.deepEqual(told.keys, ["native", ...mine, "o/bytes", "o/gone", ...its].sort());
        assert.deepEqual(told.prefix, []);
        assert.deepEqual(told.pattern, [...mine, "o/bytes", "o/gone"].sort());

        const left = [...mine, "o/bytes", ...its, "native", "short"].sort();
        assert.deepEqual((await all(store.yieldKeys())).sort(), left);
        const [stat] = await store.stat(["short"]);
        assert.ok(stat.ttl > 30 && stat.ttl <= 60, `${stat.ttl} s`);
      });
    });

    test("the Rust crate's example, on the same protocol", async (context) => {
      const area = server.area();
      const store = ours(context, area);
      await store.mset([["ours", BINARY]]);
      // As the Rust tests are compiled, and what they need with them.
      const built = ["run", "--locked", "--quiet", "--profile", "test", "--example", "upstash_roundtrip"];
      const args = [...built, "--", area.url, area.token];
      const { code, stdout, stderr } = await run("cargo", args, { cwd: root, timeout: 600_000 });
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, /^as it was written, all of it/u);
      // It clears its namespace, and nothing else.
      assert.deepEqual(await all(store.yieldKeys()), ["ours"]);
      assert.deepEqual(await store.mget(["ours"]), [BINARY]);
    });
  });
}
