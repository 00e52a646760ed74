/**
 * Opens the page in Firefox, over WebDriver BiDi.
 *
 * @import { Browser } from "./tabs.mjs"
 */

import { existsSync } from "node:fs";

import { launch } from "puppeteer-core";

import { LIMIT_MS, tabOf } from "./tabs.mjs";

/** A clock without coarse steps. */
const PREFERENCES = {
  "privacy.reduceTimerPrecision": false,
  "privacy.resistFingerprinting": false,
  "privacy.resistFingerprinting.reduceTimerPrecision.jitter": false,
};

/** @returns {string} The path of the browser; throws the line that says how to get one. */
export function executable() {
  const path = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
  if (existsSync(path)) return path;
  throw new Error(`no Firefox at ${path}: "apt-get install firefox-esr", or set FIREFOX to its path`);
}

/**
 * @param {string} profile
 * @param {string} url
 * @returns {Promise<Browser>}
 */
export async function openFirefox(profile, url) {
  const browser = await launch({
    browser: "firefox",
    executablePath: executable(),
    headless: true,
    userDataDir: profile,
    extraPrefsFirefox: PREFERENCES,
    protocolTimeout: LIMIT_MS,
  });
  return {
    version: (await browser.version()).replace(/^firefox\//iu, ""),
    async tab() {
      const page = await browser.newPage();
      await page.goto(url);
      return tabOf(page);
    },
    close: () => browser.close(),
  };
}
