/** A CommonJS program of any TypeScript from 5.7 on: `import()`, and types by the name of what they are. */

import type { ByteStore, InMemoryByteStoreOptions } from "bytestow" with { "resolution-mode": "import" };

async function open(options: InMemoryByteStoreOptions): Promise<ByteStore> {
  const { BytestowError, InMemoryByteStore } = await import("bytestow");
  try {
    return new InMemoryByteStore(options);
  } catch (error) {
    // @ts-expect-error: no such code
    if (error instanceof BytestowError && error.code === "gone") throw error;
    return new InMemoryByteStore();
  }
}

export = open;
