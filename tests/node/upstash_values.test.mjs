/** `UpstashRedisByteStore` and what stands in Redis: the envelope, bytes of other programs, raw values, stat, clear. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { all, bytes, rejects } from "../support/expect.mjs";
import { fresh } from "../support/upstash/fresh.mjs";
import { open } from "../support/upstash/scripted.mjs";

const utf8 = (text) => new Uint8Array(Buffer.from(text));
const MARKER = "bytestow1:";
const enveloped = (value) => MARKER + Buffer.from(value).toString("base64");

/** Text that stands as it is, and looks like something else to somebody. */
const TEXTS = ["", "hello", "é\u{1f600}", "\ufeffbom", "nul\0", '{"a": 1.0}', "null", "0", "OK", "T0s=", "aGVsbG8=", "a\r\nb", '"', "\\", "bytestow1", "-ERR no", "$-1\r\n", "\u2028", "\u007f", "\ufffe"]; // biome-ignore format: one line
/** What does not. */
const BYTES = [
  bytes(0xff),
  bytes(0xc3),
  bytes(0xed, 0xa0, 0x80),
  bytes(0xc0, 0x80),
  bytes(0xf4, 0x90, 0x80, 0x80),
  bytes(0, 255, 0),
  utf8("\ufffd"),
  utf8(`text with \ufffd in it`),
  utf8(MARKER),
  utf8(`${MARKER}aGVsbG8=`),
  utf8(`${MARKER}/w==`),
  utf8(enveloped(enveloped(bytes(255)))),
];

describe("the envelope", () => {
  test("text stands as it is, anything else as the marker and base64; all comes back", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server);
    const values = [...TEXTS.map(utf8), ...BYTES, ...Array.from({ length: 256 }, (_, at) => bytes(at)), ...Array.from({ length: 300 }, (_, at) => new Uint8Array(randomBytes(at)))]; // biome-ignore format: one line
    await store.mset(values.map((value, at) => [`k${at}`, value]));
    const found = await open(context, server).mget(values.map((_, at) => `k${at}`));
    assert.deepEqual(found, values);
    for (const [at, text] of TEXTS.entries()) assert.equal(server.database("").get(`k${at}`).toString(), text);
    for (const [at, value] of BYTES.entries()) {
      assert.equal(
        server
          .database("")
          .get(`k${TEXTS.length + at}`)
          .toString(),
        enveloped(value),
      );
    }
    for (const found of await store.mget(["k0", "k20"])) assert.equal(found.buffer.byteLength, found.byteLength);
  });

  test("what other programs have written is never taken for ours", async (context) => {
    const { server } = await fresh(context);
    const texts = [
      enveloped("hello"),
      MARKER,
      `${MARKER}/w=`,
      `${MARKER}/w`,
      `${MARKER}/x==`,
      `${MARKER}_w==`,
      `${MARKER} /w==`,
      `${MARKER}/w==\n`,
      `${MARKER}${MARKER}`,
      " bytestow1:/w==",
      "BYTESTOW1:/w==",
    ];
    for (const [at, text] of texts.entries()) server.database("").put(`k${at}`, text);
    const found = await open(context, server).mget(texts.map((_, at) => `k${at}`));
    assert.deepEqual(found, texts.map(utf8));
  });
});

