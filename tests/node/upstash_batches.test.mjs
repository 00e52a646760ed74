/** `UpstashRedisByteStore` and how much goes into one request: batches, limits, MSETEX, scans, sync tokens. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { all, bytes, rejects } from "../support/expect.mjs";
import { fresh } from "../support/upstash/fresh.mjs";
import { answer, open, scripted } from "../support/upstash/scripted.mjs";

const MIB = 1 << 20;
const LIMIT = 10 * MIB;

/** `count` pairs of random bytes, which are no text. */
const vectors = (count, size) =>
  Array.from({ length: count }, (_, at) => [`vector/${at}`, new Uint8Array(randomBytes(size))]);
const keysOf = (pairs) => pairs.map(([key]) => key);
const valuesOf = (pairs) => pairs.map(([, value]) => value);

describe("batches", () => {
  for (const [name, options, command] of [
    ["without ttl", undefined, "MSET"],
    ["with ttl", { ttl: 1_000 }, "MSETEX"],
  ]) {
    test(`1,000 vectors of 6 KB ${name}: a request for each 4 MiB, and few commands`, async (context) => {
      const { server } = await fresh(context);
      const pairs = vectors(1_000, 6_144);
      const store = open(context, server);
      await store.mset(pairs, options);
      const written = server.counts();
      assert.ok(written.requests <= Math.ceil(written.bytesIn / (4 * MIB)), `${written.requests} requests`);
      assert.equal(written.commands, written.requests);
      assert.deepEqual(Object.keys(written.perCommand), [command]);
      // Base64 is a third more; keys, quotes and the marker are little.
      assert.ok(written.bytesIn < (1_000 * 6_144 * 4) / 3 + 1_000 * 40, `${written.bytesIn} bytes`);

      for (const [reader, beforehand] of [
        [open(context, server), 1],
        [store, 0],
      ]) {
        server.resetCounts();
        assert.deepEqual(await reader.mget(keysOf(pairs)), valuesOf(pairs));
        const read = server.counts();
        assert.ok(read.requests - beforehand <= Math.ceil(read.bytesOut / (4 * MIB)), `${read.requests} requests`);
        assert.ok(read.commands <= 10, `${read.commands} commands`);
        assert.deepEqual(Object.keys(read.perCommand), ["MGET"]);
      }
      server.resetCounts();
      await store.mdelete(keysOf(pairs));
      assert.deepEqual(server.counts().perCommand, { UNLINK: 1 });
      assert.equal(server.database("").keys().length, 0);
    });
  }

  test("1,000 short texts: one request, and as many bytes as the texts have", async (context) => {
    const { server } = await fresh(context);
    const pairs = Array.from({ length: 1_000 }, (_, at) => [
      `text/${at}`,
      new Uint8Array(Buffer.from(`Text no. ${at} é`)),
    ]);
    const store = open(context, server);
    await store.mset(pairs);
    const plain = Buffer.byteLength(
      JSON.stringify(["MSET", ...pairs.flatMap(([key, value]) => [key, Buffer.from(value).toString()])]),
    );
    const { requests, bytesIn } = server.counts();
    assert.deepEqual([requests, bytesIn], [1, plain]);
    server.resetCounts();
    assert.deepEqual(await store.mget(keysOf(pairs)), valuesOf(pairs));
    assert.equal(server.counts().requests, 1);
  });

  test("duplicates: the last of a batch wins, is sent alone, and each place is answered", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server);
    const pairs = Array.from({ length: 300 }, (_, at) => [`k${at % 7}`, bytes(255, at % 256, at >> 8)]);
    for (const options of [undefined, { ttl: 60 }]) {
      server.resetCounts();
      await store.mset(pairs, options);
      assert.equal(server.counts().requests, 1);
      const keys = pairs.map(([key]) => key);
      const last = new Map(pairs);
      assert.deepEqual(
        await store.mget(keys),
        keys.map((key) => last.get(key)),
      );
      assert.equal(server.database("").keys().length, 7);
    }
  });

  test("at most four requests at once", async (context) => {
    let [now, most] = [0, 0];
    const server = await scripted(context, async (response, { commands: [[name, ...args]] }) => {
      most = Math.max(most, ++now);
      await sleep(10);
      now -= 1;
      answer(response, 200, { result: name === "MGET" ? args.map(() => "x".repeat(MIB)) : "OK" });
    });
    const store = open(context, server);
    const pairs = Array.from({ length: 40 }, (_, at) => [`k${at}`, new Uint8Array(MIB).fill(120)]);
    await store.mset(pairs);
    assert.equal(server.seen.length, 10);
    assert.ok(most <= 4 && most >= 2, `${most} at once`);
    most = 0;
    await store.mget(keysOf(pairs));
    assert.ok(most <= 4 && most >= 2, `${most} at once`);
  });

  test("20,000 keys, most of them missing", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server);
    const keys = Array.from({ length: 20_000 }, (_, at) => `k${at}`);
    await store.mset([["k19999", bytes(255)]]);
    server.resetCounts();
    const found = await open(context, server).mget(keys);
    assert.deepEqual(found.pop(), bytes(255));
    assert.ok(found.every((value) => value === undefined));
    assert.ok(server.counts().requests <= 30, `${server.counts().requests} requests`);
  });
});

