/** `await using`, where the compiler's library knows of it. */

import { InMemoryByteStore } from "bytestow";

export async function work(): Promise<number> {
  await using store = new InMemoryByteStore();
  const disposable: AsyncDisposable = store;
  return (await store.mget(["a"])).length + (disposable === store ? 0 : 1);
}
