/**
 * The page as plain files, which is without a remote tier, in each browser: every number it shows is checked against what
 * a second handle on the same database, and Node's own SHA-256, say.
 */
import assert from "node:assert/strict";
import { get } from "node:http";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";

for (const { name } of BROWSERS) {
  describe(`the page, as plain files, in ${name}`, { timeout: 900_000 }, () => {
    let built, server, driver, chunks, embedder;

    before(async () => {
      built = await buildPage();
      ({ chunks, embedder } = built);
      server = await serve(built.site);
      driver = new Driver(built, server.url, name);
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
        "/../text-chunks.mjs",
        "/%2e%2e/text-chunks.mjs",
        "/..%2ftext-chunks.mjs",
        "/%",
        "/a%00b",
      ]) {
        assert.equal(await status(path), 404, path);
      }
    });

    test("the splitter loses nothing, every chunk fits, and repeats what it says", () => {
      const { splitIntoChunks } = built;
      assert.ok(chunks.length >= 1000, `${chunks.length} chunks`);
      const texts = [
        ["", 450],
        ["one", 450],
        ["Mr. Bennet came. He went.\n\nThen\nnothing.", 20],
        [`${"x".repeat(99)} ${"😀".repeat(60)} end.`, 25],
        ["一句话。又一句话！再一句？没有空格的文字很长很长。".repeat(9), 30],
        ["Many words, of many kinds, that come and go. ".repeat(30), 120],
      ];
      for (const [text, size] of texts) {
        for (const overlap of [0, Math.floor(size / 4), Math.floor(size / 2)]) {
          const parts = splitIntoChunks(text, { size, overlap });
          assert.equal(bare(parts.map((part) => part.text.slice(part.repeats)).join("")), bare(text));
          let last = "";
          for (const { text: part, repeats } of parts) {
            assert.ok(part.length > 0 && part.length <= size, JSON.stringify(part));
            assert.ok(part.isWellFormed(), "half a surrogate pair");
            assert.ok(repeats < Math.max(overlap, 1));
            assert.ok(last.endsWith(part.slice(0, repeats)), `“${part.slice(0, repeats)}” does not end “${last}”`);
            last = part;
          }
        }
      }
      const said = (text, cut) => splitIntoChunks(text, cut).map((chunk) => chunk.text);
      const sentences = "Mr. Bennet came. He went.";
      assert.deepEqual(said(sentences, { size: 18, overlap: 0 }), ["Mr. Bennet came.", "He went."]);
      assert.deepEqual(said(sentences, { size: 26, overlap: 8 }), ["Mr. Bennet came.", "came. He went."]);
      assert.deepEqual(said("a\nb\n\nc", { size: 450, overlap: 0 }), ["a b\n\nc"]);
      assert.ok(chunks.every((chunk) => chunk.length <= 450));
    });

    test("opens with the novel, split, and says that there is no remote tier", async () => {
      await driver.open();
      assert.deepEqual(await driver.texts(), ["Pride and Prejudice"]);
      assert.equal(await driver.whole("text-chunks"), chunks.length);
      assert.equal(await driver.whole("browser-kept"), 0);
      assert.equal(await driver.text("run"), `Embed ${chunks.length.toLocaleString("en-US")} chunks`);
      assert.match(await driver.tab.eval(() => document.body.innerText), /Nothing measured yet/u);
      await driver.reads("remote-state", /^None here: these are plain files/u);
      assert.equal(await driver.text("remote-kept"), "–");
      assert.equal(await driver.isVisible("clear-both"), false);
    });

    test("cold: every chunk is a miss, embedded and stored", async (t) => {
      await driver.runAs(1, { kind: "cold", embedded: chunks.length });
      assert.match(await driver.text("summary"), /^That was the cold run/u);
      const cache = await driver.readCache();
      const size = chunks.length * built.value;
      assert.equal(cache.keys.length, chunks.length);
      assert.equal(cache.bytes, size);
      assert.equal(await driver.whole("browser-kept"), chunks.length);
      assert.deepEqual(cache.keys.toSorted(), chunks.map(built.key).toSorted());
      for (const [at, chunk] of chunks.entries()) {
        const stored = cache.first[built.key(chunk)];
        if (stored) assert.deepEqual(built.numbers(stored), [...(await embedder.embedQuery(chunk))], `chunk ${at}`);
      }
      assert.equal(await driver.whole("stats-browser-misses"), chunks.length);
      assert.equal(await driver.whole("stats-browser-hits"), 0);
      assert.equal(await driver.bytes("stats-browser-written"), size);
      assert.equal(await driver.bytes("browser-written"), size);
      t.diagnostic(`cold: ${await driver.times(1)}`);
    });

    test("again, by keyboard: warm from memory, nothing embedded", async (t) => {
      await driver.tab.focus("#run");
      await driver.tab.press("Enter");
      await driver.runAs(2, { kind: "warm (memory)", memory: chunks.length, click: false });
      const focused = await driver.tab.eval(() => document.activeElement?.id);
      assert.equal(focused, "run", "the focus stays on the button");
      assert.equal(await driver.whole("stats-memory-hits"), chunks.length);
      assert.equal(await driver.whole("stats-browser-hits"), 0);
      await driver.checkSummary({ cold: 1, memory: 2 });
      t.diagnostic(`warm from memory: ${await driver.times(2)}`);
    });

    test("after a reload: warm from this browser, beside the cold run from before", async (t) => {
      await driver.reload();
      assert.equal(await driver.whole("browser-kept"), chunks.length);
      assert.equal(await driver.whole("run-1-misses"), chunks.length);
      assert.equal(await driver.whole("memory-hits"), chunks.length, "the last run's");
      assert.match(await driver.text("run"), /again$/u);
      await driver.runAs(3, { kind: "warm (browser)", browser: chunks.length });
      await driver.checkSummary({ cold: 1, memory: 2, browser: 3 });
      assert.deepEqual(await driver.charted(), ["1 cold", "2 warm (memory)", "3 warm (browser)"]);
      t.diagnostic(`after reload: ${await driver.times(3)}`);
      t.diagnostic(await driver.text("summary"));
      await driver.shoot(`plain-${name}`);
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
      assert.equal(await driver.whole("memory-kept"), 0);
      assert.equal((await driver.readCache()).keys.length, 0);
      await driver.runAs(2, { kind: "cold", embedded: chunks.length });
      await driver.checkSummary({ cold: 2, browser: 1 });
    });

    test("a run is paused and cancelled; what was embedded is kept", async () => {
      await driver.clear("clear-browser", "This browser is empty. The next run is cold.");
      await driver.click("run");
      await pressWhileEmbedding("pause");
      await driver.says(/^Paused: /u);
      const paused = await settled();
      assert.ok(paused > 0 && paused < chunks.length, `${paused} are done`);
      assert.equal(await driver.text("pause"), "Resume");
      assert.equal(await driver.tab.eval(() => document.querySelector("#run").getAttribute("aria-disabled")), "true");
      await driver.click("cancel");
      await driver.says(/^Cancelled: /u);
      await driver.idle();
      const kept = await driver.whole("browser-kept");
      assert.ok(kept >= paused && kept < chunks.length, `${kept} are kept`);
      assert.equal((await driver.readCache()).keys.length, kept);
      assert.equal(await driver.text("run-3-kind"), undefined, "no run to compare");
      await driver.clear("clear-browser", "This browser is empty.");
    });

    test("what was cancelled goes on from there; a run that was paused is resumed", async () => {
      await driver.click("run");
      await pressWhileEmbedding("cancel");
      await driver.says(/^Cancelled: /u);
      await driver.idle();
      const kept = await driver.whole("browser-kept");
      // The last batch may have been kept by the one and not yet by the other.
      const memory = await driver.whole("memory-kept");
      await driver.click("run");
      await pressWhileEmbedding("pause");
      await driver.says(/^Paused: /u);
      await driver.click("pause");
      const rest = { memory, browser: kept - memory, embedded: chunks.length - kept };
      await driver.runAs(3, { kind: "partly warm", click: false, ...rest });
    });

    test("no console error, no policy violation, no request elsewhere", () => {
      assert.deepEqual(driver.complaints, []);
    });

    /** Presses a button in the moment that some are embedded: a run may be over before a driver has come to it. */
    function pressWhileEmbedding(id) {
      return driver.tab.eval(
        (button) =>
          new Promise((resolve) => {
            const watched = document.querySelector("#progress-misses");
            const observer = new MutationObserver(() => {
              const pressed = document.getElementById(button);
              if (Number(watched.value) === 0 || pressed.getAttribute("aria-disabled") !== "false") return;
              observer.disconnect();
              pressed.click();
              resolve();
            });
            observer.observe(watched, { attributes: true, childList: true });
          }),
        id,
      );
    }

    /** How many are embedded when that moves no more: the batch under way ends after a pause. */
    async function settled() {
      for (let last = -1; ; ) {
        const now = await driver.exact("progress-misses");
        if (now === last) return now;
        last = now;
        await driver.tab.eval(() => new Promise((resolve) => setTimeout(resolve, 100)));
      }
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
}

/** A text without its white space. */
function bare(value) {
  return value.replace(/\s+/gu, "");
}
