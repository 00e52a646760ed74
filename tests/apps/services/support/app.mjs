/** Apps that npm has installed the tarball into, without a network; and the tools that build and run them. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../../support/child.mjs";
import { tarball } from "../../../support/package.mjs";

/** The folder `tests/apps/services`. */
export const root = fileURLToPath(new URL("..", import.meta.url));

const INSTALL = "npm ci --ignore-scripts --prefix tests/apps/services";
const MANIFEST = { name: "app", private: true, version: "1.0.0", type: "module" };

/** A file of a tool that this folder's lockfile installs. */
export function tool(path) {
  const found = join(root, "node_modules", path);
  if (!existsSync(found)) throw new Error(`${path} is not in tests/apps/services/node_modules: ${INSTALL}`);
  return found;
}

/**
 * An app of the files in `fixtures/<name>`, `fixtures/steps.mjs`, `embed.mjs` and `find.mjs`, with the tarball installed,
 * and with `peer` also what it takes to embed and to find. It is in the system's folder for temporary files, or in `inside` where its tools must
 * find what this folder's lockfile installs, the peer among it.
 *
 * @param {string} name
 * @param {{ inside?: string, peer?: boolean }} [options]
 */
export async function installApp(name, { inside, peer = false } = {}) {
  if (inside !== undefined) await mkdir(inside, { recursive: true });
  const path = await mkdtemp(join(inside ?? tmpdir(), `bytestow-${name}-`));
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  try {
    await cp(join(root, "fixtures", name), path, { recursive: true });
    await cp(join(root, "fixtures", "steps.mjs"), join(path, "steps.mjs"));
    for (const file of ["embed.mjs", "find.mjs"]) await cp(join(root, "..", file), join(path, file));
    await writeFile(join(path, "package.json"), JSON.stringify(MANIFEST));
    const npm = await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball()], { cwd: path });
    assert.equal(npm.code, 0, npm.stderr);
    if (peer) await symlink(tool("@langchain"), join(path, "node_modules/@langchain"));
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, remove };
}
