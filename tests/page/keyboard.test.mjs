/** The page by the keyboard alone, in each browser: everything is reached in its order, is named, and keeps the focus. */
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";
import { startRemote } from "./remote.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

for (const { name } of BROWSERS) {
  describe(`the page by the keyboard, in ${name}`, { timeout: 900_000 }, () => {
    let built, remote, server, driver, chunks;

    before(async () => {
      built = await buildPage();
      ({ chunks } = built);
      remote = await startRemote();
      server = await serve(built.site, { remote: remote.pass });
      driver = new Driver(built, server.url, name);
      await driver.start();
      await driver.open();
      await driver.panels();
      await driver.runAs(1, { kind: "cold", remote: 0, embedded: chunks.length });
      await driver.tab.click("#explorer-rows button");
      await driver.shows("#explorer-key", "");
      await driver.tab.until(() => document.querySelector("#explorer-chosen").checkVisibility());
    });

    after(async () => {
      await driver?.remove();
      await server?.close();
      await remote?.close();
      await built?.remove();
    });

    const focused = () => driver.tab.eval(() => document.activeElement?.id);

    test("Tab reaches every control, in the order of the page", async () => {
      const all = await driver.tab.eval(() => {
        const can = "a[href], button, input, select, textarea, summary, [tabindex='0']";
        globalThis.controls = [...document.querySelectorAll(can)].filter((one) => {
          // Of radio buttons that belong together Tab reaches the one that is chosen.
          const isOther = one.type === "radio" && !one.checked;
          return one.checkVisibility({ visibilityProperty: true }) && !one.disabled && !isOther;
        });
        document.activeElement.blur();
        return globalThis.controls.map((one) => one.id || one.outerHTML.slice(0, 60));
      });
      assert.ok(all.length > 40, `${all.length} controls`);
      for (const id of ["file", "cut-size", "run", "search-query", "explorer-import", "explorer-delete"]) {
        assert.ok(all.includes(id), id);
      }
      await driver.tab.eval(() => {
        // From the top, whatever was pressed last.
        document.body.tabIndex = -1;
        document.body.focus();
        document.body.removeAttribute("tabindex");
      });
      const reached = [];
      for (let presses = 0; presses < all.length; presses += 1) {
        await driver.tab.press("Tab");
        reached.push(await driver.tab.eval(() => globalThis.controls.indexOf(document.activeElement)));
      }
      const missed = all.filter((_, at) => !reached.includes(at));
      assert.deepEqual(missed, []);
      assert.deepEqual(reached, [...all.keys()]);
    });

    test("each of them has a name", async () => {
      await driver.page.evaluate(await readFile(AXE, "utf8"));
      const nameless = await driver.page.evaluate(() => {
        globalThis.axe.setup(document);
        const { accessibleText } = globalThis.axe.commons.text;
        const named = globalThis.controls.map((one) => [accessibleText(one).trim(), one.outerHTML.slice(0, 80)]);
        globalThis.axe.teardown();
        return named.filter(([is]) => is === "").map(([, html]) => html);
      });
      assert.deepEqual(nameless, []);
    });

    test("a new cut goes on to the next field by Tab, and stays in its own by an arrow", async () => {
      const before = await driver.whole("text-chunks");
      await driver.tab.focus("#cut-size");
      await driver.tab.eval(() => document.querySelector("#cut-size").select());
      await driver.page.keyboard.type("900");
      await driver.tab.press("Tab");
      await changed(before);
      assert.equal(await focused(), "cut-overlap");
      const after = await driver.whole("text-chunks");
      for (let presses = 0; presses < 5; presses += 1) await driver.tab.press("ArrowUp");
      await driver.tab.until(() => document.querySelector("#cut-overlap").value === "100");
      await changed(after);
      await driver.idle();
      assert.equal(await focused(), "cut-overlap");
      const cut = { size: 900, overlap: 100 };
      const text = await readFile(join(built.site, "sample", "pride-and-prejudice.txt"), "utf8");
      assert.equal(await driver.whole("text-chunks"), built.splitIntoChunks(text, cut).length, "no press was lost");
    });

    test("a cut that is changed while something runs comes behind it", async () => {
      await driver.tab.eval(() => {
        document.querySelector("#run").click();
        const size = document.querySelector("#cut-size");
        size.value = "450";
        size.dispatchEvent(new Event("change", { bubbles: true }));
      });
      await driver.says(/^Run 2 was|^$/u);
      await driver.tab.until((one) => document.querySelector("#text-chunks").value !== one, "");
      const text = await readFile(join(built.site, "sample", "pride-and-prejudice.txt"), "utf8");
      const expected = built.splitIntoChunks(text, { size: 450, overlap: 100 }).length;
      await driver.tab.until((many) => Number(document.querySelector("#text-chunks").value) === many, expected);
      await driver.idle();
    });

    test("files that are chosen leave the focus where it is", async () => {
      await driver.tab.focus("#file");
      await driver.choose(["one.txt", "A text."]);
      // Chips that go take the focus along to the next: only the choice itself is looked at.
      await driver.tab.focus("#file");
      await driver.add(["two.txt", "Another text."]);
      assert.equal(await focused(), "file");
      await driver.tab.focus("#explorer-import");
      const path = join(tmpdir(), `bytestow-${process.pid}.bytestow`);
      await writeFile(path, "nothing of the kind");
      await driver.tab.choose("#explorer-import", [path]);
      await driver.shows("#explorer-alert", "This is not a file of kept vectors.");
      assert.equal(await focused(), "explorer-import");
      await rm(path);
    });

    test("an entry deleted: the focus goes to the field above, not out of the page", async () => {
      const entries = await driver.tab.eval(() => Number(document.querySelector("#explorer-entries").value));
      await driver.tab.focus("#explorer-delete");
      await driver.tab.press("Enter");
      await driver.shows("#explorer-delete", "Press again");
      await driver.tab.press("Enter");
      await driver.tab.until((many) => Number(document.querySelector("#explorer-entries").value) < many, entries);
      await driver.tab.until(() => !document.querySelector("#explorer-chosen").checkVisibility());
      assert.equal(await focused(), "explorer-prefix");
    });

    test("no console error, no policy violation, no request elsewhere", () => {
      assert.deepEqual(driver.complaints, []);
    });

    function changed(before) {
      return driver.tab.until((many) => Number(document.querySelector("#text-chunks").value) !== many, before);
    }
  });
}
