// The contract on our stores in Node: on those that are there at once, then on those behind a server of Upstash's
// protocol, which is a strict one of ours in each of its modes, and a real Redis.

import assert from "node:assert/strict";
import test, { after, describe } from "node:test";
import { byteStoreTests, rules, runRules } from "bytestow/testing";
import { startRedis } from "../support/upstash/redis.mjs";
import { startServer } from "../support/upstash/server.mjs";
import { Results, SEED } from "./grid/record.mjs";
import { refusals } from "./grid/refusals.mjs";
import { remotes } from "./grid/remote.mjs";
import { ALONE } from "./grid/rows.mjs";
import { harnessOf } from "./grid/stores.mjs";
import { Turns } from "./grid/turns.mjs";

/** Rows over the strict server: its mode, and options of the store. */
const STRICT = [
  { store: "Upstash", kind: "Upstash", mode: "full" },
  { store: "Upstash, no RESP2", kind: "Upstash", mode: "no-resp2" },
  { store: "Upstash, plain replies alone", kind: "Upstash", mode: "plain" },
  { store: "Upstash, no MSETEX", kind: "Upstash", mode: "no-msetex" },
  { store: "Upstash, small limits", kind: "Upstash", mode: "small-limits" },
  { store: "tiered: memory, Upstash", kind: "tiered: memory, Upstash", mode: "full" },
];

/**
 * What a server of small limits must take for a rule to hold by nature: its largest value as it is sent, or a page of its
 * longest keys, where SCAN may repeat what it gave. All other rules get by with the mode's own 64 KiB.
 */
const ROOM = new Map([
  [/: V3-/u, 5_000_000],
  [/: (?:O2|W1|W8|V4|V5|V6|V7)-/u, 500_000],
  [/: K5-/u, 100_000],
]);

const runtime = `node ${process.versions.node.split(".", 2).join(".")}`;
const results = new Results("node");
after(() => results.finish());

for (const store of ALONE) {
  byteStoreTests(test, harnessOf(store, runtime), { seed: SEED, onResult: results.row(store, runtime) });
}

test("IndexedDB is not there: every call is refused as unavailable", async () => {
  results.absent("IndexedDB", runtime, await refusals());
});

for (const { store, kind, mode } of STRICT) {
  const onResult = results.row(store, runtime);
  describe(`${store}, strict server`, async () => {
    const server = await startServer({ mode });
    after(() => server.close());
    const roomy = (name, body) =>
      test(name, () => {
        const [, requestLimit] = [...ROOM].find(([rules]) => rules.test(name)) ?? [];
        if (mode === "small-limits") server.set({ requestLimit });
        return body();
      });
    byteStoreTests(roomy, harnessOn(server, store, kind), { seed: SEED, onResult });
  });
}

// No row of the table: with `encoding: "raw"` bytes that are no text go by a URL's path, where not every key can stand.
describe('Upstash, encoding: "raw"', async () => {
  const server = await startServer();
  after(() => server.close());
  const raw = harnessOn(server, "Upstash, raw", "Upstash", { encoding: "raw" });
  const inPaths = ["L2-prefix-literal", "K1-any-unicode", "K5-long-keys"];
  const run = (harness, only) => runRules(harness, { seed: SEED, only });
  // A request each, where a value goes by a path: ten thousand and one of them, for a listing that no encoding touches.
  const notRun = [...inPaths, "L4-exactly-once"];

  for (const { id, title } of rules.filter(({ id }) => !notRun.includes(id))) {
    test(`${id}: ${title}`, async () => {
      const { failed } = await run(raw, [id]);
      assert.deepEqual(failed, []);
    });
  }

  test("the others break on keys that cannot stand in a path, which are refused, and on nothing else", async () => {
    const { failed } = await run(raw, inPaths);
    assert.deepEqual(
      failed.map(({ id }) => id),
      inPaths,
    );
    for (const { message } of failed)
      assert.match(message, /BytestowError unsupported: encoding: "raw" .* under keys that can stand in a URL's path/u);
    // The empty key and the dots can stand there behind a namespace; too long is too long.
    const open = (backend, options) => raw.open(backend, { namespace: "area", ...options });
    const inside = await run({ ...raw, open }, inPaths.slice(0, 2));
    assert.deepEqual(inside.failed, []);
  });
});

const onRedis = ["Upstash", "tiered: memory, Upstash"].map((kind) => {
  const store = `${kind}, real Redis`;
  return { kind, store, onResult: results.row(store, runtime) };
});

describe("real Redis", async () => {
  const redis = await startRedis();
  after(() => redis.close());
  const turns = new Turns();
  for (const { kind, store, onResult } of onRedis) {
    const server = { url: redis.url("").slice(0, -1), token: redis.token, databases: "number", row: store };
    byteStoreTests(turns.test, { ...remotes[kind](server), name: store, runtime }, { seed: SEED, onResult });
  }
  turns.finish();
});

/** A harness whose server goes by the clock of the kit, one rule at a time. */
function harnessOn(server, store, kind, always = {}) {
  const harness = remotes[kind]({ url: server.url, token: server.token, databases: "token", row: store }, always);
  return {
    ...harness,
    name: store,
    runtime,
    clock: "injected",
    open(backend, options = {}) {
      server.set({ now: options.now ?? Date.now });
      return harness.open(backend, options);
    },
    requests: () => server.counts().requests,
  };
}
