/** A browser that is killed in the midst of a call keeps the batches that were saved before: none of them is asked again. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newProfile, openKillable } from "../support/chromium.mjs";
import { bundle, page, serveFiles } from "../support/site.mjs";

const [BATCHES, SIZE] = [12, 10];
/** The last batch that is answered before the browser is killed; the model is asked for the next one, and hangs. */
const ROUNDS = [1, 4, 9];

describe("the embeddings cache in a browser that is killed", { timeout: 900_000 }, () => {
  let server;
  before(async () => {
    const probe = await bundle("embeddings_killed_probe.mjs", import.meta.url);
    server = await serveFiles({ "/": page("/probe.js"), "/probe.js": probe });
  });
  after(() => server?.close());

  for (const answered of ROUNDS) {
    test(`after ${answered} of ${BATCHES} batches: the others are asked for, and no more`, async () => {
      const profile = await newProfile();
      try {
        const texts = Array.from({ length: BATCHES * SIZE }, (_, at) => `chunk ${at} of a long document`);
        await inBrowser(profile, async (tab) => {
          await tab.evaluate(([all, size, most]) => globalThis.start(all, size, most), [texts, SIZE, answered]);
          // The batch after the last answered one is asked for when that one has been saved.
          await tab.waitForFunction((most) => globalThis.asked().length > most, answered);
          const sizes = await tab.evaluate(() => globalThis.asked().map((batch) => batch.length));
          assert.deepEqual(sizes, new Array(answered + 1).fill(SIZE));
        });
        await inBrowser(profile, async (tab) => {
          const { vectors, asked } = await tab.evaluate((all) => globalThis.again(all), texts);
          assert.deepEqual(asked, texts.slice(answered * SIZE));
          assert.deepEqual(
            vectors,
            texts.map((text, at) => [text.length, at]),
          );
        });
        await inBrowser(profile, async (tab) => {
          const { asked } = await tab.evaluate((all) => globalThis.again(all), texts);
          assert.deepEqual(asked, [], "what was embedded after the kill is there, too");
        });
      } finally {
        await profile.remove();
      }
    });
  }

  /** Works in a page of a browser that is killed then. */
  async function inBrowser(profile, work) {
    const browser = await openKillable(profile);
    try {
      const tab = await browser.context.newPage();
      await tab.goto(server.url);
      await tab.waitForFunction("globalThis.ready");
      await work(tab);
    } finally {
      await browser.kill();
    }
  }
});
