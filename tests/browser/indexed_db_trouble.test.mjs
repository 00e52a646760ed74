/** `IndexedDBByteStore` in Chromium where the database is deleted, is somebody else's, or is not to be had. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pages } from "../support/pages.mjs";

describe("IndexedDBByteStore in trouble", { timeout: 900_000 }, () => {
  let server, context, name;
  const { tab, inTab } = pages((now) => {
    ({ server, context, name } = now);
  });

  describe("destroy() and connections", () => {
    test("destroy() with another tab's connection open: all namespaces go, the other tab finds it empty and goes on", async () => {
      const [one, two] = [await tab(), await tab()];
      const open = async (name) => {
        globalThis.store = new bytestow.IndexedDBByteStore({ name, namespace: "n", onEvent });
        globalThis.plain = new bytestow.IndexedDBByteStore({ name, onEvent });
        await store.mset([["a", new Uint8Array([1])]]);
        await plain.mset([["b", new Uint8Array([1])]]);
      };
      await one.evaluate(open, name);
      await two.evaluate(open, name);
      const destroyed = await one.evaluate(() =>
        Promise.race([outcome(store.destroy()), new Promise((resolve) => setTimeout(resolve, 10_000, "blocked"))]),
      );
      assert.deepEqual(destroyed, { value: undefined });
      assert.equal((await one.evaluate(() => outcome(store.mget(["a"])))).error?.code, "closed");
      const look = () => Promise.all([all(store.yieldKeys()), all(plain.yieldKeys()), plain.mget(["b"])]);
      assert.deepEqual(await two.evaluate(look), [[], [], [undefined]]);
      await two.evaluate(() => store.mset([["c", new Uint8Array([1])]]));
      // The other handle of the first tab goes on, too.
      assert.deepEqual(await one.evaluate(() => all(plain.yieldKeys())), ["n/c"]);
      const told = await two.evaluate(() => events.map(({ type }) => type).filter((type) => type !== "request"));
      // And that all that it knew is gone.
      assert.deepEqual([...new Set(told)].sort(), ["change", "reopen"]);
      await one.close();
      await two.close();
    });

    test("destroy() before any other call, twice, and on a database that never was", async () => {
      const result = await inTab(async (name) => {
        const writer = new bytestow.IndexedDBByteStore({ name });
        await writer.mset([["a", new Uint8Array([1])]]);
        const ends = [];
        const doomed = new bytestow.IndexedDBByteStore({ name });
        ends.push(await outcome(doomed.destroy()));
        ends.push((await outcome(doomed.destroy())).error?.code);
        ends.push(await outcome(doomed.close()));
        ends.push(await outcome(new bytestow.IndexedDBByteStore({ name: `${name} never` }).destroy()));
        ends.push((await indexedDB.databases()).filter((each) => each.name.startsWith(name)).length);
        ends.push((await writer.mget(["a"]))[0]);
        return ends;
      }, name);
      assert.deepEqual(result, [
        { value: undefined },
        "closed",
        { value: undefined },
        { value: undefined },
        0,
        undefined,
      ]);
    });

    test("destroy() while writes are under way: they end, and it is gone", async () => {
      const result = await inTab(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name });
        const writes = Array.from({ length: 10 }, (_, at) => outcome(store.mset(pairs(100, 1_000, at))));
        const destroyed = outcome(store.destroy());
        const ends = await Promise.all(writes);
        const end = await destroyed;
        return [
          ends.filter(({ error }) => error).length,
          end,
          (await indexedDB.databases()).some((each) => each.name === name),
        ];
      }, name);
      assert.deepEqual(result, [0, { value: undefined }, false]);
    });

    test("another program's deletion or upgrade is not blocked by an open store", async () => {
      const result = await inTab(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name, onEvent });
        await store.mset([["a", new Uint8Array([1])]]);
        await new Promise((resolve, reject) => {
          const request = indexedDB.deleteDatabase(name);
          request.onsuccess = resolve;
          request.onerror = request.onblocked = () => reject(new Error("blocked"));
        });
        const empty = await all(store.yieldKeys());
        await store.mset([["b", new Uint8Array([2])]]);
        const database = await foreignDatabase(name, 2, ["theirs"]);
        const { error } = await outcome(store.mget(["b"]));
        database.close();
        return [empty, error];
      }, name);
      assert.deepEqual(result[0], []);
      assert.equal(result[1]?.code, "unavailable");
      assert.ok(result[1].message.includes(name) && /version/u.test(result[1].message), result[1].message);
    });

    test("close() lets go of the connection, and calls made before it still end", async () => {
      const result = await inTab(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name });
        const writing = store.mset(pairs(500, 1_000, 1));
        const closing = store.close();
        const late = await outcome(store.mget(["a"]));
        await Promise.all([writing, closing]);
        const deleted = await new Promise((resolve) => {
          const request = indexedDB.deleteDatabase(name);
          request.onsuccess = () => resolve("deleted");
          request.onblocked = () => resolve("blocked");
        });
        return [late.error?.code, deleted];
      }, name);
      assert.deepEqual(result, ["closed", "deleted"]);
    });

    test("a connection that the browser cuts is opened again", async () => {
      const opened = await tab();
      await opened.evaluate(async (name) => {
        globalThis.store = new bytestow.IndexedDBByteStore({ name, onEvent });
        await store.mset([["a", new Uint8Array([1])]]);
      }, name);
      const devtools = await context.newCDPSession(opened);
      // As "clear site data" does: the database goes, and its connections are closed by force.
      await devtools.send("Storage.clearDataForOrigin", {
        origin: new URL(server.url).origin,
        storageTypes: "indexeddb",
      });
      const found = await opened.evaluate(async () => {
        const [value] = await store.mget(["a"]);
        await store.mset([["b", new Uint8Array([2])]]);
        return [value, [...(await store.mget(["b"]))[0]]];
      });
      assert.deepEqual(found, [undefined, [2]]);
      await opened.close();
    });

    test("an opening that is cut short is made again", async () => {
      const result = await inTab(async (name) => {
        const open = IDBFactory.prototype.open;
        let openings = 0;
        IDBFactory.prototype.open = function (...given) {
          const request = open.apply(this, given);
          // As when the site's data are cleared meanwhile: it fails with an AbortError.
          if (openings++ === 0) request.addEventListener("upgradeneeded", () => request.transaction.abort());
          return request;
        };
        const store = new bytestow.IndexedDBByteStore({ name });
        await store.mset([["a", new Uint8Array([1])]]);
        return [openings, (await store.mget(["a"]))[0][0]];
      }, name);
      assert.deepEqual(result, [2, 1]);
    });
  });

  describe("a database that will not open", () => {
    const foreign = {
      "of another version": { version: 7, stores: ["theirs"], says: /version/u },
      "of the same version, without our object stores": { version: 1, stores: ["theirs"], says: /object stores/u },
      "of the same version, without any object store": { version: 1, stores: [], says: /object stores/u },
      "of another version, with object stores named as ours": {
        version: 2,
        stores: ["records", "expiring"],
        says: /version/u,
      },
    };
    for (const [what, { version, stores, says }] of Object.entries(foreign)) {
      test(`${what}: unavailable, by name; the other program's data stays`, async () => {
        const result = await inTab(
          async ({ name, version, stores }) => {
            (await foreignDatabase(name, version, stores)).close();
            const store = new bytestow.IndexedDBByteStore({ name, onEvent });
            const ends = [
              await outcome(store.mget(["a"])),
              await outcome(store.mset([["a", new Uint8Array([1])]])),
              await outcome(store.yieldKeys().next()),
              await outcome(store.clear()),
            ];
            await store.close();
            const database = await foreignDatabase(name, version, []);
            const found = [database.version, [...database.objectStoreNames].sort()];
            database.close();
            return { ends, found, events };
          },
          { name, version, stores },
        );
        for (const { error } of result.ends) {
          assert.equal(error?.code, "unavailable", JSON.stringify(error));
          assert.equal(error.retryable, false);
          assert.match(error.message, says);
          assert.ok(error.message.includes(JSON.stringify(name)), error.message);
        }
        assert.deepEqual(result.found, [version, [...stores].sort()]);
        assert.deepEqual(result.events, []);
      });

      test(`${what}: recover: "recreate" makes it anew, and says so once`, async () => {
        const result = await inTab(
          async ({ name, version, stores }) => {
            (await foreignDatabase(name, version, stores)).close();
            const store = new bytestow.IndexedDBByteStore({ name, onEvent, recover: "recreate" });
            await Promise.all([store.mset([["a", new Uint8Array([1])]]), store.mget(["a"]), store.stat(["a"])]);
            const keys = await all(new bytestow.IndexedDBByteStore({ name }).yieldKeys());
            await new Promise((resolve) => setTimeout(resolve, 10));
            const again = new bytestow.IndexedDBByteStore({ name, onEvent, recover: "recreate" });
            await again.mget(["a"]);
            return { keys, events: events.filter(({ type }) => type !== "request") };
          },
          { name, version, stores },
        );
        assert.deepEqual(result.keys, ["a"]);
        assert.deepEqual(result.events.map(({ type }) => type), ["recreate"]); // biome-ignore format: one line
        assert.ok(result.events[0].reason.length > 0);
      });

      test(`${what}: fallback: "memory" goes on in memory and says why; the other program's data stays`, async () => {
        const result = await inTab(
          async ({ name, version, stores }) => {
            (await foreignDatabase(name, version, stores)).close();
            const store = new bytestow.IndexedDBByteStore({ name, onEvent, fallback: "memory" });
            await store.mset([["a", new Uint8Array([1])]]);
            const keys = await all(store.yieldKeys());
            const database = await foreignDatabase(name, version, []);
            const found = [...database.objectStoreNames].sort();
            database.close();
            await new Promise((resolve) => setTimeout(resolve, 10));
            return { keys, found, events };
          },
          { name, version, stores },
        );
        assert.deepEqual(result.keys, ["a"]);
        assert.deepEqual(result.found, [...stores].sort());
        assert.deepEqual(result.events.map(({ type, to }) => [type, to]), [["fallback", "memory"]]); // biome-ignore format: one line
      });
    }

    test("damaged segments: what stood in them is missing and told, the rest is there, and all can be written again", async () => {
      const result = await inTab(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name });
        const written = pairs(500, 1_000, 7);
        await store.mset(written);
        await store.close();
        await change(name, "seg", async (seg, asked) => {
          const [first, second, third, fourth] = await asked(seg.getAllKeys());
          seg.delete(first);
          seg.put("no bytes", second);
          seg.put(new Uint8Array(10), third);
          const record = await asked(seg.get(fourth));
          // One bit of one value.
          record[record.length >> 1] ^= 1;
          seg.put(record, fourth);
        });
        const again = new bytestow.IndexedDBByteStore({ name, memoryBytes: 0, onEvent });
        const keys = written.map(([key]) => key);
        const values = await again.mget(keys);
        const missing = values.filter((value) => value === undefined).length;
        const wrong = values.filter((value) => value && (value.length !== 1_000 || value.some((byte) => byte !== 7)));
        const told = events.filter(({ type }) => type === "corrupt").length;
        await again.mset(written);
        const healed = (await again.mget(keys)).filter((value) => value?.length === 1_000).length;
        return { missing, wrong: wrong.length, told, healed };
      }, name);
      // A segment holds 57 values of 1,000 bytes; of the fourth only one is damaged.
      assert.equal(result.missing, 3 * 57 + 1);
      assert.equal(result.told, result.missing);
      assert.deepEqual([result.wrong, result.healed], [0, 500]);
    });

    test("rows that are none, behind those of the log: told, and passed over", async () => {
      const result = await inTab(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name, onEvent });
        await store.mset([["before", new Uint8Array([1])]]);
        await change(name, "idx", async (idx) => {
          for (const row of ["text", 1, null, [], new Uint8Array(3), new Uint8Array(300).fill(255), { length: 5 }])
            idx.add(row);
        });
        const seen = await store.mget(["before"]);
        await store.mset([["behind", new Uint8Array([2])]]);
        await new Promise((resolve) => setTimeout(resolve, 10));
        const told = events.filter(({ type }) => type === "corrupt").length;
        const other = new bytestow.IndexedDBByteStore({ name });
        const values = [
          ...seen,
          ...(await store.mget(["before", "behind"])),
          ...(await other.mget(["before", "behind"])),
        ];
        return { values: values.map((value) => value?.[0]), told, keys: await all(other.yieldKeys()) };
      }, name);
      assert.deepEqual(result, { values: [1, 1, 2, 1, 2], told: 7, keys: ["before", "behind"] });
    });
  });

  describe("a page that may not store", () => {
    /** The sandboxed frame of a new tab: its indexedDB throws a SecurityError. */
    async function sandboxed() {
      const opened = await context.newPage();
      await opened.goto(`${server.url}sandbox`);
      const frame = opened.frames().find((each) => each !== opened.mainFrame());
      await frame.waitForFunction("globalThis.ready");
      return { frame, close: () => opened.close() };
    }

    test("without fallback every call is a typed rejection with its cause; nothing is unhandled", async () => {
      const { frame, close } = await sandboxed();
      const { ends, unhandled } = await frame.evaluate(async (name) => {
        const unhandled = [];
        addEventListener("unhandledrejection", (event) => unhandled.push(String(event.reason)));
        addEventListener("error", (event) => unhandled.push(event.message));
        const ends = [];
        for (const recover of ["error", "recreate"]) {
          const store = new bytestow.IndexedDBByteStore({ name, recover });
          ends.push(await outcome(store.mget(["a"])), await outcome(store.mset([["a", new Uint8Array([1])]])));
          ends.push(await outcome(store.yieldKeys().next()), await outcome(store.destroy()));
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
        return { ends, unhandled };
      }, name);
      for (const { error } of ends) {
        assert.equal(error?.name, "BytestowError", JSON.stringify(error));
        assert.equal(error.code, "unavailable");
        assert.match(`${error.message} ${error.cause}`, /storage|IndexedDB|SecurityError/u);
      }
      assert.deepEqual(unhandled, []);
      await close();
    });

    test('with fallback: "memory" it goes on in memory, and says so once', async () => {
      const { frame, close } = await sandboxed();
      const result = await frame.evaluate(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name, fallback: "memory", onEvent, ttl: 100 });
        await Promise.all([store.mset([["a", new Uint8Array([1])]]), store.mset([["b", new Uint8Array([2])]])]);
        const values = await store.mget(["a", "b", "c"]);
        const other = new bytestow.IndexedDBByteStore({ name, fallback: "memory" });
        const shared = await all(other.yieldKeys());
        const { persistent } = await store.capabilities();
        await store.destroy();
        return { values: values.map((value) => value?.[0]), shared, persistent, events };
      }, name);
      assert.deepEqual(result.values, [1, 2, undefined]);
      assert.deepEqual(result.shared, ["a", "b"]);
      assert.equal(result.persistent, false);
      const told = result.events.filter(({ type }) => type === "fallback");
      assert.equal(told.length, 1);
      assert.equal(told[0].to, "memory");
      assert.ok(told[0].reason.length > 0);
      await close();
    });
  });
});
