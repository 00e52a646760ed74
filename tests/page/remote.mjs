/**
 * The page's remote tier, and the way to it from under the page's own origin. The token is made here, and only the way
 * knows it. What the server holds ends with the process.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { forward } from "../support/upstash/proxy.mjs";
import { startRedis } from "../support/upstash/redis.mjs";
import { startServer } from "../support/upstash/server.mjs";

/**
 * Starts the tests' server of the Upstash protocol, in memory. `pass(request, response, path)` is the way to it; `token`,
 * `counts()` and the rest are the server's own, for tests.
 */
export async function startRemote() {
  const token = randomToken();
  const server = await startServer({ token, cors: false });
  return { ...server, name: "an in-memory server of Upstash’s protocol", pass: wayTo(server.url, token) };
}

/** Starts a real Redis with Upstash's protocol in front of it; `undefined` where none is installed. */
export async function startRemoteRedis() {
  if (spawnSync("redis-server", ["--version"]).status !== 0) return undefined;
  const token = randomToken();
  const redis = await startRedis({ token });
  return {
    token,
    name: "redis-server behind @humanwhocodes/upstash-redis-server",
    close: redis.close,
    pass: wayTo(redis.url(0), token),
  };
}

function randomToken() {
  return randomBytes(24).toString("base64url");
}

function wayTo(url, token) {
  const way = forward(url, { token });
  return (request, response, path) => {
    // Whoever reaches the way may do all that the token may: that is the page, not any page that a browser has open.
    if (!["same-origin", undefined].includes(request.headers["sec-fetch-site"])) {
      response.writeHead(403, { "content-type": "text/plain; charset=utf-8" }).end("for this origin only\n");
      return;
    }
    way(request, response, path);
  };
}
