/** The texts of the page, in each browser: several at once, cut as the person says, dropped, refused. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";

for (const { name } of BROWSERS) {
  describe(`texts of one's own, in ${name}`, { timeout: 900_000 }, () => {
    let built, server, driver, chunks;

    before(async () => {
      built = await buildPage();
      ({ chunks } = built);
      server = await serve(built.site);
      driver = new Driver(built, server.url, name);
      await driver.start();
      await driver.open();
      await driver.runAs(1, { kind: "cold", embedded: chunks.length });
    });

    after(async () => {
      await driver?.remove();
      await server?.close();
      await built?.remove();
    });

    test("texts of one's own take the novel's place; several at once; removed again", async () => {
      const own = [1, 2, 3, 4, 5].map((number) => `Paragraph ${number} ${"has words of its own. ".repeat(15)}`);
      await driver.add(["own.txt", own.join("\n\n")]);
      await driver.says("“own.txt” is split into 5 chunks.");
      assert.deepEqual(await driver.texts(), ["own.txt"]);
      assert.equal(await driver.whole("text-chunks"), 5);
      assert.equal(await driver.text("run"), "Embed 5 chunks");
      assert.equal(await driver.text("summary"), "Nothing measured of these chunks by this embedder yet.");
      await driver.runAs(2, { kind: "cold", embedded: 5 });
      assert.equal(await driver.whole("browser-kept"), chunks.length + 5);

      await driver.add(["b.txt", own[1]], ["c.md", own.slice(0, 3).join("\n\n")]);
      await driver.says("2 texts are added, 9 chunks in all.");
      assert.deepEqual(await driver.texts(), ["own.txt", "b.txt", "c.md"]);
      assert.equal(await driver.whole("text-chunks"), 9);
      // b.txt's only chunk begins its text, so that it repeats nothing; c.md's are those of own.txt.
      await driver.runAs(3, { kind: "partly warm", memory: 5, embedded: 1 });
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
      await driver.runAs(4, { kind: "cold", embedded: 1 });
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
      await driver.drop([
        ["dropped.md", "# A heading\n\nAnd a line."],
        ["b.txt", "b"],
      ]);
      await driver.says("2 texts are added");
      assert.deepEqual(await driver.texts(), ["words.txt", "dropped.md", "b.txt"]);
    });

    test("what is not text is refused in words, what is beside it is taken, and the page goes on", async () => {
      const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
      await driver.choose(["first.txt", "A text that is one."]);
      await driver.add(["picture.png", png], ["nothing.txt", " "], ["beside.txt", "A text beside it."]);
      const said = await driver.trouble();
      assert.match(said, /^“picture\.png” is not a text file\. “nothing\.txt” has no text in it\./u, "all are named");
      assert.match(said, /UTF-8.*Choose a file with words in it\./su);
      assert.equal(await driver.text("status"), "“beside.txt” is split into 1 chunk.", "what was added is said, too");
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

    test("files of one name that come together are all there", async () => {
      await driver.choose(["first.txt", "A text that is one."]);
      await driver.drop([
        ["notes.txt", "Of the one folder."],
        ["notes.txt", "Of the other."],
        ["notes.txt (2)", "Called so already."],
      ]);
      await driver.says("3 texts are added, 4 chunks in all.");
      assert.deepEqual(await driver.texts(), ["first.txt", "notes.txt", "notes.txt (3)", "notes.txt (2)"]);
      await driver.idle();
    });

    test("files that come while something runs are refused in words, not lost in silence", async () => {
      const before = await driver.texts();
      await driver.drop([["early.txt", "Too early."]], "#run");
      assert.match(
        await driver.trouble(),
        /^The files were not taken: .*Wait until it has ended, then choose them again/u,
      );
      assert.deepEqual(await driver.texts(), before);
      await driver.drop([["early.txt", "Now."]]);
      await driver.says("“early.txt” is split into 1 chunk.");
      assert.equal(await driver.text("alert"), "");
    });

    test("no console error, no policy violation, no request elsewhere", () => {
      assert.deepEqual(driver.complaints, []);
    });
  });
}
