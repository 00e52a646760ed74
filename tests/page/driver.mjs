/**
 * Drives the page as a person would, in Chromium or Firefox on a profile that persists.
 *
 *   CHROMIUM=/path/to/chromium   another browser (FIREFOX likewise)
 *   BYTESTOW_SHOTS=<folder>      leave screenshots there
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browserNamed } from "./browsers.mjs";

export { buildPage } from "./site.mjs";

const shots = process.env.BYTESTOW_SHOTS;

/** A selector of what the page calls `id`. */
export const named = (id) => `[data-testid="${id}"]`;

/** A browser on a profile of its own, with the page of `built` that stands at `url`. */
export class Driver {
  /** What the browser complained of, in all of its pages. */
  complaints = [];
  /** Complaints that are part of a test; one that a test forgives is not kept. */
  forgiven = () => false;
  /** The tab that is looked at. @type {import("./browsers.mjs").Tab} */
  tab;
  #kind;
  #built;
  #url;
  #options;
  #profile;
  #browser;
  #files;

  /** `options` are those of `open` in browsers.mjs. */
  constructor(built, url, browser = "chromium", options = {}) {
    this.#kind = browserNamed(browser);
    this.#built = built;
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

  async ready() {
    await this.says(/“Pride and Prejudice” is split/u);
    await this.idle();
  }

  async idle() {
    await this.tab.until(() => document.querySelector("#run")?.getAttribute("aria-disabled") === "false");
  }

  /** Waits until the status says so. */
  async says(pattern) {
    const [source, flags] = pattern instanceof RegExp ? [pattern.source, pattern.flags] : [escaped(pattern), "u"];
    await this.#until("status", source, flags);
  }

  /** Waits until the element `id` has text that fits. */
  async reads(id, pattern) {
    await this.#until(id, pattern.source, pattern.flags);
  }

  async #until(id, source, flags) {
    const look = ({ selector, source, flags }) =>
      new RegExp(source, flags).test(document.querySelector(selector)?.textContent ?? "");
    try {
      await this.tab.until(look, { selector: named(id), source, flags });
    } catch (error) {
      const [shown, status, alert] = await Promise.all([id, "status", "alert"].map((each) => this.text(each)));
      throw new Error(`${id} never read /${source}/: it reads “${shown}” (status “${status}”, alert “${alert}”)`, {
        cause: error,
      });
    }
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

  /**
   * Runs, and holds the row and the summary of the run against what should have happened: who answered how many of the
   * chunks. `remote: null` is a page without that tier; `stored` is how many this browser was given to keep.
   */
  async runAs(number, { kind, memory = 0, browser = 0, remote = null, embedded = 0, stored, click = true }) {
    if (click) await this.click("run");
    await this.says(new RegExp(`^Run ${number} was ${escaped(kind)}:`, "u"));
    await this.idle();
    const { value } = this.#built;
    const hits = memory + browser + (remote ?? 0);
    assert.equal(await this.text(`run-${number}-kind`), kind);
    assert.equal(await this.text("last-kind"), kind);
    assert.equal(await this.whole(`run-${number}-memory`), memory);
    assert.equal(await this.whole(`run-${number}-browser`), browser);
    if (remote === null) assert.equal(await this.text(`run-${number}-remote`), "—");
    else assert.equal(await this.whole(`run-${number}-remote`), remote);
    assert.equal(await this.whole(`run-${number}-misses`), embedded);
    assert.equal(await this.whole("last-chunks"), hits + embedded);
    assert.equal(await this.whole("last-hits"), hits);
    assert.equal(await this.whole("last-misses"), embedded);
    assert.equal(await this.bytes("last-bytes-read"), hits * value);
    assert.equal(await this.bytes("last-bytes-written"), (stored ?? (remote ?? 0) + embedded) * value);
    assert.match(await this.text("last-hit-rate"), embedded === 0 ? /^100 %$/u : /^\d+(\.\d)? %$/u);
    await this.#checkTimes(number, embedded);
    await this.#checkTiers({ memory, browser, remote, embedded });
  }

  async #checkTimes(number, embedded) {
    const phases = await Promise.all(["read", "embed", "write"].map((phase) => this.exact(`run-${number}-${phase}`)));
    const total = await this.exact(`run-${number}-total`);
    assert.ok(total >= 0);
    assert.equal(await this.exact("last-total"), total);
    const sum = phases.reduce((before, ms) => before + ms, 0);
    assert.ok(Math.abs(sum - total) < 1e-6, `${phases} make up ${total}`);
    for (const phase of ["embed", "write"]) {
      const shown = await this.text(`run-${number}-${phase}`);
      if (embedded === 0) assert.equal(shown, "—");
      else assert.match(shown, /\d m?s$/u);
    }
  }

