/** What must hold of a database when wasm traps while it is at work. */

import { assert, bytes, error, isInternal, pairs, same, tick, until } from "./expect.mjs";

const COUNT = 300;
let last = 0;

/** @type {typeof import("./cases.mjs").CASES} */
export const INDEXED_DB_CASES = {
  async "IndexedDB: what was written is there; a write under way is whole or absent"({ bytestow, trap }) {
    const resets = [];
    const onEvent = ({ type, reason }) => type === "reset" && resets.push(reason);
    const store = new bytestow.IndexedDBByteStore({ name: `whole ${last++}`, onEvent });
    await store.mset([["kept", bytes(1)]]);
    let cut = 0;
    for (let round = 0; round < 6; round++) {
      const calls = [
        store.mset(pairs(COUNT, new Uint8Array(15_000).fill(round))),
        store.mget(["kept"]),
        store.stat(["kept"]),
        store.yieldKeys().next(),
      ].map(error);
      if (round % 2) await tick(round);
      await trap();
      for (const call of calls) {
        const reason = await call;
        if (reason !== undefined) isInternal(reason);
        if (reason !== undefined) cut++;
      }
      // The transactions of the old instance end while the new one works.
      same(await store.mget(["kept"]), [bytes(1)]);
      const values = (await store.mget(pairs(COUNT).map(([key]) => key))).map((value) => value?.[0]);
      assert(new Set(values).size === 1, `a write was torn: ${[...new Set(values)]}`);
      await store.mset([["after", bytes(round)]]);
      same(await store.mget(["after"]), [bytes(round)]);
    }
    same(resets.length, 6);
    assert(cut > 0, "no trap met a call under way");
    await store.destroy();
  },

  async "IndexedDB: a page that is put aside afterwards, and comes back, is no trouble"({ bytestow, trap }) {
    // Whoever wants events looks what the page missed.
    const store = new bytestow.IndexedDBByteStore({ name: `aside ${last++}`, onEvent: () => undefined });
    await store.mset([["kept", bytes(1)]]);
    for (let round = 0; round < 3; round++) {
      await trap();
      same(await store.mget(["kept"]), [bytes(1)]);
      // What the old instances listened with hears of it, too.
      for (const event of ["pagehide", "freeze", "resume", "pageshow"]) {
        dispatchEvent(Object.assign(new Event(event), { persisted: true }));
      }
    }
    same(await store.mget(["kept"]), [bytes(1)]);
    await store.destroy();
  },

  async "IndexedDB: a database that was being opened is as good as any, and can be deleted"({ bytestow, trap }) {
    for (const ms of [0, 1, 3]) {
      const store = new bytestow.IndexedDBByteStore({ name: `opening ${last++}` });
      const first = error(store.mget(["a"]));
      if (ms > 0) await tick(ms);
      await trap();
      const reason = await first;
      if (reason !== undefined) isInternal(reason);
      await store.mset([["a", bytes(1)]]);
      same(await store.mget(["a"]), [bytes(1)]);
      await store.destroy();
    }
  },

  async "IndexedDB: the database is not blocked, though the old instance had it open"({ bytestow, trap }) {
    const name = `locked ${last++}`;
    await new bytestow.IndexedDBByteStore({ name }).mset([["a", bytes(1)]]);
    await trap();
    await new bytestow.InMemoryByteStore().mget(["a"]);
    const end = await new Promise((resolve) => {
      const request = indexedDB.deleteDatabase(name);
      request.onsuccess = () => resolve("deleted");
      request.onerror = () => resolve("error");
      setTimeout(() => resolve("blocked for 5 s"), 5_000);
    });
    same(end, "deleted");
  },

  async "IndexedDB: destroy() on the fresh instance works, though the old one had it open"({ bytestow, trap }) {
    const store = new bytestow.IndexedDBByteStore({ name: `doomed ${last++}` });
    await store.mset([["a", bytes(1)]]);
    await trap();
    same(await Promise.race([store.destroy(), tick(5_000).then(() => "blocked for 5 s")]), undefined);
  },

  async "IndexedDB: the lock of a maintenance that was cut short comes free by itself"({ bytestow, trap }) {
    // Where there are no locks, nothing is held.
    if (globalThis.LockManager === undefined) return;
    const { setTimeout: wait } = globalThis;
    const { request } = LockManager.prototype;
    let trapped;
    LockManager.prototype.request = function (name, options, work) {
      return request.call(this, name, options, (lock) => {
        const end = work(lock);
        if (lock !== null) trapped ??= trap();
        return end;
      });
    };
    globalThis.setTimeout = (work, ms) => wait(work, Math.min(ms, 1_000));
    try {
      const name = `maintained ${last++}`;
      const store = new bytestow.IndexedDBByteStore({ name });
      // Behind it comes a look for what earlier pages left.
      await store.mset([["a", bytes(1)]]);
      await until(() => trapped !== undefined);
      await trapped;
      await tick(1_200);
      same((await navigator.locks.query()).held, []);
      await store.destroy();
    } finally {
      LockManager.prototype.request = request;
      globalThis.setTimeout = wait;
    }
  },
};
