/**
 * Runs in the page beside the page's own code, on a handle of its own: what the test compares the page's numbers with.
 */
import { IndexedDBByteStore } from "bytestow";

/** All that the page's cache holds: each key, with the bytes of the first. */
export async function readCache() {
  const store = new IndexedDBByteStore({ name: "bytestow-demo", namespace: "embeddings" });
  try {
    const keys = [];
    for await (const key of store.yieldKeys()) keys.push(key);
    const values = await store.mget(keys);
    const inOrder = keys.map((key, at) => [key, values[at]]).sort(([a], [b]) => (a < b ? -1 : 1));
    const digest = await crypto.subtle.digest("SHA-256", await new Blob(inOrder.flat()).arrayBuffer());
    return {
      digest: [...new Uint8Array(digest)].join(" "),
      keys,
      bytes: values.reduce((sum, value) => sum + value.byteLength, 0),
      first: Object.fromEntries(keys.slice(0, 20).map((key, at) => [key, [...values[at]]])),
    };
  } finally {
    await store.close();
  }
}
