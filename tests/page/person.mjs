/**
 * A person at the panels of the page, in Chromium or in Firefox: what they press and type, what they see, what they save
 * and choose. Everything is found by its selector.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { BROWSERS, browserNamed } from "./browsers.mjs";
import { buildPage } from "./site.mjs";

/** So wide, and in light or dark, the page is looked at. */
const DRESSES = [
  [1100, "light"],
  [1100, "dark"],
  [360, "dark"],
  [360, "light"],
];

const shots = process.env.BYTESTOW_SHOTS;

/** The names of the browsers. */
export const browsers = BROWSERS.map(({ name }) => name);

/** The page, built with `kept.mjs` beside it. */
export async function buildPanels() {
  const built = await buildPage();
  const source = fileURLToPath(new URL("./kept.mjs", import.meta.url));
  await build({ entryPoints: [source], outfile: join(built.site, "kept.js"), bundle: true, format: "esm" });
  return built;
}

/** A person at the page of `url`. */
export class Person {
  /** What the browser complained of. */
  complaints = [];
  /** The tab that they look at. @type {import("./browsers.mjs").Tab} */
  tab;
  #name;
  #url;
  #options;
  #browser;
  #profile;
  #folder;

  /** `options` are those of `open` in browsers.mjs. */
  constructor(name, url, options = {}) {
    this.#name = name;
    this.#url = url;
    this.#options = options;
  }

  /** The driver's own page. */
  get page() {
    return this.tab.page;
  }

  async start() {
    const kind = browserNamed(this.#name);
    this.#profile = await kind.newProfile();
    this.#folder = await mkdtemp(join(tmpdir(), "bytestow-files-"));
    this.#browser = await kind.open(this.#profile, {
      ...this.#options,
      preferences: { ...this.#preferences(), ...this.#options.preferences },
    });
    this.tab = await this.#browser.newTab();
    await this.#goTo();
  }

