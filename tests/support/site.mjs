/** A site of a few files made in memory, for pages of tests: any headers, any origin may import its modules. */

import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * Serves `files` (by path: text, or `{ type, body, headers }`) on 127.0.0.1, and what is below `/<name>/` by the handler
 * `below[name]`, which is given the rest of the path.
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serveFiles(files, below = {}) {
  const server = createServer((request, response) => {
    const url = request.url ?? "/";
    const [, name, rest] = /^\/(\w+)(\/.*)$/u.exec(url) ?? [];
    if (name !== undefined && Object.hasOwn(below, name)) {
      below[name](request, response, rest);
      return;
    }
    const found = files[url.split("?", 1)[0]];
    if (found === undefined) {
      response.writeHead(404).end();
      return;
    }
    const {
      type = "text/html; charset=utf-8",
      body,
      headers = {},
    } = typeof found === "string" ? { body: found } : found;
    // Modules of a sandboxed frame come from nowhere: their origin is null.
    response.writeHead(200, { "content-type": type, "access-control-allow-origin": "*", ...headers }).end(body);
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Bundles the module `path`, relative to `base`, for browsers. */
export async function bundle(path, base, options = {}) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(path, base))],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "silent",
    ...options,
  });
  return { type: "text/javascript", body: outputFiles[0].text };
}

/** A page that loads `script` as a module. */
export function page(script) {
  return `<!doctype html><meta charset="utf-8"><title>test</title><script type="module" src="${script}"></script>`;
}