describe("bytes of other programs", () => {
  const NATIVE = [bytes(0xff, 0xfe, 0, 0x80), bytes(0xc3), utf8("a real \ufffd"), new Uint8Array(randomBytes(5_000))];

  for (const [mode, forms] of [
    ["full", ["base64"]],
    ["no-resp2", ["base64"]],
  ]) {
    test(`${mode}: read again in a form that can hold them, alone`, async (context) => {
      const { server } = await fresh(context, { mode });
      for (const [at, value] of NATIVE.entries()) server.database("").put(`n${at}`, Buffer.from(value));
      server.database("").put("text", "plain");
      const store = open(context, server);
      const keys = ["text", "n0", "none", "n1", "n2", "n3", "n0"];
      const expected = [utf8("plain"), NATIVE[0], undefined, NATIVE[1], NATIVE[2], NATIVE[3], NATIVE[0]];
      assert.deepEqual(await store.mget(keys), expected);
      const { ECHO } = server.counts().perCommand;
      assert.equal(ECHO, forms.length);
      assert.deepEqual(await store.mget(keys), expected);
      assert.equal(server.counts().perCommand.ECHO, 1, "the server is asked once which form it speaks");
    });
  }

  test("a server that gives neither form: an error for them, and never other bytes", async (context) => {
    const { server } = await fresh(context, { mode: "plain" });
    server.database("").put("bytes", Buffer.from([255, 254]));
    server.database("").put("text", "plain");
    // Base64 that a server which ignores the header gives out as it is.
    server.database("").put("test", "test");
    const store = open(context, server);
    const error = await rejects(() => store.mget(["text", "bytes"]), "corrupt", /"bytes"/u);
    assert.equal(error.retryable, false);
    await rejects(() => store.mget(["test", "bytes"]), "corrupt", /"bytes"/u);
    assert.deepEqual(await store.mget(["text", "test"]), [utf8("plain"), utf8("test")]);
    await store.mset([["ours", bytes(255, 254)]]);
    assert.deepEqual(await store.mget(["ours"]), [bytes(255, 254)]);
  });

  test("keys that are no UTF-8 are left out of listings; ones that hold U+FFFD are not", async (context) => {
    for (const mode of ["full", "no-resp2", "plain"]) {
      const { server } = await fresh(context, { mode });
      const db = server.database("");
      db.put(Buffer.from([0x6b, 0xff]), "v");
      db.put(Buffer.from([0x6b, 0xc3]), "v");
      db.put(Buffer.from([0xff]), "v");
      db.put("k\ufffd!", "v");
      db.put("k", "v");
      const store = open(context, server);
      assert.deepEqual((await all(store.yieldKeys())).sort(), ["k", "k\ufffd!"].sort(), mode);
      assert.deepEqual((await all(store.yieldKeys("k\ufffd"))).sort(), ["k\ufffd!"], mode);
    }
  });
});

describe('encoding: "raw"', () => {
  const KEYS = ["k", "a/b", "a b", "a+b", "a%2Fb", "a?b=c", "a#b", "é\u{1f600}", "..", "a\nb", "&", "\\", "%"];

  test("every byte stands as it is, under any key that a path can hold", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server, { encoding: "raw", namespace: "n" });
    for (const value of [bytes(0xff, 0, 0xfe), utf8("text"), utf8(""), utf8(`${MARKER}/w==`), utf8("\ufffd")]) {
      await store.mset(KEYS.map((key) => [key, value]));
      for (const key of KEYS) {
        assert.deepEqual(new Uint8Array(server.database("").get(`n/${key}`)), value, key);
      }
      assert.deepEqual(
        await store.mget(KEYS),
        KEYS.map(() => value),
      );
      assert.deepEqual(
        (await store.stat(KEYS)).map((stat) => stat.bytes),
        KEYS.map(() => value.length),
      );
    }
    assert.deepEqual((await all(store.yieldKeys())).sort(), [...KEYS].sort());
  });

  test("lives, and keys that a path cannot hold", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server, { encoding: "raw", ttl: 60 });
    await store.mset([["default", bytes(255)], ["text", utf8("x")]]); // biome-ignore format: one line
    await store.mset([["call", bytes(255)]], { ttl: 1_000 });
    await store.mset([["ever", bytes(255)]], { ttl: null });
    const [fallback, text, call, ever] = (await store.stat(["default", "text", "call", "ever"])).map(({ ttl }) => ttl);
    assert.ok(fallback > 58 && fallback <= 60 && text > 58 && text <= 60 && call > 998 && call <= 1_000);
    assert.equal(ever, null);
    const { requests } = server.counts();
    for (const key of ["", ".", "..", "k".repeat(9_000)]) {
      await rejects(() => store.mset([[key, bytes(255)]]), "unsupported", /raw/u);
      await store.mset([[key, utf8("text")]]);
      assert.deepEqual(await store.mget([key]), [utf8("text")]);
    }
    assert.equal(server.counts().requests, requests + 8);
  });

  test("both encodings on one database: raw shows what auto has written", async (context) => {
    const { server } = await fresh(context);
    const [raw, auto] = [open(context, server, { encoding: "raw" }), open(context, server)];
    await auto.mset([["a", bytes(255)], ["t", utf8("text")]]); // biome-ignore format: one line
    assert.deepEqual(await raw.mget(["a", "t"]), [utf8(enveloped(bytes(255))), utf8("text")]);
    await raw.mset([["r", bytes(255)]]);
    assert.deepEqual(await auto.mget(["r"]), [bytes(255)]);
  });
});

