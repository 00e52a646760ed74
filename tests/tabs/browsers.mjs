/** Both browsers, driven alike. */

import { openProfile } from "../support/chromium.mjs";
import { openFirefox } from "../support/firefox.mjs";
import { bundle, page, serveFiles } from "../support/site.mjs";

/** Tabs in the background are to work as fast as one in front: these suites want them to meet. */
const UNTHROTTLED = {
  "dom.min_background_timeout_value": 1,
  "dom.min_background_timeout_value_without_budget_throttling": 1,
  "dom.timeout.enable_budget_timer_throttling": false,
};

const OPENS = {
  Chromium: (profile) => openProfile(profile),
  Firefox: (profile, preferences) => openFirefox(profile, { ...UNTHROTTLED, ...preferences }),
};

export const browsers = Object.keys(OPENS);

/** The site of these suites; `below` as for `serveFiles`. */
export async function site(below) {
  const probe = await bundle("probe.mjs", import.meta.url);
  return serveFiles({ "/": page("/probe.js"), "/probe.js": probe }, below);
}

/** Opens `browser` on `profile`; the pages that its `tab` opens are at `url`. */
export async function open(browser, profile, url, preferences) {
  const opened = await OPENS[browser](profile, preferences);
  /** What pages complained of. */
  const complaints = [];
  return {
    opened,
    complaints,
    async tab() {
      const tab = await opened.newPage();
      tab.on("pageerror", (error) => complaints.push(`${error}`));
      await tab.goto(url);
      await tab.waitForFunction("globalThis.ready");
      return tab;
    },
    close: () => opened.close(),
  };
}

/** Does `call` of the probe in `tab`. */
export function run(tab, call, argument) {
  return tab.evaluate(([call, argument]) => globalThis.run(call, argument), [call, argument]);
}
