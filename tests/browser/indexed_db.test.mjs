/** `IndexedDBByteStore` in Chromium, on a profile that persists: tabs, crashes, databases that will not open. */

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { newProfile, openKillable, openProfile } from "../support/chromium.mjs";
import { bundle, page, serveFiles } from "../support/site.mjs";

describe("IndexedDBByteStore in Chromium", { timeout: 300_000 }, () => {
  let server, files, profile, context;
  /** The name of the test's database. */
  let name;
  let count = 0;
  /** What pages complained of that no test expected. */
  const complaints = [];

  before(async () => {
    const probe = await bundle("probe.mjs", import.meta.url);
    files = {
      "/": page("/probe.js"),
      "/probe.js": probe,
      "/sandbox": `<!doctype html><iframe sandbox="allow-scripts" src="/"></iframe>`,
      "/worker.js": {
        type: "text/javascript",
        body: `${probe.body}
          addEventListener("message", async ({ data: [id, name, key, value] }) => {
            const store = new bytestow.IndexedDBByteStore({ name });
            if (value) await store.mset([[key, value]]);
            postMessage([id, (await store.mget([key]))[0]]);
          });`,
      },
    };
    server = await serveFiles(files);
    profile = await newProfile();
    context = await openProfile(profile);
  });

  after(async () => {
    await context?.close();
    await server?.close();
    await profile?.remove();
    assert.deepEqual(complaints, []);
  });

  beforeEach(() => {
    name = `test ${count++}`;
  });

  /** A new tab. */
  async function tab(where = context) {
    const opened = await where.newPage();
    opened.on("pageerror", (error) => complaints.push(`${error}`));
    opened.on("console", (message) => {
      if (message.type() === "error" && !/favicon/u.test(message.location().url)) complaints.push(message.text());
    });
    await opened.goto(server.url);
    await opened.waitForFunction("globalThis.ready");
    return opened;
  }

  /** Runs `work` in a tab of its own, which it closes. */
  async function inTab(work, argument) {
    const opened = await tab();
    try {
      return await opened.evaluate(work, argument);
    } finally {
      await opened.close();
    }
  }

  describe("tabs and processes", () => {
    test("two tabs at once see each other's writes", async () => {
      const [one, two] = [await tab(), await tab()];
      const open = (name) => {
        globalThis.store = new bytestow.IndexedDBByteStore({ name });
      };
      await Promise.all([one.evaluate(open, name), two.evaluate(open, name)]);
      const set = (at) => store.mset([["turn", new Uint8Array([at])]]);
      const get = () => store.mget(["turn"]).then(([value]) => value?.[0]);
      for (let at = 0; at < 20; at++) {
        const [writer, reader] = at % 2 ? [one, two] : [two, one];
        await writer.evaluate(set, at);
        assert.equal(await reader.evaluate(get), at);
      }
      // Both at once: each mset whole, none lost.
      const many = (prefix) =>
        Promise.all(Array.from({ length: 20 }, (_, at) => store.mset(pairs(50, 100, at, `${prefix}/${at}/`)))).then(
          () => {},
        );
      await Promise.all([one.evaluate(many, "one"), two.evaluate(many, "two")]);
      const keys = () => all(store.yieldKeys()).then((keys) => keys.length);
      assert.deepEqual([await one.evaluate(keys), await two.evaluate(keys)], [2_001, 2_001]);
      // Deletes and clears as well.
      await one.evaluate(() => store.mdelete(["turn"]));
      assert.equal(await two.evaluate(get), undefined);
      await two.evaluate(() => store.clear());
      assert.equal(await one.evaluate(keys), 0);
      await one.close();
      await two.close();
    });

    test("one key written by two tabs at once holds one of the values whole", async () => {
      const [one, two] = [await tab(), await tab()];
      const write = async ([name, fill]) => {
        const store = new bytestow.IndexedDBByteStore({ name });
        for (let at = 0; at < 30; at++) await store.mset(pairs(20, 5_000, fill));
        const seen = new Set();
        for (const value of await store.mget(pairs(20, 0, 0).map(([key]) => key)))
          for (const byte of value) seen.add(byte);
        return [...seen];
      };
      const seen = await Promise.all([one.evaluate(write, [name, 1]), two.evaluate(write, [name, 2])]);
      for (const fills of seen) assert.equal(fills.length, 1, `values of two calls are mixed: ${fills}`);
      await one.close();
      await two.close();
    });

    test("a listing goes on while another tab writes, deletes and clears", async () => {
      const [one, two] = [await tab(), await tab()];
      await one.evaluate(async (name) => {
        globalThis.store = new bytestow.IndexedDBByteStore({ name });
        await store.mset(pairs(2_500, 1, 1));
        globalThis.listing = store.yieldKeys();
        globalThis.seen = [(await listing.next()).value];
      }, name);
      await two.evaluate(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name });
        await store.mdelete(["k002000", "k002001"]);
        await store.mset(pairs(100, 1, 1, "a"));
        await store.mset(pairs(100, 1, 1, "z"));
      }, name);
      const seen = await one.evaluate(async () => {
        for await (const key of listing) seen.push(key);
        return seen;
      });
      assert.equal(new Set(seen).size, seen.length, "a key came twice");
      const throughout = seen.filter((key) => key.startsWith("k") && key !== "k002000" && key !== "k002001");
      assert.equal(throughout.length, 2_498);
      await one.close();
      await two.close();
    });

    test("data is there after a reload and in a new process of the browser's", async () => {
      const opened = await tab();
      const read = async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name, namespace: "kept" });
        const [value] = await store.mget(["key"]);
        const [stat] = await store.stat(["key"]);
        return value && [value.length, value.every((byte, at) => byte === at % 256), stat.bytes, stat.ttl];
      };
      await opened.evaluate(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name, namespace: "kept" });
        await store.mset([["key", Uint8Array.from({ length: 100_000 }, (_, at) => at)]]);
      }, name);
      const expected = [100_000, true, 100_000, null];
      assert.deepEqual(await opened.evaluate(read, name), expected);
      await opened.reload();
      await opened.waitForFunction("globalThis.ready");
      assert.deepEqual(await opened.evaluate(read, name), expected);
      await context.close();
      context = await openProfile(profile);
      assert.deepEqual(await inTab(read, name), expected);
    });

    test("a worker and its page share", async () => {
      const shared = await inTab(async (name) => {
        const worker = new Worker("/worker.js", { type: "module" });
        const ask = (...message) =>
          new Promise((resolve, reject) => {
            worker.addEventListener("message", ({ data }) => resolve(data[1]), { once: true });
            worker.addEventListener("error", ({ message }) => reject(new Error(message)), { once: true });
            worker.postMessage([0, ...message]);
          });
        const store = new bytestow.IndexedDBByteStore({ name });
        await store.mset([["page", new Uint8Array([1])]]);
        const [fromPage] = await ask(name, "page");
        await ask(name, "worker", new Uint8Array([2]));
        const [[fromWorker]] = await store.mget(["worker"]);
        worker.terminate();
        return [fromPage, fromWorker];
      }, name);
      assert.deepEqual(shared, [1, 2]);
    });
  });

  describe("values and calls", () => {
    test("large values come back byte for byte", async () => {
      const wrong = await inTab(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name });
        const sizes = [0, 1, 65_535, 65_536, 65_537, 131_072, 1_000_003, 8_388_608];
        const values = sizes.map((size) => {
          const value = new Uint8Array(size);
          for (let at = 0; at < size; at += 65_536)
            crypto.getRandomValues(value.subarray(at, Math.min(size, at + 65_536)));
          return value;
        });
        await store.mset(sizes.map((size, at) => [`${size}`, values[at]]));
        const others = new bytestow.IndexedDBByteStore({ name });
        const back = await others.mget(sizes.map(String));
        return sizes.filter((size, at) => {
          const value = back[at];
          const plain = Object.getPrototypeOf(value) === Uint8Array.prototype && value.buffer.byteLength === size;
          return !plain || value.some((byte, index) => byte !== values[at][index]);
        });
      }, name);
      assert.deepEqual(wrong, []);
    });

    test("calls that are not awaited take effect in order, across the opening of the database too", async () => {
      const failures = await inTab(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name });
        const failures = [];
        const calls = [];
        for (let at = 0; at < 60; at++) {
          calls.push(store.mset([["a", new Uint8Array([at])]]));
          calls.push(store.mget(["a"]).then(([value]) => value?.[0] === at || failures.push([at, value?.[0]])));
          if (at % 4 === 0) {
            calls.push(store.mdelete(["a"]));
            calls.push(
              store.mget(["a"]).then(([value]) => value === undefined || failures.push([at, "deleted", value[0]])),
            );
          }
        }
        await Promise.all(calls);
        return failures;
      }, name);
      assert.deepEqual(failures, []);
    });

    test("what the caller does to a value after the call is not stored; results are the caller's", async () => {
      const result = await inTab(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name });
        const value = new Uint8Array([1, 2, 3]);
        const storing = store.mset([["a", value]]);
        structuredClone(value.buffer, { transfer: [value.buffer] });
        await storing;
        const [one, two] = await store.mget(["a", "a"]);
        structuredClone(one.buffer, { transfer: [one.buffer] });
        return [[...two], [...(await store.mget(["a"]))[0]]];
      }, name);
      assert.deepEqual(result, [[1, 2, 3], [1, 2, 3]]); // biome-ignore format: one line
    });

    test("TTL by the injected clock: expired entries are missing everywhere, at their very millisecond", async () => {
      const seen = await inTab(async (name) => {
        let now = 1_000_000;
        const options = { name, namespace: "n", now: () => now };
        const store = new bytestow.IndexedDBByteStore({ ...options, ttl: 10 });
        const other = new bytestow.IndexedDBByteStore(options);
        const one = new Uint8Array([1]);
        await store.mset([["default", one]]);
        await store.mset([["short", one]], { ttl: 0.5 });
        await store.mset([["forever", one]], { ttl: null });
        const look = async () => {
          const keys = ["default", "short", "forever"];
          const there = (values) => values.map((value) => value !== undefined);
          const [own, others] = [await store.mget(keys), await other.mget(keys)];
          const stats = (await other.stat(keys)).map((stat) => stat?.ttl);
          const listed = (await all(store.yieldKeys())).sort();
          const listedByOther = (await all(other.yieldKeys(""))).sort();
          return { own: there(own), others: there(others), stats, listed, same: `${listed}` === `${listedByOther}` };
        };
        const seen = [];
        for (now of [1_000_000, 1_000_499, 1_000_500, 1_009_999, 1_010_000]) seen.push(await look());
        // A new life, then none at all.
        await store.mset([["short", one]], { ttl: 5 });
        seen.push(await look());
        await store.mset([["short", one]], { ttl: null });
        now = 9e12;
        seen.push(await look());
        return seen;
      }, name);
      const look = (own, stats, listed) => ({ own, others: own, stats, listed, same: true });
      assert.deepEqual(seen, [
        look([true, true, true], [10, 0.5, null], ["default", "forever", "short"]),
        look([true, true, true], [9.501, 0.001, null], ["default", "forever", "short"]),
        look([true, false, true], [9.5, undefined, null], ["default", "forever"]),
        look([true, false, true], [0.001, undefined, null], ["default", "forever"]),
        look([false, false, true], [undefined, undefined, null], ["forever"]),
        look([false, true, true], [undefined, 5, null], ["forever", "short"]),
        look([false, true, true], [undefined, null, null], ["forever", "short"]),
      ]);
    });

    test("a listing of thousands, most of them expired, some with hard keys", async () => {
      const [listed, hard] = await inTab(async (name) => {
        let now = 0;
        const store = new bytestow.IndexedDBByteStore({ name, now: () => now });
        await store.mset(pairs(3_000, 1, 1, "p/"), { ttl: 1 });
        await store.mset([
          ["p/002999x", new Uint8Array(1)],
          ["p0", new Uint8Array(1)],
        ]);
        const hard = ["", "\uffff", "\uffff\uffff", "\uffffa", "😀", "\u{10ffff}", "\0", "é", "e\u0301", "__proto__"];
        await store.mset(hard.map((key) => [key, new Uint8Array(1)]));
        now = 5_000;
        const listed = await all(store.yieldKeys("p/"));
        const found = [];
        for (const key of hard) found.push((await all(store.yieldKeys(key))).includes(key));
        found.push((await all(store.yieldKeys("\uffff"))).length);
        return [listed, found];
      }, name);
      assert.deepEqual(listed, ["p/002999x"]);
      assert.deepEqual(hard, [...new Array(10).fill(true), 3]);
    });

    test("an mset that is aborted midway leaves all or nothing, and the store goes on", async () => {
      const runs = await inTab(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name });
        const other = new bytestow.IndexedDBByteStore({ name });
        const keys = pairs(1_500, 0, 0).map(([key]) => key);
        await store.mset(pairs(1_500, 4_000, 0));
        const runs = [];
        for (let round = 1; round <= 14; round++) {
          const controller = new AbortController();
          const batch = pairs(1_500, 4_000, round);
          const ended = outcome(store.mset(batch, { signal: controller.signal }));
          if (round % 7 === 1) controller.abort("why");
          else if (round % 7 === 2) Promise.resolve().then(() => controller.abort("why"));
          else setTimeout(() => controller.abort("why"), (round % 7) * 12 - 30);
          const { error } = await ended;
          const seen = new Set((await other.mget(keys)).map((value) => value[0]));
          runs.push({ round, refused: error?.text, seen: [...seen] });
          await store.mset([["alive", new Uint8Array([round])]]);
        }
        return runs;
      }, name);
      let previous = 0;
      for (const { round, refused, seen } of runs) {
        assert.equal(seen.length, 1, `round ${round}: values of ${seen.length} calls: ${seen}`);
        if (refused === undefined) assert.equal(seen[0], round, "reported as done and not done");
        else {
          assert.equal(refused, "why");
          assert.ok(seen[0] === round || seen[0] === previous);
        }
        previous = seen[0];
      }
      assert.ok(runs.some(({ refused }) => refused === "why"), "no abort came in time"); // biome-ignore format: one line
    });

    test("no room: quota_exceeded, nothing of the call stored, and it works again when there is room", async () => {
      // On an origin of its own, whose quota is set before it stores anything: the browser remembers for 30 s how much
      // room there was.
      const other = await serveFiles(files);
      const opened = await context.newPage();
      try {
        const devtools = await context.newCDPSession(opened);
        const origin = new URL(other.url).origin;
        await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1_000_000 });
        await opened.goto(other.url);
        await opened.waitForFunction("globalThis.ready");
        const { error } = await opened.evaluate(async (name) => {
          globalThis.store = new bytestow.IndexedDBByteStore({ name });
          await store.mset([["kept", new Uint8Array([1])]]);
          const value = crypto.getRandomValues(new Uint8Array(50_000));
          return outcome(store.mset(Array.from({ length: 400 }, (_, at) => [`big${at}`, value])));
        }, name);
        assert.equal(error?.code, "quota_exceeded", JSON.stringify(error));
        assert.ok(error.message.length < 600);
        assert.deepEqual(await opened.evaluate(() => all(store.yieldKeys())), ["kept"]);
        await devtools.send("Storage.overrideQuotaForOrigin", { origin });
        await opened.evaluate(() => store.mset([["again", new Uint8Array([2])]]));
        assert.deepEqual(await opened.evaluate(() => all(store.yieldKeys())), ["again", "kept"]);
      } finally {
        await opened.close();
        await other.close();
      }
    });

    test("an onEvent that throws is reported as a listener's error is, and fails nothing", async () => {
      const reported = await inTab(async (name) => {
        const reported = [];
        addEventListener("error", (event) => {
          reported.push(event.error.message);
          event.preventDefault();
        });
        const store = new bytestow.IndexedDBByteStore({
          name,
          onEvent() {
            throw new Error("a listener's");
          },
        });
        await store.mset([["a", new Uint8Array([1])]]);
        const [value] = await store.mget(["a"]);
        await new Promise((resolve) => setTimeout(resolve, 20));
        return [value[0], [...new Set(reported)]];
      }, name);
      assert.deepEqual(reported, [1, ["a listener's"]]);
    });
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
      assert.ok(told.every((type) => type === "reopen"), told.join()); // biome-ignore format: one line
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

    test("rows of another layout are missing and told, never handed out", async () => {
      const result = await inTab(async (name) => {
        const store = new bytestow.IndexedDBByteStore({ name, onEvent });
        await store.mset([["good", new Uint8Array([1])]]);
        await store.close();
        await new Promise((resolve, reject) => {
          const request = indexedDB.open(name);
          request.onerror = reject;
          request.onsuccess = () => {
            const tx = request.result.transaction("records", "readwrite");
            const rows = [
              "text",
              1,
              null,
              [],
              ["text", 0, 0],
              [new Uint8Array(1)],
              [new ArrayBuffer(1), 0, 0],
              { 0: new Uint8Array(1) },
            ];
            rows.forEach((row, at) => {
              tx.objectStore("records").put(row, `bad${at}`);
            });
            tx.objectStore("records").put([new Uint8Array(1), 0, 0], 5);
            tx.objectStore("records").put([new Uint8Array(1), 0, 0], "lone\ud800");
            tx.oncomplete = () => {
              request.result.close();
              resolve();
            };
          };
        });
        const again = new bytestow.IndexedDBByteStore({ name, onEvent });
        const values = await again.mget(["good", ...Array.from({ length: 8 }, (_, at) => `bad${at}`)]);
        await new Promise((resolve) => setTimeout(resolve, 10));
        const keys = await all(again.yieldKeys());
        await again.clear();
        return {
          there: values.map((value) => value?.length),
          corrupt: events.filter(({ type }) => type === "corrupt").length,
          strings: keys.every((key) => typeof key === "string"),
          left: await all(again.yieldKeys()),
        };
      }, name);
      assert.deepEqual(result, { there: [1, ...new Array(8).fill(undefined)], corrupt: 8, strings: true, left: [] });
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

  describe("crashes", () => {
    /** Writes versions of 300 values for ever. */
    const writeForEver = (name) => {
      const store = new bytestow.IndexedDBByteStore({ name });
      return new Promise((resolve, reject) => {
        (async () => {
          for (let times = 0; ; times++) {
            await store.mset(pairs(300, 6_000, (times % 250) + 1));
            if (times === 1) resolve();
          }
        })().catch((error) => reject(new Error(`${error.message} ${error.cause}`)));
      });
    };
    const versions = async (name) => {
      const store = new bytestow.IndexedDBByteStore({ name });
      const keys = await all(store.yieldKeys());
      const values = await store.mget(keys);
      return { keys: keys.length, seen: [...new Set(values.flatMap((value) => [value[0], value.at(-1)]))] };
    };
    const whole = ({ keys, seen }) => {
      assert.equal(keys, 300);
      assert.equal(seen.length, 1, `values of ${seen.length} calls: ${seen}`);
    };

    test("a page that is closed or crashes while writing leaves each mset whole", async () => {
      for (let round = 0; round < 6; round++) {
        const opened = await tab();
        await opened.evaluate(writeForEver, name);
        await new Promise((resolve) => setTimeout(resolve, 3 + round * 7));
        if (round % 2) await opened.close();
        else {
          const crashed = new Promise((resolve) => opened.once("crash", resolve));
          opened.goto("chrome://crash").catch(() => {});
          await crashed;
          await opened.close();
        }
        whole(await inTab(versions, name));
      }
    });

    test("a browser that is killed while writing leaves each mset whole", async () => {
      const doomed = await newProfile();
      try {
        for (let round = 0; round < 3; round++) {
          const browser = await openKillable(doomed);
          const opened = await browser.context.newPage();
          await opened.goto(server.url);
          await opened.waitForFunction("globalThis.ready");
          if (round > 0) whole(await opened.evaluate(versions, name));
          await opened.evaluate(writeForEver, name);
          await new Promise((resolve) => setTimeout(resolve, 5 + round * 17));
          await browser.kill();
        }
        const survivor = await openProfile(doomed);
        try {
          const opened = await survivor.newPage();
          await opened.goto(server.url);
          await opened.waitForFunction("globalThis.ready");
          whole(await opened.evaluate(versions, name));
        } finally {
          await survivor.close();
        }
      } finally {
        await doomed.remove();
      }
    });
  });
});