describe("limits", () => {
  test("what no request can hold is refused before anything is sent", async (context) => {
    const { server } = await fresh(context);
    const filled = (length, byte) => new Uint8Array(length).fill(byte);
    for (const [what, encoding, fits, refused] of [
      ["text", "auto", filled(LIMIT - 100, 97), filled(LIMIT, 97)],
      ["bytes", "auto", filled((LIMIT / 4) * 3 - 100, 255), filled((LIMIT / 4) * 3, 255)],
      ["text that JSON escapes", "auto", filled(LIMIT / 6 - 100, 1), filled(Math.ceil(LIMIT / 6), 1)],
      ["quotes", "auto", filled(LIMIT / 2 - 100, 34), filled(LIMIT / 2, 34)],
      ["raw text", "raw", filled(LIMIT - 100, 97), filled(LIMIT, 97)],
      ["raw bytes", "raw", filled(LIMIT - 100, 255), filled(LIMIT, 255)],
    ]) {
      server.resetCounts();
      const store = open(context, server, { encoding });
      const pairs = [["small", bytes(1)], ["k", refused], ["other", bytes(255)]]; // biome-ignore format: one line
      const error = await rejects(() => store.mset(pairs), "too_large", /"k".*10485760/u);
      assert.equal(error.limit, LIMIT, what);
      assert.ok(error.actual > LIMIT && error.actual < LIMIT + 200, `${what}: ${error.actual}`);
      assert.equal(server.counts().requests, 0, what);
      await store.mset([["k", fits]]);
      assert.deepEqual(await store.mget(["k", "small"]), [fits, undefined], what);
    }
  });

  test("a server with 64 KiB: hundreds of values of 1 to 20 KB come back, and the limit is learned once", async (context) => {
    const { server } = await fresh(context, { mode: "small-limits" });
    const pairs = Array.from({ length: 400 }, (_, at) => {
      const size = 1_024 + ((at * 7_919) % 19_456);
      return [`k${at}`, at % 3 === 0 ? new Uint8Array(size).fill(97 + (at % 20)) : new Uint8Array(randomBytes(size))];
    });
    const encoded = pairs.reduce(
      (sum, [, value], at) => sum + (at % 3 === 0 ? value.length : (value.length * 4) / 3),
      0,
    );
    const store = open(context, server);
    await store.mset(pairs);
    const reader = open(context, server);
    assert.deepEqual(await reader.mget(keysOf(pairs)), valuesOf(pairs));

    // Now that both know the limit, nothing is refused: every request carries what it asks for.
    for (const [what, call] of [
      ["mset", () => store.mset(pairs)],
      ["mset with ttl", () => store.mset(pairs, { ttl: 1_000 })],
      ["mget", () => reader.mget(keysOf(pairs))],
    ]) {
      server.resetCounts();
      await call();
      const { requests, bytesIn, bytesOut } = server.counts();
      const moved = what === "mget" ? bytesOut : bytesIn;
      assert.ok(
        moved >= encoded && moved < encoded * (what === "mget" ? 1.05 : 1.02),
        `${what}: ${moved} of ${encoded}`,
      );
      assert.ok(requests <= (encoded / 65_536) * 2, `${what}: ${requests} requests for ${encoded} bytes`);
    }
    server.resetCounts();
    const error = await rejects(() => store.mset([["a", bytes(1)], ["b", new Uint8Array(60_000).fill(255)]]), "too_large"); // biome-ignore format: one line
    assert.deepEqual([error.limit, server.counts().requests], [65_536, 0]);
    await store.mdelete(keysOf(pairs));
    assert.equal(server.database("").keys().length, 0);
  });

  test("long keys are cut into requests as well, deletions and stats among them", async (context) => {
    const { server } = await fresh(context, { mode: "small-limits" });
    const pairs = Array.from({ length: 30 }, (_, at) => [`${at}/${"k".repeat(20_000)}`, bytes(255, at)]);
    const store = open(context, server);
    await store.mset(pairs);
    assert.deepEqual(await open(context, server).mget(keysOf(pairs)), valuesOf(pairs));
    assert.deepEqual(
      (await open(context, server).stat(keysOf(pairs))).map(({ bytes }) => bytes),
      pairs.map(() => 2),
    );
    assert.deepEqual((await all(open(context, server).yieldKeys())).sort(), keysOf(pairs).sort());
    await open(context, server).mdelete(keysOf(pairs));
    assert.equal(server.database("").keys().length, 0);
  });

  test("a plan with more room, and one with less than anybody has", async (context) => {
    const { server } = await fresh(context, { requestLimit: 50 * MIB });
    const store = open(context, server);
    const pairs = vectors(40, MIB / 2);
    await store.mset(pairs);
    assert.deepEqual(await open(context, server).mget(keysOf(pairs)), valuesOf(pairs));
    const { server: tiny } = await fresh(context, { requestLimit: 300 });
    const few = Array.from({ length: 50 }, (_, at) => [`k${at}`, bytes(255, at)]);
    const small = open(context, tiny);
    await small.mset(few);
    assert.deepEqual(await open(context, tiny).mget(keysOf(few)), valuesOf(few));
  });

  test("a limit that is not named: halved until it goes", async (context) => {
    const { server } = await fresh(context);
    const proxy = await scripted(context, async (response, { url, headers, body }) => {
      if (body.length > 20_000) return answer(response, 413, "<html>413 Request Entity Too Large</html>");
      const { "content-length": _, host, connection, ...passed } = headers;
      const given = await fetch(server.url + url, { method: "POST", headers: passed, body });
      answer(response, given.status, Buffer.from(await given.arrayBuffer()));
    });
    const pairs = vectors(60, 3_000);
    const store = open(context, { url: proxy.url, token: server.token });
    await store.mset(pairs);
    assert.deepEqual(await store.mget(keysOf(pairs)), valuesOf(pairs));
  });
});

