/** An app of its own, with the tarball installed by npm as a user would. */

import assert from "node:assert/strict";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../support/child.mjs";
import { tarball } from "../../support/package.mjs";
import { linkPeer } from "../peer.mjs";

/** Makes it, with the optional peer unless told otherwise; gives its folder, and what removes it. */
export async function installedApp({ peer = true } = {}) {
  const app = await realpath(await mkdtemp(join(tmpdir(), "bytestow-types-")));
  const remove = () => rm(app, { recursive: true, force: true });
  try {
    await writeFile(join(app, "package.json"), '{ "name": "app", "private": true, "type": "module" }\n');
    const npm = await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball()], { cwd: app });
    assert.equal(npm.code, 0, npm.stderr);
    if (peer) await linkPeer(app);
  } catch (error) {
    await remove();
    throw error;
  }
  return { app, remove };
}
