/** What every app has to do: write, read, and read again after the page was loaded anew. */

import assert from "node:assert/strict";
import { COLD, WARM } from "../../embedded.mjs";
import { FOUND_COLD, FOUND_WARM } from "../../found.mjs";

const ABSENT = "undefined";
const STORED = [Array.from({ length: 256 }, (_, at) => at), ABSENT, []];

/**
 * Opens the app at `url`, has it write and read, reloads it and has it read; nothing may be complained of.
 * @param {{ tab: (url: string) => Promise<any> }} browser
 * @param {string} url
 * @param {{ wasm: number }} expected how many files of wasm the app may have asked for: 0, or 1 with `bytestow/slim`
 * @param {(tab: any) => Promise<void>} [more] what else is done, after the reload
 */
export async function roundTrip(browser, url, { wasm }, more = async () => {}) {
  const tab = await browser.tab(url);
  try {
    await tab.run(forget);
    assert.deepEqual(await read(tab), [ABSENT, ABSENT, ABSENT], "something is stored already");
    await tab.run(() => app.write());
    assert.deepEqual(await read(tab), STORED);
    await asked(tab, wasm);
    await untroubled(tab);
    await tab.reload();
    assert.deepEqual(await read(tab), STORED, "after the reload");
    await asked(tab, wasm);
    await more(tab);
    await untroubled(tab);
  } finally {
    await tab.close();
  }
  assert.deepEqual(tab.complaints, []);
}

/** Opens the app at `url` and has it embed, reloads it and has it embed again; else as {@link roundTrip}. */
export function embeddingTrip(browser, url, { wasm }) {
  return twice(browser, url, wasm, () => app.embed(), [COLD, WARM]);
}

/** Opens the app at `url` and has it add and find, reloads it and has it find again; else as {@link roundTrip}. */
export function findingTrip(browser, url, { wasm }) {
  return twice(browser, url, wasm, () => app.find(), [FOUND_COLD, FOUND_WARM]);
}

async function twice(browser, url, wasm, work, answers) {
  const tab = await browser.tab(url);
  try {
    await tab.run(forget);
    for (const expected of answers) {
      assert.deepEqual(await tab.run(work), expected);
      await asked(tab, wasm);
      await untroubled(tab);
      await tab.reload();
    }
  } finally {
    await tab.close();
  }
  assert.deepEqual(tab.complaints, []);
}

/** Deletes what an earlier app has stored that had the same port, and with it the same origin. */
async function forget() {
  for (const { name } of await indexedDB.databases()) {
    await new Promise((resolve) => {
      indexedDB.deleteDatabase(name).onsuccess = resolve;
    });
  }
}

/** What the app reads. */
export function read(tab) {
  return tab.run(() => app.read());
}

/** Checks that whatever was thrown where the app runs was caught. */
async function untroubled(tab) {
  assert.deepEqual(await tab.run(() => app.troubles()), []);
}

/** Checks that the app has its wasm from where it should: inlined, or as a file, which was there. */
async function asked(tab, count) {
  const files = await tab.run(() => app.wasm());
  assert.deepEqual(
    files.map(({ status }) => status),
    new Array(count).fill(200),
    JSON.stringify(files),
  );
}
