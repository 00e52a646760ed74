/** A Workers program: no DOM, no Node; all entries. */

import { BytestowError, type ErrorCode, IndexedDBByteStore, InMemoryByteStore } from "bytestow";
import { initWasm, InMemoryByteStore as SlimStore } from "bytestow/slim";

declare const module: WebAssembly.Module;
declare const signal: AbortSignal;

initWasm(module);
initWasm(new URL("bytestow.wasm", "https://example.org"));
// @ts-expect-error: no wasm can be made of a number
initWasm(1);

export async function work(): Promise<ErrorCode | undefined> {
  const store = new InMemoryByteStore({ maxBytes: 1_000_000 });
  const slim: InMemoryByteStore | SlimStore = new SlimStore();
  try {
    await store.mset([["key", new Uint8Array([1])]], { ttl: 60, signal });
    await slim.mget(["key"], { signal });
    await new IndexedDBByteStore({ name: "pages", fallback: "memory" }).close();
    return undefined;
  } catch (error) {
    return error instanceof BytestowError ? error.code : undefined;
  }
}
