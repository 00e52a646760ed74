/** Pages with the package in Chromium, on a profile that persists, for the suites about IndexedDB. */

import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import { newProfile, openProfile } from "./chromium.mjs";
import { bundle, page, serveFiles } from "./site.mjs";

/**
 * Registers the hooks of a suite; `told` is given what there is before each test: `server`, `files`, `profile`, `context`
 * and `name`, the name of the test's database. A suite that puts another browser in the context's place says so by
 * `replaced`.
 */
export function pages(told, replaced = () => undefined) {
  let server, files, profile, opened;
  const current = () => replaced() ?? opened;
  let count = 0;
  /** What pages complained of that no test expected. */
  const complaints = [];

  before(async () => {
    const probe = await bundle("../browser/probe.mjs", import.meta.url);
    files = {
      "/": page("/probe.js"),
      "/probe.js": probe,
      "/sandbox": `<!doctype html><iframe sandbox="allow-scripts" src="/"></iframe>`,
      "/worker.js": {
        type: "text/javascript",
        body: `${probe.body}
          addEventListener("message", async ({ data: [id, name, key, value] }) => {
            const store = new bytestow.IndexedDBByteStore({ name });
            if (value) await store.mset([[key, value]]);
            postMessage([id, (await store.mget([key]))[0]]);
          });`,
      },
    };
    server = await serveFiles(files);
    profile = await newProfile();
    opened = await openProfile(profile);
  });

  after(async () => {
    await current()?.close();
    await server?.close();
    await profile?.remove();
    assert.deepEqual(complaints, []);
  });

  beforeEach(() => {
    told({ server, files, profile, context: current(), name: `test ${count++}` });
  });

  /** A new tab. */
  async function tab(where = current()) {
    const opened = await where.newPage();
    opened.on("pageerror", (error) => complaints.push(`${error}`));
    opened.on("console", (message) => {
      if (message.type() === "error" && !/favicon/u.test(message.location().url)) complaints.push(message.text());
    });
    await opened.goto(server.url);
    await opened.waitForFunction("globalThis.ready");
    return opened;
  }

  /** Runs `work` in a tab of its own, which it closes. */
  async function inTab(work, argument) {
    const opened = await tab();
    try {
      return await opened.evaluate(work, argument);
    } finally {
      await opened.close();
    }
  }

  return { tab, inTab, complaints };
}
