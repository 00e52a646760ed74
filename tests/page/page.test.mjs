/**
 * Drives the demo page as a person would, in Chromium on a profile that persists, and checks every number it shows
 * against what a second handle on the same database, and Node's own SHA-256, say.
 *
 *   CHROMIUM=/path/to/chromium   another browser
 *   PAGE_SHOTS=<folder>          leave screenshots there
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { serve } from "./serve.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const www = join(here, "..", "..", "www");
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const shots = process.env.PAGE_SHOTS;

describe("the demo page", { timeout: 180_000 }, () => {
  let work, server, context, page, embedder, splitIntoChunks;
  /** The sample's chunks, split in Node by the page's own module. */
  let chunks;
  /** What the browser complained of, in all of its pages. */
  const complaints = [];

  before(async () => {
    if (!existsSync(executablePath)) {
      throw new Error(`no browser at ${executablePath}: apt-get install -y chromium (or set CHROMIUM)`);
    }
    work = await mkdtemp(join(tmpdir(), "bytestow-page-"));
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
    ({ splitIntoChunks } = await import(pathToFileURL(join(work, "chunks.mjs"))));
    const { HashingEmbedder } = await import(pathToFileURL(join(work, "embedder.mjs")));
    embedder = new HashingEmbedder();
    chunks = splitIntoChunks(await readFile(join(www, "sample", "pride-and-prejudice.txt"), "utf8"));
    server = await serve(site);
    if (shots) await mkdir(shots, { recursive: true });
    await openBrowser();
  });

  after(async () => {
    await context?.close();
    await server?.close();
    if (work) await rm(work, { recursive: true, force: true, maxRetries: 5 });
  });

  test("the server gives out its folder and nothing beside it", async () => {
    assert.equal(await status("/"), 200);
    assert.equal(await status("/index.html?x=1"), 200);
    for (const path of [
      "/nothing",
      "/sample",
      "/../chunks.mjs",
      "/%2e%2e/chunks.mjs",
      "/..%2fchunks.mjs",
      "/%",
      "/a%00b",
    ]) {
      assert.equal(await status(path), 404, path);
    }
  });

  test("the splitter loses nothing, and every chunk fits", () => {
    assert.ok(chunks.length >= 1000, `${chunks.length} chunks`);
    const texts = [
      ["", 450],
      ["one", 450],
      ["Mr. Bennet came. He went.\n\nThen\nnothing.", 20],
      [`${"x".repeat(99)} ${"😀".repeat(60)} end.`, 25],
      ["一句话。又一句话！再一句？没有空格的文字很长很长。".repeat(9), 30],
    ];
    for (const [text, limit] of texts) {
      const parts = splitIntoChunks(text, limit);
      assert.equal(bare(parts.join("")), bare(text));
      for (const part of parts) {
        assert.ok(part.length > 0 && part.length <= limit, JSON.stringify(part));
        assert.ok(part.isWellFormed(), "half a surrogate pair");
      }
    }
    assert.deepEqual(splitIntoChunks("Mr. Bennet came. He went.", 18), ["Mr. Bennet came.", "He went."]);
    assert.deepEqual(splitIntoChunks("a\nb\n\nc", 450), ["a b\n\nc"]);
    assert.ok(chunks.every((chunk) => chunk.length <= 450));
  });

  test("opens with the novel, split", async () => {
    await open();
    assert.equal(await text("text-name"), "Pride and Prejudice");
    assert.equal(await whole("text-chunks"), chunks.length);
    assert.equal(await whole("cached-count"), 0);
    assert.equal(await text("run"), `Embed ${chunks.length.toLocaleString("en-US")} chunks`);
    assert.ok(await page.getByText("Nothing measured yet").isVisible());
  });

  test("cold: every chunk is a miss, embedded and stored", async (t) => {
    await runAs(1, { kind: "cold", hits: 0, misses: chunks.length });
    assert.match(await text("summary"), /^That was the cold run/u);
    const cache = await readCache();
    const size = chunks.length * embedder.dimensions * 4;
    assert.equal(cache.keys.length, chunks.length);
    assert.equal(cache.bytes, size);
    assert.equal(await whole("cached-count"), chunks.length);
    assert.deepEqual(cache.keys.toSorted(), chunks.map(key).toSorted());
    for (const [at, chunk] of chunks.entries()) {
      const stored = cache.first[key(chunk)];
      if (stored) assert.deepEqual(stored, [...(await embedder.embed([chunk]))[0]], `the vector of chunk ${at}`);
    }
    assert.equal(await whole("stats-misses"), chunks.length);
    assert.equal(await whole("stats-hits"), 0);
    assert.equal(await bytes("stats-bytes-written"), size);
    t.diagnostic(`cold: ${await times(1)}`);
  });

  test("again, by keyboard: warm, nothing embedded", async (t) => {
    await page.getByTestId("run").focus();
    await page.keyboard.press("Enter");
    await runAs(2, { kind: "warm", hits: chunks.length, misses: 0 }, { click: false });
    assert.equal(await page.evaluate(() => document.activeElement?.id), "run", "the focus stays on the button");
    assert.equal(await whole("stats-hits"), chunks.length);
    await checkSummary(1, 2);
    t.diagnostic(`warm: ${await times(2)}`);
    t.diagnostic(await text("summary"));
  });

  test("after a reload: warm, beside the cold run from before", async (t) => {
    await page.reload();
    await ready();
    assert.equal(await whole("cached-count"), chunks.length);
    assert.equal(await whole("run-1-misses"), chunks.length);
    await runAs(3, { kind: "warm", hits: chunks.length, misses: 0 });
    await checkSummary(1, 3);
    t.diagnostic(`after reload: ${await times(3)}`);
    await takeShots();
  });

  test("in a new browser on the same profile: warm", async (t) => {
    await context.close();
    await openBrowser();
    await open();
    assert.equal(await whole("cached-count"), chunks.length);
    await runAs(1, { kind: "warm", hits: chunks.length, misses: 0 });
    assert.match(await text("summary"), /^All of it was in the cache already/u);
    t.diagnostic(`new browser: ${await times(1)}`);
  });

  test("cleared: empty, then cold again", async () => {
    await page.getByTestId("clear").click();
    await page.getByText("The cache is empty").waitFor();
    assert.equal(await whole("cached-count"), 0);
    assert.equal((await readCache()).keys.length, 0);
    await runAs(2, { kind: "cold", hits: 0, misses: chunks.length });
    await checkSummary(2, 1);
  });

  test("a text of one's own: chosen, partly cached, and back to the novel", async () => {
    const own = [1, 2, 3, 4, 5].map((number) => `Paragraph ${number} ${"has words of its own. ".repeat(15)}`);
    await choose("own.txt", own.join("\n\n"));
    await page.getByText("“own.txt” is split into 5 chunks.").waitFor();
    assert.equal(await whole("text-chunks"), 5);
    assert.equal(await text("run"), "Embed 5 chunks");
    await runAs(3, { kind: "cold", hits: 0, misses: 5 }, { of: 5 });
    assert.equal(await whole("cached-count"), chunks.length + 5);

    await choose("longer.txt", [...own, own[0], "A sixth one. ".repeat(30)].join("\r\n\r\n"));
    await page.getByText("“longer.txt” is split into 7 chunks.").waitFor();
    await runAs(4, { kind: "partly warm", hits: 6, misses: 1 }, { of: 7 });
    assert.match(await text("summary"), /neither cold nor warm/u);

    await page.getByTestId("sample").click();
    await page.getByText("“Pride and Prejudice” is split").waitFor();
    assert.equal(await whole("text-chunks"), chunks.length);
    assert.equal(await text("run"), `Embed ${chunks.length.toLocaleString("en-US")} chunks again`);
  });

  test("a text that says one thing twice embeds it once", async () => {
    const paragraph = "Nothing new under the sun. ".repeat(14);
    await choose("twice.txt", [paragraph, paragraph, paragraph].join("\n\n"));
    await page.getByText("“twice.txt” is split into 3 chunks.").waitFor();
    await runAs(5, { kind: "cold", hits: 0, misses: 3 }, { of: 3, stored: 1 });
  });

  test("a file dropped on the page is taken; two at once are not", async () => {
    await drop([["dropped.md", "# A heading\n\nAnd a line."]]);
    await page.getByText("“dropped.md” is split into 1 chunk.").waitFor();
    await drop([
      ["a.txt", "a"],
      ["b.txt", "b"],
    ]);
    assert.match(await trouble(), /2 files.*one text file at a time/su);
    assert.equal(await text("text-name"), "dropped.md", "the text before stays");
  });

  test("what is not text is refused in words, and the page goes on", async () => {
    const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
    await choose("picture.png", png);
    assert.match(await trouble(), /“picture\.png” is not a text file.*UTF-8/su);
    await choose("control.txt", Buffer.from("valid UTF-8\0but no text"));
    assert.match(await trouble(), /“control\.txt” is not a text file/u);
    await choose("latin1.txt", Buffer.from("d\xe9j\xe0 vu", "latin1"));
    assert.match(await trouble(), /“latin1\.txt” is not a text file/u);
    await choose("empty.txt", "\n \n");
    assert.match(await trouble(), /“empty\.txt” has no text/u);
    await choose("huge.txt", Buffer.alloc(8_000_001, "a"));
    assert.match(await trouble(), /larger than 8 MB/u);
    await choose("utf16.txt", Buffer.from("\ufeffGr\u00fc\u00dfe", "utf16le"));
    await page.getByText("“utf16.txt” is split into 1 chunk.").waitFor();
    assert.equal(await text("alert"), "", "the alert goes when things go well again");
    assert.match(await page.locator("#preview").textContent(), /^Grüße /u);
  });

  test("a browser without storage is told so, with what to do", async () => {
    const first = page;
    page = await context.newPage();
    watch(page);
    await page.addInitScript(() => Object.defineProperty(globalThis, "indexedDB", { value: undefined }));
    await page.goto(server.url);
    assert.match(await trouble(), /normal window/u);
    assert.equal(await text("error-code"), "unavailable");
    assert.equal(await whole("text-chunks"), chunks.length, "the rest of the page stands");
    await page.getByTestId("run").click();
    assert.match(await trouble(), /normal window/u);
    await page.close();
    page = first;
  });

  test("nothing overflows at phone width", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(needed <= given, `${needed} px of content in ${given} px`);
  });

  test("no console error, no policy violation, no request elsewhere", () => {
    assert.deepEqual(complaints, []);
  });

  async function openBrowser() {
    context = await chromium.launchPersistentContext(join(work, "profile"), {
      executablePath,
      headless: true,
      viewport: { width: 1100, height: 900 },
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    context.setDefaultTimeout(20_000);
    page = context.pages()[0] ?? (await context.newPage());
    watch(page);
  }

  function watch(watched) {
    watched.on("console", (message) => {
      // A policy violation is one of these, too.
      if (["error", "warning"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
    });
    watched.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
    watched.on("request", (request) => {
      if (!request.url().startsWith(server.url)) complaints.push(`request to ${request.url()}`);
    });
    watched.on("response", (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()} for ${response.url()}`);
    });
  }

  async function open() {
    await page.goto(server.url);
    await ready();
  }

  async function ready() {
    await page.getByText(/“Pride and Prejudice” is split/u).waitFor();
    await page.locator("#run[aria-disabled=false]").waitFor();
  }

  /** Runs, and holds the row and the summary of the run against what should have happened. */
  async function runAs(number, { kind, hits, misses }, { click = true, of = chunks.length, stored = misses } = {}) {
    if (click) await page.getByTestId("run").click();
    await page.getByText(`Run ${number} was ${kind}:`).waitFor();
    await page.locator("#run[aria-disabled=false]").waitFor();
    const vector = embedder.dimensions * 4;
    assert.equal(await text(`run-${number}-kind`), kind);
    assert.equal(await text("last-kind"), kind);
    for (const place of [`run-${number}`, "last"]) {
      assert.equal(await whole(`${place}-chunks`), of);
      assert.equal(await whole(`${place}-hits`), hits);
      assert.equal(await whole(`${place}-misses`), misses);
      assert.equal(await bytes(`${place}-bytes-read`), hits * vector);
      assert.equal(await bytes(`${place}-bytes-written`), stored * vector);
      assert.ok((await exact(`${place}-total`)) > 0);
    }
    const phases = await Promise.all(
      ["keys", "read", "embed", "write"].map((phase) => exact(`run-${number}-${phase}`)),
    );
    const total = await exact(`run-${number}-total`);
    assert.ok(
      Math.abs(phases.reduce((sum, ms) => sum + ms, 0) - total) < 1 + total / 100,
      `${phases} make up ${total}`,
    );
    for (const phase of ["embed", "write"]) {
      const shown = await text(`run-${number}-${phase}`);
      if (misses === 0) assert.equal(shown, "—");
      else assert.match(shown, /\d m?s$/u);
    }
    assert.match(await text("last-hit-rate"), hits === of ? /^100 %$/u : /^\d+(\.\d)? %$/u);
  }

  /** The sentence and the bars say what the rows of the two runs say. */
  async function checkSummary(cold, warm) {
    const ratio = (await exact(`run-${cold}-total`)) / (await exact(`run-${warm}-total`));
    assert.ok(Math.abs((await exact("speedup")) - ratio) < 1e-9);
    const summary = await text("summary");
    assert.match(
      summary,
      ratio >= 1.05 ? /^Warm is .* faster than cold: / : /^Warm is (slower|no faster) than cold here/u,
    );
    assert.ok(summary.includes(`${await text(`run-${cold}-total`)} cold, ${await text(`run-${warm}-total`)} warm`));
    assert.equal(Number((await text("speedup")).replace(/[×,]/gu, "")), Number(ratio.toFixed(ratio < 10 ? 1 : 0)));
    const bars = await page.getByTestId("bars").getByRole("img").all();
    assert.equal(bars.length, 2);
    assert.match(await bars[0].getAttribute("aria-label"), /^Cold: /u);
    assert.match(await bars[1].getAttribute("aria-label"), /^Warm: /u);
  }

  function text(id) {
    return page.getByTestId(id).textContent();
  }

  /** The exact number behind a number shown. */
  async function exact(id) {
    return Number(await page.getByTestId(id).getAttribute("value"));
  }

  /** A count, which must be shown in full. */
  async function whole(id) {
    const value = await exact(id);
    assert.equal(await text(id), value.toLocaleString("en-US"), id);
    return value;
  }

  /** A size, which must be shown rightly rounded. */
  async function bytes(id) {
    const value = await exact(id);
    const shown =
      value < 1000 ? `${value} B` : value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(2)} MB`;
    assert.equal(await text(id), shown, id);
    return value;
  }

  async function times(number) {
    const cells = ["total", "keys", "read", "embed", "write"].map(
      async (name) => `${name} ${await text(`run-${number}-${name}`)}`,
    );
    return (await Promise.all(cells)).join(", ");
  }

  async function trouble() {
    const alert = page.getByTestId("alert");
    await alert.locator("strong").waitFor();
    await page.locator("#run[aria-disabled=false]").waitFor();
    return alert.textContent();
  }

  async function choose(name, content) {
    const buffer = Buffer.from(content);
    await page.getByTestId("file").setInputFiles({ name, mimeType: "application/octet-stream", buffer });
    await page.locator("#run[aria-disabled=false]").waitFor();
  }

  async function drop(files) {
    const transfer = await page.evaluateHandle((entries) => {
      const data = new DataTransfer();
      for (const [name, content] of entries) data.items.add(new File([content], name));
      return data;
    }, files);
    await page.dispatchEvent("main", "drop", { dataTransfer: transfer });
    await page.locator("#run[aria-disabled=false]").waitFor();
  }

  function readCache() {
    return page.evaluate(async (url) => (await import(url)).readCache(), `${server.url}probe.js`);
  }

  function key(chunk) {
    const named = JSON.stringify([embedder.id, embedder.dimensions, chunk]);
    return createHash("sha256").update(named).digest("hex");
  }

  /** By node:http: fetch would tidy the path before it sends it. */
  function status(path) {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve, reject) => {
      get({ hostname, port, path, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on("error", reject);
    });
  }

  async function takeShots() {
    if (!shots) return;
    const shoot = (name) => page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
    await shoot("light");
    await page.emulateMedia({ colorScheme: "dark" });
    await shoot("dark");
    await page.setViewportSize({ width: 360, height: 740 });
    await shoot("phone-dark");
    await page.emulateMedia({ colorScheme: "light" });
    await shoot("phone");
    await page.setViewportSize({ width: 1100, height: 900 });
  }
});

/** A text without its white space. */
function bare(value) {
  return value.replace(/\s+/gu, "");
}
