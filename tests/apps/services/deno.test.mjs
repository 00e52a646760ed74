/** The tarball in Deno: by an `npm:` specifier from a registry, and as npm has installed it. */

import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { runtimeOf } from "../../support/runtimes.mjs";
import { installApp, root } from "./support/app.mjs";
import { succeed } from "./support/process.mjs";
import { startRegistry } from "./support/registry.mjs";
import { embeddingTrip, findingTrip, roundTrip } from "./support/round_trip.mjs";

/** All that a store needs; what else is asked for, Deno refuses. */
const PERMISSIONS = ["--allow-net=127.0.0.1", "--allow-env"];
const QUIET = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };

/** Runs Deno, which must not complain of anything. */
async function deno(args, options) {
  const { stdout, stderr } = await succeed(runtimeOf("deno").path, ["run", "--quiet", "--no-prompt", ...args], options);
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

describe("the tarball in Deno, by npm: specifiers", { timeout: 900_000 }, () => {
  let registry, app;

  before(async () => {
    registry = await startRegistry();
    app = await mkdtemp(join(tmpdir(), "bytestow-deno-"));
    await cp(join(root, "fixtures/deno"), app, { recursive: true });
    await cp(join(root, "fixtures/steps.mjs"), join(app, "steps.mjs"));
  });

  after(async () => {
    await registry?.close();
    if (app) await rm(app, { recursive: true, force: true });
  });

  for (const entry of ["default", "slim"]) {
    test(`${entry}: a second process, without the registry, reads what the first has written`, async () => {
      registry.requests.length = 0;
      const cache = join(app, `cache-${entry}`);
      const environment = { ...QUIET, DENO_DIR: cache, NPM_CONFIG_REGISTRY: registry.url };
      await roundTrip((step, env) => {
        const cached = step === "read" ? ["--cached-only"] : [];
        // Whatever package.json stands above the temporary folder.
        const alone = ["--no-lock", "--node-modules-dir=none"];
        const args = [...PERMISSIONS, ...alone, ...cached, join(app, `${entry}.mjs`), step];
        return deno(args, { cwd: app, env: { ...environment, ...env } });
      });
      // What its optional peer has to offer it looks up; it takes nothing of it.
      const tarball = `/bytestow/-/bytestow-${registry.version}.tgz`;
      assert.deepEqual(registry.requests.toSorted(), ["/@langchain%2fcore", "/bytestow", tarball]);
    });
  }
});

describe("the tarball in Deno, as npm has installed it", { timeout: 900_000 }, () => {
  let app;

  before(async () => {
    app = await installApp("programs", { peer: true });
  });

  after(() => app?.remove());

  const programs = {
    default: { file: "default.mjs" },
    "slim, by import source": { file: "slim_source.mjs" },
    "slim, by its URL": { file: "slim_resolved.mjs", permissions: ["--allow-read=node_modules"] },
    "slim, as in Node": { file: "slim_node.mjs", permissions: ["--allow-read=node_modules"] },
  };
  for (const [what, { file, permissions = [] }] of Object.entries(programs)) {
    test(`${what}: a second process reads what the first has written`, async () => {
      const flags = [...PERMISSIONS, ...permissions, "--no-lock", "--node-modules-dir=manual"];
      await roundTrip((step, env) =>
        deno([...flags, join(app.path, file), step], { cwd: app.path, env: { ...QUIET, ...env } }),
      );
    });
  }

  test("bytestow/embeddings: a second process embeds nothing again", () => {
    const flags = [...PERMISSIONS, "--no-lock", "--node-modules-dir=manual"];
    return embeddingTrip((env) =>
      deno([...flags, join(app.path, "cached.mjs")], { cwd: app.path, env: { ...QUIET, ...env } }),
    );
  });

  for (const [what, file, permissions] of [
    ["bytestow/vectorstores", "vectors.mjs", []],
    ["bytestow/slim/vectorstores", "vectors_slim.mjs", ["--allow-read=node_modules"]],
  ]) {
    test(`${what} and bytestow/memory: a second process finds what the first has added`, () => {
      const flags = [...PERMISSIONS, ...permissions, "--no-lock", "--node-modules-dir=manual"];
      return findingTrip((env) => deno([...flags, join(app.path, file)], { cwd: app.path, env: { ...QUIET, ...env } }));
    });
  }
});
