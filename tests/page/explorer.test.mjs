/**
 * The explorer, used as a person does, in Chromium and in Firefox: what it shows is held against what a second handle on the
 * same database says.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { browsers, buildPanels, Person } from "./person.mjs";

const HOUR = 3_600;

for (const browser of browsers) {
  describe(`the explorer, in ${browser}`, { timeout: 900_000 }, () => {
    let built, server, person;

    before(async () => {
      built = await buildPanels();
      server = await serve(built.site);
      person = new Person(browser, server.url);
      await person.start();
    });

    after(async () => {
      await person?.end();
      await server?.close();
      await built?.remove();
    });

    /** Runs what `kept.mjs` has, in the page. */
    const kept = (what, ...told) => person.kept(what, ...told);
    const rows = () => person.texts("#explorer-rows button");
    const entries = (many) => person.says("#explorer-entries", new RegExp(`^${many.toLocaleString("en-US")}$`, "u"));

    /** Presses a button that asks first, and says so. */
    async function twice(selector, question) {
      await person.click(selector);
      await person.says(selector, question);
      await person.click(selector);
    }

    test("before anything is kept it says so, and has nothing to export, clear or delete", async () => {
      assert.equal(await person.says("#explorer-found", /./u), "Nothing is kept yet: embed the text above.");
      await entries(0);
      assert.equal(await person.text("#explorer-page"), "");
      await person.click("#explorer-clear");
      await person.says("#explorer-status", /^There is nothing to clear\.$/u);
      assert.equal(await person.text("#explorer-clear"), "Clear all");
      await person.click("#explorer-export");
      assert.match(await person.says("#explorer-alert", /./u), /^There is nothing to export\./u);
    });

    test("shows what is kept as soon as it is: how many, how large, how much room", async () => {
      const { chunks } = await person.embed();
      await entries(chunks);
      const all = Object.values(await kept("statOfAll"));
      assert.equal(all.length, chunks);
      const bytes = all.reduce((sum, stat) => sum + stat.bytes, 0);
      assert.equal(await person.exact("#explorer-bytes"), bytes);
      assert.equal(await person.exact("#explorer-index"), 0);
      assert.ok((await person.exact("#explorer-disk")) >= bytes);
      assert.match(
        await person.text("#explorer-found"),
        new RegExp(`^${chunks.toLocaleString("en-US")} entries, `, "u"),
      );
      const said = await person.says("#explorer-quota", /^This site uses/u);
      const quota = await person.tab.eval(async () => (await navigator.storage.estimate()).quota);
      assert.ok(said.includes(` of the ${(quota / 1e9).toFixed(1)} GB `), `${said}: ${quota}`);
    });

    test("a page of the table at a time", async () => {
      const all = Object.keys(await kept("statOfAll")).length;
      const first = await rows();
      assert.equal(first.length, 10);
      // There is nothing before: the button says so, and does nothing.
      await person.tab.focus("#explorer-before");
      await person.press("Enter");
      assert.deepEqual(await rows(), first);
      assert.match(await person.text("#explorer-page"), /^1 to 10 of/u);
      await person.click("#explorer-after");
      await person.says("#explorer-page", new RegExp(`^11 to 20 of ${all.toLocaleString("en-US")}$`, "u"));
      const second = await rows();
      assert.equal(new Set([...first, ...second]).size, 20);
      await person.click("#explorer-before");
      assert.deepEqual(await rows(), first);
    });

    test("in the order of the column that is pressed, up and then down", async () => {
      await kept("keep", "a/small", [1]);
      await kept("keep", "b/short-lived", [1, 2, 3], HOUR);
      await kept("keep", "c/large", new Array(5_000).fill(7));
      await person.reload();
      await person.says("#explorer-rows", /./u);
      const keys = Object.keys(await kept("statOfAll")).sort();
      const press = (order) => person.click(`#explorer [data-order=${order}]`);
      const sorted = async () => {
        const [direction] = await person.look("#explorer [aria-sort]:not([aria-sort=none])", (heads) =>
          heads.map((head) => head.getAttribute("aria-sort")),
        );
        return direction;
      };
      await press("key");
      assert.deepEqual(await rows(), keys.slice(0, 10));
      assert.equal(await sorted(), "ascending");
      await press("key");
      assert.deepEqual(await rows(), keys.slice(-10).reverse());
      assert.equal(await sorted(), "descending");
      await press("bytes");
      assert.deepEqual((await rows()).slice(0, 2), ["a/small", "b/short-lived"]);
      await press("bytes");
      assert.equal((await rows())[0], "c/large");
      await press("expires");
      assert.equal((await rows())[0], "b/short-lived");
    });

    test("size, age and life stand beside each key", async () => {
      await person.type("#explorer-prefix", "b/");
      await person.says("#explorer-found", /^1 entry, 3 B$/u);
      const [cells] = await person.look("#explorer-rows tr", (all) =>
        all.map((row) => Array.from(row.cells, (cell) => cell.textContent)),
      );
      assert.equal(cells[0], "b/short-lived");
      assert.equal(cells[1], "3 B");
      assert.match(cells[2], /^(?:just now|\d+ seconds?)$/u);
      assert.equal(cells[3], "59 minutes");
      await person.type("#explorer-prefix", "a/");
      await person.says("#explorer-found", /^1 entry, 1 B$/u);
      assert.match(await person.text("#explorer-rows tr"), /for ever$/u);
    });

    test("only keys that begin so", async () => {
      const keys = Object.keys(await kept("statOfAll"));
      await person.type("#explorer-prefix", "0");
      const many = keys.filter((key) => key.startsWith("0")).length;
      assert.ok(many > 20);
      await person.says("#explorer-found", new RegExp(`^${many} entries, `, "u"));
      assert.ok((await rows()).every((key) => key.startsWith("0")));
      await person.type("#explorer-prefix", "no such");
      await person.says("#explorer-found", /^No key begins so\.$/u);
      assert.deepEqual(await rows(), []);
      await person.type("#explorer-prefix", "");
    });

    test("a value looked at: the vector drawn, its numbers, its bytes", async () => {
      await person.type("#explorer-prefix", "0");
      await person.click("#explorer-rows tr:nth-child(3) button");
      const [, , key] = await rows();
      await person.says("#explorer-key", new RegExp(`^${key}$`, "u"));
      assert.equal(await person.text('#explorer-rows [aria-pressed="true"]'), key);
      const bytes = Uint8Array.from(await kept("bytesOf", key));
      const view = new DataView(bytes.buffer);
      const numbers = Array.from({ length: 768 }, (_, at) => view.getFloat32(bytes.length - 4 * (768 - at), true));
      const facts = await person.facts("#explorer-facts");
      assert.equal(facts["Is a vector of"], "float32");
      assert.equal(facts.Dimensions, "768");
      assert.equal(Number(facts.Norm).toFixed(3), Math.hypot(...numbers).toFixed(3));
      const shown = (await person.text(".explorer-numbers")).replaceAll("−", "-").split(", ").slice(0, 8).map(Number);
      assert.deepEqual(
        shown,
        numbers.slice(0, 8).map((number) => Number(number.toPrecision(4))),
      );
      assert.equal(await person.look(".sparkline", ([drawn]) => drawn.getAttribute("role")), "img");
      // What is drawn reaches up and down as the numbers do.
      const [path] = await person.look(".sparkline path:not(.zero)", (all) => all.map((one) => one.getAttribute("d")));
      assert.equal(path.match(/M/gu).length, 300);

      await person.click("#explorer-views [value=bytes]");
      const lines = (await person.look("#explorer-body pre", ([dump]) => dump.textContent)).split("\n");
      const dumped = lines.flatMap((line) => line.slice(6, 54).trim().split(/\s+/u));
      assert.deepEqual(
        dumped,
        [...bytes.subarray(0, 512)].map((byte) => byte.toString(16).padStart(2, "0")),
      );
      await person.click("#explorer-views [value=vector]");
      await person.tab.until(() => document.querySelector(".sparkline") !== null);
    });

    test("bytes that are no vector are shown as bytes", async () => {
      await person.type("#explorer-prefix", "b/");
      await person.says("#explorer-found", /^1 entry/u);
      await person.click("#explorer-rows button");
      await person.says("#explorer-key", /^b\/short-lived$/u);
      assert.deepEqual(await person.facts("#explorer-facts"), { Size: "3 B", Is: "bytes" });
      assert.match(await person.text("#explorer-body"), /^0000 01 02 03 ···That is all: 3 B\.$/u);
      assert.equal(await person.look("#explorer-views", ([views]) => views.hidden), true);
    });

    test("one deleted, at the second press; Escape, or going elsewhere, takes the first back", async () => {
      const before = Object.keys(await kept("statOfAll"));
      await person.click("#explorer-delete");
      await person.says("#explorer-delete", /^Press again to delete this entry$/u);
      await person.press("Escape");
      await person.says("#explorer-delete", /^Delete this entry$/u);
      await person.click("#explorer-delete");
      await person.tab.focus("#explorer-prefix");
      await person.says("#explorer-delete", /^Delete this entry$/u);
      assert.deepEqual(Object.keys(await kept("statOfAll")).sort(), [...before].sort());
      await twice("#explorer-delete", /^Press again to delete this entry$/u);
      await entries(before.length - 1);
      const left = Object.keys(await kept("statOfAll")).sort();
      assert.deepEqual(left, before.filter((key) => key !== "b/short-lived").sort());
      assert.match(await person.text("#explorer-none"), /^What stood here was deleted\./u);
    });

    test("those that begin so deleted, by the keyboard alone", async () => {
      const before = Object.keys(await kept("statOfAll"));
      await person.type("#explorer-prefix", "0");
      const doomed = before.filter((key) => key.startsWith("0")).length;
      await person.says("#explorer-found", new RegExp(`^${doomed} entries`, "u"));
      await person.press("Tab");
      await person.press("Enter");
      await person.says("#explorer-delete-found", new RegExp(`^Press again to delete ${doomed} entries$`, "u"));
      await person.press("Enter");
      await entries(before.length - doomed);
      assert.equal(await person.text("#explorer-status"), `${doomed} entries deleted.`);
      const left = Object.keys(await kept("statOfAll")).sort();
      assert.deepEqual(left, before.filter((key) => !key.startsWith("0")).sort());
      await person.type("#explorer-prefix", "");
    });

    test("“Keep my data” says what the browser answered", async () => {
      await person.click("#explorer-persist");
      const said = await person.says("#explorer-persisted", /keeps this data|said no/u);
      const persisted = await person.tab.eval(() => navigator.storage.persisted());
      assert.match(said, persisted ? /^The browser keeps this data/u : /^The browser said no/u);
      // The person at Firefox says yes.
      if (browser === "firefox") assert.equal(persisted, true);
    });

    test("what another tab does is shown here", async () => {
      await kept("keep", "here", [1]);
      await person.reload();
      const many = await person.exact("#explorer-entries");
      await person.inAnotherTab(async () => {
        await entries(many);
        await person.type("#explorer-prefix", "here");
        await person.says("#explorer-found", /^1 entry/u);
        await twice("#explorer-delete-found", /^Press again to delete 1 entry$/u);
        await entries(many - 1);
      });
      await entries(many - 1);
    });

    test("looks well and is sound to who hears it", async () => {
      await person.type("#explorer-prefix", "1");
      await person.says("#explorer-found", /entries/u);
      await person.click("#explorer-rows button");
      await person.tab.until(() => document.querySelector(".sparkline") !== null);
      await person.shoot("explorer", "#explorer");
      await person.sound("#explorer");
    });

    test("the browser complained of nothing", () => person.contented());
  });
}
