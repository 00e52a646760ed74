/**
 * The demo page as plain files, which is without a remote tier: every number it shows is checked against what a second
 * handle on the same database, and Node's own SHA-256, say.
 */
import assert from "node:assert/strict";
import { get } from "node:http";
import { after, before, describe, test } from "node:test";
import { buildPage, Driver } from "./driver.mjs";
import { serve } from "./serve.mjs";

describe("the demo page, as plain files", { timeout: 180_000 }, () => {
  let built, server, driver, chunks, embedder;

  before(async () => {
    built = await buildPage();
    ({ chunks, embedder } = built);
    server = await serve(built.site);
    driver = new Driver(built, server.url);
    await driver.start();
  });

  after(async () => {
    await driver?.remove();
    await server?.close();
    await built?.remove();
  });

  test("the server gives out its folder and nothing beside it", async () => {
    assert.equal(await status("/"), 200);
    assert.equal(await status("/index.html?x=1"), 200);
    for (const path of [
      "/nothing",
      "/redis",
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
    const { splitIntoChunks } = built;
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

  test("opens with the novel, split, and says that there is no remote tier", async () => {
    await driver.open();
    assert.equal(await driver.text("text-name"), "Pride and Prejudice");
    assert.equal(await driver.whole("text-chunks"), chunks.length);
    assert.equal(await driver.whole("browser-kept"), 0);
    assert.equal(await driver.text("run"), `Embed ${chunks.length.toLocaleString("en-US")} chunks`);
    assert.ok(await driver.page.getByText("Nothing measured yet").isVisible());
    assert.match(await driver.text("remote-state"), /^None here: these are plain files/u);
    assert.equal(await driver.text("remote-kept"), "–");
    assert.equal(await driver.page.getByTestId("clear-both").isVisible(), false);
  });

  test("cold: every chunk is a miss, embedded and stored", async (t) => {
    await driver.runAs(1, { kind: "cold", embedded: chunks.length });
    assert.match(await driver.text("summary"), /^That was the cold run/u);
    const cache = await driver.readCache();
    const size = chunks.length * embedder.dimensions * 4;
    assert.equal(cache.keys.length, chunks.length);
    assert.equal(cache.bytes, size);
    assert.equal(await driver.whole("browser-kept"), chunks.length);
    assert.deepEqual(cache.keys.toSorted(), chunks.map(built.key).toSorted());
    for (const [at, chunk] of chunks.entries()) {
      const stored = cache.first[built.key(chunk)];
      if (stored) assert.deepEqual(stored, [...(await embedder.embed([chunk]))[0]], `the vector of chunk ${at}`);
    }
    assert.equal(await driver.whole("stats-browser-misses"), chunks.length);
    assert.equal(await driver.whole("stats-browser-hits"), 0);
    assert.equal(await driver.bytes("stats-browser-written"), size);
    assert.equal(await driver.bytes("browser-written"), size);
    t.diagnostic(`cold: ${await driver.times(1)}`);
  });

  test("again, by keyboard: warm, nothing embedded", async (t) => {
    await driver.page.getByTestId("run").focus();
    await driver.page.keyboard.press("Enter");
    await driver.runAs(2, { kind: "warm (browser)", browser: chunks.length, click: false });
    assert.equal(await driver.page.evaluate(() => document.activeElement?.id), "run", "the focus stays on the button");
    assert.equal(await driver.whole("stats-browser-hits"), chunks.length);
    await driver.checkSummary({ cold: 1, browser: 2 });
    t.diagnostic(`warm: ${await driver.times(2)}`);
    t.diagnostic(await driver.text("summary"));
  });

  test("after a reload: warm, beside the cold run from before", async (t) => {
    await driver.page.reload();
    await driver.ready();
    assert.equal(await driver.whole("browser-kept"), chunks.length);
    assert.equal(await driver.whole("run-1-misses"), chunks.length);
    assert.equal(await driver.whole("browser-hits"), chunks.length, "the last run's");
    await driver.runAs(3, { kind: "warm (browser)", browser: chunks.length });
    await driver.checkSummary({ cold: 1, browser: 3 });
    t.diagnostic(`after reload: ${await driver.times(3)}`);
    await driver.shoot("plain");
  });

  test("in a new browser on the same profile: warm", async (t) => {
    await driver.close();
    await driver.start();
    await driver.open();
    assert.equal(await driver.whole("browser-kept"), chunks.length);
    await driver.runAs(1, { kind: "warm (browser)", browser: chunks.length });
    assert.match(await driver.text("summary"), /^All of it was in the cache already/u);
    t.diagnostic(`new browser: ${await driver.times(1)}`);
  });

  test("cleared: empty, then cold again", async () => {
    await driver.clear("clear-browser", "This browser is empty. The next run is cold.");
    assert.equal(await driver.whole("browser-kept"), 0);
    assert.equal((await driver.readCache()).keys.length, 0);
    await driver.runAs(2, { kind: "cold", embedded: chunks.length });
    await driver.checkSummary({ cold: 2, browser: 1 });
  });

  test("a text of one's own: chosen, partly cached, and back to the novel", async () => {
    const own = [1, 2, 3, 4, 5].map((number) => `Paragraph ${number} ${"has words of its own. ".repeat(15)}`);
    await driver.choose("own.txt", own.join("\n\n"));
    await driver.page.getByText("“own.txt” is split into 5 chunks.").waitFor();
    assert.equal(await driver.whole("text-chunks"), 5);
    assert.equal(await driver.text("run"), "Embed 5 chunks");
    await driver.runAs(3, { kind: "cold", embedded: 5 });
    assert.equal(await driver.whole("browser-kept"), chunks.length + 5);

    await driver.choose("longer.txt", [...own, own[0], "A sixth one. ".repeat(30)].join("\r\n\r\n"));
    await driver.page.getByText("“longer.txt” is split into 7 chunks.").waitFor();
    await driver.runAs(4, { kind: "partly warm", browser: 6, embedded: 1 });
    assert.match(await driver.text("summary"), /neither cold nor warm/u);

    await driver.click("sample");
    await driver.page.getByText("“Pride and Prejudice” is split").waitFor();
    assert.equal(await driver.whole("text-chunks"), chunks.length);
    assert.equal(await driver.text("run"), `Embed ${chunks.length.toLocaleString("en-US")} chunks again`);
  });

  test("a text that says one thing twice embeds it once", async () => {
    const paragraph = "Nothing new under the sun. ".repeat(14);
    await driver.choose("twice.txt", [paragraph, paragraph, paragraph].join("\n\n"));
    await driver.page.getByText("“twice.txt” is split into 3 chunks.").waitFor();
    await driver.runAs(5, { kind: "cold", embedded: 3, stored: 1 });
  });

  test("a file dropped on the page is taken; two at once are not", async () => {
    await drop([["dropped.md", "# A heading\n\nAnd a line."]]);
    await driver.page.getByText("“dropped.md” is split into 1 chunk.").waitFor();
    await drop([
      ["a.txt", "a"],
      ["b.txt", "b"],
    ]);
    assert.match(await driver.trouble(), /2 files.*one text file at a time/su);
    assert.equal(await driver.text("text-name"), "dropped.md", "the text before stays");
  });

  test("what is not text is refused in words, and the page goes on", async () => {
    const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
    await driver.choose("picture.png", png);
    assert.match(await driver.trouble(), /“picture\.png” is not a text file.*UTF-8/su);
    await driver.choose("control.txt", Buffer.from("valid UTF-8\0but no text"));
    assert.match(await driver.trouble(), /“control\.txt” is not a text file/u);
    await driver.choose("latin1.txt", Buffer.from("d\xe9j\xe0 vu", "latin1"));
    assert.match(await driver.trouble(), /“latin1\.txt” is not a text file/u);
    await driver.choose("empty.txt", "\n \n");
    assert.match(await driver.trouble(), /“empty\.txt” has no text/u);
    await driver.choose("huge.txt", Buffer.alloc(8_000_001, "a"));
    assert.match(await driver.trouble(), /larger than 8 MB/u);
    await driver.choose("utf16.txt", Buffer.from("\ufeffGr\u00fc\u00dfe", "utf16le"));
    await driver.page.getByText("“utf16.txt” is split into 1 chunk.").waitFor();
    assert.equal(await driver.text("alert"), "", "the alert goes when things go well again");
    assert.match(await driver.page.locator("#preview").textContent(), /^Grüße /u);
  });

  test("a browser without storage is told so, with what to do", async () => {
    const withoutStorage = () => Object.defineProperty(globalThis, "indexedDB", { value: undefined });
    await driver.onAnother(withoutStorage, async () => {
      assert.match(await driver.trouble(), /normal window/u);
      assert.equal(await driver.text("error-code"), "unavailable");
      assert.equal(await driver.whole("text-chunks"), chunks.length, "the rest of the page stands");
      await driver.click("run");
      assert.match(await driver.trouble(), /normal window/u);
    });
  });

  test("nothing overflows at phone width", async () => {
    await driver.page.setViewportSize({ width: 360, height: 740 });
    const [needed, given] = await driver.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(needed <= given, `${needed} px of content in ${given} px`);
  });

  test("no console error, no policy violation, no request elsewhere", () => {
    assert.deepEqual(driver.complaints, []);
  });

  async function drop(files) {
    const transfer = await driver.page.evaluateHandle((entries) => {
      const data = new DataTransfer();
      for (const [name, content] of entries) data.items.add(new File([content], name));
      return data;
    }, files);
    await driver.page.dispatchEvent("main", "drop", { dataTransfer: transfer });
    await driver.idle();
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
});

/** A text without its white space. */
function bare(value) {
  return value.replace(/\s+/gu, "");
}