describe("stat", () => {
  test("tells the value's own length, and its life", async (context) => {
    for (const mode of ["full", "plain"]) {
      const { server } = await fresh(context, { mode });
      const store = open(context, server);
      const values = [...TEXTS.map(utf8), ...BYTES, ...Array.from({ length: 20 }, (_, at) => new Uint8Array(randomBytes(at + 1)))]; // biome-ignore format: one line
      const pairs = values.map((value, at) => [`k${at}`, value]);
      const keys = pairs.map(([key]) => key);
      await store.mset(pairs);
      assert.deepEqual(await store.stat([...keys, "none"]), [...values.map((value) => ({ bytes: value.length, ttl: null, written: undefined })), undefined]); // biome-ignore format: one line
      await store.mset(pairs, { ttl: 100 });
      for (const [at, stat] of (await store.stat(keys)).entries()) {
        assert.equal(stat.bytes, values[at].length);
        assert.ok(stat.ttl > 98 && stat.ttl <= 100, `${stat.ttl} s`);
      }
      assert.equal(server.counts().perCommand.MGET, undefined, "values were read for it");
    }
  });

  test("of 1,000 keys, some of them twice", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server);
    const pairs = Array.from({ length: 1_000 }, (_, at) => [`k${at}`, new Uint8Array(at % 50).fill(255)]);
    await store.mset(pairs);
    const keys = [...pairs.map(([key]) => key), "k7", "none", "k7"];
    const lengths = (await store.stat(keys)).map((stat) => stat?.bytes);
    assert.deepEqual(lengths, [...pairs.map(([, value]) => value.length), 7, undefined, 7]);
  });
});

describe("clear", () => {
  test("takes its own namespace, and no other", async (context) => {
    const { server } = await fresh(context);
    const open_ = (namespace) => open(context, server, { namespace });
    const [one, oneTwo, bare] = [open_("n"), open_("n/m"), open(context, server)];
    for (const store of [one, oneTwo, open_("nn"), open_("N"), bare]) await store.mset([["k", bytes(1)], ["n", bytes(2)]]); // biome-ignore format: one line
    await one.mset(Array.from({ length: 5_000 }, (_, at) => [`many${at}`, bytes(3)]));
    await oneTwo.clear();
    assert.equal((await all(one.yieldKeys())).length, 5_002);
    await one.clear();
    assert.deepEqual((await all(bare.yieldKeys())).sort(), ["N/k", "N/n", "k", "n", "nn/k", "nn/n"]);
    await rejects(() => bare.clear(), "invalid_argument", /all: true/u);
    await rejects(() => bare.clear({ all: false }), "invalid_argument", /all: true/u);
    assert.equal(server.database("").size, 6);
    await bare.clear({ all: true });
    assert.equal(server.database("").size, 0);
  });

  test("with a namespace, all: true is no wider", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server, { namespace: "n" });
    await open(context, server).mset([["other", bytes(1)]]);
    await store.mset([["k", bytes(1)]]);
    await store.clear({ all: true });
    assert.deepEqual(server.database("").keys(), [Buffer.from("other")]);
  });
});