describe("MSETEX", () => {
  test("where it is unknown it is tried once for a handle, and pipelined SETs do the work", async (context) => {
    const { server } = await fresh(context, { mode: "no-msetex" });
    const store = open(context, server);
    const pairs = vectors(100, 50);
    for (let round = 0; round < 3; round++) await store.mset(pairs, { ttl: 60 });
    await Promise.all([0, 1, 2].map((at) => store.mset(vectors(10, 10 + at), { ttl: 60 })));
    const { perCommand, requests } = server.counts();
    assert.deepEqual(perCommand, { MSETEX: 1, SET: 330 });
    assert.equal(requests, 7);
    assert.ok(pairs.every(([key]) => server.database("").expireAt(key) > Date.now() + 50_000));
    await open(context, server).mset(pairs, { ttl: 60 });
    assert.equal(server.counts().perCommand.MSETEX, 2);
  });

  test("several that are under way when it turns out are sent again", async (context) => {
    const { server } = await fresh(context, { mode: "no-msetex", latency: 20 });
    const store = open(context, server);
    const pairs = vectors(60, 400_000);
    await store.mset(pairs, { ttl: 60 });
    assert.ok(server.counts().perCommand.MSETEX <= 4);
    assert.deepEqual(await store.mget(keysOf(pairs)), valuesOf(pairs));
    assert.ok(pairs.every(([key]) => server.database("").expireAt(key) > Date.now() + 50_000));
  });

  test("one entry needs no MSETEX, entries without ttl neither", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server, { ttl: 60 });
    await store.mset([["a", bytes(1)]]);
    await store.mset(vectors(10, 10), { ttl: null });
    assert.deepEqual(server.counts().perCommand, { SET: 1, MSET: 1 });
    assert.ok(server.database("").expireAt("a") > Date.now() + 50_000);
    assert.equal(server.database("").expireAt("vector/0"), Number.POSITIVE_INFINITY);
    // A write without a life ends the one that was.
    await store.mset([["a", bytes(2)]], { ttl: null });
    assert.equal(server.database("").expireAt("a"), Number.POSITIVE_INFINITY);
  });
});

