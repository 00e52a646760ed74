/** A browser program: the results go where the platform wants bytes over a plain ArrayBuffer. */

import {
  type Bytes,
  IndexedDBByteStore,
  type IndexedDBByteStoreOptions,
  type StoreEvent,
  type StoreUsage,
} from "bytestow";
import { initWasm, IndexedDBByteStore as SlimStore } from "bytestow/slim";
import { expectType, type Same } from "./expect.js";

expectType<Same<Bytes, Uint8Array<ArrayBuffer>>>();

const events: StoreEvent[] = [];
const options: IndexedDBByteStoreOptions = {
  name: "pages",
  namespace: "a/b",
  ttl: 0.5,
  memoryBytes: 0,
  maxBytes: 50_000_000,
  recover: "recreate",
  durability: "strict",
  fallback: "memory",
  now: () => performance.now(),
  onEvent: (event) => events.push(event),
};

export async function work(): Promise<number> {
  const store = new IndexedDBByteStore(options);
  const [value] = await store.mget(["key"]);
  expectType<Same<typeof value, Uint8Array<ArrayBuffer> | undefined>>();
  if (value === undefined) return 0;
  // What a view on any buffer could not be used for.
  const digest = await crypto.subtle.digest("SHA-256", value);
  postMessage(value, { transfer: [value.buffer] });
  const blob = new Blob([value]);
  const usage = await store.usage();
  expectType<Same<typeof usage, StoreUsage>>();
  const isKept = await store.requestPersistence();
  expectType<Same<typeof isKept, boolean>>();
  await store.destroy();
  return digest.byteLength + blob.size;
}

export function slim(): SlimStore {
  initWasm(fetch("bytestow.wasm"));
  initWasm("bytestow.wasm");
  initWasm(new ArrayBuffer(8));
  initWasm(new Uint8Array(8));
  return new SlimStore({ name: "pages" });
}

export function told(event: StoreEvent): string {
  switch (event.type) {
    case "request":
      return `${event.operation} ${event.keys.toFixed()} ${event.ms.toFixed()}`;
    case "evict":
      return `${event.keys + event.bytes}`;
    case "corrupt":
      return event.key + event.reason;
    case "fallback":
      return event.to + event.reason;
    case "retry":
      return `${event.operation} ${event.attempt.toFixed()} ${event.delay.toFixed()} ${event.reason}`;
    case "breaker":
      return event.reason + event.ms.toFixed();
    case "remote_error":
    case "local_error":
    case "store_error":
      return event.code + event.message;
    case "change":
      return `${event.keys.join()} ${event.more}`;
    case "compact":
      return (event.records + event.bytes).toFixed();
    case "reopen":
    case "recreate":
    case "reset":
      return event.reason;
  }
}
