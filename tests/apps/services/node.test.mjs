/** The tarball in Node 20, 22 and 24, imported and required, its wasm inlined and as a file. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { runtimeOf } from "../../support/runtimes.mjs";
import { startRedis } from "../../support/upstash/redis.mjs";
import { installApp } from "./support/app.mjs";
import { succeed } from "./support/process.mjs";
import { embeddingTrip, findingTrip, NOTHING, roundTrip, variables, WRITTEN } from "./support/round_trip.mjs";

/** Node says once that `require()` of a module is experimental, to code outside of node_modules. */
const EXPERIMENTAL = /^.*(ExperimentalWarning: CommonJS module|node --trace-warnings).*\n/gmu;

const EVERYWHERE = {
  "import of bytestow": "default.mjs",
  "import of bytestow/slim": "slim_node.mjs",
  "require() of bytestow": "default.cjs",
  "require() of bytestow/slim": "slim_node.cjs",
};
const PROGRAMS = {
  "node-20": EVERYWHERE,
  "node-22": EVERYWHERE,
  "node-24": { ...EVERYWHERE, "import source for bytestow/slim": "slim_source.mjs" },
};

describe("the tarball in Node", { timeout: 900_000, concurrency: 2 }, () => {
  let app;

  before(async () => {
    app = await installApp("programs", { peer: true });
  });

  after(() => app?.remove());

  /** Runs a program of the app in a process of its own. */
  async function ask(runtime, file, step, env) {
    const { stdout, stderr } = await succeed(runtime.path, [...runtime.args(join(app.path, file)), step], { env });
    assert.equal(stderr.replaceAll(EXPERIMENTAL, ""), "");
    return JSON.parse(stdout);
  }

  for (const [name, programs] of Object.entries(PROGRAMS)) {
    for (const [what, file] of Object.entries(programs)) {
      test(`${name}: ${what}: a second process reads what the first has written`, () => {
        const runtime = runtimeOf(name);
        return roundTrip((step, env) => ask(runtime, file, step, env));
      });
    }
  }

  for (const name of Object.keys(PROGRAMS)) {
    test(`${name}: bytestow/embeddings: a second process embeds nothing again`, () =>
      embeddingTrip((env) => ask(runtimeOf(name), "cached.mjs", "", env)));
  }

  for (const name of Object.keys(PROGRAMS)) {
    for (const [what, file] of [
      ["import of bytestow/vectorstores", "vectors.mjs"],
      ["require() of bytestow/vectorstores", "vectors.cjs"],
      ["import of bytestow/slim/vectorstores", "vectors_slim.mjs"],
    ]) {
      test(`${name}: ${what}, and bytestow/memory: a second process finds what the first has added`, () =>
        findingTrip((env) => ask(runtimeOf(name), file, "", env)));
    }
  }

  test("node-24: import of bytestow, against a real Redis", async () => {
    const redis = await startRedis();
    try {
      const [runtime, env] = [runtimeOf("node-24"), variables({ url: redis.url(0), token: redis.token })];
      assert.deepEqual(await ask(runtime, "default.mjs", "write", env), { before: NOTHING, after: WRITTEN });
      assert.deepEqual(await ask(runtime, "default.mjs", "read", env), WRITTEN);
    } finally {
      await redis.close();
    }
  });
});
