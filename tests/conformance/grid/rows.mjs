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

/** Stores on servers: a strict one of ours, and a real Redis. */
export function onServers(strict, redis) {
  return ["Upstash", "tiered: memory, Upstash"].flatMap((kind) => [
    { store: kind, kind, server: { url: strict.url, token: strict.token, databases: "token" } },
    {
      store: `${kind}, real Redis`,
      kind,
      server: { url: redis.url("").slice(0, -1), token: redis.token, databases: "number" },
    },
  ]);
}
