/** The page that measures: bundled, and served on 127.0.0.1. */

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

/**
 * @param {URL} entry
 * @returns {Promise<string>} The page's script: the measuring, the peers, and `bytestow` as bundlers resolve it.
 */
async function bundle(entry) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    // Names stay, for profiles.
    minifySyntax: true,
    minifyWhitespace: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].text;
}

const TYPES = { js: "text/javascript; charset=utf-8", wasm: "application/wasm" };

/**
 * @param {object} [options]
 * @param {URL} [options.entry] What is bundled.
 * @param {Record<string, string | URL>} [options.files] What is served besides, by its path.
 * @returns {Promise<{ url: string, close: () => void }>} The same address for all browsers that are opened meanwhile: what
 *   they store belongs to it.
 */
export async function serve({ entry = new URL("page.mjs", import.meta.url), files = {} } = {}) {
  const script = await bundle(entry);
  const page = '<!doctype html><title>bytestow bench</title><link rel="icon" href="data:,">';
  const content = async (url) => {
    if (url === "/") return page;
    return url === "/page.js" ? script : files[url] && (await readFile(files[url]));
  };
  const server = createServer(async ({ url }, response) => {
    const body = await content(url).catch(() => undefined);
    response.writeHead(body === undefined ? 404 : 200, {
      "content-type": TYPES[url.split(".").at(-1)] ?? (url === "/" ? "text/html; charset=utf-8" : "text/plain"),
      // Isolated, the page's clock has steps of 5 µs instead of 100 (Chromium) or of 20 instead of 1,000 (Firefox).
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}
