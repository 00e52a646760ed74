/** Chromium and Firefox by one interface, each on a profile that persists. */

import { newProfile, openProfile } from "../../../support/chromium.mjs";
import { openFirefox } from "../../../support/firefox.mjs";

const OPEN = { chromium: openProfile, firefox: openFirefox };

/** How long a page may take until its app is there, in ms. */
const PATIENCE = 15_000;

/**
 * Opens the browser `name`. `tab(url)` opens a page and waits for its `globalThis.app`; whatever goes wrong in it is put
 * down in `complaints`.
 * @param {"chromium" | "firefox"} name
 */
export async function openBrowser(name) {
  const profile = await newProfile();
  const browser = await opened(name, profile);
  return {
    name,
    /** What drives it: Playwright's context, or Puppeteer's browser. */
    browser,
    tab: (url) => openTab(browser, url),
    async close() {
      await browser.close();
      await profile.remove();
    },
  };
}

async function opened(name, profile) {
  try {
    return await OPEN[name](profile);
  } catch (error) {
    await profile.remove();
    throw error;
  }
}

async function openTab(browser, url) {
  const page = await browser.newPage();
  const complaints = [];
  const complain = (what, where = "") => {
    // Browsers ask for an icon by themselves, and none is there.
    if (!/favicon\.ico/u.test(`${what} ${where}`)) complaints.push(what);
  };
  page.on("pageerror", (error) => complain(`uncaught: ${error}`));
  page.on("console", (message) => {
    const type = message.type();
    if (/^(?:error|warn|warning)$/u.test(type)) complain(`${type}: ${message.text()}`, message.location()?.url);
  });
  const tab = {
    page,
    complaints,
    /** Runs `work` in the page. */
    run: (work, argument) => page.evaluate(work, argument),
    async reload() {
      await page.reload();
      await there();
    },
    close: () => page.close(),
  };
  await page.goto(url);
  await there();
  return tab;

  async function there() {
    const waited = await page.evaluate(async (patience) => {
      const started = performance.now();
      while (globalThis.app === undefined && performance.now() - started < patience) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return globalThis.app !== undefined;
    }, PATIENCE);
    if (!waited) throw new Error(`the app at ${url} did not come up: ${complaints.join("; ")}`);
  }
}
