/**
 * A browser's pages as the benchmarks use them, whichever library drives it.
 *
 * @typedef {object} Tab
 * @property {<T>(name: string, given?: object, progress?: (line: string) => void) => Promise<T>} run Calls what the
 *   page's script exports under that name; what it says on the console goes to `progress`.
 * @property {(name: string, given: object) => Promise<{ result: unknown, profile: object }>} [profiled] The same, with
 *   a profile of the page's thread; where the browser can do that.
 * @property {() => Promise<void>} close
 *
 * @typedef {object} Browser
 * @property {string} version
 * @property {() => Promise<Tab>} tab A new page, its script not yet loaded.
 * @property {() => Promise<void>} close Ends its process.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Far beyond what a slow machine needs: a page that hangs has to end as a failure. */
export const LIMIT_MS = 20 * 60_000;

/**
 * A profile on disk, gone afterwards: without one of its own Chromium keeps IndexedDB in memory.
 *
 * @template T
 * @param {(path: string) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withProfile(use) {
  const profile = await mkdtemp(join(tmpdir(), "bytestow-bench-"));
  try {
    return await use(profile);
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/**
 * @param {any} page Playwright's or Puppeteer's: what is used of them is the same.
 * @returns {Tab}
 */
export function tabOf(page) {
  page.setDefaultTimeout(LIMIT_MS);
  return {
    async run(name, given = {}, progress = () => {}) {
      const listener = (message) => message.type() === "info" && progress(message.text());
      page.on("console", listener);
      try {
        const run = page.evaluate(async ({ name, given }) => (await import("/page.js"))[name](given), { name, given });
        return await within(run, name);
      } finally {
        page.off("console", listener);
      }
    },
    close: () => page.close(),
  };
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
