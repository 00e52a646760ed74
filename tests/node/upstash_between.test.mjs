/** What stands between clients and servers in tests: the proxy that holds the token, and the one that does harm. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FAULTS, startFaults } from "../support/upstash/faults.mjs";
import { fresh } from "../support/upstash/fresh.mjs";
import { forward } from "../support/upstash/proxy.mjs";
import { createHandler } from "../support/upstash/server.mjs";
import { shorten } from "../support/upstash/shorten.mjs";

const ORIGIN = "https://page.test";

/** Serves `handler` under `/kv`; gives the URL of that. */
async function mount(context, handler) {
  const server = createServer((request, response) => handler(request, response, request.url.slice("/kv".length)));
  await once(server.listen(0, "127.0.0.1"), "listening");
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}/kv`;
}

async function post(url, body, headers = {}) {
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return [response.status, await response.text()];
}

describe("mounts", () => {
  test("the server itself lives under a path", async (context) => {
    const url = await mount(context, createHandler({ token: "t" }));
    const headers = { authorization: "Bearer t" };
    assert.deepEqual(await post(url, ["SET", "a", "1"], headers), [200, '{"result":"OK"}']);
    assert.deepEqual(await post(`${url}/pipeline`, [["GET", "a"]], headers), [200, '[{"result":"1"}]']);
  });

  test("the proxy adds the token and passes bodies both ways", async (context) => {
    const { server } = await fresh(context, { cors: false });
    const url = await mount(context, forward(server.url, { token: server.token }));
    const big = "x".repeat(5_000_000);
    const headers = { authorization: "Bearer of the page", origin: ORIGIN };
    assert.deepEqual(await post(url, ["SET", "a", big], headers), [200, '{"result":"OK"}']);
    const [status, text] = await post(`${url}/pipeline`, [["GET", "a"], ["NOPE"]]);
    assert.deepEqual([status, JSON.parse(text)[0].result.length], [200, big.length]);
    const raw = await fetch(`${url}/set/b%2F?EX=9`, { method: "POST", body: new Uint8Array([255, 0]) });
    assert.deepEqual(
      [raw.headers.get("upstash-sync-token"), server.database().get("b/")],
      ["2", Buffer.from([255, 0])],
    );
    await server.close();
    assert.equal((await post(url, ["PING"]))[0], 502);
  });
});

describe("faults", () => {
  /** A server with `a` and `b` behind a proxy that does only `name`. */
  async function faulty(context, options) {
    const { server } = await fresh(context);
    const faults = await startFaults({ target: server.url, rate: 1, ...options });
    context.after(() => faults.close());
    server.database().put("a", "1");
    server.database().put("b", "2");
    server.resetCounts();
    const headers = { authorization: `Bearer ${server.token}` };
    const send = (body, path = "/", more = {}) => post(faults.url + path, body, { ...headers, ...more });
    return { server, faults, send };
  }

  const ANSWERS = {
    429: [429, '{"error":"ERR max commands per second exceeded"}'],
    500: [500, '{"error":"ERR internal server error"}'],
    502: [502, "<html><h1>502 Bad Gateway</h1></html>"],
    html: [200, "<!doctype html><p>error code: 1016</p>"],
    short: [200, '{"result":["1"]}'],
    drip: [200, '{"result":["1","2"]}'],
    garbage: [200, '{"result":'],
  };

  for (const [name, answer] of Object.entries(ANSWERS)) {
    test(`${name} has its answer`, async (context) => {
      const { server, faults, send } = await faulty(context, { only: [name] });
      const began = performance.now();
      assert.deepEqual(await send(["MGET", "a", "b"]), answer);
      assert.ok(performance.now() - began < 5_000);
      const forwarded = FAULTS[name].after === undefined ? 0 : 1;
      assert.equal(server.counts().requests, forwarded);
      assert.deepEqual(faults.counts(), { requests: 1, forwarded, abandoned: 0, faults: { [name]: 1 } });
    });
  }

  for (const name of ["reset", "reset-after", "truncate"]) {
    test(`${name} fails`, async (context) => {
      const { server, send } = await faulty(context, { only: [name] });
      for (let round = 0; round < 6; round++) await assert.rejects(send(["APPEND", "a", "x"]));
      assert.equal(server.database().get("a").length, name === "reset" ? 1 : 7);
    });
  }

  test("truncate-chunked ends in both ways", async (context) => {
    const { send } = await faulty(context, { only: ["truncate-chunked"] });
    const ends = [];
    for (let round = 0; round < 20; round++) ends.push(await send(["MGET", "a", "b"]).catch(() => "cut"));
    assert.ok(ends.includes("cut"));
    assert.deepEqual(ends.find(Array.isArray), [200, '{"result":']);
  });

  test("stall lasts until the client leaves, and nothing is forwarded", async (context) => {
    const { server, faults } = await faulty(context, { only: ["stall"] });
    const signal = AbortSignal.timeout(100);
    await assert.rejects(fetch(faults.url, { method: "POST", body: "[]", signal }), /timeout/);
    assert.equal(server.counts().requests, 0);
  });

  test("who left before the body was there is not forwarded", async (context) => {
    const { server, faults } = await faulty(context, { rate: 0 });
    const socket = connect(new URL(faults.url).port, "127.0.0.1");
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n["SET",');
    await sleep(50);
    socket.destroy();
    await sleep(50);
    assert.deepEqual([server.counts().requests, faults.counts().abandoned], [0, 1]);
  });

  test("what and when follows from the seed; settings do not move it", async (context) => {
    const outcome = async (seed, between = () => {}) => {
      const { faults, send } = await faulty(context, { seed, rate: 0.5 });
      faults.set({ only: ["429", "500", "502", "html", "short"] });
      const outcomes = [];
      for (let round = 0; round < 40; round++) {
        between(faults, round);
        outcomes.push((await send(["MGET", "a", "b"])).join(" "));
      }
      return outcomes;
    };
    const first = await outcome(7);
    assert.deepEqual(await outcome(7), first);
    assert.notDeepEqual(await outcome(8), first);
    assert.ok(new Set(first).size >= 5);
    const later = await outcome(7, (faults, round) => faults.set({ rate: round < 10 ? 0 : 0.5 }));
    assert.deepEqual(later.slice(10), first.slice(10));
    await assert.rejects(startFaults({ target: "http://127.0.0.1:1", only: ["none"] }), /no such fault: none/);
  });

  test("pages may read answers where the target lets them", async (context) => {
    const { server, faults } = await faulty(context, { only: ["500"] });
    const allowed = async (method) => {
      const headers = { origin: ORIGIN, "access-control-request-headers": "authorization" };
      const response = await fetch(faults.url, { method, headers });
      return [response.status, response.headers.get("access-control-allow-origin")];
    };
    assert.deepEqual(await allowed("OPTIONS"), [200, ORIGIN]);
    assert.deepEqual(await allowed("POST"), [500, ORIGIN]);
    server.set({ cors: false });
    const without = await startFaults({ target: server.url, rate: 1, only: ["500"] });
    context.after(() => without.close());
    const answer = await fetch(without.url, { method: "POST", headers: { origin: ORIGIN } });
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
  });

  test("a target with a path of its own, and one that is gone", async (context) => {
    const url = await mount(context, createHandler({ token: "t" }));
    const faults = await startFaults({ target: url, rate: 0 });
    context.after(() => faults.close());
    assert.equal((await post(`${faults.url}/pipeline`, [["PING"]], { authorization: "t" }))[1], '[{"result":"PONG"}]');
    const gone = await startFaults({ target: "http://127.0.0.1:1", rate: 0 });
    context.after(() => gone.close());
    assert.equal((await post(gone.url, ["PING"]))[0], 502);
  });

  test("shortened answers", () => {
    for (const [body, expected] of [
      ["*2\r\n$1\r\na\r\n$-1\r\n", "*1\r\n$1\r\na\r\n"],
      ["+OK\r\n*2\r\n*1\r\n:1\r\n$2\r\n\r\n\r\n", "+OK\r\n"],
      ["$3\r\nabc\r\n:12\r\n-ERR x\r\n", "$3\r\nabc\r\n:12\r\n"],
      ["$3\r\nabc\r\n", undefined],
      ["*0\r\n", undefined],
    ]) {
      assert.equal(shorten("application/octet-stream", Buffer.from(body))?.toString(), expected);
    }
    assert.equal(shorten("application/json", Buffer.from('[{"result":1},{"result":2}]')).toString(), '[{"result":1}]');
    assert.equal(shorten("application/json", Buffer.from('{"result":"OK"}')), undefined);
    assert.equal(shorten("text/plain", Buffer.from("Unauthorized")), undefined);
  });
});
