/**
 * Serves the built page on this machine: its files, compressed where the browser takes that, and beside them, under the
 * same origin, the way to a remote tier where there is one.
 */
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream/promises";

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

/** The encodings that the build leaves beside a file, the smaller one first. */
const ENCODINGS = [
  ["br", ".br"],
  ["gzip", ".gz"],
];

/**
 * Serves the files below `dir` on 127.0.0.1; port 0 takes a free one. With `remote`, a handler of what is asked below
 * `/redis`, the page's settings name it; without, the files are all there is, as on any static server.
 * @param {string} dir
 * @param {object} [options]
 * @param {number} [options.port]
 * @param {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse, path: string) => void} [options.remote]
 * @param {(request: import("node:http").IncomingMessage) => void} [options.onRequest] Told of each request.
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve(dir, { port = 0, remote, onRequest } = {}) {
  const root = await realpath(dir);
  const server = createServer((request, response) => {
    onRequest?.(request);
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
  // Asked for again each time, what was just built is what is seen; unchanged, it is not sent again.
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
  const { encoding, ...sent } = await encoded(file, request.headers["accept-encoding"]);
  const etag = `"${sent.size}-${Math.trunc(sent.mtimeMs)}"`;
  const about = { ...headers, etag, vary: "accept-encoding" };
  if (request.headers["if-none-match"] === etag) return response.writeHead(304, about).end();
  response.writeHead(200, {
    ...about,
    ...(encoding && { "content-encoding": encoding }),
    "content-type": TYPES[extname(file.path)] ?? "application/octet-stream",
    "content-length": sent.size,
  });
  if (request.method === "HEAD") return response.end();
  await pipeline(createReadStream(sent.path), response);
}

/** The file, or the compressed one beside it that whoever asks takes. */
async function encoded(file, accepted = "") {
  for (const [encoding, ending] of ENCODINGS) {
    if (!accepted.split(/\s*,\s*/u).includes(encoding)) continue;
    const found = await stat(file.path + ending).catch(() => undefined);
    if (found?.isFile()) return { path: file.path + ending, size: found.size, mtimeMs: found.mtimeMs, encoding };
  }
  return file;
}

/** The file that a request's target names, if it lies below `root` once dots and symbolic links are resolved. */
async function find(root, target) {
  try {
    const path = decodeURIComponent(target.split(/[?#]/u, 1)[0] ?? "/");
    const found = await realpath(join(root, path.endsWith("/") ? `${path}index.html` : path));
    if (!found.startsWith(root + sep)) return undefined;
    const info = await stat(found);
    return info.isFile() ? { path: found, size: info.size, mtimeMs: info.mtimeMs } : undefined;
  } catch {
    return undefined;
  }
}
