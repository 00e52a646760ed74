/** Runs in the page beside the page's own code, on a handle of its own: what the explorer is compared with. */
import { IndexedDBByteStore } from "bytestow";

async function withStore(work) {
  const store = new IndexedDBByteStore({ name: "bytestow-demo", namespace: "embeddings" });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** What is kept: of each key how many bytes, when it was written, and how long it lives, in seconds. */
export function statOfAll() {
  return withStore(async (store) => {
    const keys = [];
    for await (const key of store.yieldKeys()) keys.push(key);
    const stats = await store.stat(keys);
    return Object.fromEntries(keys.map((key, at) => [key, stats[at]]));
  });
}

/** A digest over all keys and values but those of the search's index. */
export function digest() {
  return withStore(async (store) => {
    const keys = [];
    for await (const key of store.yieldKeys()) if (!key.startsWith("search/")) keys.push(key);
    keys.sort();
    const values = await store.mget(keys);
    const whole = await new Blob(keys.flatMap((key, at) => [key, values[at]])).arrayBuffer();
    return [...new Uint8Array(await crypto.subtle.digest("SHA-256", whole))].join(" ");
  });
}

/** The bytes under `key`. */
export function bytesOf(key) {
  return withStore(async (store) => [...(await store.mget([key]))[0]]);
}

/** Keeps `numbers` as bytes under `key`, for so many seconds. */
export function keep(key, numbers, ttl = null) {
  return withStore((store) => store.mset([[key, Uint8Array.from(numbers)]], { ttl }));
}

/** Deletes what stands under `key`. */
export function drop(key) {
  return withStore((store) => store.mdelete([key]));
}
