// How IndexedDB is refused where a runtime has none: by every method that would need it.

import { IndexedDBByteStore } from "bytestow";

const value = new Uint8Array([1, 2, 3]);

/** The methods that are refused, each on a store that it is given. */
const calls = {
  mget: (store) => store.mget(["k"]),
  mset: (store) => store.mset([["k", value]]),
  mdelete: (store) => store.mdelete(["another"]),
  stat: (store) => store.stat(["k"]),
  yieldKeys: (store) => store.yieldKeys().next(),
  clear: (store) => store.clear({ all: true }),
  destroy: () => new IndexedDBByteStore({ name: "nowhere" }).destroy(),
};

/**
 * What each method rejects with, as data; `undefined` where it does not.
 * @returns {Promise<Record<string, { name: string, code: string, message: string } | undefined>>}
 */
export async function refusals() {
  const store = new IndexedDBByteStore({ name: "nowhere" });
  const made = Object.entries(calls).map(async ([name, call]) => {
    const error = await call(store).then(
      () => undefined,
      (reason) => reason,
    );
    return [name, error && { name: error.name, code: error.code, message: error.message }];
  });
  const refused = Object.fromEntries(await Promise.all(made));
  await store.close();
  return refused;
}
