/** The tarball in Bun: run as it is, and bundled by `bun build`, moved away from the package and run elsewhere. */

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { runtimeOf } from "../../support/runtimes.mjs";
import { installApp } from "./support/app.mjs";
import { succeed } from "./support/process.mjs";
import { embeddingTrip, findingTrip, roundTrip } from "./support/round_trip.mjs";

/** Otherwise Bun would fetch what it does not find. */
const RUN = ["run", "--no-install"];

describe("the tarball in Bun", { timeout: 900_000 }, () => {
  let app, away;

  before(async () => {
    app = await installApp("programs", { peer: true });
    away = await mkdtemp(join(tmpdir(), "bytestow-bun-"));
  });

  after(async () => {
    await app?.remove();
    if (away) await rm(away, { recursive: true, force: true });
  });

  /** Runs a program in a folder that has nothing to do with it. */
  async function ask(file, step, env) {
    const { stdout, stderr } = await succeed(runtimeOf("bun").path, [...RUN, file, step], { cwd: tmpdir(), env });
    assert.equal(stderr, "");
    return JSON.parse(stdout);
  }

  const programs = {
    default: "default.mjs",
    "require()": "default.cjs",
    "slim, by import": "slim_bun.mjs",
    "slim, by its URL": "slim_resolved.mjs",
    "slim, as in Node": "slim_node.mjs",
  };
  for (const [what, file] of Object.entries(programs)) {
    test(`run, ${what}: a second process reads what the first has written`, () =>
      roundTrip((step, env) => ask(join(app.path, file), step, env)));
  }

  test("run, bytestow/embeddings: a second process embeds nothing again", () =>
    embeddingTrip((env) => ask(join(app.path, "cached.mjs"), "", env)));

  for (const [what, file] of [
    ["bytestow/vectorstores", "vectors.mjs"],
    ["bytestow/slim/vectorstores", "vectors_slim.mjs"],
  ]) {
    test(`run, ${what} and bytestow/memory: a second process finds what the first has added`, () =>
      findingTrip((env) => ask(join(app.path, file), "", env)));
  }

  const bundles = {
    default: { file: "default.mjs", inlined: true, assets: 0 },
    slim: { file: "slim_bun.mjs", inlined: false, assets: 1 },
  };
  for (const [entry, { file, inlined, assets }] of Object.entries(bundles)) {
    test(`bundled, ${entry}: a second process reads what the first has written`, async (t) => {
      const out = join(away, entry);
      await succeed(runtimeOf("bun").path, ["build", "--target=bun", `--outdir=${out}`, file], { cwd: app.path });
      const files = await readdir(out);
      assert.equal(files.filter((name) => name.endsWith(".wasm")).length, assets);
      assert.equal(files.length, 1 + assets);
      const script = join(out, file.replace(".mjs", ".js"));
      assert.equal((await readFile(script, "utf8")).includes("H4sI"), inlined, "the inlined wasm");
      const sizes = await Promise.all(files.map(async (name) => (await stat(join(out, name))).size));
      t.diagnostic(`${sizes.reduce((sum, size) => sum + size)} bytes in ${files.length} files`);
      await roundTrip((step, env) => ask(script, step, env));
    });
  }
});
