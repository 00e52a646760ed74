/** What `close()` leaves: calls under way end, counts stay, and there is nothing to open for it. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BytestowError, InMemoryByteStore, TieredByteStore, WrappedByteStore } from "bytestow";
import { MapStore } from "../conformance/grid/map_store.mjs";
import { all, bytes, rejects } from "../support/expect.mjs";

/** A store whose reads wait for `go`. */
class WaitingStore extends MapStore {
  go;
  #gone = new Promise((resolve) => {
    this.go = resolve;
  });

  async mget(keys) {
    await this.#gone;
    return super.mget(keys);
  }
}

const makers = {
  wrapped: (store) => new WrappedByteStore({ store }),
  tiered: (remote) => new TieredByteStore({ local: new InMemoryByteStore(), remote }),
};

describe("close()", () => {
  for (const [name, make] of Object.entries(makers)) {
    test(`${name}: a call under way ends, and is counted`, async () => {
      const inner = new WaitingStore();
      const store = make(inner);
      await store.mset([["a", bytes(1, 2)]]);
      // Of the tiered one this is what is near: the missing key is asked for.
      const reading = store.mget(["a", "b"]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const closing = store.close();
      await new Promise((resolve) => setTimeout(resolve, 5));
      inner.go();
      assert.deepEqual(await reading, [bytes(1, 2), undefined]);
      await closing;
      const { hits, misses } = store.stats();
      assert.deepEqual([hits, misses], [1, 1]);
      await rejects(() => store.mget(["a"]), "closed");
    });
  }

  test("the counts of a closed store stay", async () => {
    const store = new InMemoryByteStore();
    await store.mset([["a", bytes(1)]]);
    await store.mget(["a", "b"]);
    const before = store.stats();
    await store.close();
    assert.deepEqual(store.stats(), before);
    assert.equal(before.hits, 1);
  });

  test("a listing under way at the close is refused, and frees what it held", async () => {
    const store = new InMemoryByteStore();
    await store.mset(Array.from({ length: 2_500 }, (_, at) => [`${at}`, bytes(1)]));
    const listing = store.yieldKeys();
    await listing.next();
    await store.close();
    await rejects(() => all(listing), "closed");
  });

  test("tiers over a closed one refuse calls, and can be closed", async () => {
    const local = new InMemoryByteStore();
    const tiers = new TieredByteStore({ local, remote: new MapStore() });
    await local.close();
    await rejects(() => tiers.mget(["a"]), "closed");
    await tiers.close();
  });

  test("a store that was never used is closed without wasm", async () => {
    const store = new InMemoryByteStore();
    await store.close();
    await store.close();
    await assert.rejects(store.mget(["a"]), BytestowError);
  });
});
