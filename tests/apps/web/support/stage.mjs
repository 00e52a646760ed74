/** What each suite of apps has: both browsers, opened once, and a workshop for apps. */

import { after, before } from "node:test";
import { workshop } from "./app.mjs";
import { openBrowser } from "./browsers.mjs";

/** Registers the hooks; `chromium`, `firefox` and `apps` are there when the tests run. */
export function stage() {
  const there = {};
  const parts = {
    apps: workshop,
    chromium: () => openBrowser("chromium"),
    firefox: () => openBrowser("firefox"),
  };

  before(async () => {
    const put = async ([name, make]) => {
      there[name] = await make();
    };
    // All of them settle, so that whatever did open is closed.
    const ends = await Promise.allSettled(Object.entries(parts).map(put));
    const failed = ends.find(({ status }) => status === "rejected");
    if (failed) throw failed.reason;
  });

  after(async () => {
    await Promise.all([there.chromium?.close(), there.firefox?.close(), there.apps?.remove()]);
  });

  return there;
}
