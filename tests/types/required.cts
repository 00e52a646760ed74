/** A CommonJS program, which Node lets `require` a package of ES modules. TypeScript knows that from 5.8 on. */

import bytestow = require("bytestow");
import slim = require("bytestow/slim");
import testing = require("bytestow/testing");

async function work(): Promise<bytestow.ErrorCode | undefined> {
  const options: bytestow.InMemoryByteStoreOptions = { maxEntries: 1 };
  const store: bytestow.ByteStore = new bytestow.InMemoryByteStore(options);
  slim.initWasm(new Uint8Array(8));
  const { failed }: testing.Report = await testing.runRules({ name: "memory", open: () => store });
  try {
    // @ts-expect-error: an array of keys
    await store.mget("a");
    return undefined;
  } catch (error) {
    return error instanceof bytestow.BytestowError && failed.length === 0 ? error.code : undefined;
  }
}

export = work;
