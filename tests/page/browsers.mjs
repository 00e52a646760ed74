/**
 * The browsers that the page is driven in, each on a profile that persists, behind one face: what a person can do with a
 * tab, and what a test may look at.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
 * @property {(scheme: "light" | "dark") => Promise<void>} colours What the person's system is set to.
 * @property {(is: boolean) => Promise<void>} calm Whether the person wants less motion.
 * @property {(width: number) => Promise<void>} zoom A window so wide, zoomed to 200 %.
 * @property {(is: boolean) => Promise<void>} offline Takes the browser off the network, or back.
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

/** Waits until a page learns what was changed around it. */
function learns(tab, query, is) {
  return tab.until(([wanted, answer]) => matchMedia(wanted).matches === answer, [query, is]);
}

const DARK = "(prefers-color-scheme: dark)";
const CALM = "(prefers-reduced-motion: reduce)";

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
    async colours(colorScheme) {
      await page.emulateMedia({ colorScheme });
      await learns(tab, DARK, colorScheme === "dark");
    },
    async calm(is) {
      await page.emulateMedia({ reducedMotion: is ? "reduce" : "no-preference" });
      await learns(tab, CALM, is);
    },
    // To a page that is half as many pixels of CSS, of twice as many dots each.
    zoom: (width) => page.setViewportSize({ width: width / 2, height: 400 }),
    offline: (is) => page.context().setOffline(is),
    shoot: (path) => page.screenshot({ path, fullPage: true }),
    prepare: (fn) => page.addInitScript(fn),
    close: () => page.close(),
  };
  return tab;
}

/** Does `code` in Firefox itself, which reads its preferences anew at once, and gives what that comes to. */
async function inFirefox(page, code) {
  const { connection } = page.browser();
  const { result: tree } = await connection.send("browsingContext.getTree", { "moz:scope": "chrome" });
  const [{ context }] = tree.contexts;
  const { result } = await connection.send("script.evaluate", {
    expression: code,
    target: { context },
    awaitPromise: true,
  });
  if (result.type !== "success") throw new Error(`Firefox: ${JSON.stringify(result.exceptionDetails)}`);
  return result.result.value;
}

const zoomed = (factor) => `for (const one of gBrowser.browsers) one.fullZoom = ${factor};`;

/** @param {import("puppeteer-core").Page} page */
async function firefoxTab(page) {
  page.setDefaultTimeout(PATIENCE);
  await inFirefox(page, IN_FRONT);
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
    async resize(width, height) {
      // First, since Firefox waits for ever for the width that a zoomed page does not come to.
      await inFirefox(page, zoomed(1));
      await page.setViewport({ width, height });
    },
    async colours(scheme) {
      const value = scheme === "dark" ? 0 : 1;
      await inFirefox(page, `Services.prefs.setIntPref("layout.css.prefers-color-scheme.content-override", ${value})`);
      await learns(tab, DARK, scheme === "dark");
    },
    async calm(is) {
      await inFirefox(page, `Services.prefs.setIntPref("ui.prefersReducedMotion", ${Number(is)})`);
      await learns(tab, CALM, is);
    },
    async zoom(width) {
      await page.setViewport({ width, height: 800 });
      await inFirefox(page, zoomed(2));
      await tab.until((half) => innerWidth === half, width / 2);
    },
    offline: (is) => inFirefox(page, `Services.io.offline = ${is}; undefined`),
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

/** Whoever drives Firefox may change its preferences while it runs. */
const FIREFOX = { args: ["--remote-allow-system-access"] };
/** Headless it has no window that is in front, without which nothing gains or loses the focus, nor is pressed by a key. */
const IN_FRONT = "window.focus(); Services.focus.activeWindow = window; gBrowser.selectedBrowser.focus();";

/**
 * The browsers. `open(profile, { preferences, ignoreCertificates, blocked })` opens one: `firstTab()`, `newTab()`,
 * `newPrivate()`, `hear(tab, …)`, `close()`. `preferences` are Firefox's; `blocked` is whether the person has all sites'
 * data blocked.
 */
export const BROWSERS = [
  {
    name: "chromium",
    newProfile,
    async open(profile, { ignoreCertificates = false, blocked = false } = {}) {
      if (blocked) await preset(profile, { profile: { default_content_setting_values: { cookies: 2 } } });
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
    async open(profile, { ignoreCertificates = false, preferences = {}, blocked = false } = {}) {
      const set = { ...preferences, ...(blocked && { "network.cookie.cookieBehavior": 2 }) };
      const browser = await openFirefox(profile, set, { ...FIREFOX, acceptInsecureCerts: ignoreCertificates });
      return {
        firstTab: async () => firefoxTab((await browser.pages())[0] ?? (await browser.newPage())),
        newTab: async () => firefoxTab(await browser.newPage()),
        // All windows of this one are private, as the browser itself then says.
        async newPrivate() {
          const own = await newProfile();
          const other = await openFirefox(own, { "browser.privatebrowsing.autostart": true }, FIREFOX);
          const close = async () => {
            await other.close();
            await own.remove();
          };
          const [page] = await other.pages();
          const isPrivate = await inFirefox(page, "PrivateBrowsingUtils.isWindowPrivate(window)");
          if (!isPrivate) throw new Error("the window is not private");
          return { tab: await firefoxTab(page), close };
        },
        hear: (tab, complain, texts) => hear(tab.page, complain, texts),
        close: () => browser.close(),
      };
    },
  },
];

/** Writes down what a person has set, in a profile that was not opened yet. */
async function preset(profile, preferences) {
  await mkdir(join(profile.path, "Default"), { recursive: true });
  await writeFile(join(profile.path, "Default", "Preferences"), JSON.stringify(preferences));
}

/** The one of this name. */
export function browserNamed(name) {
  return BROWSERS.find((browser) => browser.name === name);
}
