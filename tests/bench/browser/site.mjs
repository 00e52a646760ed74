/** The page that measures: bundled, and served on 127.0.0.1. */

import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

/** @returns {Promise<string>} The page's script: the measuring, the peers, and `bytestow` as bundlers resolve it. */
async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("page.mjs", import.meta.url))],
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

/**
 * @returns {Promise<{ url: string, close: () => void }>} The same address for all browsers that are opened meanwhile: what
 *   they store belongs to it.
 */
export async function serve() {
  const script = await bundle();
  const server = createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    response.writeHead(isScript || url === "/" ? 200 : 404, {
      "content-type": isScript ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8",
      // Isolated, the page's clock has steps of 5 µs instead of 100 (Chromium) or of 20 instead of 1,000 (Firefox).
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(isScript ? script : '<!doctype html><title>bytestow bench</title><link rel="icon" href="data:,">');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}
