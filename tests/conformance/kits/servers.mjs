// The servers that a suite of a kit runs on, and the rows on them.

import { startRedis } from "../../support/upstash/redis.mjs";
import { startServer } from "../../support/upstash/server.mjs";
import { onServers } from "../grid/rows.mjs";

/** A strict server of ours and a real Redis; `close` ends both. */
export async function startServers() {
  const [strict, redis] = await Promise.all([startServer(), startRedis()]);
  return { strict, redis, close: () => Promise.all([strict.close(), redis.close()]) };
}

/** The rows of a kit on servers, each in databases of its own; `redis` may be left out. */
export function rowsOnServers(kit, strict, redis) {
  return onServers(strict, redis).map((row) => ({
    ...row,
    server: { ...row.server, row: `${kit.name} ${row.store}` },
  }));
}
