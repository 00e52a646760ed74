/**
 * Firefox on profiles that persist, driven over WebDriver BiDi.
 *
 *   FIREFOX=/path/to/firefox   another browser
 */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { launch } from "puppeteer-core";
import { PATIENCE } from "./patience.mjs";

/** The browser's path. */
export function executable() {
  const path = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
  if (!existsSync(path)) throw new Error(`no browser at ${path}: apt-get install -y firefox-esr (or set FIREFOX)`);
  return path;
}

/** Its major version. */
export function version() {
  const said = execFileSync(executable(), ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return /\d+/u.exec(said)[0];
}

/**
 * Opens a browser on `profile`, of `newProfile` in chromium.mjs. `preferences` are about:config's,
 * `options` Puppeteer's.
 * @param {{ path: string }} profile
 */
export async function openFirefox(profile, preferences = {}, options = {}) {
  const opened = await launch({
    browser: "firefox",
    executablePath: executable(),
    headless: true,
    userDataDir: profile.path,
    extraPrefsFirefox: preferences,
    // In ms. Its own is three minutes, which what a page is asked may take on a slow machine; tests have deadlines.
    protocolTimeout: 900_000,
    timeout: PATIENCE,
    ...options,
  });
  const newPage = opened.newPage.bind(opened);
  opened.newPage = async () => {
    const page = await newPage();
    page.setDefaultTimeout(PATIENCE);
    return page;
  };
  return opened;
}
