/** A store of the user's own, typed by `BaseByteStore` alone. */

import { type BaseByteStore, InMemoryByteStore, WrappedByteStore } from "bytestow";

class OwnStore implements BaseByteStore {
  readonly #entries = new Map<string, Uint8Array>();

  async mget(keys: string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.#entries.get(key));
  }

  async mset(pairs: [string, Uint8Array][]): Promise<void> {
    for (const [key, value] of pairs) this.#entries.set(key, value.slice());
  }

  async mdelete(keys: string[]): Promise<void> {
    for (const key of keys) this.#entries.delete(key);
  }

  async *yieldKeys(prefix = ""): AsyncGenerator<string> {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) yield key;
  }
}

export const wrapped = new WrappedByteStore({ store: new OwnStore(), namespace: "mine" });
export const twice = new WrappedByteStore({ store: wrapped });
export const ours: BaseByteStore = new InMemoryByteStore();

// @ts-expect-error: it lacks yieldKeys
export const half: BaseByteStore = { mget: wrapped.mget, mset: wrapped.mset, mdelete: wrapped.mdelete };
// @ts-expect-error: a store is needed
export const none = new WrappedByteStore({});
// @ts-expect-error: a Map is no store
export const map = new WrappedByteStore({ store: new Map() });
