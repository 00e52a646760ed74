/**
 * The search, used as a person does, in Chromium and in Firefox: what it finds is held against an exact search in Node, over
 * the same chunks by the same embedder.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { browsers, buildPanels, Person } from "./person.mjs";

const NOVEL = "Pride and Prejudice";
const QUESTION = "a proposal of marriage";

for (const browser of browsers) {
  describe(`the search, in ${browser}`, { timeout: 900_000 }, () => {
    let built, server, person, cut, embedOne, novel;

    before(async () => {
      built = await buildPanels();
      const { embedder } = built;
      const vectors = new Map();
      embedOne = async (text) => {
        if (!vectors.has(text)) vectors.set(text, await embedder.embedQuery(text));
        return vectors.get(text);
      };
      cut = built.split;
      novel = built.chunks;
      server = await serve(built.site);
      person = new Person(browser, server.url);
      await person.start();
    });

    after(async () => {
      await person?.end();
      await server?.close();
      await built?.remove();
    });

    const number = (many) => many.toLocaleString("en-US");
    const indexed = (chunks, added) =>
      person.says(
        "#search-indexed",
        new RegExp(`^In the index: ${number(chunks)} chunks; .* added ${number(added)} of`, "u"),
      );

    /** Types a question, presses Enter, and waits for what is said about `like`. */
    async function ask(question, like = `“${question}”`) {
      await person.type("#search-query", question);
      await person.press("Enter");
      await person.tab.until((said) => document.querySelector("#search-found").textContent.includes(said), like);
    }

    /** What is shown: of each result its file, chunk, text and score. */
    const shown = () =>
      person.look("#search-results li", (all) =>
        all.map((item) => ({
          file: item.querySelector("cite").textContent,
          at:
            Number(/chunk ([\d,]+)/u.exec(item.querySelector(".search-where").textContent)[1].replaceAll(",", "")) - 1,
          text: item.querySelector("blockquote").textContent,
          score: Number(item.querySelector("data").value),
          said: item.querySelector("data").textContent,
        })),
      );

    /** The scores of the best `k` of `texts` that have anything in common with `query`, by an exact search. */
    async function best(query, texts, k) {
      const vector = await embedOne(query);
      const scores = await Promise.all(texts.map(async (text) => dot(vector, await embedOne(text))));
      return scores
        .filter((score) => score > 1e-6)
        .sort((one, other) => other - one)
        .slice(0, k);
    }

    /** Holds what is shown against an exact search for the like of `query` in the chunks of each file. */
    async function checkShown(query, files, k, without) {
      const found = await shown();
      const texts = Object.values(files).flat();
      const expected = await best(query, without === undefined ? texts : texts.filter((text) => text !== without), k);
      assert.equal(found.length, Math.min(k, expected.length));
      const vector = await embedOne(query);
      for (const [place, { file, at, text, score, said }] of found.entries()) {
        assert.equal(text, files[file][at]);
        assert.ok(Math.abs(score - dot(vector, await embedOne(text))) < 1e-5, `${score}`);
        assert.ok(Math.abs(score - expected[place]) < 1e-5, `${score} is not ${expected[place]}`);
        assert.equal(said, score.toFixed(3));
      }
      return found;
    }

    test("before anything is looked for it says so; nothing typed is nothing done", async () => {
      assert.match(await person.text("#search-none"), /^Nothing looked for yet\./u);
      await person.tab.focus("#search-query");
      await person.press("Enter");
      await person.says("#search-status", /^Type what to look for, then press Enter\.$/u);
      assert.deepEqual(await person.kept("statOfAll"), {});
    });

    test("Enter searches: the chunks are put into the index, and the best of them shown with their scores", async () => {
      const { chunks } = await person.embed();
      assert.equal(chunks, novel.length);
      await ask(QUESTION);
      await indexed(chunks, chunks);
      assert.equal(await person.text("#search-found"), `10 of ${number(chunks)} chunks, most like “${QUESTION}”`);
      assert.match(
        await person.says("#search-status", /found/u),
        /^10 chunks found in [\d,.]+ m?s, after [\d,.]+ m?s for the question’s own/u,
      );
      assert.equal(await person.look("#search-status", ([line]) => line.getAttribute("role")), "status");
      const found = await checkShown(QUESTION, { [NOVEL]: novel }, 10);
      assert.ok(found[0].score > found[9].score && found[9].score > 0.1);
      assert.equal(await person.look("#search-none", ([none]) => none.hidden), true);
    });

    test("nothing was kept twice: the vectors, that of the question, and the index", async () => {
      const keys = Object.keys(await person.kept("statOfAll"));
      const ofIndex = keys.filter((key) => key.startsWith("search/"));
      assert.ok(ofIndex.length >= 3);
      assert.equal(keys.length - ofIndex.length, new Set(novel).size + 1);
      await person.says("#explorer-entries", new RegExp(`^${number(keys.length)}$`, "u"));
      assert.ok((await person.exact("#explorer-index")) > 0);
      // To the page's own count they are no vectors.
      assert.equal(await person.exact("#browser-kept"), new Set(novel).size + 1);
    });

    test("asked again nothing is added; as many are shown as are chosen", async () => {
      await ask("Mr. Collins and his patroness");
      await indexed(novel.length, 0);
      for (const k of ["5", "50", "10"]) {
        await person.select("#search-k", k);
        await person.tab.until((many) => document.querySelectorAll("#search-results li").length === many, Number(k));
        await checkShown("Mr. Collins and his patroness", { [NOVEL]: novel }, Number(k));
      }
    });

    test("after a reload it searches at once, without adding anything", async () => {
      const before = await person.kept("statOfAll");
      await person.reload();
      await ask(QUESTION);
      await indexed(novel.length, 0);
      await checkShown(QUESTION, { [NOVEL]: novel }, 10);
      assert.deepEqual(Object.keys(await person.kept("statOfAll")).sort(), Object.keys(before).sort());
    });

    test("“Similar to this chunk”: its like without itself, and the keyboard stays at the results", async () => {
      const [, liked] = await shown();
      await person.click("#search-results li:nth-child(2) button");
      await person.says("#search-found", new RegExp(`most like chunk ${number(liked.at + 1)} of ${NOVEL}$`, "u"));
      const found = await checkShown(liked.text, { [NOVEL]: novel }, 10, liked.text);
      assert.ok(!found.some(({ at }) => at === liked.at));
      assert.equal(await person.focused(), "search-found");
      // On from there to the first result's own button.
      await person.press("Tab");
      assert.match(await person.tab.eval(() => document.activeElement.textContent), /^Similar to this chunk, chunk/u);
    });

    test("what has nothing in common with any chunk is said to be found nowhere", async () => {
      await person.type("#search-query", "?!…");
      await person.press("Enter");
      assert.equal(
        await person.says("#search-none", /^No chunk/u),
        "No chunk has anything in common with “?!…”. Try other words, or another text.",
      );
      await person.says("#search-status", /^Nothing found in/u);
      assert.deepEqual(await shown(), []);
    });

    test("of several texts all are searched, or the one that is chosen", async () => {
      const letter = "A marriage is proposed here, by letter.\n\nAnd here the proposal is declined.";
      const poem = `${"The sea is calm tonight. ".repeat(20)}\n\n${"The tide is full, the moon lies fair. ".repeat(20)}`;
      await person.choose("#file", { "letter.txt": letter, "poem.txt": poem });
      await person.says("#status", /^2 texts are added/u);
      assert.match(await person.text("#search-none"), /^Nothing looked for yet in what is open now\.$/u);
      await person.click("#sample");
      await person.says("#status", /Pride and Prejudice” is split/u);
      const files = { "letter.txt": cut(letter), "poem.txt": cut(poem), [NOVEL]: novel };
      assert.deepEqual(await person.texts("#search-file option"), ["all texts", ...Object.keys(files)]);
      const own = files["letter.txt"].length + files["poem.txt"].length;
      await ask("a proposal of marriage, by letter");
      await indexed(novel.length + own, own);
      const [first] = await checkShown("a proposal of marriage, by letter", files, 10);
      assert.equal(first.file, "letter.txt");
      for (const file of ["poem.txt", NOVEL]) {
        await person.select("#search-file", file);
        await person.says("#search-found", new RegExp(` of ${number(files[file].length)} chunks?, most like`, "u"));
        await checkShown("a proposal of marriage, by letter", { [file]: files[file] }, 10);
      }
    });

    test("a text that is closed is not found any more, and when it is opened again nothing is added", async () => {
      await person.select("#search-file", "");
      await person.click('#texts [aria-label*="letter.txt"]');
      await person.says("#status", /letter\.txt” is removed/u);
      await ask("a proposal of marriage, by letter");
      assert.ok((await shown()).every(({ file }) => file !== "letter.txt"));
      await person.choose("#file", {
        "letter.txt": "A marriage is proposed here, by letter.\n\nAnd here the proposal is declined.",
      });
      await person.says("#status", /letter\.txt” is split/u);
      await ask("a proposal of marriage, by letter");
      assert.equal((await shown())[0].file, "letter.txt");
      assert.equal(await person.exact("#search-added"), 0);
    });

    test("cut otherwise, it is put into the index again, and only that is found", async () => {
      await person.click('#texts [aria-label*="poem.txt"]');
      await person.says("#status", /poem\.txt” is removed/u);
      await person.click('#texts [aria-label*="letter.txt"]');
      await person.says("#status", /letter\.txt” is removed/u);
      await person.type("#cut-size", "1000");
      await person.press("Tab");
      await person.tab.until((old) => document.querySelector("#text-chunks").value < old, novel.length);
      const chunks = await person.exact("#text-chunks");
      await ask(QUESTION);
      await indexed(chunks, chunks);
      await person.select("#search-k", "50");
      await person.tab.until(() => document.querySelectorAll("#search-results li").length === 50);
      assert.ok((await shown()).some(({ text }) => text.length > 600));
      await person.type("#cut-size", "450");
      await person.press("Tab");
      await person.tab.until((old) => Number(document.querySelector("#text-chunks").value) === old, novel.length);
    });

    test("stopped while the index is filled, it says so, and the next search goes on", async () => {
      await person.click("#clear-browser");
      await person.says("#status", /^This browser is empty/u);
      await person.tab.eval(() => {
        // As quick as nobody is: at the first sight of the bar.
        const bar = document.querySelector("#search-progress");
        const observer = new MutationObserver(() => {
          observer.disconnect();
          document.querySelector("#search-stop").click();
        });
        observer.observe(bar, { attributes: true, attributeFilter: ["hidden"] });
      });
      await person.type("#search-query", QUESTION);
      await person.press("Enter");
      await person.says("#search-status", /^Stopped\. The next search goes on/u);
      assert.equal(await person.look("#search-stop", ([stop]) => stop.hidden), true);
      assert.equal(await person.focused(), "search-query");
      await ask(QUESTION);
      await indexed(novel.length, novel.length);
      await checkShown(QUESTION, { [NOVEL]: novel }, 50);
    });

    test("another tab searches the same index", async () => {
      await person.inAnotherTab(async () => {
        await ask(QUESTION);
        await indexed(novel.length, 0);
        await checkShown(QUESTION, { [NOVEL]: novel }, 10);
      });
    });

    test("all cleared, or a part of the index deleted by hand: the next search makes it anew", async () => {
      await person.type("#explorer-prefix", "search/");
      await person.says("#explorer-found", /entries/u);
      await person.click("#explorer-rows tr:last-child button");
      await person.says("#explorer-key", /^search\//u);
      const key = await person.text("#explorer-key");
      await person.click("#explorer-delete");
      await person.click("#explorer-delete");
      await person.says("#explorer-none", /was deleted/u);
      assert.ok(!(key in (await person.kept("statOfAll"))));
      await ask("Lady Catherine");
      await indexed(novel.length, novel.length);
      await person.select("#search-k", "10");
      await person.tab.until(() => document.querySelectorAll("#search-results li").length === 10);
      await checkShown("Lady Catherine", { [NOVEL]: novel }, 10);
      await person.click("#clear-browser");
      await person.says("#status", /^This browser is empty/u);
      await ask(QUESTION);
      await indexed(novel.length, novel.length);
      await checkShown(QUESTION, { [NOVEL]: novel }, 10);
    });

    test("looks well and is sound to who hears it", async () => {
      await person.shoot("search", "#search");
      await person.sound("body");
    });

    test("the browser complained of nothing", () => person.contented());
  });
}

function dot(one, other) {
  let sum = 0;
  for (let at = 0; at < one.length; at += 1) sum += one[at] * other[at];
  return sum;
}
