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
  describe(`the page, as plain files, in ${name}`, { timeout: 180_000 }, () => {
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
      assert.match(await driver.text("remote-state"), /^None here: these are plain files/u);
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
      // A headless Firefox has no window that is in front, without which no key presses a button.
      const byKeyboard = driver.isChromium;
      if (byKeyboard) {
        await driver.tab.focus("#run");
        await driver.tab.press("Enter");
      }
      await driver.runAs(2, { kind: "warm (memory)", memory: chunks.length, click: !byKeyboard });
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

    test("texts of one's own take the novel's place; several at once; removed again", async () => {
      const own = [1, 2, 3, 4, 5].map((number) => `Paragraph ${number} ${"has words of its own. ".repeat(15)}`);
      await driver.add(["own.txt", own.join("\n\n")]);
      await driver.says("“own.txt” is split into 5 chunks.");
      assert.deepEqual(await driver.texts(), ["own.txt"]);
      assert.equal(await driver.whole("text-chunks"), 5);
      assert.equal(await driver.text("run"), "Embed 5 chunks");
      assert.equal(await driver.text("summary"), "Nothing measured of these chunks by this embedder yet.");
      await driver.runAs(4, { kind: "cold", embedded: 5 });
      assert.equal(await driver.whole("browser-kept"), chunks.length + 5);

      await driver.add(["b.txt", own[1]], ["c.md", own.slice(0, 3).join("\n\n")]);
      await driver.says("2 texts are added, 9 chunks in all.");
      assert.deepEqual(await driver.texts(), ["own.txt", "b.txt", "c.md"]);
      assert.equal(await driver.whole("text-chunks"), 9);
      // b.txt's only chunk begins its text, so that it repeats nothing; c.md's are those of own.txt.
      await driver.runAs(5, { kind: "partly warm", memory: 5, embedded: 1 });
      await driver.removeText("own.txt");
      assert.deepEqual(await driver.texts(), ["b.txt", "c.md"]);
      assert.equal(await driver.whole("text-chunks"), 4);

      await driver.click("sample");
      await driver.says("“Pride and Prejudice” is split");
      assert.deepEqual(await driver.texts(), ["b.txt", "c.md", "Pride and Prejudice"]);
      assert.equal(await driver.whole("text-chunks"), 4 + chunks.length);
      await driver.removeText("b.txt");
      await driver.removeText("c.md");
      assert.equal(await driver.text("run"), `Embed ${chunks.length.toLocaleString("en-US")} chunks again`);
      await driver.removeText("Pride and Prejudice");
      await driver.click("run");
      assert.match(await driver.trouble(), /There is no text\.Choose a text file, or add the novel/u);
    });

    test("a text that says one thing twice embeds it once", async () => {
      const sentence = "Nothing new under the sun. ".repeat(14).trim();
      await driver.choose(["twice.txt", sentence], ["again.txt", sentence]);
      assert.equal(await driver.whole("text-chunks"), 2);
      await driver.runAs(6, { kind: "cold", embedded: 1 });
    });

    test("chunks are cut as the person says, and what they repeat is marked", async () => {
      const words = Array.from({ length: 200 }, (_, at) => `word${at}`).join(" ");
      await driver.choose(["words.txt", words]);
      for (const [size, overlap] of [
        [200, 40],
        [150, 0],
      ]) {
        await driver.fill("cut-size", String(size));
        await driver.fill("cut-overlap", String(overlap));
        await driver.idle();
        const expected = built.splitIntoChunks(words, { size, overlap });
        assert.equal(await driver.whole("text-chunks"), expected.length);
        const shown = await driver.tab.eval(() =>
          [...document.querySelectorAll("#preview li")].map((item) => [
            item.querySelector("mark")?.textContent ?? "",
            item.firstChild.nodeName === "MARK" ? item.childNodes[1].textContent : item.firstChild.textContent,
          ]),
        );
        const first = expected
          .slice(0, 4)
          .map(({ text, repeats }) => [text.slice(0, repeats), `${text.slice(repeats)} `]);
        assert.deepEqual(shown, first);
      }
      await driver.fill("cut-size", "7");
      await driver.fill("cut-overlap", "9999");
      await driver.idle();
      const fields = await driver.tab.eval(() =>
        ["cut-size", "cut-overlap"].map((id) => document.getElementById(id).value),
      );
      assert.deepEqual(fields, ["100", "50"], "what cannot be is made possible");
    });

    test("files dropped on the page are taken", async () => {
      await drop([
        ["dropped.md", "# A heading\n\nAnd a line."],
        ["b.txt", "b"],
      ]);
      await driver.says("2 texts are added");
      assert.deepEqual(await driver.texts(), ["words.txt", "dropped.md", "b.txt"]);
    });

    test("what is not text is refused in words, what is beside it is taken, and the page goes on", async () => {
      const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
      await driver.choose(["first.txt", "A text that is one."]);
      await driver.add(["picture.png", png], ["beside.txt", "A text beside it."]);
      assert.match(await driver.trouble(), /“picture\.png” is not a text file.*UTF-8/su);
      assert.deepEqual(await driver.texts(), ["first.txt", "beside.txt"]);
      const refused = [
        ["control.txt", Buffer.from("valid UTF-8\0but no text"), /“control\.txt” is not a text file/u],
        ["latin1.txt", Buffer.from("d\xe9j\xe0 vu", "latin1"), /“latin1\.txt” is not a text file/u],
        ["empty.txt", "\n \n", /“empty\.txt” has no text/u],
        ["huge.txt", Buffer.alloc(8_000_001, "a"), /larger than 8 MB/u],
      ];
      for (const [file, content, words] of refused) {
        await driver.add([file, content]);
        assert.match(await driver.trouble(), words);
        assert.deepEqual(await driver.texts(), ["first.txt", "beside.txt"], "the texts before stay");
      }
      await driver.choose(["utf16.txt", Buffer.from("\ufeffGr\u00fc\u00dfe", "utf16le")]);
      assert.deepEqual(await driver.texts(), ["utf16.txt"]);
      assert.equal(await driver.text("alert"), "", "the alert goes when things go well again");
      assert.match(await driver.text("preview"), /^Grüße /u);
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

    function drop(files) {
      return driver.tab.eval((entries) => {
        const data = new DataTransfer();
        for (const [file, content] of entries) data.items.add(new File([content], file));
        document
          .querySelector("main")
          .dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
      }, files);
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
