/** A Node program: the globals are those of `@types/node`. */

import { readFile } from "node:fs/promises";
import { type BytestowError, InMemoryByteStore } from "bytestow";
import { initWasm } from "bytestow/slim";

export async function work(): Promise<string | undefined> {
  initWasm(readFile("bytestow.wasm"));
  const store = new InMemoryByteStore();
  try {
    await store.mset([["a buffer is a Uint8Array", Buffer.from("bytes")]], { signal: AbortSignal.timeout(1_000) });
    const [value] = await store.mget(["a buffer is a Uint8Array"]);
    return value && Buffer.from(value).toString();
  } catch (error) {
    return (error as BytestowError).code;
  } finally {
    await store.close();
  }
}
