/**
 * What the same values take on the disk, in each contender's store.
 *
 * @import { Browser } from "../browser/tabs.mjs"
 */

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { withProfile } from "../browser/tabs.mjs";

/** @returns {Promise<number>} Bytes of the files in `folder`; 0 if there is none. */
async function bytesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * @param {(profile: string) => Promise<Browser>} open
 * @param {string} databases The folder within a profile where they stand.
 * @param {string[]} names
 * @returns {Promise<Record<string, number>>} Bytes, when the browser has ended.
 */
export async function disk(open, databases, names) {
  const bytes = {};
  for (const name of names) {
    bytes[name] = await withProfile(async (profile) => {
      const browser = await open(profile);
      try {
        await (await browser.tab()).run("fillForDisk", { name });
      } finally {
        await browser.close();
      }
      return bytesIn(join(profile, databases));
    });
    if (bytes[name] === 0) throw new Error(`${name}: nothing in ${databases}`);
  }
  return bytes;
}
