/**
 * Pages under a strict Content-Security-Policy, from the tarball: with `wasm-unsafe-eval` everything works; where wasm is
 * forbidden, each call is a typed rejection that says what to add, and nobody hears of it but the caller.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { roundTrip } from "../support/round_trip.mjs";
import { serving } from "../support/serve.mjs";
import { esbuild } from "../support/tools.mjs";

const STRICT = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";
const FORBIDDING = "default-src 'none'; script-src 'self'";

/** What is run: how it is built, of which fixtures, and how many files of wasm it fetches. */
const INLINED = { build: esbuild, fixtures: [], wasm: 0 };
const SLIM = { build: (folder) => esbuild(folder, "--loader:.wasm=file"), fixtures: ["slim-esbuild"], wasm: 1 };
const WORKER = { build: async (folder) => folder, fixtures: ["worker", "plain-worker"], wasm: 0 };

/** Registers the suite; `there` is what the stage has. */
export function policy(there) {
  describe("Content-Security-Policy", () => {
    const built = new Map();

    /** Serves an app, built once, under `policy`, and has each browser at it. */
    async function under(policy, app, work) {
      const make = async () => app.build(await there.apps.app("page", ...app.fixtures));
      if (!built.has(app)) built.set(app, make());
      const open = async (url) => {
        for (const name of ["chromium", "firefox"]) await work(there[name], url);
      };
      await serving(await built.get(app), open, { "content-security-policy": policy });
    }

    for (const [title, app, policy] of [
      ["bytestow", INLINED, STRICT],
      ["bytestow, with trusted types", INLINED, `${STRICT}; require-trusted-types-for 'script'`],
      ["bytestow in a worker", WORKER, STRICT],
      ["bytestow/slim, with connect-src", SLIM, `${STRICT}; connect-src 'self'`],
    ]) {
      test(`works: ${title}`, () => under(policy, app, (browser, url) => roundTrip(browser, url, { wasm: app.wasm })));
    }

    /** How writing and reading fail on a page, and what the page complains of meanwhile. */
    async function failures(browser, url) {
      const tab = await browser.tab(url);
      const errors = await tab.run(async () => {
        const end = (promise) =>
          promise.then(
            () => ({}),
            ({ name, code, message, retryable, cause }) => ({ name, code, message, retryable, cause: String(cause) }),
          );
        return [await end(app.write()), await end(app.read())];
      });
      await tab.close();
      return { errors, complaints: tab.complaints };
    }

    for (const [title, app, policy] of [
      ["bytestow", INLINED, "script-src 'self'"],
      ["bytestow, and by default", INLINED, FORBIDDING],
      ["bytestow in a worker", WORKER, FORBIDDING],
      ["bytestow/slim", SLIM, `${FORBIDDING}; connect-src 'self'`],
    ]) {
      test(`refuses, and says what to add: ${title}`, () =>
        under(policy, app, async (browser, url) => {
          const { errors, complaints } = await failures(browser, url);
          const refused = { name: "BytestowError", code: "unavailable", retryable: false };
          for (const { name, code, message, retryable, cause } of errors) {
            assert.deepEqual({ name, code, retryable }, refused, browser.name);
            assert.match(
              message,
              /Content-Security-Policy.*'wasm-unsafe-eval'.*script-src/u,
              `${browser.name}: ${cause}`,
            );
            assert.match(cause, /^CompileError: /u);
          }
          // Firefox itself says on the console what it blocked.
          const own = /blocked WebAssembly \(script-src\)/u;
          assert.deepEqual(
            complaints.filter((what) => !own.test(what)),
            [],
          );
        }));
    }

    test("refuses: bytestow/slim, which may not fetch without connect-src", () =>
      under(STRICT, SLIM, async (browser, url) => {
        const { errors } = await failures(browser, url);
        for (const { name, code, message, retryable, cause } of errors) {
          assert.deepEqual({ name, code, retryable }, { name: "BytestowError", code: "unavailable", retryable: true });
          assert.match(message, /could not be loaded/u);
          assert.match(cause, /^TypeError: /u, "the browser says no more to the page, and more on the console");
        }
      }));
  });
}
