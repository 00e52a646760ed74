/** The crate as users of crates.io get it: without this workspace, what it patches, and the versions that it has locked. */

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "../support/child.mjs";
import { crates } from "./supply/crates.mjs";
import { deny, root } from "./supply/deny.mjs";

const WASM = "wasm32-unknown-unknown";

describe("the crate as it is published", { timeout: 1_200_000 }, () => {
  let folder, crate;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bytestow-crate-"));
    const cargo = (args, cwd) => run("cargo", args, { cwd });
    const args = ["package", "-p", "bytestow", "--no-verify", "--allow-dirty", "--target-dir", folder];
    const packed = await cargo(args, root);
    assert.equal(packed.code, 0, packed.stderr);
    const archives = (await readdir(join(folder, "package"))).filter((name) => name.endsWith(".crate"));
    assert.equal(archives.length, 1, archives.join());
    const tar = await run("tar", ["-xzf", join(folder, "package", archives[0]), "-C", folder]);
    assert.equal(tar.code, 0, tar.stderr);
    crate = join(folder, archives[0].replace(/\.crate$/u, ""));
  });

  after(async () => {
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test("holds its sources and its texts, and nothing else of the repository", async () => {
    const entries = await readdir(crate, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((each) => each.isFile())
      .map((each) => relative(crate, join(each.parentPath, each.name)));
    const isSource = (file) => /^src\/[a-z0-9_/]+\.rs$/u.test(file);
    assert.ok(files.filter(isSource).length > 50);
    assert.deepEqual(files.filter((file) => !isSource(file)).sort(), [
      ".cargo_vcs_info.json",
      "CHANGELOG.md",
      "Cargo.lock",
      "Cargo.toml",
      "Cargo.toml.orig",
      "LICENSE-APACHE",
      "LICENSE-MIT",
      "README.md",
    ]);
  });

  test("asks for nothing that is banned, in whatever versions are newest", async () => {
    // A library's lockfile is nobody's but its own.
    await rm(join(crate, "Cargo.lock"));
    const { graph, bans } = deny();
    for (const target of graph.targets) {
      const all = await crates(crate, "--all-features", "--target", target, "-e", "normal,build");
      const names = all.map(({ name }) => name);
      // That of the registry, and not the one that stands for it here.
      const idna = all.filter(({ name }) => name === "idna");
      assert.deepEqual([idna.length, idna[0]?.from], [1, ""], target);
      assert.ok(names.includes("reqwest") && names.length > 20, `${target}: ${names}`);
      assert.deepEqual(
        bans.deny.filter(({ crate }) => names.includes(crate)),
        [],
        target,
      );
    }
  });

  test("compiles for the browser", async () => {
    const args = ["check", "--all-features", "--target", WASM, "--target-dir", join(root, "target", "published")];
    const { code, stderr } = await run("cargo", args, { cwd: crate, timeout: 900_000 });
    assert.equal(code, 0, stderr);
  });
});
