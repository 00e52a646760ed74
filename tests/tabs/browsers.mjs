/** Both browsers, driven alike. */

import { readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { launch } from "puppeteer-core";
import { executable, openKillable, openProfile } from "../support/chromium.mjs";
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
  // Playwright keeps all tabs visible, and what is visible cannot be frozen; Puppeteer lets them be hidden.
  "Chromium with hidden tabs": (profile) =>
    launch({ executablePath: executable(), headless: true, userDataDir: profile.path, args: ["--no-sandbox"] }),
  Firefox: (profile, preferences) => openFirefox(profile, { ...UNTHROTTLED, ...preferences }),
};

export const browsers = ["Chromium", "Firefox"];

/** Browsers that can be killed, with all of their processes and nothing said before. */
const KILLABLE = {
  async Chromium(profile) {
    const { context, kill } = await openKillable(profile);
    return { opened: context, kill };
  },
  async Firefox(profile) {
    const opened = await OPENS.Firefox(profile);
    const ended = new Promise((resolve) => opened.process().once("exit", resolve));
    const kill = async () => {
      process.kill(-opened.process().pid, "SIGKILL");
      await ended;
      // Puppeteer then puts the profile's own preferences back.
      while ((await readdir(profile.path)).some((file) => file.endsWith(".puppeteer"))) await sleep(20);
    };
    return { opened, kill };
  },
};

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
  const tab = () => newTab(opened, url, complaints);
  return { opened, complaints, tab, close: () => opened.close() };
}

/** Opens a tab of `browser` on `profile` at `url`, and kills the browser when `work` on it has come to its end. */
export async function killed(browser, profile, url, work) {
  const { opened, kill } = await KILLABLE[browser](profile);
  try {
    await work(await newTab(opened, url, []));
  } finally {
    await kill();
  }
}

async function newTab(opened, url, complaints) {
  const tab = await opened.newPage();
  tab.on("pageerror", (error) => complaints.push(`${error}`));
  await tab.goto(url);
  await tab.waitForFunction("globalThis.ready");
  return tab;
}

/** Does `call` of the probe in `tab`. */
export function run(tab, call, argument) {
  return tab.evaluate(([call, argument]) => globalThis.run(call, argument), [call, argument]);
}
