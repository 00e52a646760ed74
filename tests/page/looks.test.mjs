/**
 * How the page looks and behaves for those who look closer: what a first visit loads, axe in light and dark, on a desk and
 * on a phone, at 200 %, without a shift while a run goes on. Screenshots are left where BYTESTOW_SHOTS says.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { buildPage, Driver } from "./driver.mjs";
import { startRemote } from "./remote.mjs";

/** What a first visit may cost over the wire, headers included, the sample text aside. */
const FIRST_LOAD = 200_000;
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

describe("the page, looked at closely", { timeout: 180_000 }, () => {
  let built, remote, server, driver, chunks;

  before(async () => {
    built = await buildPage({ compressed: true });
    ({ chunks } = built);
    remote = await startRemote();
    server = await serve(built.site, { remote: remote.pass });
    driver = new Driver(built, server.url);
    await driver.start();
    await driver.tab.prepare(watchShifts);
  });

  after(async () => {
    await driver?.remove();
    await server?.close();
    await remote?.close();
    await built?.remove();
  });

  test("a first visit loads at most 200 kB, the sample text aside", async (t) => {
    const devtools = await driver.context.newCDPSession(driver.page);
    await devtools.send("Network.enable");
    const names = new Map();
    const loaded = new Map();
    devtools.on("Network.requestWillBeSent", ({ requestId, request }) => names.set(requestId, request.url));
    devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      const path = names.get(requestId)?.replace(server.url, "");
      loaded.set(path, (loaded.get(path) ?? 0) + encodedDataLength);
    });
    await driver.open();
    const first = [...loaded];
    assert.ok(loaded.get("bytestow.wasm") > 100_000 && loaded.get("") > 1_000, "what counts is counted");
    assert.ok(loaded.get("sample/pride-and-prejudice.txt") > 100_000);
    const sum = (entries) =>
      entries.reduce((bytes, [path, size]) => (/^sample\//u.test(path) ? bytes : bytes + size), 0);
    for (const [path, size] of first) t.diagnostic(`${String(size).padStart(7)} ${path || "index.html"}`);
    t.diagnostic(`${sum(first)} bytes in all, the sample text aside`);
    await driver.reads("offline", /^Works offline now\.$/u);
    const kept = await driver.tab.eval(async () => {
      const [name] = (await caches.keys()).filter((each) => each.startsWith("bytestow-page-"));
      return (await (await caches.open(name)).keys()).map(({ url }) => url);
    });
    t.diagnostic(`then, when idle, ${kept.length} files are kept for offline`);
    assert.ok(sum(first) <= FIRST_LOAD, `${sum(first)} bytes`);
    const unasked = first.filter(([path]) => /^(?:search|explorer|run|others|transformers)|onnx|probe/u.test(path));
    assert.deepEqual(unasked, [], "what nobody asked for yet");
    await devtools.detach();
  });

  test("nothing moves by itself, nor while a run goes on", async () => {
    assert.deepEqual(await shifts(), [], "while it was opened");
    let number = 0;
    for (const width of [1100, 700, 360]) {
      await driver.tab.resize(width, 900);
      await driver.clear("clear-both", "Both tiers are empty.");
      await shifts();
      number += 1;
      await driver.runAs(number, { kind: "cold", remote: 0, embedded: chunks.length });
      assert.deepEqual(await shifts(), [], `a cold run, ${width} px wide`);
      number += 1;
      await driver.runAs(number, { kind: "warm (memory)", memory: chunks.length, remote: 0 });
      assert.deepEqual(await shifts(), [], `a warm run, ${width} px wide`);
    }
    await driver.tab.resize(1100, 900);
  });

  test("a reload shows the page where it was left, and nothing moves by itself either", async () => {
    await driver.tab.eval(() => document.querySelector("#results").scrollIntoView());
    const place = await driver.tab.eval(() => scrollY);
    assert.ok(place > 900, `${place} px`);
    await driver.reload();
    assert.equal(await driver.tab.eval(() => scrollY), place);
    assert.ok(await driver.isVisible("summary"));
    assert.deepEqual(await shifts(), []);
  });

  test("axe finds nothing in either scheme, on a desk or a phone, with everything open", async () => {
    await driver.click("choose-endpoint");
    await driver.tab.eval(() => {
      for (const details of document.querySelectorAll("details")) details.open = true;
    });
    await driver.tab.press("End");
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [1100, 360]) {
        await driver.page.emulateMedia({ colorScheme });
        await driver.tab.resize(width, 800);
        assert.deepEqual(await violations(), [], `${colorScheme}, ${width} px`);
      }
    }
    await driver.shoot("open");
    await driver.tab.resize(1100, 900);
    await driver.click("choose-hashing");
  });

  test("axe finds nothing where something has failed, either", async () => {
    await driver.add(["picture.png", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex")]);
    assert.match(await driver.trouble(), /is not a text file/u);
    for (const colorScheme of ["light", "dark"]) {
      await driver.page.emulateMedia({ colorScheme });
      assert.deepEqual(await violations(), [], colorScheme);
    }
    await driver.page.emulateMedia({ colorScheme: "light" });
    await driver.shoot("failed");
  });

  test("nothing is cut off at 360 px, nor at 200 % zoom", async () => {
    // Zoomed to 200 %, a window of 1280 px is 640 px of CSS wide, with twice the pixels.
    for (const width of [360, 640]) {
      await driver.tab.resize(width, 740);
      const [needed, given] = await driver.tab.eval(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(needed <= given, `${needed} px of content in ${given} px`);
    }
    await driver.tab.resize(1100, 900);
  });

  test("every control is reached by the keyboard in the order of the page, and named", async () => {
    await driver.open();
    const reached = [];
    for (let presses = 0; presses < 60; presses += 1) {
      await driver.tab.press("Tab");
      const id = await driver.tab.eval(() => document.activeElement?.id ?? "");
      if (id === "run") break;
      reached.push(id);
    }
    const expected = ["file", "sample", "cut-size", "cut-overlap"];
    assert.deepEqual(
      reached.filter((id) => expected.includes(id)),
      expected,
    );
    const rest = [];
    for (const id of ["pause", "cancel", "clear-browser", "clear-both"]) {
      await driver.tab.press("Tab");
      rest.push([await driver.tab.eval(() => document.activeElement?.id), id]);
    }
    assert.ok(
      rest.every(([is, wanted]) => is === wanted),
      JSON.stringify(rest),
    );
  });

  test("with reduced motion, nothing moves on the page at all", async () => {
    await driver.page.emulateMedia({ reducedMotion: "reduce" });
    const moving = await driver.tab.eval(
      () =>
        [...document.querySelectorAll("*")].filter((element) => {
          const { transitionDuration, animationName } = getComputedStyle(element);
          return transitionDuration.split(", ").some((time) => time !== "0s") || animationName !== "none";
        }).length,
    );
    assert.equal(moving, 0);
    await driver.page.emulateMedia({ reducedMotion: "no-preference" });
  });

  test("no console error, no policy violation, no request elsewhere", () => {
    assert.deepEqual(driver.complaints, []);
  });

  function shifts() {
    return driver.tab.eval(() => globalThis.shifts.splice(0));
  }

  /** What axe finds, by the driver's way into the page: its policy lets no other script in. */
  async function violations() {
    await driver.page.evaluate(await readFile(AXE, "utf8"));
    const found = await driver.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
  }
});

/** In the page, before its scripts: notes what moves without being asked to. */
function watchShifts() {
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      if (hadRecentInput) continue;
      globalThis.shifts.push([value, ...sources.map(({ node }) => node?.id || node?.className || node?.nodeName)]);
    }
  }).observe({ type: "layout-shift", buffered: true });
}
