/**
 * A person at the page, in Chromium or in Firefox, by the same calls in both: what they press and type, what they see, what
 * they save and choose.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { launch } from "puppeteer-core";
import { executable as chromium, newProfile } from "../support/chromium.mjs";
import { openFirefox } from "../support/firefox.mjs";

/** So wide, and in light or dark, the page is looked at. */
const DRESSES = [
  [1100, "light"],
  [1100, "dark"],
  [360, "dark"],
  [360, "light"],
];

const shots = process.env.BYTESTOW_SHOTS;

/** The browsers, each with how it is opened on a profile, saving files into a folder without asking. */
const BROWSERS = {
  async chromium(profile, folder) {
    const browser = await launch({
      browser: "chrome",
      executablePath: chromium(),
      headless: true,
      userDataDir: profile.path,
      args: ["--no-sandbox", "--no-first-run", "--disable-dev-shm-usage"],
      downloadBehavior: { policy: "allow", downloadPath: folder },
    });
    return browser;
  },
  firefox: (profile, folder) =>
    openFirefox(profile, {
      "browser.download.folderList": 2,
      "browser.download.dir": folder,
      "browser.download.useDownloadDir": true,
      "browser.download.always_ask_before_handling_new_types": false,
      "browser.helperApps.neverAsk.saveToDisk": "application/octet-stream",
      // Whoever sits there says yes.
      "dom.storageManager.prompt.testing": true,
      "dom.storageManager.prompt.testing.allow": true,
    }),
};

const here = fileURLToPath(new URL(".", import.meta.url));