describe("scans", () => {
  test("10,000 keys come once each, though the server repeats them and its cursors are long", async (context) => {
    const { server } = await fresh(context);
    for (let at = 0; at < 10_000; at++) server.database("").put(`n/k${at}`, "v");
    for (let at = 0; at < 5_000; at++) server.database("").put(`other/k${at}`, "v");
    const store = open(context, server, { namespace: "n" });
    const keys = await all(store.yieldKeys());
    assert.equal(keys.length, 10_000);
    assert.equal(new Set(keys).size, 10_000);
    assert.ok(keys.every((key) => /^k\d+$/u.test(key)));
    assert.equal((await all(store.yieldKeys("k99"))).length, 111);
  });

  test("prefixes are taken literally", async (context) => {
    const { server } = await fresh(context);
    const names = ["*", "?", "[a]", "a", "\\", "^", "-", "n[1]/x", "n1/x", "é", "😀", "{b}", "[", "]", "\\*", " "];
    const store = open(context, server);
    await store.mset(names.flatMap((name) => [[name, bytes(1)], [`${name}tail`, bytes(2)]])); // biome-ignore format: one line
    for (const name of names) {
      const expected = names.flatMap((other) => [other, `${other}tail`]).filter((key) => key.startsWith(name));
      assert.deepEqual((await all(store.yieldKeys(name))).sort(), expected.sort(), name);
    }
    for (const namespace of ["n[1]", "*", "a?", "\\"]) {
      const apart = open(context, server, { namespace });
      await apart.mset([["x", bytes(3)], ["y*", bytes(4)]]); // biome-ignore format: one line
      assert.ok((await all(apart.yieldKeys("y*"))).includes("y*"));
      await apart.clear();
      assert.deepEqual(await all(apart.yieldKeys()), []);
    }
    const left = names.flatMap((name) => [name, `${name}tail`]).filter((key) => !key.startsWith("n[1]/"));
    assert.deepEqual((await all(store.yieldKeys())).sort(), left.sort(), "clear took what is not its own");
  });

  test("keys that are there throughout come once, whatever is written meanwhile", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server);
    for (let at = 0; at < 6_000; at++) server.database("").put(`k${at}`, "v");
    const seen = [];
    for await (const key of store.yieldKeys()) {
      seen.push(key);
      if (seen.length % 1_000 === 0) {
        await store.mset([[`new${seen.length}`, bytes(1)]]);
        await store.mdelete([`k${5_900 + seen.length / 1_000}`]);
      }
    }
    const steady = seen.filter((key) => /^k/u.test(key) && Number(key.slice(1)) < 5_900);
    assert.equal(steady.length, 5_900);
    assert.equal(new Set(seen).size, seen.length);
  });
});

describe("sync tokens", () => {
  test("none at first; then that of the answer before, in the very next request", async (context) => {
    const { server } = await fresh(context);
    const store = open(context, server);
    await store.mset([["a", bytes(1)]]);
    assert.equal(server.counts().syncTokens, 0);
    for (let at = 1; at < 5; at++) {
      await store.mset([["a", bytes(at)]]);
      assert.equal(server.counts().syncTokens, at);
    }
  });

  /** What each request carried, the answers' tokens being `tokens` in the order of the requests. */
  async function carried(context, tokens, run) {
    const held = [];
    const server = await scripted(context, (response, { commands: [[name]] }, number) => {
      const token = tokens[number - 1];
      const headers = token === undefined ? {} : { "upstash-sync-token": token };
      const give = () => answer(response, 200, { result: name === "SET" ? "OK" : 1 }, headers);
      held.push(give);
    });
    const sent = async (count) => {
      while (held.length < count) await sleep(1);
    };
    await run(open(context, server), held, sent);
    return server.seen.map(({ headers }) => headers["upstash-sync-token"]);
  }

  test("each request carries the one before; an answer without one leaves it", async (context) => {
    const tokens = await carried(context, ["t1", undefined, "", "t4", "t5"], async (store, held, sent) => {
      for (let at = 1; at <= 5; at++) {
        const call = store.mset([["a", bytes(97)]]);
        await sent(at);
        held[at - 1]();
        await call;
      }
    });
    assert.deepEqual(tokens.slice(0, 3), [undefined, "t1", "t1"]);
    assert.equal(tokens[4], "t4");
    assert.notEqual(tokens[3], "", "an empty token is none");
  });

  test("of answers that overtake each other the later request's token stays", async (context) => {
    const tokens = await carried(context, ["t1", "t2", "t3", "t4"], async (store, held, sent) => {
      const calls = ["a", "b", "c"].map((key) => store.mset([[key, bytes(97)]]));
      await sent(3);
      held[2]();
      await calls[2];
      held[0]();
      await calls[0];
      held[1]();
      await calls[1];
      const last = store.mset([["d", bytes(97)]]);
      await sent(4);
      held[3]();
      await last;
    });
    assert.deepEqual(tokens, [undefined, undefined, undefined, "t3"]);
  });

  test("errors bring one too; handles do not share them", async (context) => {
    const server = await scripted(context, [
      [400, { error: "ERR syntax error" }, { "upstash-sync-token": "t1" }],
      [200, { result: [null] }, { "upstash-sync-token": "t2" }],
      [200, { result: [null] }],
    ]);
    const store = open(context, server);
    await store.mget(["a"]).catch(() => {});
    await store.mget(["a"]);
    await open(context, server).mget(["a"]);
    assert.deepEqual(
      server.seen.map(({ headers }) => headers["upstash-sync-token"]),
      [undefined, "t1", undefined],
    );
  });
});
