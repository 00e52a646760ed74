/**
 * Pages built from the tarball by the tools that people use, as these come, and pages without any: each stores, reads, and
 * reads again after a reload. With `bytestow/slim` the wasm is a file of the app's own, by the idiom of the tool. Some also
 * bundle `@langchain/core`, and embed by the cache.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { embeddingTrip, findingTrip, roundTrip } from "../support/round_trip.mjs";
import { serving } from "../support/serve.mjs";
import { esbuild, rollup, rollupAndCopy, servingByVite, vite, webpack } from "../support/tools.mjs";

const INLINED = { wasm: 0 };
const FILE = { wasm: 1 };
const FILES = { wasm: 2 };
const BOTH = ["chromium", "firefox"];

/** Registers the suite; `there` is what the stage has. */
export function bundlers(there) {
  describe("bundlers", () => {
    /** The page with the sources of `fixtures`, built by `build`, in each of the browsers. */
    async function runs(build, fixtures, expected, browsers = ["chromium"]) {
      await serving(await build(await there.apps.app("page", ...fixtures)), async (url) => {
        for (const name of browsers) await roundTrip(there[name], url, expected);
      });
    }

    /** The page with the sources of `fixture`, which makes `trip` by LangChain's classes, likewise. */
    async function travels(trip, build, fixture, expected, browsers = ["chromium"]) {
      await serving(await build(await there.apps.appWithPeer("page", fixture)), async (url) => {
        for (const name of browsers) await trip(there[name], url, expected);
      });
    }

    for (const [entry, fixtures, expected] of [
      ["bytestow", [], INLINED],
      ["bytestow/slim", ["slim"], FILE],
    ]) {
      test(`Vite, server for development: ${entry}`, async () => {
        const app = await there.apps.app("page", ...fixtures);
        await servingByVite(app, (url) => roundTrip(there.chromium, url, expected));
      });
      test(`Vite, build: ${entry}`, () => runs(vite, fixtures, expected));
      test(`webpack: ${entry}`, () => runs(webpack, fixtures, expected));
    }

    test("Rollup: bytestow", () => runs(rollup, [], INLINED));
    test("Rollup: bytestow/slim, the wasm copied", () => runs(rollupAndCopy, ["slim"], FILE));

    test("esbuild: bytestow", () => runs(esbuild, [], INLINED, BOTH));
    test("esbuild: bytestow/slim by --loader:.wasm=file", () =>
      runs((folder) => esbuild(folder, "--loader:.wasm=file"), ["slim-esbuild"], FILE, BOTH));

    for (const [title, path, expected] of [
      ["an import map: bytestow", "import-map.html", INLINED],
      ["an import map: bytestow/slim", "import-map-slim.html", FILE],
      ["a path into node_modules: bytestow", "path.html", INLINED],
      ["a path into node_modules: bytestow/slim", "path-slim.html", FILE],
    ]) {
      test(`no bundler, ${title}`, async () => {
        await serving(await there.apps.app("page", "plain"), async (url) => {
          for (const name of BOTH) await roundTrip(there[name], url + path, expected);
        });
      });
    }

    for (const [entry, trip, fixture, expected] of [
      ["bytestow/embeddings", embeddingTrip, "cached", INLINED],
      ["bytestow/slim/embeddings", embeddingTrip, "cached-slim", FILE],
      ["bytestow/vectorstores and bytestow/memory", findingTrip, "vectors", INLINED],
      ["bytestow/slim/vectorstores and bytestow/memory", findingTrip, "vectors-slim", FILES],
    ]) {
      test(`Vite, server for development: ${entry}`, async () => {
        const app = await there.apps.appWithPeer("page", fixture);
        await servingByVite(app, (url) => trip(there.chromium, url, expected));
      });
      test(`Vite, build: ${entry}`, () => travels(trip, vite, fixture, expected));
      test(`webpack: ${entry}`, () => travels(trip, webpack, fixture, expected));
    }
    test("esbuild: bytestow/embeddings", () => travels(embeddingTrip, esbuild, "cached", INLINED, BOTH));
    test("esbuild: bytestow/vectorstores", () => travels(findingTrip, esbuild, "vectors", INLINED, BOTH));

    test("what goes wrong on a page is seen", async () => {
      await serving(await there.apps.app("page", "trouble"), async (url) => {
        for (const name of BOTH) {
          const tab = await there[name].tab(`${url}trouble.html`);
          await tab.run(() => new Promise((resolve) => setTimeout(resolve, 100)));
          const troubles = (await tab.run(() => app.troubles())).sort().join();
          await tab.close();
          assert.match(troubles, /^uncaught: .*thrown,unhandled: Error: rejected$/u, name);
          for (const what of [/said/u, /warned/u, /thrown/u]) {
            assert.ok(
              tab.complaints.some((each) => what.test(each)),
              `${name}: ${what}`,
            );
          }
        }
      });
    });
  });
}
