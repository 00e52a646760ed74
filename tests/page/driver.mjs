/**
 * Builds the demo page and drives it as a person would, in Chromium on a profile that persists.
 *
 *   CHROMIUM=/path/to/chromium   another browser
 *   PAGE_SHOTS=<folder>          leave screenshots there
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { newProfile, openProfile } from "../support/chromium.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const www = join(here, "..", "..", "www");
const shots = process.env.PAGE_SHOTS;

/**
 * The page, built with a probe beside it; the sample's chunks, split in Node by the page's own module, and its embedder.
 */
export async function buildPage() {
  const work = await mkdtemp(join(tmpdir(), "bytestow-page-"));
  const site = join(work, "site");
  await promisify(execFile)(process.execPath, [join(www, "build.mjs"), "--out", site]);
  await build({
    entryPoints: [join(here, "probe.mjs")],
    outfile: join(site, "probe.js"),
    bundle: true,
    format: "esm",
  });
  for (const module of ["chunks", "embedder"]) {
    await build({ entryPoints: [join(www, "src", `${module}.ts`)], outfile: join(work, `${module}.mjs`) });
  }
  const { splitIntoChunks } = await import(pathToFileURL(join(work, "chunks.mjs")));
  const { HashingEmbedder } = await import(pathToFileURL(join(work, "embedder.mjs")));
  const embedder = new HashingEmbedder();
  return {
    site,
    splitIntoChunks,
    embedder,
    chunks: splitIntoChunks(await readFile(join(www, "sample", "pride-and-prejudice.txt"), "utf8")),
    /** The key of a chunk's vector, by Node's own SHA-256. */
    key(chunk) {
      const named = JSON.stringify([embedder.id, embedder.dimensions, chunk]);
      return createHash("sha256").update(named).digest("hex");
    },
    remove: () => rm(work, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** A browser on a profile of its own, with the page of `built` that stands at `url`. */
export class Driver {
  /** What the browser complained of, in all of its pages. */
  complaints = [];
  /** Complaints that are part of a test; one that a test forgives is not kept. */
  forgiven = () => false;
  page;
  #built;
  #url;
  #profile;
  #context;

  constructor(built, url) {
    this.#built = built;
    this.#url = url;
  }

  get context() {
    return this.#context;
  }

  /** Opens the browser; again after it was closed, on the same profile. */
  async start() {
    this.#profile ??= await newProfile();
    this.#context = await openProfile(this.#profile);
    this.#context.setDefaultTimeout(20_000);
    this.page = this.#context.pages()[0] ?? (await this.#context.newPage());
    await this.page.setViewportSize({ width: 1100, height: 900 });
    this.watch(this.page);
  }

  async close() {
    await this.#context?.close();
  }

  async remove() {
    await this.close();
    await this.#profile?.remove();
  }

  /** Keeps what `page` complains of: policy violations are errors of the console, too. */
  watch(page) {
    const complain = (text) => {
      if (!this.forgiven(text)) this.complaints.push(text);
    };
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complain(`${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => complain(`uncaught: ${error.message}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(this.#url)) complain(`request to ${request.url()}`);
    });
    page.on("response", (response) => {
      if (response.status() >= 400) complain(`${response.status()} for ${response.url()}`);
    });
  }

  /** Does `work` on another page, whose beginning `prepare` does before any script of the page. */
  async onAnother(prepare, work) {
    const first = this.page;
    this.page = await this.#context.newPage();
    try {
      this.watch(this.page);
      await this.page.addInitScript(prepare);
      await this.page.goto(this.#url);
      await work();
    } finally {
      await this.page.close();
      this.page = first;
    }
  }

  async open() {
    await this.page.goto(this.#url);
    await this.ready();
  }

  async ready() {
    await this.page.getByText(/“Pride and Prejudice” is split/u).waitFor();
    await this.idle();
  }

  async idle() {
    await this.page.locator("#run[aria-disabled=false]").waitFor();
  }

  async click(id) {
    await this.page.getByTestId(id).click();
  }

  /** Clears by the button `id`, until the page says `said`. */
  async clear(id, said) {
    await this.click(id);
    await this.page.getByText(said).waitFor();
    await this.idle();
  }

  /**
   * Runs, and holds the row and the summary of the run against what should have happened: who answered how many of the
   * chunks. `remote: null` is a page without that tier.
   */
  async runAs(number, { kind, browser = 0, remote = null, embedded = 0, stored = embedded, click = true }) {
    if (click) await this.click("run");
    await this.page.getByText(`Run ${number} was ${kind}:`).waitFor();
    await this.idle();
    const vector = this.#built.embedder.dimensions * 4;
    const hits = browser + (remote ?? 0);
    assert.equal(await this.text(`run-${number}-kind`), kind);
    assert.equal(await this.text("last-kind"), kind);
    assert.equal(await this.whole(`run-${number}-browser`), browser);
    if (remote === null) assert.equal(await this.text(`run-${number}-remote`), "—");
    else assert.equal(await this.whole(`run-${number}-remote`), remote);
    assert.equal(await this.whole(`run-${number}-misses`), embedded);
    assert.equal(await this.whole("last-chunks"), hits + embedded);
    assert.equal(await this.whole("last-hits"), hits);
    assert.equal(await this.whole("last-misses"), embedded);
    assert.equal(await this.bytes("last-bytes-read"), hits * vector);
    assert.equal(await this.bytes("last-bytes-written"), stored * vector);
    assert.match(await this.text("last-hit-rate"), embedded === 0 ? /^100 %$/u : /^\d+(\.\d)? %$/u);
    await this.#checkTimes(number, embedded);
    await this.#checkTiers({ browser, remote, embedded });
  }

  async #checkTimes(number, embedded) {
    const phases = await Promise.all(
      ["keys", "read", "embed", "write"].map((phase) => this.exact(`run-${number}-${phase}`)),
    );
    const total = await this.exact(`run-${number}-total`);
    assert.ok(total > 0);
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
  async #checkTiers({ browser, remote, embedded }) {
    const chunks = browser + (remote ?? 0) + embedded;
    for (const [tier, hits] of Object.entries({ browser, remote, embedder: embedded })) {
      if (hits === null) {
        assert.equal(await this.text(`${tier}-hits`), "–");
        continue;
      }
      assert.equal(await this.whole(`${tier}-hits`), hits);
      const width = Number(await this.page.locator(`#${tier}-share`).getAttribute("width"));
      assert.ok(Math.abs(width - (1000 * hits) / chunks) < 1e-6, `${tier}: ${width}`);
    }
    assert.match(await this.text("embedder-took"), embedded === 0 ? /^–$/u : /\d m?s$/u);
  }

  /** The sentence and the bars say what the rows of the runs of each kind say. */
  async checkSummary({ cold, browser, remote }) {
    const total = (run) => this.exact(`run-${run}-total`);
    const ratio = (await total(cold)) / (await total(browser ?? remote));
    assert.ok(Math.abs((await this.exact("speedup")) - ratio) < 1e-9);
    const summary = await this.text("summary");
    assert.match(
      summary,
      ratio >= 1.05 ? /^Warm is .* faster than cold: / : /^Warm is (slower|no faster) than cold here/u,
    );
    const said = [`${await this.text(`run-${cold}-total`)} cold`];
    if (browser) said.push(`${await this.text(`run-${browser}-total`)} warm from this browser`);
    if (remote) said.push(`${await this.text(`run-${remote}-total`)} warm from the remote tier`);
    assert.ok(summary.endsWith(`: ${said.join(", ")}.`), summary);
    assert.equal(Number((await this.text("speedup")).replace(/[×,]/gu, "")), Number(ratio.toFixed(ratio < 10 ? 1 : 0)));
    const bars = await this.page.getByTestId("bars").getByRole("img").all();
    const labels = await Promise.all(bars.map((bar) => bar.getAttribute("aria-label")));
    const rows = [cold && "Cold", browser && "Warm (browser)", remote && "Warm (remote)"].filter(Boolean);
    assert.deepEqual(
      labels.map((label) => label.split(":", 1)[0]),
      rows,
    );
  }

  text(id) {
    return this.page.getByTestId(id).textContent();
  }

  /** The exact number behind a number shown. */
  async exact(id) {
    return Number(await this.page.getByTestId(id).getAttribute("value"));
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
    const cells = ["total", "keys", "read", "embed", "write"].map(
      async (name) => `${name} ${await this.text(`run-${number}-${name}`)}`,
    );
    return (await Promise.all(cells)).join(", ");
  }

  /** What the page says went wrong. */
  async trouble() {
    const alert = this.page.getByTestId("alert");
    await alert.locator("strong").waitFor();
    await this.idle();
    return alert.textContent();
  }

  async choose(name, content) {
    const buffer = Buffer.from(content);
    await this.page.getByTestId("file").setInputFiles({ name, mimeType: "application/octet-stream", buffer });
    await this.idle();
  }

  /** All that the page's cache in this browser holds, read by another handle. */
  readCache() {
    return this.page.evaluate(async (url) => (await import(url)).readCache(), `${this.#url}probe.js`);
  }

  /** Leaves screenshots where they are asked for: light and dark, wide and on a phone. */
  async shoot(name) {
    if (!shots) return;
    await mkdir(shots, { recursive: true });
    const { page } = this;
    const take = (kind) => page.screenshot({ path: join(shots, `${name}-${kind}.png`), fullPage: true });
    await take("light");
    await page.emulateMedia({ colorScheme: "dark" });
    await take("dark");
    await page.setViewportSize({ width: 360, height: 740 });
    await take("phone-dark");
    await page.emulateMedia({ colorScheme: "light" });
    await take("phone");
    await page.setViewportSize({ width: 1100, height: 900 });
  }
}