  /** The cards of the tiers say who answered, each with its share drawn. */
  async #checkTiers({ memory, browser, remote, embedded }) {
    const chunks = memory + browser + (remote ?? 0) + embedded;
    for (const [tier, hits] of Object.entries({ memory, browser, remote, embedder: embedded })) {
      if (hits === null) {
        assert.equal(await this.text(`${tier}-hits`), "–");
        continue;
      }
      assert.equal(await this.whole(`${tier}-hits`), hits);
      const width = await this.tab.eval(
        (id) => Number(document.querySelector(id).getAttribute("width")),
        `#${tier}-share`,
      );
      assert.ok(Math.abs(width - (1000 * hits) / chunks) < 1e-6, `${tier}: ${width}`);
    }
    assert.match(await this.text("embedder-took"), embedded === 0 ? /^–$/u : /\d m?s$/u);
  }

  /** The sentence and the bars say what the rows of the runs of each kind say. */
  async checkSummary({ cold, memory, browser, remote }) {
    const total = (run) => this.exact(`run-${run}-total`);
    const ratio = (await total(cold)) / (await total(browser ?? remote ?? memory));
    assert.ok(Math.abs((await this.exact("speedup")) - ratio) < 1e-9);
    const summary = await this.text("summary");
    assert.match(
      summary,
      ratio >= 1.05 ? /^Warm is .* faster than cold: / : /^Warm is (slower|no faster) than cold here/u,
    );
    const said = [`${await this.text(`run-${cold}-total`)} cold`];
    if (memory) said.push(`${await this.text(`run-${memory}-total`)} warm from memory`);
    if (browser) said.push(`${await this.text(`run-${browser}-total`)} warm from this browser`);
    if (remote) said.push(`${await this.text(`run-${remote}-total`)} warm from the remote tier`);
    assert.ok(summary.endsWith(`: ${said.join(", ")}.`), summary);
    assert.equal(Number((await this.text("speedup")).replace(/[×,]/gu, "")), Number(ratio.toFixed(ratio < 10 ? 1 : 0)));
    const labels = await this.tab.eval(
      (bars) => [...document.querySelectorAll(bars)].map((bar) => bar.getAttribute("aria-label")),
      `${named("bars")} [role=img]`,
    );
    const rows = [cold && "Cold", memory && "Warm (memory)", browser && "Warm (browser)", remote && "Warm (remote)"];
    assert.deepEqual(
      labels.map((label) => label.split(":", 1)[0]),
      rows.filter(Boolean),
    );
  }

  /** The runs that the chart over runs tells of, each as its number and kind. */
  async charted() {
    const label = await this.tab.eval(
      (chart) => document.querySelector(chart).getAttribute("aria-label"),
      "#columns svg",
    );
    return [...label.matchAll(/run (\d+) ([a-z() ]+?) [\d.,]+ m?s/gu)].map(([, number, kind]) => `${number} ${kind}`);
  }

  /** The text of the element that is called `id`; `undefined` where there is none. */
  text(id) {
    return this.tab.eval((selector) => document.querySelector(selector)?.textContent, named(id));
  }

  /** Whether a person sees the element that is called `id`. */
  isVisible(id) {
    return this.tab.eval((selector) => {
      const found = document.querySelector(selector);
      return found?.checkVisibility({ visibilityProperty: true }) ?? false;
    }, named(id));
  }

  /** The exact number behind a number shown. */
  async exact(id) {
    return Number(await this.tab.eval((selector) => document.querySelector(selector).getAttribute("value"), named(id)));
  }

  /** A count, which must be shown in full. */
  async whole(id) {
    const value = await this.exact(id);
    assert.equal(await this.text(id), value.toLocaleString("en-US"), id);
    return value;
  }

  /** A size, which must be shown rightly rounded. */
  async bytes(id) {
    const value = await this.exact(id);
    const shown =
      value < 1000 ? `${value} B` : value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(2)} MB`;
    assert.equal(await this.text(id), shown, id);
    return value;
  }

  async times(number) {
    const cells = ["total", "read", "embed", "write"].map(
      async (name) => `${name} ${await this.text(`run-${number}-${name}`)}`,
    );
    return (await Promise.all(cells)).join(", ");
  }

  /** What the page says went wrong. */
  async trouble() {
    await this.tab.until((alert) => document.querySelector(alert)?.querySelector("strong") != null, named("alert"));
    await this.idle();
    return this.text("alert");
  }

  /** The names of the texts that are open. */
  texts() {
    return this.tab.eval(
      (list) => [...document.querySelectorAll(`${list} cite`)].map((cite) => cite.textContent),
      named("texts"),
    );
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
    if (!this.isChromium) return void (await take("light"));
    await this.page.emulateMedia({ colorScheme: "light" });
    await take("light");
    await this.page.emulateMedia({ colorScheme: "dark" });
    await take("dark");
    await this.tab.resize(360, 740);
    await take("phone-dark");
    await this.page.emulateMedia({ colorScheme: "light" });
    await take("phone");
    await this.tab.resize(1100, 900);
  }
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&");
}