  /** Firefox's: files are saved without asking, and whoever is asked whether data is to be kept says yes. */
  #preferences() {
    return {
      "browser.download.folderList": 2,
      "browser.download.dir": this.#folder,
      "browser.download.useDownloadDir": true,
      "browser.download.always_ask_before_handling_new_types": false,
      "browser.helperApps.neverAsk.saveToDisk": "application/octet-stream",
      "dom.storageManager.prompt.testing": true,
      "dom.storageManager.prompt.testing.allow": true,
    };
  }

  async end() {
    await this.#browser?.close();
    await this.#profile?.remove();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }

  /** Does `work` in another tab. */
  async inAnotherTab(work) {
    const first = this.tab;
    this.tab = await this.#browser.newTab();
    try {
      await this.#goTo();
      await work();
    } finally {
      await this.tab.close();
      this.tab = first;
      await this.page.bringToFront();
    }
  }

  async #goTo() {
    this.#browser.hear(this.tab, (text) => this.complaints.push(text), { request: () => undefined });
    await this.tab.resize(1100, 900);
    await this.tab.goto(this.#url);
    await this.#arrive();
  }

  /** Loads the page again. */
  async reload() {
    await this.tab.reload();
    await this.#arrive();
  }

  /** Waits until the page stands, panels included, which come at the person's first press. */
  async #arrive() {
    // No key that moves the focus: Firefox, still loading, would move it out of the page.
    await this.tab.press("Shift");
    await this.says("#search-none", /./u);
    await this.says("#explorer-found", /./u);
    await this.#idle();
  }

  async #idle() {
    await this.tab.until(() => document.querySelector("#run").getAttribute("aria-disabled") === "false");
  }

  /** Embeds what is open, and says of how many chunks and what kind of run that was. */
  async embed() {
    const before = await this.text("#status");
    await this.click("#run");
    await this.tab.until((old) => {
      const said = document.querySelector("#status").textContent.trim();
      return said !== old && /^Run \d+ was/u.test(said);
    }, before);
    await this.#idle();
    const [, kind] = /was (cold|warm|partly warm)/u.exec(await this.text("#status"));
    return { chunks: await this.exact("#text-chunks"), kind };
  }

  /** Runs what `kept.mjs` has, in the page. */
  kept(what, ...told) {
    const run = async ({ url, name, args }) => (await import(url))[name](...args);
    return this.tab.eval(run, { url: `${this.#url}kept.js`, name: what, args: told });
  }

  /** Waits until the text of `selector` is like `pattern`, and gives it. */
  async says(selector, pattern) {
    const told = { where: selector, source: pattern.source, flags: pattern.flags };
    const like = ({ where, source, flags }) =>
      new RegExp(source, flags).test(document.querySelector(where)?.textContent.replace(/\s+/gu, " ").trim() ?? "");
    try {
      await this.tab.until(like, told);
    } catch (error) {
      const said = await this.text(selector).catch(() => "nothing");
      throw new Error(`${selector} says “${said}”, not ${pattern}`, { cause: error });
    }
    return this.text(selector);
  }

  async text(selector) {
    const [first] = await this.texts(selector);
    assert.notEqual(first, undefined, `there is no ${selector}`);
    return first;
  }

  /** The text of each element that `selector` finds. */
  texts(selector) {
    return this.look(selector, (all) => all.map((one) => one.textContent.replace(/\s+/gu, " ").trim()));
  }

  /** What `look` makes of all elements that `selector` finds. */
  look(selector, look) {
    return this.page.$$eval(selector, look);
  }

  /** The exact number behind a number shown. */
  async exact(selector) {
    const [value] = await this.look(selector, (all) => all.map((one) => Number(one.value)));
    return value;
  }

  click(selector) {
    return this.tab.click(selector);
  }

  press(key) {
    return this.tab.press(key);
  }

  /** Replaces what stands in a field, and stays there. */
  async type(selector, text) {
    await this.tab.focus(selector);
    await this.tab.eval((where) => document.querySelector(where).select(), selector);
    await this.press("Delete");
    await this.page.keyboard.type(text);
  }

  /** Takes another option. */
  async select(selector, value) {
    if (this.#name === "chromium") await this.page.selectOption(selector, value);
    else await this.page.select(selector, value);
  }

  /** The id of what has the keyboard's focus. */
  focused() {
    return this.tab.eval(() => document.activeElement.id);
  }

  /** Chooses files of these names and bytes. */
  async choose(selector, files) {
    const paths = [];
    for (const [name, bytes] of Object.entries(files)) {
      paths.push(join(this.#folder, name));
      await writeFile(paths.at(-1), bytes);
    }
    await this.tab.choose(selector, paths);
  }

  /** Presses `selector`, and gives the file that is saved by it: its name and bytes. */
  async save(selector) {
    if (this.#name === "chromium") {
      const [download] = await Promise.all([this.page.waitForEvent("download"), this.click(selector)]);
      return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
    }
    const before = new Set(await readdir(this.#folder));
    await this.click(selector);
    // Whole once Firefox has put it in the place of the part that it was.
    for (let size = -1; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
      const now = await readdir(this.#folder);
      const name = now.find((each) => !before.has(each) && each.endsWith(".bytestow"));
      if (name === undefined || now.some((each) => each.endsWith(".part"))) continue;
      const path = join(this.#folder, name);
      const last = size;
      size = (await stat(path)).size;
      if (size > 0 && size === last) return { name, bytes: await readFile(path) };
    }
  }

  /** What a list of terms says: each term with what it is. */
  async facts(selector) {
    const terms = await this.look(`${selector} dt`, (all) =>
      all.map((term) => [term.textContent, term.nextElementSibling.textContent]),
    );
    return Object.fromEntries(terms);
  }

  /** Holds `selector` against axe-core's rules in every dress, in which nothing may be wider than the window. */
  async sound(selector) {
    await this.page.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
    for (const [width, scheme] of DRESSES) {
      await this.#dress(width, scheme);
      const found = await this.tab.eval(async (where) => {
        const { violations } = await globalThis.axe.run(where);
        return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 120)}`));
      }, selector);
      assert.deepEqual(found, [], `${width} ${scheme}`);
      const [needed, given] = await this.tab.eval(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(needed <= given, `${needed} px of content in ${given} px`);
    }
    await this.#dress(1100, "light");
  }

  /** Leaves screenshots of `selector` where they are asked for, in every dress. */
  async shoot(name, selector) {
    if (!shots) return;
    await mkdir(shots, { recursive: true });
    for (const [width, scheme] of DRESSES) {
      await this.#dress(width, scheme);
      const part = await this.page.$(selector);
      await part.screenshot({ path: join(shots, `${name}-${this.#name}-${width}-${scheme}.png`) });
    }
    await this.#dress(1100, "light");
  }

  /** So wide, in light or dark. */
  async #dress(width, scheme) {
    await this.tab.resize(width, 900);
    await this.tab.colours(scheme);
  }

  /** Fails if the browser complained of anything. */
  contented() {
    assert.deepEqual(this.complaints, []);
  }
}
