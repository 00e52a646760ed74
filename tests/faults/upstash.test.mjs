/**
 * `UpstashRedisByteStore` behind a proxy that does harm: thousands of random operations by several workers, and a model
 * that knows what each key may hold. `BYTESTOW_SEED` replays what the workers do and what the proxy does.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { UpstashRedisByteStore } from "bytestow";
import { FAULTS, startFaults } from "../support/upstash/faults.mjs";
import { startRedis } from "../support/upstash/redis.mjs";
import { startServer } from "../support/upstash/server.mjs";

const SEED = Number(process.env.BYTESTOW_SEED ?? Math.floor(Math.random() * 2 ** 31));
const [TIMEOUT, RETRIES, DEADLINE, SLACK] = [200, 4, 900, 5_000];
const WORKERS = 10;

/** Numbers from 0 to 1 that follow from `seed` (xorshift32). */
function generator(seed) {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** What each key of one worker may hold: several things after a write of unknown end. A value says who wrote it. */
class Model {
  #may = new Map();

  may(key) {
    return this.#may.get(key) ?? new Set([undefined]);
  }

  /** A write of `value` (undefined: a deletion) has begun: until it is done, both are possible. */
  begin(key, value) {
    this.#may.set(key, new Set([...this.may(key), value]));
  }

  done(key, value) {
    this.#may.set(key, new Set([value]));
  }

  check(key, value, what) {
    const may = this.may(key);
    assert.ok(may.has(value), `seed ${SEED}: ${what} of ${key}: ${value}, and not one of ${[...may].join(", ")}`);
  }
}

/** A value that nobody else writes: text or bytes, short or of some kilobytes. */
function madeBy(name, random) {
  const size = random() < 0.1 ? Math.floor(random() * 4_000) : Math.floor(random() * 30);
  const filler = Buffer.alloc(size, random() < 0.5 ? 255 : 120);
  return new Uint8Array(Buffer.concat([Buffer.from(`${name};`), filler]));
}

const textOf = (value) => (value === undefined ? undefined : Buffer.from(value).toString("latin1"));

/** Counts of one run, and what breaks the rules. */
class Run {
  operations = 0;
  failed = 0;
  slowest = 0;

  /** Runs one operation; gives whether it was done. */
  async operation(work, requests) {
    this.operations += 1;
    const began = performance.now();
    let error;
    const value = await work().catch((thrown) => {
      error = thrown;
    });
    const took = performance.now() - began;
    this.slowest = Math.max(this.slowest, took / requests);
    if (error !== undefined) {
      this.failed += 1;
      assert.equal(error.name, "BytestowError", `seed ${SEED}: ${error.stack}`);
      assert.ok(["unavailable", "timeout"].includes(error.code), `seed ${SEED}: ${error.stack}`);
      assert.ok(error.attempts <= RETRIES + 1, `seed ${SEED}: ${error.attempts} attempts`);
      assert.ok(error.elapsed <= DEADLINE + SLACK, `seed ${SEED}: it went on for ${error.elapsed} ms`);
    }
    return { done: error === undefined, value };
  }
}

/** One worker: operations on keys of its own, checked against its model; and on shared ones, by provenance alone. */
async function worker(run, number, open, shared, count) {
  const random = generator(SEED + number * 7_919);
  const pick = (below) => Math.floor(random() * below);
  const store = open(`w${number}`);
  const common = open("shared");
  const model = new Model();
  const own = Array.from({ length: 12 }, (_, at) => `k${at}`);
  for (let at = 0; at < count; at++) {
    const keys = Array.from({ length: 1 + pick(5) }, () => own[pick(own.length)]);
    const unique = [...new Set(keys)];
    const kind = random();
    if (kind < 0.3) {
      const pairs = unique.map((key) => [key, madeBy(`${number}.${at}.${key}`, random)]);
      for (const [key, value] of pairs) model.begin(key, textOf(value));
      const options = random() < 0.3 ? { ttl: 1_000 } : undefined;
      const { done } = await run.operation(() => store.mset(pairs, options), 2);
      if (done) for (const [key, value] of pairs) model.done(key, textOf(value));
    } else if (kind < 0.4) {
      for (const key of unique) model.begin(key, undefined);
      const { done } = await run.operation(() => store.mdelete(keys), 1);
      if (done) for (const key of unique) model.done(key, undefined);
    } else if (kind < 0.75) {
      const { done, value: found } = await run.operation(() => store.mget(keys), 1);
      if (done) for (const [place, key] of keys.entries()) model.check(key, textOf(found[place]), "mget");
    } else if (kind < 0.82) {
      const { done, value: stats } = await run.operation(() => store.stat(keys), 1);
      if (done) {
        keys.forEach((key, place) => {
          const lengths = [...model.may(key)].map((value) => value?.length);
          assert.ok(lengths.includes(stats[place]?.bytes), `seed ${SEED}: stat of ${key}: ${stats[place]?.bytes}`);
        });
      }
    } else if (kind < 0.86) {
      const list = async () => {
        const listed = [];
        for await (const key of store.yieldKeys("k")) listed.push(key);
        return listed;
      };
      const { done, value: listed } = await run.operation(list, 3);
      if (done) {
        assert.equal(new Set(listed).size, listed.length);
        for (const key of own) {
          const may = model.may(key);
          const fits = listed.includes(key) ? [...may].some((value) => value !== undefined) : may.has(undefined);
          assert.ok(fits, `seed ${SEED}: yieldKeys ${listed.includes(key) ? "shows" : "lacks"} ${key}`);
        }
      }
    } else if (kind < 0.93) {
      const key = `s${pick(5)}`;
      const value = madeBy(`${number}.${at}.${key}`, random);
      shared.get(key).add(textOf(value));
      await run.operation(() => common.mset([[key, value]]), 1);
    } else {
      const keys = [...shared.keys()];
      const { done, value: found } = await run.operation(() => common.mget(keys), 1);
      if (done) {
        keys.forEach((key, place) => {
          const value = textOf(found[place]);
          assert.ok(
            value === undefined || shared.get(key).has(value),
            `seed ${SEED}: ${key} holds what nobody wrote: ${value}`,
          );
        });
      }
    }
  }
  return { store, model, own };
}

/** All operations on one server; then, without faults, what is there must be what the models allow. */
async function torment(context, target, token, operations) {
  const faults = await startFaults({ target, seed: SEED, rate: 0.2 });
  context.after(() => faults.close());
  const shared = new Map(Array.from({ length: 5 }, (_, at) => [`s${at}`, new Set()]));
  const requests = { told: 0, retries: 0 };
  const onEvent = ({ type, attempt }) => {
    if (type === "request") requests.told += 1;
    if (type === "retry") {
      requests.retries += 1;
      assert.ok(attempt <= RETRIES, `seed ${SEED}: retry after attempt ${attempt}`);
    }
  };
  const open = (namespace) =>
    new UpstashRedisByteStore({
      url: faults.url,
      token,
      namespace,
      timeout: TIMEOUT,
      retries: RETRIES,
      deadline: DEADLINE,
      onEvent,
    });
  const run = new Run();
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, (_, number) => worker(run, number, open, shared, operations / WORKERS)),
  );
  const { requests: seen, faults: done } = faults.counts();
  // The proxy has seen what the store has told of, but for connections that were cut before their request was read.
  assert.ok(seen <= requests.told, `seed ${SEED}: ${seen} requests at the proxy, ${requests.told} told`);
  for (const name of Object.keys(FAULTS)) assert.ok(done[name] > 0, `seed ${SEED}: no ${name} came up`);
  assert.equal(run.operations, operations);
  assert.ok(run.failed < operations / 10, `seed ${SEED}: ${run.failed} of ${operations} failed`);
  assert.ok(run.slowest <= DEADLINE + SLACK, `seed ${SEED}: an operation took ${run.slowest} ms a request`);
  context.diagnostic(
    `seed ${SEED}: ${operations} operations, ${run.failed} failed, ${seen} requests, ${requests.retries} retries, ` +
      `slowest ${Math.round(run.slowest)} ms a request`,
  );
  faults.set({ rate: 0 });
  for (const { store, model, own } of workers) {
    const found = await store.mget(own);
    for (const [place, key] of own.entries()) model.check(key, textOf(found[place]), "at the end");
  }
}

test("over the strict server: 6,000 operations", async (context) => {
  const server = await startServer();
  context.after(() => server.close());
  await torment(context, server.url, server.token, 6_000);
});

test("over the strict server without MSETEX and RESP2: 2,000 operations", async (context) => {
  const server = await startServer({ mode: "no-msetex" });
  context.after(() => server.close());
  await torment(context, server.url, server.token, 2_000);
});

test("over a real Redis: 2,000 operations", async (context) => {
  const redis = await startRedis();
  context.after(() => redis.close());
  await torment(context, redis.url(0), redis.token, 2_000);
});
