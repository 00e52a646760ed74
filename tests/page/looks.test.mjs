/**
 * How the page looks and behaves for those who look closer, in each browser: axe in light and dark, on a desk and on a phone,
 * at 200 %, without a shift while a run goes on. Screenshots are left where BYTESTOW_SHOTS says.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";
import { startRemote } from "./remote.mjs";
import { cutOff, moved, movingParts, watchMoves } from "./watch.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

for (const { name } of BROWSERS) {
  describe(`the page, looked at closely, in ${name}`, { timeout: 900_000 }, () => {
    let built, remote, server, driver, chunks;

    before(async () => {
      built = await buildPage();
      ({ chunks } = built);
      remote = await startRemote();
      server = await serve(built.site, { remote: remote.pass });
      driver = new Driver(built, server.url, name);
      await driver.start();
      await driver.tab.prepare(watchMoves);
    });

    after(async () => {
      await driver?.remove();
      await server?.close();
      await remote?.close();
      await built?.remove();
    });

    const moves = () => driver.tab.eval(moved);

    test("just opened: nothing moves by itself, and axe finds nothing", async () => {
      await driver.open();
      assert.deepEqual(await moves(), []);
      await sound([1100]);
      await driver.shoot(`opened-${name}`);
    });

    test("nothing moves while a run goes on", async () => {
      let number = 0;
      for (const width of [1100, 700, 360]) {
        await driver.tab.resize(width, 900);
        await driver.clear("clear-both", "Both tiers are empty.");
        number += 1;
        await watched(number, { kind: "cold", remote: 0, embedded: chunks.length }, width);
        number += 1;
        await watched(number, { kind: "warm (memory)", memory: chunks.length, remote: 0 }, width);
      }
      await driver.tab.resize(1100, 900);
    });

    test("a reload shows the page where it was left, and nothing moves by itself either", async () => {
      await driver.tab.eval(() => document.querySelector("#results").scrollIntoView());
      const place = await driver.tab.eval(() => scrollY);
      assert.ok(place > 900, `${place} px`);
      await driver.reload();
      const now = await driver.tab.eval(() => scrollY);
      assert.ok(Math.abs(now - place) < 1, `${now} px, not ${place}`);
      assert.ok(await driver.isVisible("summary"));
      assert.deepEqual(await moves(), []);
    });

    test("so it does in the search and in the explorer, which are not there before they are wanted", async () => {
      await driver.panels();
      await driver.tab.focus("#search-query");
      await driver.page.keyboard.type("a proposal of marriage");
      await driver.tab.press("Enter");
      await driver.shows("#search-found", "a proposal of marriage");
      const top = (where) => document.querySelector(where)?.getBoundingClientRect().top;
      for (const target of ["#search-form", ".explorer-table", ".explorer-value"]) {
        await driver.tab.eval((where) => document.querySelector(where).scrollIntoView(), target);
        const before = await driver.tab.eval(top, target);
        await driver.reload();
        const now = await driver.tab.eval(top, target);
        assert.ok(Math.abs(now - before) < 8, `${target} stood ${before} px below the top, and stands ${now}`);
      }
      await driver.tab.eval(() => scrollTo(0, 0));
    });

    test("axe finds nothing in either scheme, on a desk or a phone, with everything open", async () => {
      await driver.panels();
      await driver.click("choose-endpoint");
      await driver.tab.eval(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      await sound([1100, 360]);
      await driver.shoot(`open-${name}`);
      await driver.click("choose-hashing");
    });

    test("nothing is cut off on a phone, nor at 200 %", async () => {
      for (const resize of [() => driver.tab.resize(360, 740), () => driver.tab.zoom(1280)]) {
        await resize();
        const [needed, given] = await driver.tab.eval(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(needed <= given, `${needed} px of content in ${given} px`);
        assert.deepEqual(await driver.tab.eval(cutOff), [], `${given} px`);
      }
      await driver.tab.resize(1100, 900);
    });

    test("axe finds nothing where something has failed, either", async () => {
      await driver.add(["picture.png", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex")]);
      assert.match(await driver.trouble(), /is not a text file/u);
      await sound([1100, 360]);
      await driver.shoot(`failed-${name}`);
    });

    test("there is no motion that a person could want less of", async () => {
      for (const isCalm of [false, true]) {
        await driver.tab.calm(isCalm);
        assert.deepEqual(await driver.tab.eval(movingParts), [], isCalm ? "with reduced motion" : "without");
      }
      await driver.tab.calm(false);
    });

    test("no console error, no policy violation, no request elsewhere", () => {
      assert.deepEqual(driver.complaints, []);
    });

    /** A run of which nothing may move; pressed in the page, since what follows a person's own press counts for nothing. */
    async function watched(number, expected, width) {
      await driver.tab.eval(() => document.querySelector("#run").scrollIntoView({ block: "center" }));
      await moves();
      await driver.tab.eval(() => document.querySelector("#run").click());
      await driver.runAs(number, { ...expected, click: false });
      assert.deepEqual(await moves(), [], `a ${expected.kind} run, ${width} px wide`);
    }

    /** Axe finds nothing, by the driver's way into the page: its policy lets no other script in. */
    async function sound(widths) {
      await driver.page.evaluate(await readFile(AXE, "utf8"));
      for (const scheme of ["light", "dark"]) {
        for (const width of widths) {
          await driver.tab.colours(scheme);
          await driver.tab.resize(width, 800);
          const found = await driver.page.evaluate(async () => {
            const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
            return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
          });
          assert.deepEqual(found, [], `${scheme}, ${width} px`);
        }
      }
      await driver.tab.colours("light");
      await driver.tab.resize(1100, 900);
    }
  });
}
