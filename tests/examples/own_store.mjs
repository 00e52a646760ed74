/**
 * A store of your own in JavaScript, and what wrapping it gives.
 *
 *   node own_store.mjs
 *
 * Four methods make a store: `mget`, `mset`, `mdelete`, `yieldKeys`. That is all LangChain.js asks for, and all that
 * bytestow asks for: any such object goes wherever a store is taken. `WrappedByteStore` adds the rest of the contract:
 * checked arguments and answers, copied bytes, namespaces, signals, `stat`, `clear`, typed errors.
 */
import assert from "node:assert/strict";
import { WrappedByteStore } from "bytestow";

/** A store over a Map. Put your database in its place. */
export class MapByteStore {
  #entries = new Map();

  /** The values of `keys`, in their order; `undefined` for a missing one. */
  async mget(keys) {
    return keys.map((key) => this.#entries.get(key));
  }

  /** Stores pairs. They belong to the store: `WrappedByteStore` has copied the caller's arrays. */
  async mset(pairs) {
    for (const [key, value] of pairs) this.#entries.set(key, value);
  }

  /** Deletes `keys`; missing ones are fine. */
  async mdelete(keys) {
    for (const key of keys) this.#entries.delete(key);
  }

  /** Each key that begins with `prefix`, once. A snapshot: the map may change while it is read. */
  async *yieldKeys(prefix = "") {
    for (const key of [...this.#entries.keys()]) {
      if (key.startsWith(prefix)) yield key;
    }
  }
}

const own = new MapByteStore();
const store = new WrappedByteStore({ store: own, namespace: "demo" });

await store.mset([
  ["greeting", new TextEncoder().encode("hello")],
  ["empty", new Uint8Array()],
]);
const [greeting, missing] = await store.mget(["greeting", "nobody"]);
assert.equal(new TextDecoder().decode(greeting), "hello");
assert.equal(missing, undefined);

// The bytes are the caller's own: changing them changes nothing that is stored.
greeting?.fill(0);
const [stat] = await store.stat(["greeting"]);
assert.equal(stat?.bytes, 5);

const keys = [];
for await (const key of store.yieldKeys()) keys.push(key);
assert.deepEqual(keys.sort(), ["empty", "greeting"]);

// The layout is LangChain's: `<namespace>/<key>`.
const [physical] = await own.mget(["demo/greeting"]);
assert.equal(new TextDecoder().decode(physical), "hello");

// What the store does not do is refused by name, not ignored.
await assert.rejects(store.mset([["greeting", new Uint8Array(1)]], { ttl: 60 }), { code: "invalid_argument" });

await store.clear();
for await (const key of own.yieldKeys()) assert.fail(`${key} outlived clear()`);
await store.close();
console.log("own_store: a Map with four methods kept the contract");
