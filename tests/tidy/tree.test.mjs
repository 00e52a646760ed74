/** What is in the repository: nothing beside the layout, no place of the machine it was made on, no test put aside. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "./readme.mjs";

/** The top level. Examples live in `tests/examples`, decisions in the documentation of modules. */
const TOP = [
  ...["Cargo.toml", "Cargo.lock", "deny.toml"],
  ...["src", "pkg", "www", "tests", "xtask"],
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"],
];
const CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index";

/** People's folders, with something in them. */
const MACHINE = /(?<![\w.-])(?:\/(?:home|Users)\/|[A-Z]:\\Users\\)[\w.@-]/u;

/** Tests put aside, or preferred to others: by a method, by an option, by the runner's context, by an attribute. */
const ASIDE = [
  /\b(?:test|it|describe|suite|t|context)\.(?:only|skip|todo|skipIf|runIf|fixme)\b/u,
  /\b(?:only|skip|todo): ?(?:true|["'`])/u,
  /\bx(?:it|describe|test)\(/u,
  /#\[ignore\b/u,
];

const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean);
const files = tracked.filter((path) => existsSync(join(root, path)));
const text = (path) => readFileSync(join(root, path), "utf8");

/** Where any of `patterns` stands in those of the files that `which` picks. */
function found(patterns, which) {
  return files.filter(which).flatMap((path) => {
    const content = text(path);
    if (content.includes("\0")) return []; // not text
    const lines = content.split("\n").entries();
    return [...lines]
      .filter(([, line]) => patterns.some((pattern) => pattern.test(line)))
      .map(([at, line]) => `${path}:${at + 1}: ${line.trim().slice(0, 120)}`);
  });
}

describe("the repository", () => {
  test("its top level is the layout, and dotfiles", () => {
    const top = [...new Set(tracked.map((path) => path.split("/", 1)[0]))];
    assert.deepEqual(top.filter((name) => !name.startsWith(".")).sort(), [...TOP].sort());
  });

  test("each Cargo.lock takes everything from crates.io", () => {
    const locks = files.filter((path) => path.endsWith("Cargo.lock"));
    assert.deepEqual(locks, ["Cargo.lock"]);
    const sources = [...text("Cargo.lock").matchAll(/^source = "(.*)"$/gmu)].map(([, source]) => source);
    assert.ok(sources.length > 20);
    assert.deepEqual([...new Set(sources)], [CRATES_IO]);
    const rest = text("Cargo.lock").replaceAll(CRATES_IO, "");
    assert.doesNotMatch(rest, /:\/\//u);
  });

  test("no npm lockfile names a registry: whoever installs has their own", () => {
    const locks = files.filter((path) => path.endsWith("package-lock.json"));
    const folders = [
      "pkg",
      "tests/apps/services",
      "tests/apps/web",
      "tests/bench",
      "tests",
      "tests/packaging/declarations",
      "tests/runtimes",
      "www",
    ];
    assert.deepEqual(locks.sort(), folders.map((folder) => `${folder}/package-lock.json`).sort());
    for (const path of locks) {
      for (const [name, { resolved, funding, integrity, ...rest }] of Object.entries(JSON.parse(text(path)).packages)) {
        assert.equal(resolved, undefined, `${path}: ${name}`);
        assert.ok(name === "" || integrity, `${path}: ${name} has no checksum`);
        // Where to give money is no registry.
        assert.doesNotMatch(JSON.stringify(rest), /:\/\//u, `${path}: ${name}`);
      }
    }
  });

  test("no configuration names a registry either", () => {
    const which = (path) => /(?:^|\/)(?:\.npmrc|\.yarnrc.*|config\.toml|\.cargo\/.*|Cargo\.toml)$/u.test(path);
    assert.deepEqual(found([/\bregistry\b|\bregistries\b|\breplace-with\b/u], which), []);
  });

  test("no file names a folder of the machine it was made on", () => {
    const everywhere = () => true;
    assert.deepEqual(found([MACHINE], everywhere), []);
    const here = [root, homedir()].map((folder) => new RegExp(`${RegExp.escape?.(folder) ?? folder}/`, "u"));
    assert.deepEqual(found(here, everywhere), []);
    for (const path of ["/home", "/Users"].map((folder) => `see ${folder}/someone/x`)) {
      assert.match(path, MACHINE);
    }
    for (const path of ["src/home/x", "https://a.example/home/x", '"/home/"', "/homes/x"]) {
      assert.doesNotMatch(path, MACHINE);
    }
  });

  test("no test is put aside, and none is preferred", () => {
    const which = (path) => /\.(?:mjs|js|ts|rs)$/u.test(path) && path !== "tests/tidy/tree.test.mjs";
    assert.deepEqual(found(ASIDE, which), []);
    const aside = ['test.only("x")', "t.skip()", "{ skip: true }", '{ todo: "later" }', "xit(", "#[ignore]"];
    const isAside = (line) => ASIDE.some((pattern) => pattern.test(line));
    assert.deepEqual(aside.filter(isAside), aside);
    assert.deepEqual(["keys.iter().skip(2)", 'only: ["R4"]', "values.only", "exit(1)"].filter(isAside), []);
  });
});
