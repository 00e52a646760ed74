/** What the segment log gives a page in Chromium: shared reads, bounds, remembered records, news of other tabs. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pages } from "../support/pages.mjs";

describe("the segment log in Chromium", { timeout: 900_000 }, () => {
  let context, name;
  const { tab, inTab } = pages(
    (now) => {
      ({ context, name } = now);
    },
    () => context,
  );

  describe("transactions", () => {
    test("reads of one turn are one transaction, each with results of its own; a write between them keeps its place", async () => {
      const result = await inTab(async (name) => {
        const counts = countTransactions();
        const store = new bytestow.IndexedDBByteStore({ name, memoryBytes: 0 });
        await store.mset(pairs(100, 10, 1));
        // Behind it comes a look for what earlier pages left.
        await new Promise((resolve) => setTimeout(resolve, 200));
        counts.readonly = 0;
        const both = await Promise.all([store.mget(["k000000", "k000001"]), store.mget(["k000001", "gone"])]);
        const afterBoth = { ...counts };
        const later = (async () => {
          await undefined;
          return store.mget(["k000002"]);
        })();
        await Promise.all([store.mget(["k000003"]), later]);
        const afterLater = { ...counts };
        const [before, , after] = await Promise.all([
          store.mget(["k000000"]),
          store.mset([["k000000", new Uint8Array([2])]]),
          store.mget(["k000000"]),
        ]);
        const own = both[0][1].buffer !== both[1][0].buffer;
        both[0][1].fill(9);
        return {
          first: both[0].map((value) => value?.length),
          second: both[1].map((value) => value?.length),
          own: own && both[1][0][0] === 1,
          reads: [afterBoth.readonly, afterLater.readonly - afterBoth.readonly, counts.readonly - afterLater.readonly],
          order: [before[0][0], after[0][0]],
        };
      }, name);
      assert.deepEqual(result, {
        first: [10, 10],
        second: [10, undefined],
        own: true,
        reads: [1, 1, 2],
        order: [1, 2],
      });
    });

    test("a read that is aborted takes none of the others with it", async () => {
      const result = await inTab(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name });
        await store.mset(pairs(10, 10, 1));
        const gone = new AbortController();
        const ends = [
          outcome(store.mget(["k000000"], { signal: gone.signal })),
          outcome(store.mget(["k000001"])),
          outcome(store.mget(["k000002"], { signal: gone.signal })),
        ];
        gone.abort();
        const [first, second, third] = await Promise.all(ends);
        const next = await store.mget(["k000003"]);
        return [first.error?.name, second.value?.[0].length, third.error?.name, next[0].length];
      }, name);
      assert.deepEqual(result, ["AbortError", 10, "AbortError", 10]);
    });

    test("a call is one transaction, whatever it writes", async () => {
      const counts = await inTab(async (name) => {
        const counts = countTransactions();
        const store = new bytestow.IndexedDBByteStore({ name });
        // Opening takes two of its own, and so does the first look for what earlier pages left.
        await store.mset([["open", new Uint8Array(1)]]);
        await new Promise((resolve) => setTimeout(resolve, 200));
        Object.assign(counts, { readonly: 0, readwrite: 0 });
        await store.mset(pairs(1_000, 1_500, 1));
        await store.mdelete(["k000001", "k000002"]);
        await store.mset([["single", new Uint8Array(10)]]);
        return counts;
      }, name);
      assert.deepEqual(counts, { readonly: 0, readwrite: 3 });
    });
  });

  describe("what is remembered", () => {
    test("a record that was read is not read again; what another tab replaces is never served", async () => {
      const [one, two] = [await tab(), await tab()];
      const open = (name) => {
        globalThis.store = new bytestow.IndexedDBByteStore({ name });
      };
      await one.evaluate(open, name);
      await two.evaluate(open, name);
      await one.evaluate(() => store.mset(pairs(200, 1_000, 1)));
      const read = () => store.mget(["k000000", "k000150"]).then((values) => values.map((value) => value?.[0]));
      const requests = await one.evaluate(async () => {
        const get = IDBObjectStore.prototype.get;
        let count = 0;
        IDBObjectStore.prototype.get = function (...args) {
          if (this.name === "seg") count++;
          return get.apply(this, args);
        };
        await store.mget(["k000000"]);
        const cold = count;
        await store.mget(["k000000", "k000001"]);
        return [cold, count - cold];
      });
      assert.deepEqual(requests, [1, 0]);
      for (let turn = 2; turn < 12; turn++) {
        await two.evaluate((turn) => store.mset([["k000000", new Uint8Array([turn])]]), turn);
        assert.deepEqual(await one.evaluate(read), [turn, 1]);
      }
      await two.evaluate(() => store.mdelete(["k000150"]));
      assert.deepEqual(await one.evaluate(read), [11, undefined]);
      await two.evaluate(() => store.clear());
      assert.deepEqual(await one.evaluate(read), [undefined, undefined]);
      await one.close();
      await two.close();
    });
  });

  describe("bounds", () => {
    test("maxBytes: what was used least recently goes, and it is told; usage() says what there is", async () => {
      const result = await inTab(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name, maxBytes: 1_000_000, onEvent });
        for (let at = 0; at < 30; at++) {
          await store.mset(pairs(50, 2_000, 1, `batch${at}/`));
          await store.mget(["batch0/000000"]);
        }
        const usage = await store.usage();
        const [kept, gone, last] = await store.mget(["batch0/000000", "batch1/000000", "batch29/000000"]);
        const evicted = events.filter(({ type }) => type === "evict");
        return {
          usage,
          there: [kept, gone, last].map((value) => value?.length),
          evicted: evicted.reduce((sum, { keys }) => sum + keys, 0),
          counted: store.stats().evictions,
          keys: (await all(store.yieldKeys())).length,
        };
      }, name);
      assert.deepEqual(result.there, [2_000, undefined, 2_000]);
      assert.ok(result.usage.bytes <= 1_000_000 && result.usage.bytes > 500_000, JSON.stringify(result.usage));
      assert.equal(result.usage.keys, result.keys);
      assert.equal(result.evicted, 1_500 - result.keys);
      assert.equal(result.counted, result.evicted);
    });

    test("usage() counts keys, their bytes, and what they take on the disk; in memory likewise", async () => {
      const result = await inTab(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name });
        const empty = await store.usage();
        await store.mset(pairs(100, 1_000, 1));
        await store.mset(pairs(50, 1_000, 2));
        const full = await store.usage();
        await store.close();
        return { empty, full, closed: (await outcome(store.usage())).error?.code };
      }, name);
      assert.deepEqual(result.empty, { keys: 0, bytes: 0, storedBytes: 0 });
      assert.deepEqual([result.full.keys, result.full.bytes], [100, 100 * 1_007]);
      // Until a compaction, what was replaced is there as well.
      assert.equal(result.full.storedBytes, 150_000);
      assert.equal(result.closed, "closed");
    });

    test("requestPersistence() asks the browser, and only then", async () => {
      const result = await inTab(async (name) => {
        let asked = 0;
        const persist = StorageManager.prototype.persist;
        StorageManager.prototype.persist = function () {
          asked++;
          return persist.call(this);
        };
        const store = new bytestow.IndexedDBByteStore({ name });
        await store.mset([["a", new Uint8Array(1)]]);
        const before = asked;
        const granted = await store.requestPersistence();
        return { before, asked, same: granted === (await navigator.storage.persisted()) };
      }, name);
      assert.deepEqual(result, { before: 0, asked: 1, same: true });
    });
  });

  describe("other tabs and the page's life", () => {
    test("onEvent is told which keys another tab has written and deleted, once this one looks", async () => {
      const [one, two] = [await tab(), await tab()];
      const open = (name) => {
        globalThis.store = new bytestow.IndexedDBByteStore({ name, onEvent });
      };
      await one.evaluate(open, name);
      await two.evaluate(open, name);
      await one.evaluate(() => store.mset(pairs(3, 10, 1)));
      await two.evaluate(() => store.mset([["other", new Uint8Array(1)]]));
      await two.evaluate(() => store.mdelete(["k000001"]));
      const told = await one.evaluate(async () => {
        await store.mget(["k000000"]);
        await new Promise((resolve) => setTimeout(resolve, 10));
        return events.filter(({ type }) => type === "change").flatMap(({ keys }) => keys);
      });
      assert.deepEqual(told.sort(), ["k000001", "other"]);
      const own = await two.evaluate(() => events.filter(({ type }) => type === "change").flatMap(({ keys }) => keys));
      assert.ok(!own.includes("other"), "a tab was told of its own write");
      await one.close();
      await two.close();
    });

    test("a tab that makes no call is told, too", async () => {
      const [one, two] = [await tab(), await tab()];
      await one.evaluate(async (name) => {
        globalThis.told = Promise.withResolvers();
        const onEvent = (event) => event.type === "change" && told.resolve(event.keys);
        globalThis.store = new bytestow.IndexedDBByteStore({ name, onEvent });
        await store.mget(["a"]);
      }, name);
      await two.evaluate(async (name) => {
        await new bytestow.IndexedDBByteStore({ name }).mset([["a", new Uint8Array(1)]]);
      }, name);
      assert.deepEqual(await one.evaluate(() => told.promise), ["a"]);
      await one.close();
      await two.close();
    });

    test("a database that another tab deletes stays deleted, though one listens to what is written", async () => {
      const [one, two] = [await tab(), await tab()];
      await one.evaluate(async (name) => {
        globalThis.store = new bytestow.IndexedDBByteStore({ name, onEvent });
        await store.mset([["a", new Uint8Array(1)]]);
      }, name);
      const names = await two.evaluate(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name });
        // The second is told of later, by then perhaps in vain.
        for (const key of ["b", "c"]) await store.mset([[key, new Uint8Array(1)]]);
        await store.destroy();
        await new Promise((resolve) => setTimeout(resolve, 500));
        return (await indexedDB.databases()).map(({ name }) => name);
      }, name);
      assert.equal(names.includes(name), false);
      assert.deepEqual(await one.evaluate(() => store.mget(["a"])), [undefined]);
      await one.close();
      await two.close();
    });

    test("handles that are closed behind their only call do maintenance, too", async () => {
      const compactions = await inTab(async (name) => {
        for (let at = 0; at < 140; at++) {
          const store = new bytestow.IndexedDBByteStore({ name, onEvent });
          await store.mset([[`k${at}`, new Uint8Array(10)]]);
          await store.close();
        }
        return events.filter(({ type }) => type === "compact").length;
      }, name);
      assert.ok(compactions > 0);
    });

    test("a page put aside gives its connection up, and goes on when it comes back", async () => {
      const opened = await tab();
      await opened.evaluate(async (name) => {
        globalThis.store = new bytestow.IndexedDBByteStore({ name, onEvent });
        await store.mset([["a", new Uint8Array([1])]]);
        dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
      }, name);
      // Were it open, and deaf to `versionchange`, this would wait for ever.
      await inTab(
        (name) =>
          new Promise((resolve, reject) => {
            const request = indexedDB.deleteDatabase(name);
            request.onsuccess = resolve;
            request.onblocked = () => reject(new Error("blocked"));
          }),
        name,
      );
      const back = await opened.evaluate(async () => {
        const before = await store.mget(["a"]);
        await store.mset([["a", new Uint8Array([2])]]);
        const [value] = await store.mget(["a"]);
        return [before[0], value[0], events.filter(({ type }) => type === "reopen").length > 0];
      });
      assert.deepEqual(back, [undefined, 2, true]);
      await opened.close();
    });

    test("a database that hangs in its opening: timeout, and the next call tries again", async () => {
      const result = await inTab(async (name) => {
        const first = new bytestow.IndexedDBByteStore({ name });
        await first.mset([["a", new Uint8Array([1])]]);
        await first.close();
        // A deletion waits for a connection that is deaf, and whoever opens the database waits for the deletion.
        const deaf = await new Promise((resolve) => {
          indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result);
        });
        const deleted = new Promise((resolve) => {
          indexedDB.deleteDatabase(name).onsuccess = resolve;
        });
        // The page's clock runs fast.
        const wait = globalThis.setTimeout;
        globalThis.setTimeout = (work, ms, ...rest) => wait(work, Math.min(ms, 50), ...rest);
        const store = new bytestow.IndexedDBByteStore({ name });
        const { error } = await outcome(store.mget(["a"]));
        globalThis.setTimeout = wait;
        deaf.close();
        await deleted;
        await store.mset([["a", new Uint8Array([2])]]);
        return [error?.code, (await store.mget(["a"]))[0][0]];
      }, name);
      assert.deepEqual(result, ["timeout", 2]);
    });
  });
});
