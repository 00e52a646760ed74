/**
 * The tarball in a Cloudflare Worker, by wrangler: what it bundles, the bundle in workerd, and `wrangler dev`, all
 * without a flag of compatibility. Every subrequest is counted.
 */

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startServer } from "../../support/upstash/server.mjs";
import { installApp } from "./support/app.mjs";
import {
  countsAre,
  embeddingTrip,
  findingTrip,
  NOTHING,
  roundTrip,
  variables,
  WRITTEN,
} from "./support/round_trip.mjs";
import { askBundle } from "./support/workerd.mjs";
import { bundle, dev } from "./support/wrangler.mjs";

/** The calls of `fixtures/worker/answer.js`, on 1,000 keys: what each gives, and its commands, one a request. */
const SUBREQUESTS = [
  ["set", 0, { MSET: 1 }],
  ["get", 1000, { MGET: 1 }],
  // No call waits for another one's request, which may be another invocation's.
  ["getTwiceAtOnce", 1001, { MGET: 2 }],
  ["list", 111, { SCAN: 1 }],
  ["remove", 0, { UNLINK: 1 }],
  ["get", 0, { MGET: 1 }],
  ["nothing", 0, {}],
  ["setForAnHour", 0, { MSETEX: 1 }],
];
/** Of a store that knows nothing yet the first batch is small: it shows how large the values are. */
const FIRST = ["get", 1000, { MGET: 2 }];

describe("the tarball in a Worker", { timeout: 900_000, concurrency: 2 }, () => {
  let app, date;

  before(async () => {
    app = await installApp("worker", { peer: true });
    const config = JSON.parse(await readFile(join(app.path, "wrangler.json"), "utf8"));
    date = config.compatibility_date;
    assert.equal(config.compatibility_flags, undefined);
  });

  after(() => app?.remove());

  for (const entry of ["default", "slim"]) {
    test(`${entry}, wrangler deploy --dry-run: the wasm is a module, and there once; workerd runs it`, async (t) => {
      const out = join(app.path, `out-${entry}`);
      const said = await bundle(app, `${entry}.js`, out);
      assert.doesNotMatch(said, /warn|error|nodejs_compat/iu);
      t.diagnostic(/Total Upload: .*/u.exec(said)[0]);

      const modules = (await readdir(out)).filter((name) => name.endsWith(".wasm"));
      assert.equal(modules.length, 1);
      const ours = await readFile(join(app.path, "node_modules/bytestow/dist/wasm/bytestow_wasm_bg.wasm"));
      assert.ok(ours.equals(await readFile(join(out, modules[0]))), "another wasm than the package's");
      const script = await readFile(join(out, `${entry}.js`), "utf8");
      assert.match(script, new RegExp(`from "./${modules[0]}"`, "u"));
      assert.doesNotMatch(script, /H4sI|from "node:/u);

      await roundTrip((step, env) => askBundle(out, `${entry}.js`, date, step, env));
    });

    test(`${entry}, wrangler dev: started again, it reads what it has written; subrequests are counted`, async () => {
      const upstash = await startServer();
      const serving = async (work) => {
        const server = await dev(app, `${entry}.js`, variables(upstash));
        try {
          await work(async (path) => (await fetch(new URL(path, server.url))).json());
        } finally {
          await server.stop();
        }
        assert.doesNotMatch(server.said(), /warn|error/iu);
      };
      try {
        await serving(async (ask) => {
          assert.deepEqual(await ask("write"), { before: NOTHING, after: WRITTEN });
          countsAre(upstash, { MGET: 2, MSET: 1 });
          for (const [call, found, commands] of SUBREQUESTS) {
            assert.equal(await ask(call), found, call);
            countsAre(upstash, commands);
          }
        });
        await serving(async (ask) => {
          const [call, found, commands] = FIRST;
          assert.equal(await ask(call), found);
          countsAre(upstash, commands);
          assert.deepEqual(await ask("read"), WRITTEN);
          countsAre(upstash, { MGET: 1 });
        });
      } finally {
        await upstash.close();
      }
    });
  }

  test("bytestow/embeddings, wrangler deploy --dry-run: one module of wasm, no flag; workerd embeds nothing again", async (t) => {
    const out = join(app.path, "out-cached");
    const said = await bundle(app, "cached.js", out);
    assert.doesNotMatch(said, /warn|error|nodejs_compat/iu);
    t.diagnostic(/Total Upload: .*/u.exec(said)[0]);
    assert.equal((await readdir(out)).filter((name) => name.endsWith(".wasm")).length, 1);
    assert.doesNotMatch(await readFile(join(out, "cached.js"), "utf8"), /H4sI|from "node:/u);
    await embeddingTrip((env) => askBundle(out, "cached.js", date, "", env));
  });

  test("bytestow/embeddings, wrangler dev: started again, it embeds nothing again", () =>
    embeddingTrip(async (env) => {
      const server = await dev(app, "cached.js", env);
      try {
        return await (await fetch(server.url)).json();
      } finally {
        await server.stop();
        assert.doesNotMatch(server.said(), /warn|error/iu);
      }
    }));

  for (const [entry, file] of [
    ["bytestow/vectorstores", "vectors"],
    ["bytestow/slim/vectorstores", "vectors-slim"],
  ]) {
    test(`${entry}, wrangler deploy --dry-run: both wasm are modules, no flag; workerd finds what it has added`, async (t) => {
      const out = join(app.path, `out-${file}`);
      const said = await bundle(app, `${file}.js`, out);
      assert.doesNotMatch(said, /warn|error|nodejs_compat/iu);
      t.diagnostic(/Total Upload: .*/u.exec(said)[0]);
      const modules = (await readdir(out)).filter((name) => name.endsWith(".wasm"));
      assert.equal(modules.length, 2);
      const theirs = await Promise.all(modules.map((name) => readFile(join(out, name))));
      for (const name of ["bytestow_wasm_bg.wasm", "bytestow_search_bg.wasm"]) {
        const ours = await readFile(join(app.path, "node_modules/bytestow/dist/wasm", name));
        assert.ok(theirs.some((each) => each.equals(ours)), `${name} is not among them`); // biome-ignore format: one line
      }
      const script = await readFile(join(out, `${file}.js`), "utf8");
      for (const name of modules) assert.ok(script.includes(`from "./${name}"`), name);
      assert.doesNotMatch(script, /H4sI|from "node:/u);
      await findingTrip((env) => askBundle(out, `${file}.js`, date, "", env));
    });
  }

  test("bytestow/vectorstores, wrangler dev: started again, it finds what it has added", () =>
    findingTrip(async (env) => {
      const server = await dev(app, "vectors.js", env);
      try {
        return await (await fetch(server.url)).json();
      } finally {
        await server.stop();
        assert.doesNotMatch(server.said(), /warn|error/iu);
      }
    }));
});
