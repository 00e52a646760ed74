/**
 * The page's remote tier: an in-memory server of the Upstash protocol, and the way to it from under the page's own
 * origin. The token is made here, and only the way knows it. What the server holds ends with the process.
 */
import { randomBytes } from "node:crypto";
import { forward } from "../support/upstash/proxy.mjs";
import { startServer } from "../support/upstash/server.mjs";

/**
 * Starts the server. `pass(request, response, path)` is the way to it; `token`, `counts()` and the rest are the server's
 * own, for tests.
 */
export async function startRemote() {
  const token = randomBytes(24).toString("base64url");
  const server = await startServer({ token, cors: false });
  const way = forward(server.url, { token });
  return {
    ...server,
    pass(request, response, path) {
      // Whoever reaches the way may do all that the token may: that is the page, not any page that a browser has open.
      if (!["same-origin", undefined].includes(request.headers["sec-fetch-site"])) {
        response.writeHead(403, { "content-type": "text/plain; charset=utf-8" }).end("for this origin only\n");
        return;
      }
      way(request, response, path);
    },
  };
}
