/** Tabs in a browser that has little room for them, until it is given more. */

import { newProfile } from "../support/chromium.mjs";
import { open } from "./browsers.mjs";

/** Firefox grants a site a fifth of what it has for all. */
const SHARE = 5;

const LIMITED = {
  /** By DevTools, before anything is stored: Chromium looks anew only when what it last saw is used up. */
  async Chromium(profile, url, bytes) {
    const browser = await open("Chromium", profile, url);
    const tab = await browser.tab();
    const devtools = await browser.opened.newCDPSession(tab);
    const { origin } = new URL(url);
    await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: bytes });
    const lift = async () => {
      await devtools.send("Storage.overrideQuotaForOrigin", { origin });
      return tab;
    };
    return { tab, lift, close: () => browser.close() };
  },
  /** By a preference, which is read at the start. */
  async Firefox(profile, url, bytes) {
    const start = (limit) =>
      open("Firefox", profile, url, { "dom.quotaManager.temporaryStorage.fixedLimit": (limit * SHARE) / 1_024 });
    let browser = await start(bytes);
    const lift = async () => {
      await browser.close();
      browser = await start(bytes * 20);
      return browser.tab();
    };
    return { tab: await browser.tab(), lift, close: () => browser.close() };
  },
};

/** Does `work` in a tab of a new `browser` whose site may store `bytes`; `lift` gives a tab that may store more. */
export async function withQuota(browser, url, bytes, work) {
  const profile = await newProfile();
  try {
    const limited = await LIMITED[browser](profile, url, bytes);
    try {
      await work(limited.tab, limited.lift);
    } finally {
      await limited.close();
    }
  } finally {
    await profile.remove();
  }
}
