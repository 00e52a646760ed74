/**
 * The program of the server's process. It does what its parent's messages ask for, one after another: `{ id, call, args }`
 * is answered by `{ id, value }`.
 */

import { startServer } from "../../support/upstash/server.mjs";

const server = await startServer({ cors: false });

const calls = {
  where: () => ({ url: server.url, token: server.token }),
  set: (options) => server.set(options),
  /** What was counted since this was last asked. */
  counted() {
    const { requests, commands, bytesIn, bytesOut } = server.counts();
    server.resetCounts();
    return { requests, commands, up: bytesIn, down: bytesOut };
  },
  clear: (name) => server.database(name).clear(),
  put: (name, key, bytes) => {
    server.database(name).put(key, Buffer.from(bytes));
  },
};

process.on("message", ({ id, call, args }) => process.send({ id, value: calls[call](...args) }));
// Whatever becomes of the parent, nothing stays behind.
process.on("disconnect", () => process.exit());
process.send({ id: 0 });
