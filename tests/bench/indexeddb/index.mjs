/**
 * Stores over IndexedDB, in Chromium and in Firefox, each on a profile of its own on the disk.
 *
 * @import { Row } from "../measure.mjs"
 * @import { Browser } from "../browser/tabs.mjs"
 * @import { Compacting } from "./compacting.mjs"
 * @import { Openings } from "./opening.mjs"
 * @import { Profiled } from "./profile.mjs"
 * @import { Counts } from "./page/requests.mjs"
 *
 * @typedef {object} Measured In one browser.
 * @property {string} browser
 * @property {string} version
 * @property {Row[]} rows
 * @property {Counts} requests
 * @property {Record<string, number>} disk
 * @property {Compacting} compacting
 * @property {Openings[]} opening
 * @property {Profiled[]} [profiled] Where the browser can do that.
 */

import * as chromium from "../browser/chromium.mjs";
import * as firefox from "../browser/firefox.mjs";
import { serve } from "../browser/site.mjs";
import { withProfile } from "../browser/tabs.mjs";
import { compacting } from "./compacting.mjs";
import { disk } from "./disk.mjs";
import { OURS, RIVALS } from "./names.mjs";
import { opening } from "./opening.mjs";
import { profile } from "./profile.mjs";

/** What opens each, and where a profile keeps databases. */
const BROWSERS = {
  Chromium: { executable: chromium.executable, open: chromium.openChromium, databases: "Default/IndexedDB" },
  Firefox: { executable: firefox.executable, open: firefox.openFirefox, databases: "storage/default" },
};

/** Of what takes seconds a round. */
const FEW = 6;

/** How many processes open a store. */
const PROCESSES = 5;

/**
 * Throws unless the browsers are there.
 *
 * @param {(keyof BROWSERS)[]} browsers
 */
export function ready(browsers) {
  for (const browser of browsers) BROWSERS[browser].executable();
}

/**
 * @param {keyof BROWSERS} browser
 * @param {{ rounds: number, warmUps: number, million: boolean, url: string, progress: (line: string) => void }} options
 * @returns {Promise<Measured>}
 */
async function inBrowser(browser, { rounds, warmUps, million, url, progress }) {
  const { open: start, databases } = BROWSERS[browser];
  const open = (folder) => start(folder, url);
  const few = Math.min(FEW, rounds);
  const rows = [];
  let [version, requests, whileCompacting, profiled] = [];
  await withProfile(async (folder) => {
    const opened = await open(folder);
    try {
      version = opened.version;
      // Each in a page of its own: what one leaves in memory is not to slow the next.
      const part = async (name, rounds) => {
        const tab = await opened.tab();
        const result = await tab.run(name, { browser, rounds, warmUps }, progress);
        await tab.close();
        return result;
      };
      rows.push(...(await part("indexedDbCalls", rounds)));
      rows.push(...(await part("indexedDbReads", rounds)));
      rows.push(...(await part("indexedDbLayout", few)));
      rows.push(...(await part("indexedDbBounds", rounds)));
      rows.push(...(await part("indexedDbTasks", rounds)));
      rows.push(...(await part("indexedDbListing", few)));
      requests = await part("indexedDbRequests");
      whileCompacting = await compacting(opened, progress);
      const tab = await opened.tab();
      if (tab.profiled !== undefined) profiled = await profile(tab, progress);
    } finally {
      await opened.close();
    }
  });
  const used = await disk(open, databases, [OURS, ...RIVALS]);
  const openings = [];
  const times = Math.min(PROCESSES, rounds);
  for (const keys of million ? [100_000, 1_000_000] : [100_000]) {
    openings.push(await opening(open, { keys, times, progress }));
  }
  const others = { requests, disk: used, compacting: whileCompacting, opening: openings, profiled };
  return { browser, version, rows, ...others };
}

/**
 * @param {(keyof BROWSERS)[]} browsers
 * @param {{ rounds: number, warmUps: number, million: boolean, progress: (line: string) => void }} options
 * @returns {Promise<Measured[]>} Of each browser.
 */
export async function indexedDb(browsers, options) {
  const site = await serve();
  try {
    const measured = [];
    for (const browser of browsers) {
      const progress = (line) => options.progress(`${browser}: ${line}`);
      measured.push(await inBrowser(browser, { ...options, url: site.url, progress }));
    }
    return measured;
  } finally {
    site.close();
  }
}
