/** What the linters of packages say of the tarball: nothing. */

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { node, run } from "../support/child.mjs";
import { tarball, testsRoot } from "../support/package.mjs";

/** Errors, warnings and suggestions alike. */
async function complaints(file) {
  const bytes = await readFile(file);
  const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: data }, level: "suggestion" });
  return messages.map((message) => `${message.type}: ${formatMessage(message, pkg) ?? message.code}`);
}

/** The tarball's package once more, with another package.json. */
async function repacked(change, use) {
  const folder = await mkdtemp(join(tmpdir(), "bytestow-lint-"));
  try {
    const unpacked = await run("tar", ["-xzf", tarball(), "-C", folder]);
    assert.equal(unpacked.code, 0, unpacked.stderr);
    const manifest = join(folder, "package", "package.json");
    const json = JSON.parse(await readFile(manifest, "utf8"));
    change(json);
    await writeFile(manifest, JSON.stringify(json));
    const packed = await run("tar", ["-czf", join(folder, "changed.tgz"), "-C", folder, "package"]);
    assert.equal(packed.code, 0, packed.stderr);
    await use(join(folder, "changed.tgz"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Entries that are no modules. */
const RAW = ["./bytestow.wasm", "./search.wasm"];

/** `attw` in the profile of packages that are ES modules alone; the raw wasm is no module. */
async function wrongTypes(file) {
  const cli = join(testsRoot, "node_modules", "@arethetypeswrong", "cli", "dist", "index.js");
  const options = ["--profile", "esm-only", "--no-definitely-typed", "--exclude-entrypoints", ...RAW];
  const { code, stdout, stderr } = await node([cli, file, "--format", "json", ...options]);
  assert.equal(stderr, "");
  const { analysis } = JSON.parse(stdout);
  return { code, entries: Object.keys(analysis.entrypoints), analysis };
}

test("publint has nothing to say, not even a suggestion", async () => {
  assert.deepEqual(await complaints(tarball()), []);
});

test("publint would have something to say", async () => {
  const swap = (json) => {
    const { types, ...rest } = json.exports["./slim"];
    json.exports["./slim"] = { ...rest, types };
  };
  await repacked(swap, async (file) => assert.match(String(await complaints(file)), /error: .*types/u));
});

test("the types resolve in every entry, wherever an ES module may be imported", async () => {
  const { code, entries, analysis } = await wrongTypes(tarball());
  assert.equal(code, 0);
  const json = JSON.parse(await readFile(join(testsRoot, "node_modules", "bytestow", "package.json"), "utf8"));
  assert.deepEqual(
    entries,
    Object.keys(json.exports).filter((entry) => !RAW.includes(entry)),
  );
  // What the profile leaves out: `require` in a TypeScript before 5.8, and resolution as before `exports`.
  const kinds = new Set(analysis.problems.map(({ kind, resolutionKind }) => `${kind} ${resolutionKind}`));
  assert.deepEqual([...kinds].sort(), ["CJSResolvesToESM node16-cjs", "NoResolution node10"]);
});

test("types that do not resolve would be found", async () => {
  const lose = (json) => {
    json.exports["./testing"].types = "./dist/testing/none.d.ts";
  };
  await repacked(lose, async (file) => assert.equal((await wrongTypes(file)).code, 1));
});
