/** The crates, held to `deny.toml` without cargo-deny, which takes minutes to build: licences, duplicates, sources. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { run } from "../support/child.mjs";
import { crates } from "./supply/crates.mjs";
import { deny, root, tables } from "./supply/deny.mjs";
import { lacking } from "./supply/licences.mjs";

describe("the crates, against deny.toml", { timeout: 900_000 }, () => {
  const lockfile = readFileSync(join(root, "Cargo.lock"), "utf8");
  const { graph, licenses, bans, sources } = deny();
  let all, inWasm;

  before(async () => {
    const targets = graph.targets.flatMap((target) => ["--target", target]);
    assert.equal(graph["all-features"], true);
    all = await crates(root, "--locked", "--workspace", "--all-features", ...targets);
    const wasm = ["-p", "bytestow-wasm", "--target", "wasm32-unknown-unknown", "-e", "normal,no-proc-macro"];
    inWasm = new Set((await crates(root, "--locked", ...wasm)).map(({ name }) => name));
    assert.ok(all.length > 100 && inWasm.size > 20 && inWasm.has("reqwest"), `${all.length} and ${inWasm.size} crates`);
  });

  test("each has a licence that is allowed, to all or to it", () => {
    const own = new Map(licenses.exceptions.map(({ crate, allow }) => [crate, allow]));
    const wrong = all.map(({ name, version, licence }) => {
      const lacks = lacking(licence, [...licenses.allow, ...(own.get(name) ?? [])]);
      return lacks.length > 0 ? `${name} ${version}: ${lacks}` : undefined;
    });
    assert.deepEqual(wrong.filter(Boolean), []);
  });

  test("no licence is allowed that none has, and no exception stands in the wasm", () => {
    const used = new Set(all.flatMap(({ licence }) => licence.match(/[\w.-]+/gu)));
    assert.deepEqual(
      licenses.allow.filter((licence) => !used.has(licence)),
      [],
    );
    for (const { crate, allow } of licenses.exceptions) {
      assert.ok(lockfile.includes(`name = "${crate}"\n`), `there is no ${crate}`);
      assert.ok(!inWasm.has(crate), `${crate} is in the wasm`);
      // cargo-deny sees crates that only another target asks for; there it goes by the same list.
      const its = all.filter(({ name }) => name === crate);
      const lacks = its.flatMap(({ licence }) => lacking(licence, licenses.allow));
      if (its.length > 0) assert.deepEqual(lacks, [...allow].sort(), crate);
    }
  });

  test("none is there in two versions, but for those that are named, with the reason", () => {
    assert.equal(bans["multiple-versions"], "deny");
    const names = all.map(({ name }) => name);
    const twice = all.filter(({ name }) => names.indexOf(name) !== names.lastIndexOf(name));
    const isSkipped = ({ name, version }, { crate }) => {
      const [skipped, prefix] = crate.split("@");
      return name === skipped && `${version}.`.startsWith(`${prefix}.`);
    };
    for (const each of bans.skip) {
      assert.ok(each.reason, `${each.crate}: why?`);
      assert.equal(twice.filter((crate) => isSkipped(crate, each)).length, 1, `${each.crate} is not a second version`);
    }
    const left = twice.filter((crate) => !bans.skip.some((each) => isSkipped(crate, each))).map(({ name }) => name);
    assert.deepEqual(
      left.filter((name, at) => left.indexOf(name) !== at),
      [],
    );
  });

  test("none is banned", () => {
    assert.ok(bans.deny.length > 0);
    for (const { crate, reason } of bans.deny) {
      assert.ok(reason, `${crate}: why?`);
      assert.ok(!all.some(({ name }) => name === crate), `${crate}: ${reason}`);
    }
  });

  test("all come from crates.io or from here", () => {
    assert.deepEqual(sources, { "unknown-registry": "deny", "unknown-git": "deny" });
    const elsewhere = all.filter(({ from }) => from !== "" && !from.startsWith(`(${root}`));
    assert.deepEqual(elsewhere, []);
    assert.deepEqual(
      all
        .filter(({ from }) => from !== "")
        .map(({ name }) => name)
        .sort(),
      ["bytestow", "bytestow-wasm", "bytestow-wasm-search", "idna", "xtask"],
    );
    const locked = lockfile.split("[[package]]").slice(1);
    const unsure = locked.filter((text) => /^source = /mu.test(text) && !/^checksum = "[0-9a-f]{64}"$/mu.test(text));
    assert.deepEqual(unsure, [], "without a checksum");
  });

  test("none is asked for in any version at all", async () => {
    assert.equal(bans.wildcards, "deny");
    const { stdout } = await run("cargo", ["metadata", "--locked", "--no-deps", "--format-version", "1"], {
      cwd: root,
    });
    const asked = JSON.parse(stdout).packages.flatMap(({ name, dependencies }) =>
      dependencies.map((each) => ({ ...each, by: name })),
    );
    assert.ok(asked.length > 10);
    const any = asked.filter(({ req, path }) => req === "*" && path === undefined);
    assert.deepEqual(
      any.map(({ by, name }) => `${by} asks for any ${name}`),
      [],
    );
  });
});

test("expressions of licences are understood", () => {
  const allowed = ["MIT", "Apache-2.0"];
  assert.deepEqual(lacking("MIT/GPL-3.0", allowed), []);
  assert.deepEqual(lacking("ISC AND (Apache-2.0 OR ISC)", allowed), ["ISC"]);
  assert.deepEqual(lacking("GPL-3.0 OR (MIT AND ISC)", allowed), ["GPL-3.0"]);
  assert.deepEqual(lacking("Apache-2.0 WITH LLVM-exception", allowed), ["Apache-2.0 WITH LLVM-exception"]);
  assert.deepEqual(lacking("GPL-3.0 AND MIT OR Apache-2.0", allowed), []);
  for (const wrong of ["", "MIT AND", "(MIT", "MIT Apache-2.0"])
    assert.throws(() => lacking(wrong, allowed), /no licence/u);
});

test("deny.toml is read as TOML", () => {
  const text = '[a]\nb = ["x=1", # no\n  "#",\n]\nc-d = true\n[e]\nf = [{ g = "h", i = ["j"] }]\n';
  assert.deepEqual(tables(text), { a: { b: ["x=1", "#"], "c-d": true }, e: { f: [{ g: "h", i: ["j"] }] } });
  assert.throws(() => tables("[a]\nb = [\n"), /does not end/u);
  assert.throws(() => tables("[a]\nb = 'c'\n"), SyntaxError);
});
