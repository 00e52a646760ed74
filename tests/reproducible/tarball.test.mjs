/**
 * The tarball, bit for bit: built once more from the sources alone, in another folder, under another home of cargo,
 * with other rights of files, in another time zone. What compiles is compiled anew; what wasm-opt has made of the very bytes
 * that the compiler gives is taken from the first time. About two minutes of two cores.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "../support/child.mjs";
import { tarball, testsRoot } from "../support/package.mjs";

const root = dirname(testsRoot.replace(/\/$/u, ""));

/** What git has: everything that a clone of this state would have, and nothing else. */
async function sources() {
  const args = ["ls-files", "-z", "--cached"];
  const { code, stdout, stderr } = await run("git", args, { cwd: root });
  assert.equal(code, 0, stderr);
  return stdout.split("\0").filter(Boolean);
}

/** The files of a tarball with their rights and times, and the checksum of each: what to look at when two differ. */
async function contents(file) {
  const folder = await mkdtemp(join(tmpdir(), "bytestow-differs-"));
  try {
    const listed = await run("tar", ["-tvzf", file]);
    const unpacked = await run("tar", ["-xzf", file, "-C", folder]);
    assert.equal(unpacked.code, 0, unpacked.stderr);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const sums = await Promise.all(
      files.sort().map(async (path) => `${checksum(await readFile(path))} ${path.slice(folder.length)}`),
    );
    return [...listed.stdout.trim().split("\n"), ...sums];
  } finally {
    await rm(folder, { recursive: true });
  }
}

const checksum = (bytes) => createHash("sha256").update(bytes).digest("hex");

describe("the tarball, built once more elsewhere", { timeout: 1_200_000 }, () => {
  let folder, copy, home;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bytestow-again-"));
    copy = join(folder, "some where", "else");
    for (const path of await sources()) {
      await mkdir(dirname(join(copy, path)), { recursive: true });
      await copyFile(join(root, path), join(copy, path)).catch((error) => {
        if (error.code !== "ENOENT") throw error; // known to git, and deleted
      });
    }
    await cp(join(root, "target", "optimised"), join(copy, "target", "optimised"), { recursive: true });
    // Another place for the crates' sources, whose paths stand in panics unless the build takes them out.
    home = join(folder, "cargo");
    await mkdir(home);
    await symlink(join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry"), join(home, "registry"));
  });
  after(async () => {
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test("is the same, bit for bit", async () => {
    const built = await run("cargo", ["build", "--quiet", "--locked", "-p", "xtask"], { cwd: root, timeout: 600_000 });
    assert.equal(built.code, 0, built.stderr);
    const xtask = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug", "xtask");
    const script = `umask 027 && export BYTESTOW_ROOT="$1" CARGO_HOME="$2" TZ=Asia/Tokyo LC_ALL=C && exec "$3" pack`;
    const again = await run("sh", ["-c", script, "sh", copy, home, xtask], { cwd: copy, timeout: 1_100_000 });
    assert.equal(again.code, 0, `${again.stdout}\n${again.stderr}`);
    const [name, ...others] = await readdir(join(copy, "target", "npm"));
    assert.deepEqual(others, []);
    const other = join(copy, "target", "npm", name);
    const [first, second] = await Promise.all([readFile(tarball()), readFile(other)]);
    if (!first.equals(second)) {
      assert.deepEqual(await contents(other), await contents(tarball()), "other files");
      assert.fail(`the same files, packed otherwise: ${checksum(first)} and ${checksum(second)}`);
    }
  });
});
