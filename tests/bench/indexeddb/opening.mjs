/**
 * A store of many keys, opened by a new process of the browser's.
 *
 * @import { Browser } from "../browser/tabs.mjs"
 * @import { Opened } from "./page/opening.mjs"
 */

import { withProfile } from "../browser/tabs.mjs";

/**
 * @typedef {object} Openings
 * @property {number} keys
 * @property {number} fill How long it took to fill the store, in ms.
 * @property {(Opened & { plain: number })[]} opened Of each pair of processes; in the second the browser opened the
 *   database and read a record, without us, in so many ms.
 *
 * @param {(profile: string) => Promise<Browser>} open
 * @param {{ keys: number, times: number, progress: (line: string) => void }} options
 * @returns {Promise<Openings>}
 */
export function opening(open, { keys, times, progress }) {
  return withProfile(async (profile) => {
    const inTab = async (use) => {
      const browser = await open(profile);
      try {
        return await use(await browser.tab());
      } finally {
        await browser.close();
      }
    };
    const start = performance.now();
    await inTab((tab) => tab.run("fillToOpen", { keys }, progress));
    const fill = performance.now() - start;
    const opened = [];
    for (let i = 0; i < times; i++) {
      progress(`opening: ${keys} keys, process ${i + 1} of ${times}`);
      const once = await inTab((tab) => tab.run("openOnce"));
      opened.push({ ...once, plain: await inTab((tab) => tab.run("openPlain")) });
    }
    return { keys, fill, opened };
  });
}
