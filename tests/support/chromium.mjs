/**
 * Chromium on profiles that persist, as a person's does: data survives pages, and the browser's process too.
 *
 *   CHROMIUM=/path/to/chromium   another browser
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { PATIENCE } from "./patience.mjs";

const FLAGS = ["--no-sandbox", "--no-first-run", "--disable-dev-shm-usage"];

/** The browser's path. */
export function executable() {
  const path = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(path)) throw new Error(`no browser at ${path}: apt-get install -y chromium (or set CHROMIUM)`);
  return path;
}

/** An empty profile. */
export async function newProfile() {
  const path = await mkdtemp(join(tmpdir(), "bytestow-profile-"));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }) };
}

/** Opens a browser on `profile`; closing the context ends it. `options` are Playwright's. */
export async function openProfile(profile, options = {}) {
  const given = { executablePath: executable(), headless: true, args: FLAGS, timeout: PATIENCE, ...options };
  const context = await chromium.launchPersistentContext(profile.path, given);
  context.setDefaultTimeout(PATIENCE);
  return context;
}

/** Opens a browser whose pages are in private windows: nothing outlives it. */
export function launchPrivate() {
  return chromium.launch({ executablePath: executable(), headless: true, args: FLAGS, timeout: PATIENCE });
}

/** Opens a browser on `profile` that can be killed, as by a crash of the machine's. */
export async function openKillable(profile) {
  const child = spawn(
    executable(),
    ["--headless=new", "--remote-debugging-port=0", `--user-data-dir=${profile.path}`, ...FLAGS, "about:blank"],
    { stdio: ["ignore", "ignore", "pipe"], detached: true },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const endpoint = await new Promise((resolve, reject) => {
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      said += text;
      const found = /DevTools listening on (ws:\S+)/u.exec(said);
      if (found) resolve(found[1]);
    });
    child.once("exit", () => reject(new Error(`${executable()} ended: ${said}`)));
  });
  const browser = await chromium.connectOverCDP(endpoint, { timeout: PATIENCE });
  const context = browser.contexts()[0];
  context.setDefaultTimeout(PATIENCE);
  return {
    context,
    async kill() {
      process.kill(-child.pid, "SIGKILL");
      await ended;
      await browser.close().catch(() => {});
    },
  };
}
