/**
 * Bundles the page, serves it on 127.0.0.1 and runs it in Chromium.
 *
 * @import { Row } from "../measure.mjs"
 */

import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { chromium } from "playwright-core";

/** Far beyond what a slow machine needs: a page that hangs has to end as a failure. */
const LIMIT_MS = 20 * 60_000;

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Garbage is collected between samples.
  "--js-flags=--expose-gc",
];

/** @returns {string} The path of the browser; throws the line that says how to get one. */
export function executable() {
  const path = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (existsSync(path)) return path;
  throw new Error(`no Chromium at ${path}: "apt-get install chromium", or set CHROMIUM to its path`);
}

/** @returns {Promise<string>} The page's script: the measuring, the peers, and `bytestow` as bundlers resolve it. */
async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("page.mjs", import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].text;
}

/**
 * @param {string} script
 * @returns {Promise<{ url: string, close: () => void }>}
 */
async function serve(script) {
  const server = createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    response.writeHead(isScript || url === "/" ? 200 : 404, {
      "content-type": isScript ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8",
      // Isolated, the page's clock has steps of 5 µs instead of 100.
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

/**
 * @param {{ part: string, given: object, progress: (line: string) => void }[]} jobs What of the page's is called, with what.
 * @returns {Promise<{ version: string, rows: Row[] }>}
 */
export async function inChromium(jobs) {
  const server = await serve(await bundle());
  // On disk and gone afterwards: without a profile of its own Chromium keeps IndexedDB in memory.
  const profile = await mkdtemp(join(tmpdir(), "bytestow-bench-"));
  try {
    const options = { executablePath: executable(), headless: true, args: ARGS };
    const context = await chromium.launchPersistentContext(profile, options);
    try {
      const page = context.pages()[0] ?? (await context.newPage());
      page.setDefaultTimeout(LIMIT_MS);
      await page.goto(server.url);
      const rows = [];
      for (const { part, given, progress } of jobs) {
        const listener = (message) => message.type() === "info" && progress(message.text());
        page.on("console", listener);
        const run = page.evaluate(async ([name, given]) => (await import("/page.js"))[name](given), [part, given]);
        rows.push(...(await within(run, `${part} in Chromium`)));
        page.off("console", listener);
      }
      return { version: context.browser()?.version() ?? (await page.evaluate(() => navigator.userAgent)), rows };
    } finally {
      await context.close();
    }
  } finally {
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * @template T
 * @param {Promise<T>} run
 * @param {string} what
 * @returns {Promise<T>}
 */
async function within(run, what) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no result within ${LIMIT_MS / 60_000} minutes`)), LIMIT_MS);
  });
  try {
    return await Promise.race([run, limit]);
  } finally {
    clearTimeout(timer);
  }
}
