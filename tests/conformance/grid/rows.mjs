// The rows of the grid that every runtime without a browser has.

/** Stores that need nothing behind them. */
export const ALONE = [
  "memory",
  "memory, bounded",
  "wrapped Map",
  "wrapped reference store",
  "wrapped memory",
  "IndexedDB on fallback: memory",
];

/** Stores on servers: a strict one of ours, and, if there is one, a real Redis. */
export function onServers(strict, redis) {
  return ["Upstash", "tiered: memory, Upstash"].flatMap((kind) => {
    const rows = [{ store: kind, kind, server: { url: strict.url, token: strict.token, databases: "token" } }];
    if (redis !== undefined) {
      const server = { url: redis.url("").slice(0, -1), token: redis.token, databases: "number" };
      rows.push({ store: `${kind}, real Redis`, kind, server });
    }
    return rows;
  });
}
