/** The demo page with a remote tier that is there, but answers 503, and then answers again. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { buildPage, Driver } from "./driver.mjs";
import { startRemote } from "./remote.mjs";
import { moved, watchMoves } from "./watch.mjs";

const DOWN = /^It does not answer\. This browser goes on alone/u;

describe("the demo page, with a remote tier that is down", { timeout: 900_000 }, () => {
  let built, remote, server, driver, chunks, vectorBytes;
  let down = false;

  before(async () => {
    built = await buildPage();
    ({ chunks } = built);
    vectorBytes = chunks.length * built.value;
    remote = await startRemote();
    server = await serve(built.site, {
      remote(request, response, path) {
        if (!down) return remote.pass(request, response, path);
        request.resume();
        response.writeHead(503).end();
      },
    });
    driver = new Driver(built, server.url);
    // Browsers show answers that are errors in their console, whatever the page does about them.
    driver.forgiven = (text) => down && /\b503\b/u.test(text);
    await driver.start();
    await driver.tab.prepare(watchMoves);
    await driver.open();
    await driver.runAs(1, { kind: "cold", remote: 0, embedded: chunks.length });
  });

  after(async () => {
    await driver?.remove();
    await server?.close();
    await remote?.close();
    await built?.remove();
  });

  test("the remote tier down: warm from this browser all the same, and it says so", async () => {
    down = true;
    await driver.runAs(2, { kind: "warm (memory)", memory: chunks.length, remote: 0 });
    // The run has not asked it; what it keeps was to be counted.
    await driver.reads("remote-state", DOWN);
    assert.equal(await driver.text("remote-kept"), "–");
    assert.equal(await driver.text("alert"), "", "nothing that the person must do");
  });

  test("down: cold runs work too, and keep their vectors in this browser", async (t) => {
    await driver.clear("clear-browser", "This browser is empty. The next run is cold.");
    await driver.runAs(3, { kind: "cold", remote: 0, embedded: chunks.length });
    await driver.reads("remote-state", DOWN);
    assert.match(await driver.text("status"), /The remote tier is down\.$/u);
    assert.equal(await driver.bytes("remote-written"), 0);
    assert.equal(await driver.whole("browser-kept"), chunks.length);
    assert.equal((await driver.readCache()).bytes, vectorBytes);
    t.diagnostic(`cold, remote down: ${await driver.times(3)}`);
    await driver.shoot("down");
    await driver.reload();
    await driver.runAs(4, { kind: "warm (browser)", browser: chunks.length, remote: 0 });
  });

  test("down: clearing both says that one of them could not be", async () => {
    await driver.click("clear-both");
    assert.match(await driver.trouble(), /status 503.*That was the remote tier/su);
    assert.equal(await driver.text("error-code"), "unavailable");
    assert.equal(await driver.whole("browser-kept"), 0);
    await driver.reload();
    await driver.reads("remote-state", DOWN);
  });

  test("back again: what it kept is read from it", async () => {
    down = false;
    await driver.runAs(5, { kind: "warm (remote)", remote: chunks.length });
    await driver.reads("remote-state", /^Redis over HTTP/u);
    assert.equal(await driver.whole("remote-kept"), chunks.length);
  });

  test("nothing on the page moves while a run reads from the remote tier", async () => {
    for (const width of [1100, 360]) {
      await driver.tab.resize(width, 900);
      await driver.clear("clear-browser", "This browser is empty.");
      await driver.tab.eval(moved);
      const number = width === 1100 ? 6 : 7;
      // Pressed in the page: what follows a person's own press counts for nothing.
      await driver.tab.eval(() => document.querySelector("#run").click());
      await driver.runAs(number, { kind: "warm (remote)", remote: chunks.length, click: false });
      assert.deepEqual(await driver.tab.eval(moved), [], `${width} px wide`);
    }
    const [needed, given] = await driver.tab.eval(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(needed <= given, `${needed} px of content in ${given} px`);
  });

  test("no console error but the browser's own about 503, no policy violation, no request elsewhere", () => {
    assert.deepEqual(driver.complaints, []);
  });
});
