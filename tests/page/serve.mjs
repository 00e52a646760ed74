/**
 * A server for the page, on this machine only: its files, and beside them, under the same origin, the way to a remote
 * tier. For the browser tests, and for people:
 *
 *   node tests/page/serve.mjs <folder> [port]
 *
 * prints the address and serves, with a remote tier in memory, until it is stopped.
 */
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { startRemote } from "./remote.mjs";

/** Where the remote tier is found; the page is told by its settings, relative to itself. */
const REMOTE = "redis";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".md": "text/markdown; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
};

/**
 * Serves the files below `dir` on 127.0.0.1; port 0 takes a free one. With `remote`, a handler of what is asked below
 * `/redis`, the page's settings name it; without, the files are all there is, as on any static server.
 * @param {string} dir
 * @param {object} [options]
 * @param {number} [options.port]
 * @param {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse, path: string) => void} [options.remote]
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve(dir, { port = 0, remote } = {}) {
  const root = await realpath(dir);
  const server = createServer((request, response) => {
    const [, mount, below = ""] = /^\/([^/?#]*)(\/.*)?$/u.exec(request.url ?? "/") ?? [];
    if (remote !== undefined && mount === REMOTE) remote(request, response, below);
    else answer(root, request, response, remote !== undefined).catch(() => response.destroy());
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function answer(root, request, response, hasRemote) {
  // Without caching, what was just built is what is seen.
  const headers = { "cache-control": "no-cache", "x-content-type-options": "nosniff" };
  const refuse = (status, text) => {
    response.writeHead(status, { ...headers, "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
  };
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(405, "only GET and HEAD");
  if (hasRemote && request.url === "/settings.json") {
    response.writeHead(200, { ...headers, "content-type": TYPES[".json"] }).end(JSON.stringify({ remote: REMOTE }));
    return;
  }
  const file = await find(root, request.url ?? "/");
  if (file === undefined) return refuse(404, "not found");
  response.writeHead(200, {
    ...headers,
    "content-type": TYPES[extname(file.path)] ?? "application/octet-stream",
    "content-length": file.size,
  });
  if (request.method === "HEAD") return response.end();
  await pipeline(createReadStream(file.path), response);
}

/** The file that a request's target names, if it lies below `root` once dots and symbolic links are resolved. */
async function find(root, target) {
  try {
    const path = decodeURIComponent(target.split(/[?#]/u, 1)[0] ?? "/");
    const found = await realpath(join(root, path.endsWith("/") ? `${path}index.html` : path));
    if (!found.startsWith(root + sep)) return undefined;
    const info = await stat(found);
    return info.isFile() ? { path: found, size: info.size } : undefined;
  } catch {
    return undefined;
  }
}

if (process.argv[1] && (await realpath(process.argv[1])) === fileURLToPath(import.meta.url)) {
  const [dir, port = "0"] = process.argv.slice(2);
  if (dir === undefined || !/^\d{1,5}$/u.test(port)) {
    console.error("usage: node serve.mjs <folder> [port]");
    process.exit(2);
  }
  try {
    const { pass } = await startRemote();
    const { url } = await serve(dir, { port: Number(port), remote: pass });
    console.log(url);
  } catch (error) {
    console.error(error?.code === "EADDRINUSE" ? `port ${port} is in use: choose another, or 0 for a free one` : error);
    process.exit(1);
  }
}
