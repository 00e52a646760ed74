/**
 * The browsers that the page is driven in, each on a profile that persists, behind one face: what a person can do with a
 * tab, and what a test may look at.
 */
import { launchPrivate, newProfile, openProfile } from "../support/chromium.mjs";
import { openFirefox } from "../support/firefox.mjs";

/** How long anything on the page may take on a busy machine, in ms. */
const PATIENCE = 20_000;
const POLL = 20;

/**
 * What both browsers' tabs can do. Functions run in the page, with one argument at most.
 * @typedef {object} Tab
 * @property {(url: string) => Promise<void>} goto
 * @property {() => Promise<void>} reload
 * @property {<A, T>(fn: (argument: A) => T, argument?: A) => Promise<Awaited<T>>} eval
 * @property {<A, T>(fn: (argument: A) => T, argument?: A) => Promise<Awaited<T>>} until Waits for something truthy, and gives it.
 * @property {(selector: string) => Promise<void>} click
 * @property {(selector: string, text: string) => Promise<void>} fill Types `text` instead of what stands there, and leaves.
 * @property {(selector: string) => Promise<void>} focus
 * @property {(key: string) => Promise<void>} press
 * @property {(selector: string, paths: string[]) => Promise<void>} choose Chooses files.
 * @property {(width: number, height: number) => Promise<void>} resize
 * @property {(path: string) => Promise<unknown>} shoot
 * @property {(fn: () => void) => Promise<unknown>} prepare Runs before any script of what the tab opens from now on.
 * @property {() => Promise<void>} close
 * @property {import("playwright-core").Page | import("puppeteer-core").Page} page The driver's own.
 */

/** Fills by the keyboard: what stands there is selected, and typed over. */
async function type(tab, page, selector, text) {
  await tab.focus(selector);
  await page.evaluate((which) => document.querySelector(which).select(), selector);
  if (text === "") await page.keyboard.press("Delete");
  else await page.keyboard.type(text);
  await page.evaluate((which) => {
    const field = document.querySelector(which);
    field.blur();
    // A headless Firefox has no window that is in front, without which nothing gains or loses the focus.
    if (!document.hasFocus()) field.dispatchEvent(new Event("change", { bubbles: true }));
  }, selector);
}

/** @param {import("playwright-core").Page} page */
async function chromiumTab(page) {
  page.setDefaultTimeout(PATIENCE);
  const tab = {
    page,
    goto: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    eval: (fn, argument) => page.evaluate(fn, argument),
    until: async (fn, argument) => (await page.waitForFunction(fn, argument, { polling: POLL })).jsonValue(),
    click: (selector) => page.click(selector),
    fill: (selector, text) => type(tab, page, selector, text),
    focus: (selector) => page.focus(selector),
    press: (key) => page.keyboard.press(key),
    choose: (selector, paths) => page.setInputFiles(selector, paths),
    resize: (width, height) => page.setViewportSize({ width, height }),
    shoot: (path) => page.screenshot({ path, fullPage: true }),
    prepare: (fn) => page.addInitScript(fn),
    close: () => page.close(),
  };
  return tab;
}

/** @param {import("puppeteer-core").Page} page */
async function firefoxTab(page) {
  page.setDefaultTimeout(PATIENCE);
  const tab = {
    page,
    goto: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    eval: (fn, argument) => page.evaluate(fn, argument),
    until: async (fn, argument) => (await page.waitForFunction(fn, { polling: POLL }, argument)).jsonValue(),
    click: (selector) => page.click(selector),
    fill: (selector, text) => type(tab, page, selector, text),
    focus: (selector) => page.focus(selector),
    press: (key) => page.keyboard.press(key),
    choose: async (selector, paths) => (await page.$(selector)).uploadFile(...paths),
    resize: (width, height) => page.setViewport({ width, height }),
    shoot: (path) => page.screenshot({ path, fullPage: true }),
    prepare: (fn) => page.evaluateOnNewDocument(fn),
    close: () => page.close(),
  };
  return tab;
}

/** What both say of a page's complaints. */
function hear(page, complain, texts) {
  page.on("console", (message) => {
    if (["error", "warning", "warn"].includes(message.type())) complain(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complain(`uncaught: ${error.message}`));
  page.on("request", (request) => texts.request(request.url()));
  page.on("response", (response) => {
    if (response.status() >= 400) complain(`${response.status()} for ${response.url()}`);
  });
}

/**
 * The browsers. `open(profile, { preferences, ignoreCertificates })` opens one: `firstTab()`, `newTab()`, `newPrivate()`,
 * `hear(tab, …)`, `close()`.
 */
export const BROWSERS = [
  {
    name: "chromium",
    newProfile,
    async open(profile, { ignoreCertificates = false } = {}) {
      const context = await openProfile(profile, { ignoreHTTPSErrors: ignoreCertificates });
      return {
        context,
        firstTab: async () => chromiumTab(context.pages()[0] ?? (await context.newPage())),
        newTab: async () => chromiumTab(await context.newPage()),
        // A persistent profile has no private windows: one of a browser of its own.
        async newPrivate() {
          const browser = await launchPrivate();
          return { tab: await chromiumTab(await browser.newPage()), close: () => browser.close() };
        },
        hear: (tab, complain, texts) => hear(tab.page, complain, texts),
        close: () => context.close(),
      };
    },
  },
  {
    name: "firefox",
    newProfile,
    async open(profile, { ignoreCertificates = false, preferences = {} } = {}) {
      const browser = await openFirefox(profile, preferences, { acceptInsecureCerts: ignoreCertificates });
      return {
        firstTab: async () => firefoxTab((await browser.pages())[0] ?? (await browser.newPage())),
        newTab: async () => firefoxTab(await browser.newPage()),
        async newPrivate() {
          const context = await browser.createBrowserContext();
          return { tab: await firefoxTab(await context.newPage()), close: () => context.close() };
        },
        hear: (tab, complain, texts) => hear(tab.page, complain, texts),
        close: () => browser.close(),
      };
    },
  },
];

/** The one of this name. */
export function browserNamed(name) {
  return BROWSERS.find((browser) => browser.name === name);
}
