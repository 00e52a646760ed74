/**
 * Who is compared. Handles are made anew for each measurement (`open`), so that what one learns is seen apart from what it
 * costs to learn. All write under the same keys, `cache/<64 hex digits>`.
 *
 * @import { Server } from "./server.mjs"
 *
 * @typedef {object} Place Where a contender's data is.
 * @property {string} url
 * @property {string} token
 *
 * @typedef {object} Handle
 * @property {(ttl?: number) => Promise<unknown>} mset Stores all of the load; `ttl` in seconds.
 * @property {() => Promise<unknown[]>} mget Reads all of it.
 *
 * @typedef {object} Embedder
 * @property {(texts: string[]) => Promise<number[][]>} embedDocuments
 */

import { CacheBackedEmbeddings } from "@langchain/classic/embeddings/cache_backed";
import { UpstashRedisStore } from "@langchain/community/storage/upstash_redis";
import { Redis } from "@upstash/redis";
import { UpstashRedisByteStore } from "bytestow";
import { CacheBackedEmbeddings as OurCache } from "bytestow/embeddings";

import { OURS } from "../measure.mjs";
import { CACHE, SDK, SDK_PLAIN, STORE } from "./names.mjs";

const NAMESPACE = "cache";
const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];

/** @param {Uint8Array} bytes */
const base64 = ({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length).toString("base64");

/** @param {string} text */
const unbase64 = (text) => new Uint8Array(Buffer.from(text, "base64"));

/**
 * @param {Place} place
 * @param {"auto" | "raw"} [encoding]
 */
const ourStore = (place, encoding) => new UpstashRedisByteStore({ ...place, namespace: NAMESPACE, encoding });

/**
 * @param {Place} place
 * @param {number} [sessionTTL]
 */
const theirStore = (place, sessionTTL) =>
  new UpstashRedisStore({ client: new Redis(place), namespace: NAMESPACE, sessionTTL });

/**
 * A handle of the SDK over values that it takes as they are: strings, or whatever JSON can say.
 *
 * @param {Redis} redis
 * @param {string[]} keys
 * @param {() => unknown[]} values
 * @param {(value: any) => unknown} [decode]
 * @returns {Handle}
 */
function sdk(redis, keys, values, decode = (value) => value) {
  const physical = keys.map((key) => `${NAMESPACE}/${key}`);
  return {
    mset(ttl) {
      const all = values();
      if (ttl === undefined) return redis.mset(Object.fromEntries(physical.map((key, i) => [key, all[i]])));
      // Its mset has no TTL.
      const pipeline = redis.pipeline();
      for (const [i, key] of physical.entries()) pipeline.setex(key, ttl, all[i]);
      return pipeline.exec();
    },
    mget: async () => (await redis.mget(...physical)).map(decode),
  };
}

/**
 * @param {string[]} keys
 * @param {Uint8Array[]} values
 * @returns {Record<string, (place: Place) => Handle>} Our store, for bytes of any kind.
 */
function ours(keys, values) {
  const pairs = keys.map((key, i) => [key, values[i]]);
  return {
    [OURS](place) {
      const store = ourStore(place);
      return { mset: (ttl) => store.mset(pairs, { ttl }), mget: () => store.mget(keys) };
    },
  };
}

/** The vector's bytes, as f32. */
const packed = (vector) => new Uint8Array(Float32Array.from(vector).buffer);

/**
 * Caches of embeddings: numbers in, numbers out.
 *
 * @param {Embedder} embedder
 * @returns {Record<string, (place: Place) => Embedder>}
 */
export const caches = (embedder) => ({
  [OURS]: (place) => new OurCache({ embeddings: embedder, store: ourStore(place), model: "bench" }),
  [CACHE]: (place) => CacheBackedEmbeddings.fromBytesStore(embedder, theirStore(place)),
});

/**
 * Stores of vectors, each in the form that it can hold: bytes as they are, base64 of them, arrays of numbers.
 *
 * @param {string[]} keys
 * @param {number[][]} vectors
 * @returns {Record<string, (place: Place) => Handle>}
 */
export function vectorStores(keys, vectors) {
  const values = vectors.map(packed);
  return {
    ...ours(keys, values),
    [`${STORE}, base64`](place) {
      const store = theirStore(place);
      return {
        mset: (ttl) =>
          (ttl === undefined ? store : theirStore(place, ttl)).mset(
            keys.map((key, i) => [key, encoder.encode(base64(values[i]))]),
          ),
        mget: async () => (await store.mget(keys)).map((text) => unbase64(decoder.decode(text))),
      };
    },
    [`${SDK}, arrays`]: (place) => sdk(new Redis(place), keys, () => vectors),
    [`${SDK}, base64`]: (place) => sdk(new Redis(place), keys, () => values.map(base64), unbase64),
  };
}

/**
 * Stores of texts: those for bytes get them as bytes, the SDK as strings.
 *
 * @param {string[]} keys
 * @param {string[]} texts
 * @returns {Record<string, (place: Place) => Handle>}
 */
export function textStores(keys, texts) {
  const values = texts.map((text) => encoder.encode(text));
  const pairs = keys.map((key, i) => [key, values[i]]);
  return {
    ...ours(keys, values),
    [STORE](place) {
      const store = theirStore(place);
      return {
        mset: (ttl) => (ttl === undefined ? store : theirStore(place, ttl)).mset(pairs),
        mget: () => store.mget(keys),
      };
    },
    [SDK]: (place) => sdk(new Redis(place), keys, () => texts),
    [SDK_PLAIN]: (place) => sdk(new Redis({ ...place, responseEncoding: false }), keys, () => texts),
    [`${SDK}, base64`]: (place) => sdk(new Redis(place), keys, () => values.map(base64), unbase64),
  };
}

/** The physical key of the one value of {@link single}. */
export const SINGLE_KEY = `${NAMESPACE}/large`;

/**
 * One value. `mget` decodes: to bytes if it is bytes, to a string if it is text.
 *
 * @param {Uint8Array | string} value
 * @returns {Record<string, (place: Place) => Handle>}
 */
export function single(value) {
  const key = "large";
  const isText = typeof value === "string";
  const bytes = isText ? encoder.encode(value) : value;
  const values = () => [isText ? value : base64(value)];
  const decode = isText ? undefined : unbase64;
  return {
    [OURS](place) {
      const store = ourStore(place);
      return {
        mset: () => store.mset([[key, bytes]]),
        mget: async () => (await store.mget([key])).map((read) => (isText ? decoder.decode(read) : read)),
      };
    },
    [SDK]: (place) => sdk(new Redis(place), [key], values, decode),
    [SDK_PLAIN]: (place) => sdk(new Redis({ ...place, responseEncoding: false }), [key], values, decode),
  };
}

/**
 * One value that a native client has stored: bytes as they are. The SDK can only take them for text, and ruins them.
 *
 * @returns {Record<string, (place: Place) => Pick<Handle, "mget">>}
 */
export const native = () => ({
  [OURS](place) {
    const store = ourStore(place, "raw");
    return { mget: () => store.mget(["large"]) };
  },
  [SDK]: (place) => ({ mget: () => new Redis(place).mget(SINGLE_KEY) }),
  [SDK_PLAIN]: (place) => ({ mget: () => new Redis({ ...place, responseEncoding: false }).mget(SINGLE_KEY) }),
});
