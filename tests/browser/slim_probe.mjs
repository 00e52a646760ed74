/** What a page does with `bytestow/slim`. */

import { IndexedDBByteStore, InMemoryByteStore, initWasm } from "bytestow/slim";

/** Stores and reads with wasm from `source`. */
async function slim(source) {
  initWasm(source);
  const store = new InMemoryByteStore();
  try {
    await store.mset([["a", new Uint8Array([7])]]);
    const persistent = new IndexedDBByteStore({ name: "slim" });
    await persistent.mset([["a", new Uint8Array([8])]]);
    return [(await store.mget(["a"]))[0][0], (await persistent.mget(["a"]))[0][0]];
  } catch (error) {
    return { code: error.code, message: error.message, retryable: error.retryable, cause: String(error.cause) };
  }
}

Object.assign(globalThis, { slim, ready: true });
