/** The stores that are worn, as any runtime makes them, and how much of them. Nothing here is Node's. */

import { MapStore } from "../conformance/grid/map_store.mjs";

/**
 * How a store is worn: a row of the table each. `remote` ones stand on a server, so that a round is fewer calls; `browser`
 * ones are at home in browsers only; `wave` calls go out together where one after the other would take minutes.
 */
export const ROWS = {
  memory: {},
  "memory, bounded": {},
  "wrapped Map": { wave: 200 },
  "tiered: memory, wrapped Map": { wave: 200 },
  IndexedDB: { browser: true, wave: 500 },
  Upstash: { remote: true },
  "tiered: memory, Upstash": { remote: true },
  "tiered: IndexedDB, Upstash": { remote: true, browser: true },
};

/**
 * Makes a store of the row `row` by the package `bytestow`.
 *
 * @param {typeof import("bytestow")} bytestow
 * @param {keyof typeof ROWS} row
 * @param {{ url: string, token: string | null }} [server] what a remote row stands on
 * @param {import("bytestow").StoreOptions} [options] besides its own, for rows that stand on no server
 */
export function make(bytestow, row, server, options = {}) {
  const { InMemoryByteStore, IndexedDBByteStore, TieredByteStore, UpstashRedisByteStore, WrappedByteStore } = bytestow;
  const upstash = () => new UpstashRedisByteStore({ ...server, namespace: row.replaceAll(/\W+/gu, "-") });
  const makers = {
    memory: () => new InMemoryByteStore({ now: () => 0, ...options }),
    "memory, bounded": () => new InMemoryByteStore({ maxBytes: 2 ** 24, maxEntries: 10_000 }),
    "wrapped Map": () => new WrappedByteStore({ store: new MapStore(), ...options }),
    "tiered: memory, wrapped Map": () =>
      new TieredByteStore({ local: new InMemoryByteStore(), remote: new MapStore(), ...options }),
    IndexedDB: () => new IndexedDBByteStore({ name: "worn", ...options }),
    Upstash: upstash,
    "tiered: memory, Upstash": () => new TieredByteStore({ local: new InMemoryByteStore(), remote: upstash() }),
    "tiered: IndexedDB, Upstash": () =>
      new TieredByteStore({ local: new IndexedDBByteStore({ name: "tier" }), remote: upstash() }),
  };
  return makers[row]();
}
