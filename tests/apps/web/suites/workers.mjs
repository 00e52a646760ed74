/**
 * The store inside workers, dedicated ones and service workers, from the tarball: bundled and as modules without a
 * bundler; the page asks, the worker stores and reads, and reads again after a reload.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { read, roundTrip } from "../support/round_trip.mjs";
import { serving } from "../support/serve.mjs";
import { esbuildWorker, servingByVite, vite, webpack } from "../support/tools.mjs";

const INLINED = { wasm: 0 };
const FILE = { wasm: 1 };

/** An app that needs no building. */
const asItIs = async (folder) => folder;
const ENTRIES = [
  ["bytestow", "", INLINED],
  ["bytestow/slim", "-slim", FILE],
];

/** Registers the suite; `there` is what the stage has. */
export function workers(there) {
  describe("workers", () => {
    /** An app of `fixtures`, built by `build`; its page at `path` in each of the browsers. */
    async function runs(build, fixtures, path, expected, browsers = ["chromium"], more = undefined) {
      await serving(await build(await there.apps.app("page", ...fixtures)), async (url) => {
        for (const name of browsers) await roundTrip(there[name], url + path, expected, more);
      });
    }

    for (const [entry, suffix, expected] of ENTRIES) {
      const bundled = suffix === "" ? ["worker"] : ["worker", "worker-slim"];

      test(`dedicated, by Vite's server for development: ${entry}`, async () => {
        const app = await there.apps.app("page", ...bundled);
        await servingByVite(app, (url) => roundTrip(there.chromium, url, expected));
      });

      test(`dedicated, built by Vite: ${entry}`, () => runs(vite, bundled, "", expected));

      test(`dedicated, built by webpack: ${entry}`, () => runs(webpack, bundled, "", expected));

      test(`dedicated, without a bundler: ${entry}`, () =>
        runs(asItIs, ["worker", `plain-worker${suffix}`], "", expected, ["chromium", "firefox"]));
    }

    /** Ends the service worker, as a browser does when it is idle; the next message starts it anew. */
    async function restarts(tab) {
      const before = await tab.run(() => app.born());
      const stored = await read(tab);
      const session = await there.chromium.browser.newCDPSession(tab.page);
      await session.send("ServiceWorker.enable");
      await session.send("ServiceWorker.stopAllWorkers");
      assert.deepEqual(await read(tab), stored, "after the restart");
      assert.notEqual(await tab.run(() => app.born()), before, "it is the same worker still");
      await session.detach();
    }

    for (const [entry, suffix, expected] of ENTRIES) {
      test(`a service worker, as a module, restarted: ${entry}`, () =>
        runs(
          asItIs,
          ["worker", "service-worker", `service-worker${suffix}`],
          "module.html",
          expected,
          ["chromium"],
          restarts,
        ));

      test(`a service worker, a classic script by esbuild, restarted: ${entry}`, () => {
        const build = (folder) => esbuildWorker(folder, ...(suffix === "" ? [] : ["--loader:.wasm=file"]));
        const fixtures = ["worker", "service-worker", `service-worker-classic${suffix}`];
        return runs(build, fixtures, "classic.html", expected, ["chromium"], restarts);
      });

      test(`a service worker in Firefox: ${entry}`, () =>
        runs(asItIs, ["worker", "service-worker", `service-worker${suffix}`], "module.html", expected, ["firefox"]));
    }
  });
}
