/**
 * Both caches over Upstash in Node: ours over our store, LangChain's over `UpstashRedisStore`, each with a database of its
 * own in a real Redis behind a server of the same protocol.
 *
 * @import { Row } from "../measure.mjs"
 * @import { Sides } from "./compare.mjs"
 */

import { UpstashRedisStore } from "@langchain/community/storage/upstash_redis";
import { Redis } from "@upstash/redis";
import { UpstashRedisByteStore } from "bytestow";

import { startRedis } from "../../support/upstash/redis.mjs";
import { Samples } from "../measure.mjs";
import { Contender, compare } from "./compare.mjs";
import { made } from "./memory.mjs";
import { DIMENSIONS, FIGURES, FORMS, GROUPS, label, OURS, THEIRS } from "./names.mjs";
import { load } from "./provider.mjs";

/** The form whose calls are timed; of the other one bytes are counted only, since rounds over HTTP take long. */
const TIMED = "doubles";

/** Redis' database of each side. */
const DATABASE = { [OURS]: 0, [THEIRS]: 1 };

/** Bytes of all keys and values, by Redis itself. */
const WEIGH = `local sum = 0
for _, key in ipairs(redis.call('KEYS', '*')) do sum = sum + #key + redis.call('STRLEN', key) end
return sum`;

/**
 * @param {Awaited<ReturnType<typeof startRedis>>} redis
 * @returns {Sides}
 */
function sides(redis) {
  const side = (name, storeOn) => async (provider) => {
    await redis.cli(DATABASE[name], "FLUSHDB");
    const store = storeOn({ url: redis.url(DATABASE[name]), token: redis.token });
    // So that neither opens its first connection while it is measured.
    await store.mget(["opens a connection"]);
    return { cache: made[name](provider, store), close: () => redis.cli(DATABASE[name], "FLUSHDB") };
  };
  return {
    [OURS]: side(OURS, (place) => new UpstashRedisByteStore(place)),
    [THEIRS]: side(THEIRS, (place) => new UpstashRedisStore({ client: new Redis(place) })),
  };
}

/**
 * Runs `call` while every `fetch` is weighed.
 *
 * @param {() => Promise<unknown>} call
 * @returns {Promise<number>} Bytes of all bodies, both ways.
 */
async function wire(call) {
  const real = globalThis.fetch;
  let sum = 0;
  globalThis.fetch = async (resource, options) => {
    const request = new Request(resource, options);
    const sent = await request.clone().arrayBuffer();
    const response = await real(request);
    const received = await response.clone().arrayBuffer();
    sum += sent.byteLength + received.byteLength;
    return response;
  };
  try {
    await call();
    return sum;
  } finally {
    globalThis.fetch = real;
  }
}

/**
 * @param {{ rounds: number, warmUps: number, progress: (line: string) => void }} options
 * @returns {Promise<Row[]>}
 */
export async function embeddingsInUpstash({ rounds, warmUps, progress }) {
  const group = GROUPS.upstash;
  const redis = await startRedis();
  try {
    const both = sides(redis);
    const samples = new Samples();
    const rows = [];
    for (const dimensions of DIMENSIONS) {
      for (const form of Object.keys(FORMS)) {
        progress(`${group}: ${dimensions} dimensions, ${FORMS[form]}`);
        const loaded = load(dimensions, form);
        const weights = { [FIGURES.bytes]: {}, [FIGURES.wireCold]: {}, [FIGURES.wireWarm]: {} };
        for (const [name, open] of Object.entries(both)) {
          const contender = await Contender.open(name, open, loaded);
          weights[FIGURES.wireCold][name] = [await wire(() => contender.time("cold"))];
          weights[FIGURES.wireWarm][name] = [await wire(() => contender.time("warm"))];
          weights[FIGURES.bytes][name] = [Number(await redis.cli(DATABASE[name], "EVAL", WEIGH, "0"))];
          await contender.close();
        }
        for (const [what, sizes] of Object.entries(weights)) {
          rows.push({ group, label: label(dimensions, form, what), unit: "bytes", samples: sizes });
        }
        if (form !== TIMED) continue;
        const given = { group, dimensions, form, load: loaded, sides: both, samples };
        await compare({ ...given, rounds, warmUps });
      }
    }
    return [...samples.rows(Object.keys(both), rounds), ...rows];
  } finally {
    await redis.close();
  }
}