/** The page, built with `kept.mjs` beside it. */
export async function buildSite() {
  const folder = await mkdtemp(join(tmpdir(), "bytestow-site-"));
  await promisify(execFile)(process.execPath, [join(here, "..", "..", "www", "build.mjs"), "--out", folder, "--plain"]);
  const outfile = join(folder, "kept.js");
  await build({ entryPoints: [join(here, "kept.mjs")], outfile, bundle: true, format: "esm" });
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** The names of the browsers. */
export const browsers = (process.env.ONLY ?? "chromium,firefox").split(",");

/** A person at the page of `url`. */
export class Person {
  /** What the browser complained of. */
  complaints = [];
  page;
  #name;
  #url;
  #browser;
  #profile;
  #folder;

  constructor(name, url) {
    this.#name = name;
    this.#url = url;
  }

  async start() {
    this.#profile = await newProfile();
    this.#folder = await mkdtemp(join(tmpdir(), "bytestow-saved-"));
    this.#browser = await BROWSERS[this.#name](this.#profile, this.#folder);
    this.page = await this.tab();
  }

  async end() {
    await this.#browser?.close();
    await this.#profile?.remove();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }

  /** Embeds what is open, and says of how many chunks and what kind of run that was. */
  async embed() {
    const before = await this.text("#status");
    await this.click("#run");
    await this.until((old) => {
      const said = document.querySelector("#status").textContent;
      return said !== old && /^Run \d+ was/u.test(said);
    }, before);
    await this.until(() => document.querySelector("#run").getAttribute("aria-disabled") === "false");
    const [, kind] = /was (cold|warm|partly warm)/u.exec(await this.text("#status"));
    return { chunks: await this.exact("#text-chunks"), kind };
  }

  /** Runs what `kept.mjs` has, in the page. */
  kept(what, ...told) {
    const run = async (url, name, args) => (await import(url))[name](...args);
    return this.page.evaluate(run, `${this.#url}kept.js`, what, told);
  }

  /** Another tab on the page. */
  async tab() {
    const page = await this.#browser.newPage();
    page.setDefaultTimeout(30_000);
    await page.setViewport({ width: 1100, height: 900 });
    page.on("console", (message) => {
      if (["error", "warn"].includes(message.type())) this.complaints.push(`${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.complaints.push(`uncaught: ${error.message}`));
    await page.goto(this.#url);
    await this.arrive(page);
    return page;
  }

  /** Waits until the page stands, panels included, which come at the person's first press. */
  async arrive(page = this.page) {
    await page.keyboard.press("Tab");
    await page.waitForSelector("#search-form");
    await page.waitForSelector("#explorer-found:not(:empty)");
    await page.waitForFunction(() => document.querySelector("#run").getAttribute("aria-disabled") === "false");
  }

  /** Loads the page again. */
  async reload() {
    await this.page.reload();
    await this.arrive();
  }

  /** Waits until `test`, run in the page, is true. */
  async until(test, ...told) {
    await this.page.waitForFunction(test, { polling: 50 }, ...told);
  }

  /** Waits until the text of `selector` is like `pattern`, and gives it. */
  async says(selector, pattern) {
    const told = [selector, pattern.source, pattern.flags];
    const like = (where, source, flags) =>
      new RegExp(source, flags).test(document.querySelector(where)?.textContent ?? "");
    try {
      await this.until(like, ...told);
    } catch (error) {
      const said = await this.text(selector).catch(() => "nothing");
      throw new Error(`${selector} says “${said}”, not ${pattern}`, { cause: error });
    }
    return this.text(selector);
  }

  text(selector) {
    return this.page.$eval(selector, (element) => element.textContent.replace(/\s+/gu, " ").trim());
  }

  /** The text of each element that `selector` finds. */
  texts(selector) {
    return this.page.$$eval(selector, (all) => all.map((one) => one.textContent.replace(/\s+/gu, " ").trim()));
  }

  /** The exact number behind a number shown. */
  async exact(selector) {
    return Number(await this.page.$eval(selector, (element) => element.value));
  }

  async click(selector) {
    await this.page.locator(selector).click();
  }

  /** Replaces what stands in a field. */
  async type(selector, text) {
    await this.page.focus(selector);
    await this.page.$eval(selector, (field) => field.select());
    await this.page.keyboard.press("Delete");
    await this.page.keyboard.type(text);
  }

  /** Chooses files of these names and bytes. */
  async choose(selector, files) {
    const paths = [];
    for (const [name, bytes] of Object.entries(files)) {
      paths.push(join(this.#folder, name));
      await writeFile(paths.at(-1), bytes);
    }
    const input = await this.page.$(selector);
    await input.uploadFile(...paths);
  }

  /** Presses `selector`, and gives the file that was saved by it: its name and bytes. */
  async save(selector) {
    const before = new Set(await readdir(this.#folder));
    await this.click(selector);
    for (let size = -1; ; ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const name = (await readdir(this.#folder)).find((each) => !before.has(each) && each.endsWith(".bytestow"));
      if (name === undefined) continue;
      const path = join(this.#folder, name);
      const now = (await stat(path)).size;
      if (now > 0 && now === size) return { name, bytes: await readFile(path) };
      size = now;
    }
  }

  /** What a list of terms says: each term with what it is. */
  facts(selector) {
    return this.page.$eval(selector, (list) =>
      Object.fromEntries(
        Array.from(list.querySelectorAll("dt"), (term) => [term.textContent, term.nextElementSibling.textContent]),
      ),
    );
  }

  /** Holds `selector` against axe-core's rules, in every dress. */
  async sound(selector) {
    const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    await this.page.evaluate(source);
    for (const [width, scheme] of DRESSES) {
      await this.dress(width, scheme);
      const found = await this.page.evaluate(async (where) => {
        const { violations } = await globalThis.axe.run(where);
        return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 120)}`));
      }, selector);
      assert.deepEqual(found, [], `${width} ${scheme}`);
      const [needed, given] = await this.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(needed <= given, `${needed} px of content in ${given} px`);
    }
    await this.dress(1100, "light");
  }

  /** Leaves screenshots of `selector` where they are asked for: light and dark, wide and on a phone. */
  async shoot(name, selector) {
    if (!shots) return;
    await mkdir(shots, { recursive: true });
    for (const [width, scheme] of DRESSES) {
      await this.dress(width, scheme);
      const part = await this.page.$(selector);
      await part.screenshot({ path: join(shots, `${name}-${this.#name}-${width}-${scheme}.png`) });
    }
    await this.dress(1100, "light");
  }

  /** So wide, in light or dark: Firefox cannot be asked for the latter. */
  async dress(width, scheme) {
    await this.page.setViewport({ width, height: 900 });
    if (this.#name === "chromium") {
      await this.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    }
  }

  /** Fails if the browser complained of anything. */
  contented() {
    assert.deepEqual(this.complaints, []);
  }
}
