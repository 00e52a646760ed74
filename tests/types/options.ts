/** What the compiler refuses, and what methods give. */

import {
  type ByteStore,
  BytestowError,
  type BytestowErrorOptions,
  type Capabilities,
  type EntryStat,
  type ErrorCode,
  IndexedDBByteStore,
  InMemoryByteStore,
  type StoreStats,
  WrappedByteStore,
} from "bytestow";
import { expectType, type Same } from "./expect.js";

// @ts-expect-error: the name is missing
new IndexedDBByteStore({});
// @ts-expect-error: the options are missing
new IndexedDBByteStore();
// @ts-expect-error: no such word
new IndexedDBByteStore({ name: "a", durability: "sometimes" });
// @ts-expect-error: no such word
new IndexedDBByteStore({ name: "a", recover: true });
// @ts-expect-error: no such word
new IndexedDBByteStore({ name: "a", fallback: "disk" });
// @ts-expect-error: the bound of another store
new IndexedDBByteStore({ name: "a", maxEntries: 1 });
// @ts-expect-error: a name it does not know
new InMemoryByteStore({ maxByte: 1 });
// @ts-expect-error: a number of seconds, not a string
new InMemoryByteStore({ ttl: "1m" });
// @ts-expect-error: `null` is for calls
new InMemoryByteStore({ ttl: null });
// @ts-expect-error: not a Date
new InMemoryByteStore({ now: () => new Date() });
// @ts-expect-error: not a list
new InMemoryByteStore({ namespace: ["a", "b"] });
// @ts-expect-error: it cannot expire entries
new WrappedByteStore({ store: new InMemoryByteStore(), ttl: 1 });

new InMemoryByteStore();
new InMemoryByteStore({});
new InMemoryByteStore({ namespace: undefined, ttl: undefined, maxBytes: undefined, maxEntries: 1 });

export async function calls(store: ByteStore): Promise<void> {
  const values = await store.mget(["a"]);
  expectType<Same<typeof values, (Uint8Array<ArrayBuffer> | undefined)[]>>();
  const nothing = await store.mset([["a", new Uint8Array(1)]], { ttl: null });
  expectType<Same<typeof nothing, void>>();
  const stored = await store.setIf([["a", new Uint8Array(1)]], "absent", { ttl: 0.1 });
  expectType<Same<typeof stored, boolean[]>>();
  const stats = await store.stat(["a"]);
  expectType<Same<typeof stats, (EntryStat | undefined)[]>>();
  const counted = store.stats();
  expectType<Same<typeof counted, StoreStats>>();
  const claims = await store.capabilities();
  expectType<Same<typeof claims, Capabilities>>();
  for await (const key of store.yieldKeys("a/", {})) expectType<Same<typeof key, string>>();
  await store.clear({ all: true });

  // @ts-expect-error: an array of keys
  await store.mget("a");
  // @ts-expect-error: bytes, not text
  await store.mset([["a", "text"]]);
  // @ts-expect-error: bytes, not a buffer
  await store.mset([["a", new ArrayBuffer(1)]]);
  // @ts-expect-error: pairs, not an object
  await store.mset({ a: new Uint8Array(1) });
  // @ts-expect-error: a name it does not know
  await store.mset([], { expires: 1 });
  // @ts-expect-error: reading takes no TTL
  await store.mget([], { ttl: 1 });
  // @ts-expect-error: no such condition
  await store.setIf([], "unchanged");
  // @ts-expect-error: not a signal
  await store.mget([], { signal: 1_000 });
}

const cause: BytestowErrorOptions = { cause: new Error("below"), retryable: true };
const error = new BytestowError("unavailable", "no", cause);
expectType<Same<typeof error.name, "BytestowError">>();
expectType<Same<typeof error.code, ErrorCode>>();
// @ts-expect-error: no such code
new BytestowError("gone", "no");
