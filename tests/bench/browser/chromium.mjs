/**
 * Opens the page in Chromium.
 *
 * @import { Row } from "../measure.mjs"
 * @import { Browser } from "./tabs.mjs"
 */

import { existsSync } from "node:fs";

import { chromium } from "playwright-core";

import { serve } from "./site.mjs";
import { tabOf, withProfile } from "./tabs.mjs";

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

/** Of profiles. */
const SAMPLING_US = 100;

/** @returns {string} The path of the browser; throws the line that says how to get one. */
export function executable() {
  const path = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (existsSync(path)) return path;
  throw new Error(`no Chromium at ${path}: "apt-get install chromium", or set CHROMIUM to its path`);
}

/**
 * @param {string} profile
 * @param {string} url
 * @returns {Promise<Browser>}
 */
export async function openChromium(profile, url) {
  const options = { executablePath: executable(), headless: true, args: ARGS };
  const context = await chromium.launchPersistentContext(profile, options);
  return {
    version: context.browser()?.version() ?? "",
    async tab() {
      const page = await context.newPage();
      await page.goto(url);
      const tab = tabOf(page);
      return {
        ...tab,
        async profiled(name, given) {
          const session = await context.newCDPSession(page);
          await session.send("Profiler.enable");
          await session.send("Profiler.setSamplingInterval", { interval: SAMPLING_US });
          await session.send("Profiler.start");
          const result = await tab.run(name, given);
          const { profile } = await session.send("Profiler.stop");
          await session.detach();
          return { result, profile };
        },
      };
    },
    close: () => context.close(),
  };
}

/**
 * @param {{ part: string, given: object, progress: (line: string) => void }[]} jobs What of the page's is called, with what.
 * @returns {Promise<{ version: string, rows: Row[] }>}
 */
export async function inChromium(jobs) {
  const site = await serve();
  try {
    return await withProfile(async (profile) => {
      const browser = await openChromium(profile, site.url);
      try {
        const tab = await browser.tab();
        const rows = [];
        for (const { part, given, progress } of jobs) rows.push(...(await tab.run(part, given, progress)));
        return { version: browser.version, rows };
      } finally {
        await browser.close();
      }
    });
  } finally {
    site.close();
  }
}
