/** What the tiers keep, counted while other tabs change it: one count after the other, and the last one is shown. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";
import { startRemote } from "./remote.mjs";

/** How long the remote tier takes for a request, in ms: longer than the page gathers changes. */
const LATENCY = 300;
/** How often and how long another tab tells of changes. */
const EVERY_MS = 50;
const TIMES = 80;
/** How long it takes where the page must not wait for it: less than that it gives up. */
const SLOW = 4_000;

for (const { name } of BROWSERS) {
  describe(`counts of the page, in ${name}`, { timeout: 900_000 }, () => {
    let built, remote, server, driver;
    const passing = { now: 0, most: 0, all: 0 };

    before(async () => {
      built = await buildPage();
      remote = await startRemote();
      server = await serve(built.site, {
        remote(request, response, path) {
          passing.now += 1;
          passing.all += 1;
          passing.most = Math.max(passing.most, passing.now);
          response.on("close", () => {
            passing.now -= 1;
          });
          remote.pass(request, response, path);
        },
      });
      driver = new Driver(built, server.url, name);
      await driver.start();
      await driver.open();
      await driver.choose(["own.txt", "A line of a text."]);
      await driver.runAs(1, { kind: "cold", remote: 0, embedded: 1 });
    });

    after(async () => {
      await driver?.remove();
      await server?.close();
      await remote?.close();
      await built?.remove();
    });

    test("while another tab changes much, the remote tier is listed seldom, and never twice at once", async () => {
      remote.set({ latency: LATENCY });
      Object.assign(passing, { most: 0, all: 0 });
      const told = { every: EVERY_MS, times: TIMES };
      await driver.tab.eval(async ({ every, times }) => {
        // As the page's own tabs do.
        const channel = new BroadcastChannel("bytestow-page");
        for (let time = 0; time < times; time += 1) {
          channel.postMessage("kept");
          await new Promise((resolve) => setTimeout(resolve, every));
        }
        channel.close();
      }, told);
      assert.equal(passing.most, 1, "requests at once");
      const while_ = EVERY_MS * TIMES;
      assert.ok(passing.all > 0 && passing.all * LATENCY < while_ / 2, `${passing.all} requests in ${while_} ms`);
    });

    test("what was changed last is what is shown", async () => {
      await driver.onAnother(undefined, async () => {
        await driver.ready();
        await driver.choose(["other.txt", "A line of another text."]);
        await driver.runAs(1, { kind: "cold", remote: 0, embedded: 1 });
      });
      await driver.reads("browser-kept", /^2$/u);
      await driver.reads("remote-kept", /^2$/u);
      remote.set({ latency: 0 });
    });

    test("what another tab changes here is shown while the remote tier is still being counted", async () => {
      remote.set({ latency: SLOW });
      await driver.onAnother(undefined, async () => {
        await driver.says(/“Pride and Prejudice” is split/u);
        await driver.free();
        await driver.click("clear-browser");
        await driver.says(/^This browser is empty\./u);
      });
      await driver.reads("browser-kept", /^0$/u);
      const going = await driver.tab.eval(() => document.querySelector("#remote-kept").getAttribute("aria-busy"));
      assert.equal(going, "true", "it is still asked");
      remote.set({ latency: 0 });
      await driver.idle();
      assert.equal(await driver.whole("remote-kept"), 2);
    });

    test("no console error, no policy violation, no request elsewhere", () => {
      assert.deepEqual(driver.complaints, []);
    });
  });
}
