/**
 * Drives the page as a person would, in Chromium or Firefox on a profile that persists.
 *
 *   CHROMIUM=/path/to/chromium   another browser (FIREFOX likewise)
 *   BYTESTOW_SHOTS=<folder>      leave screenshots there
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browserNamed } from "./browsers.mjs";
import { Eyes, named } from "./eyes.mjs";

const shots = process.env.BYTESTOW_SHOTS;

/** A browser on a profile of its own, with the page of `built` that stands at `url`: what a person does there. */
export class Hands extends Eyes {
  /** What the browser complained of, in all of its pages. */
  complaints = [];
  /** Complaints that are part of a test; one that a test forgives is not kept. */
  forgiven = () => false;
  #kind;
  /** The page, as buildPage gives it. */
  built;
  #url;
  #options;
  #profile;
  #browser;
  #files;

  /** `options` are those of `open` in browsers.mjs. */
  constructor(built, url, browser = "chromium", options = {}) {
    super();
    this.#kind = browserNamed(browser);
    this.built = built;
    this.#url = url;
    this.#options = options;
  }

  /** Playwright's, in Chromium. */
  get context() {
    return this.#browser.context;
  }

  /** The driver's own page. */
  get page() {
    return this.tab.page;
  }

  get isChromium() {
    return this.#kind.name === "chromium";
  }

  /** Opens the browser; again after it was closed, on the same profile. */
  async start() {
    this.#profile ??= await this.#kind.newProfile();
    this.#files ??= await mkdtemp(join(tmpdir(), "bytestow-files-"));
    this.#browser = await this.#kind.open(this.#profile, this.#options);
    this.tab = await this.#browser.firstTab();
    await this.tab.resize(1100, 900);
    this.#watch(this.tab);
  }

  async close() {
    await this.#browser?.close();
    this.#browser = undefined;
  }

  async remove() {
    await this.close();
    await this.#profile?.remove();
    if (this.#files) await rm(this.#files, { recursive: true, force: true });
  }

  /** Keeps what a tab complains of: policy violations are errors of the console, too. */
  #watch(tab) {
    const complain = (text) => {
      if (!this.forgiven(text)) this.complaints.push(text);
    };
    this.#browser.hear(tab, complain, {
      request: (url) => {
        if (/^https?:/u.test(url) && !url.startsWith(this.#url)) complain(`request to ${url}`);
      },
    });
  }

  /** Does `work` in another tab, whose beginning `prepare` does before any script of the page. */
  async onAnother(prepare, work) {
    const first = this.tab;
    this.tab = await this.#browser.newTab();
    try {
      this.#watch(this.tab);
      if (prepare) await this.tab.prepare(prepare);
      await this.tab.goto(this.#url);
      await work(this.tab);
    } finally {
      await this.tab.close();
      this.tab = first;
    }
  }

  /** Looks at a private window from now on; gives what closes it. */
  async inPrivate() {
    const { tab, close } = await this.#browser.newPrivate();
    this.tab = tab;
    this.#watch(tab);
    return close;
  }

  /** Does `work` in a tab that is open. */
  async inTab(tab, work) {
    const before = this.tab;
    this.tab = tab;
    try {
      // What is behind another tab does not do all that it should.
      await tab.page.bringToFront();
      await work();
    } finally {
      this.tab = before;
      await before.page.bringToFront();
    }
  }

  async open() {
    await this.tab.goto(this.#url);
    await this.ready();
  }

  async reload() {
    await this.tab.reload();
    await this.ready();
  }

  async click(id) {
    await this.tab.click(named(id));
  }

  async fill(id, text) {
    await this.tab.fill(named(id), text);
  }

  /** Clears by the button `id`, until the page says `said`. */
  async clear(id, said) {
    await this.click(id);
    await this.says(said);
    await this.idle();
  }

  /** Removes the text of this name by its chip. */
  async removeText(name) {
    await this.tab.click(`[aria-label="Remove “${name}”"]`);
    await this.says(`“${name}” is removed`);
    await this.idle();
  }

  /** Chooses files, each a name with its content, in place of the texts that are open. */
  async choose(...files) {
    await this.add(...files);
    for (const name of await this.texts()) {
      if (!files.some(([given]) => given === name)) await this.removeText(name);
    }
  }

  /** Chooses files. */
  async add(...files) {
    const paths = files.map(([name]) => join(this.#files, name));
    for (const [at, path] of paths.entries()) await writeFile(path, files[at][1]);
    await this.tab.eval(() => {
      document.querySelector("#status").textContent = "";
      document.querySelector("#alert").replaceChildren();
    });
    await this.tab.choose(named("file"), paths);
    await this.tab.until(
      () => (document.querySelector("#status").textContent + document.querySelector("#alert").textContent).length > 0,
    );
    await this.idle();
  }

  /** Drops files on the page, each a name with its content; what is `pressed` is so in the same moment, just before. */
  drop(files, pressed = "") {
    return this.tab.eval(
      ([entries, pressed]) => {
        if (pressed) document.querySelector(pressed).click();
        const data = new DataTransfer();
        for (const [file, content] of entries) data.items.add(new File([content], file));
        document
          .querySelector("main")
          .dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
      },
      [files, pressed],
    );
  }

  /** All that the page's cache in this browser holds, read by another handle. */
  readCache() {
    return this.tab.eval(async (url) => (await import(url)).readCache(), `${this.#url}probe.js`);
  }

  /** Leaves screenshots where they are asked for: light and dark, wide and on a phone. */
  async shoot(name) {
    if (!shots) return;
    await mkdir(shots, { recursive: true });
    const take = (kind) => this.tab.shoot(join(shots, `${name}-${kind}.png`));
    await this.tab.resize(1100, 900);
    await this.tab.colours("light");
    await take("light");
    await this.tab.colours("dark");
    await take("dark");
    await this.tab.resize(360, 740);
    await take("phone-dark");
    await this.tab.colours("light");
    await take("phone");
    await this.tab.resize(1100, 900);
  }
}
