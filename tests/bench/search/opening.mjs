/**
 * 100,000 vectors in IndexedDB, opened by new processes of the browser's, in turn: ours, and one record a vector.
 *
 * @import { Browser } from "../browser/tabs.mjs"
 * @import { Opened } from "./page/opening.mjs"
 *
 * @typedef {object} Opening
 * @property {Opened[]} ours
 * @property {Opened[]} plain
 */

import { withProfile } from "../browser/tabs.mjs";

/**
 * @param {(profile: string) => Promise<Browser>} open
 * @param {{ kind: string, rounds: number, progress: (line: string) => void }} options
 * @returns {Promise<Opening>}
 */
export function opening(open, { kind, rounds, progress }) {
  return withProfile(async (profile) => {
    const inTab = async (name) => {
      const browser = await open(profile);
      try {
        return await (await browser.tab()).run(name, { kind }, progress);
      } finally {
        await browser.close();
      }
    };
    await inTab("fillOurs");
    await inTab("fillPlain");
    const found = { ours: [], plain: [] };
    for (let round = 0; round < rounds; round++) {
      progress(`opening: process ${round + 1} of ${rounds}, of either`);
      const turn = [
        ["ours", "openOurs"],
        ["plain", "openPlain"],
      ];
      for (const [side, name] of round % 2 === 0 ? turn : turn.reverse()) found[side].push(await inTab(name));
      const [ours, plain] = [found.ours.at(-1), found.plain.at(-1)];
      if (ours.ids !== plain.ids) throw new Error(`opening: ours found ${ours.ids}, the records have ${plain.ids}`);
    }
    return found;
  });
}
