/** `IndexedDBByteStore` in Chromium, on a profile that persists: tabs, processes, values, crashes. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newProfile, openKillable, openProfile } from "../support/chromium.mjs";
import { pages } from "../support/pages.mjs";
import { serveFiles } from "../support/site.mjs";

describe("IndexedDBByteStore in Chromium", { timeout: 900_000 }, () => {
  let server, files, profile, context, name;
  const { tab, inTab } = pages(
    (now) => {
      ({ server, files, profile, context, name } = now);
    },
    () => context,
  );

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
