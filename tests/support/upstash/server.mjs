/** A strict server of the Upstash Redis REST protocol, in memory: each wire rule, in several modes. */

import { createServer } from "node:http";
import { createHandler } from "./handler.mjs";

export { createHandler };

/**
 * Serves on 127.0.0.1. The token `${token}` uses the database "", `${token}:${name}` the database `name`.
 * @param {Parameters<typeof createHandler>[0] & { port?: number }} [options]
 */
export async function startServer({ port = 0, ...options } = {}) {
  const handler = createHandler(options);
  const server = createServer((request, response) => handler(request, response));
  // A client's pooled connection must not end under it between two steps of a test.
  server.keepAliveTimeout = 120_000;
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const { counts, resetCounts, set, database } = handler;
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    token: options.token ?? "secret",
    counts,
    resetCounts,
    set,
    database,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
