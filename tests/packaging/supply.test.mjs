/** What an installation runs, brings and leaves out: nothing, nothing, and nothing that is not listed. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { run } from "../support/child.mjs";
import { tarball } from "../support/package.mjs";
import { deny, root } from "./supply/deny.mjs";
import { lacking } from "./supply/licences.mjs";

/** All that may stand in package.json. `bin`, `dependencies`, `gypfile` and what else npm acts on do not. */
const FIELDS = [
  ...["name", "version", "description", "keywords", "license", "type", "engines"],
  ...["sideEffects", "exports", "files", "scripts", "devDependencies"],
  ...["peerDependencies", "peerDependenciesMeta"],
];
/** Run by name alone. Any other could be one that npm runs by itself. */
const SCRIPTS = ["build", "format", "lint", "test"];

describe("the tarball's package", () => {
  let entries, manifest;

  before(async () => {
    const listed = await run("tar", ["-tvzf", tarball()]);
    assert.equal(listed.code, 0, listed.stderr);
    entries = listed.stdout
      .trim()
      .split("\n")
      .map((line) => {
        const [, rights, time, path] = /^(\S+)\s+\S+\s+\d+\s+(\S+ \S+) (.+)$/u.exec(line);
        return { rights, time, path: path.replace(/^package\//u, "") };
      });
    const read = await run("tar", ["-xzOf", tarball(), "package/package.json"]);
    manifest = JSON.parse(read.stdout);
  });

  test("has no script that an installation runs, no program, no dependency but a peer, which contents.test.mjs looks at", () => {
    assert.deepEqual(Object.keys(manifest.scripts).sort(), SCRIPTS);
    assert.deepEqual(Object.keys(manifest).sort(), [...FIELDS].sort());
    // npm would compile by one of these, asked or not.
    assert.deepEqual(
      entries.filter(({ path }) => /(?:^|\/)binding\.gyp$|\.node$|(?:^|\/)node_modules\//u.test(path)),
      [],
    );
  });

  test("holds files only: nothing to execute, no links, and one time for all", () => {
    assert.deepEqual(
      entries.filter(({ rights }) => rights !== "-rw-r--r--"),
      [],
    );
    assert.equal(new Set(entries.map(({ time }) => time)).size, 1, "times differ");
    assert.ok(entries.every(({ path }) => /^[\w./-]+$/u.test(path) && !path.includes("..")));
  });

  test("has of the kit each module, and nothing else", () => {
    const modules = readdirSync(join(root, "pkg", "src", "testing"), { recursive: true })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => `dist/testing/${path.replaceAll("\\", "/").replace(/\.ts$/u, "")}`);
    assert.ok(modules.length > 20);
    const packed = entries.map(({ path }) => path).filter((path) => path.startsWith("dist/testing/"));
    assert.deepEqual(packed.sort(), modules.flatMap((path) => [`${path}.d.ts`, `${path}.js`]).sort());
  });

  test("is the manifest of the repository", () => {
    assert.deepEqual(manifest, JSON.parse(readFileSync(join(root, "pkg", "package.json"), "utf8")));
    assert.deepEqual(manifest.files, ["dist", "README.md", "LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"]);
    for (const ignores of [".npmignore", "dist/.npmignore"]) {
      assert.ok(!existsSync(join(root, "pkg", ignores)), `${ignores} would have a say too`);
    }
  });
});

describe("what builds the package", () => {
  const lock = JSON.parse(readFileSync(join(root, "pkg", "package-lock.json"), "utf8"));
  const packages = Object.entries(lock.packages).filter(([path]) => path !== "");

  test("is asked for in exact versions", () => {
    const manifest = JSON.parse(readFileSync(join(root, "pkg", "package.json"), "utf8"));
    const { devDependencies, peerDependencies } = manifest;
    assert.ok(Object.keys(devDependencies).length > 0);
    for (const [name, version] of Object.entries(devDependencies)) assert.match(version, /^\d+\.\d+\.\d+$/u, name);
    assert.deepEqual(lock.packages[""].devDependencies, devDependencies);
    assert.deepEqual(lock.packages[""].peerDependencies, peerDependencies);
  });

  test("has licences of deny.toml, checksums, and no script at its own installation", () => {
    const { allow } = deny().licenses;
    assert.ok(packages.length > 3);
    for (const [path, { license, integrity, hasInstallScript, dev }] of packages) {
      assert.deepEqual(lacking(license ?? "none", allow), [], path);
      assert.match(integrity, /^sha512-/u, path);
      assert.equal(hasInstallScript, undefined, path);
      assert.equal(dev, true, `${path} would be installed by users`);
    }
  });
});
