/**
 * The tarball in a Next app: client components in Chromium, server components and routes on Node, routes at the edge,
 * from one `next build`. The contract is held at the edge too.
 */

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { rules } from "bytestow/testing";
import { newProfile, openProfile } from "../../support/chromium.mjs";
import { startServer } from "../../support/upstash/server.mjs";
import { installApp, root } from "./support/app.mjs";
import { build, start } from "./support/next.mjs";
import { countsAre, embeddingTrip, findingTrip, NOTHING, variables, WRITTEN } from "./support/round_trip.mjs";

/** What Next says of every app that has a route at the edge. */
const EDGE = /^⚠ (?:The Edge Runtime is deprecated|Using edge runtime on a page).*\n/gmu;

describe("the tarball in a Next app", { timeout: 900_000 }, () => {
  let app, built, files, upstash, server;

  before(async () => {
    app = await installApp("next", { inside: join(root, ".run") });
    built = await build(app);
    const entries = await readdir(join(app.path, ".next"), { recursive: true, withFileTypes: true });
    files = entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
    upstash = await startServer();
    server = await start(app, variables(upstash));
  });

  after(async () => {
    await server?.stop();
    await upstash?.close();
    await app?.remove();
  });

  test("next build has nothing to complain of", () => {
    // On a CI machine it wants a cache of an earlier build.
    const said = built.replaceAll(EDGE, "").replaceAll(/⚠ No build cache found.*/gu, "");
    assert.doesNotMatch(said, /⚠|warn|error|invalid/iu);
  });

  test("the edge has each wasm as a module, and no inlined copy", async () => {
    const edge = files.filter((file) => file.includes("/server/edge/"));
    assert.equal(edge.filter((file) => file.endsWith(".wasm")).length, 2);
    for (const file of edge.filter((file) => file.endsWith(".js"))) {
      assert.ok(!(await readFile(file, "utf8")).includes("H4sI"), file);
    }
  });

  const pages = {
    "client component": { path: "", slim: false },
    "client component, slim": { path: "slim", slim: true },
  };
  for (const [what, { path, slim }] of Object.entries(pages)) {
    test(`${what}: what it has written is there when the page is loaded again`, async () => {
      const profile = await newProfile();
      const context = await openProfile(profile);
      try {
        const page = await context.newPage();
        const [complaints, wasm] = [[], []];
        page.on("pageerror", (error) => complaints.push(`${error}`));
        page.on("console", (message) => {
          if (message.type() === "error" && !/favicon/u.test(message.location().url)) complaints.push(message.text());
        });
        page.on("response", (response) => {
          if (response.url().endsWith(".wasm")) wasm.push(response.status());
        });
        const step = async (name) => {
          await page.waitForFunction("globalThis.step");
          return page.evaluate((name) => globalThis.step(name), name);
        };
        await page.goto(new URL(path, server.url).href);
        assert.deepEqual(await step("write"), { before: NOTHING, after: WRITTEN });
        await page.reload();
        assert.deepEqual(await step("read"), WRITTEN);
        assert.equal(await page.textContent("p"), "IndexedDBByteStore");
        assert.deepEqual(complaints, []);
        assert.deepEqual(wasm.length > 0, slim, "the wasm as a file of its own");
      } finally {
        await context.close();
        await profile.remove();
      }
    });
  }

  const routes = {
    "server component": "server",
    "route on Node": "api/node",
    "route on Node, slim": "api/node-slim",
    "route at the edge": "api/edge",
  };
  const ask = async (path, step = "none") => {
    const response = await fetch(new URL(`${path}?step=${step}`, server.url));
    const text = await response.text();
    assert.equal(response.status, 200, text);
    const [, shown] = /<pre>(.*?)<\/pre>/u.exec(text) ?? [];
    return JSON.parse(shown?.replaceAll("&quot;", '"') ?? text);
  };

  test("server components and routes: started again, they read what they have written", async () => {
    for (const [what, path] of Object.entries(routes)) {
      upstash.resetCounts();
      assert.deepEqual(await ask(path, "write"), { before: NOTHING, after: WRITTEN }, what);
      countsAre(upstash, { MGET: 2, MSET: 1 });
    }
    await server.stop();
    server = await start(app, variables(upstash));
    for (const [what, path] of Object.entries(routes)) {
      assert.deepEqual(await ask(path, "read"), WRITTEN, what);
      countsAre(upstash, { MGET: 1 });
    }
  });

  for (const where of ["node", "edge"]) {
    test(`a route on ${where} embeds: started again, nothing again`, async () => {
      await embeddingTrip(async (env) => {
        await server.stop();
        server = await start(app, env);
        return ask(`api/${where}-cached`);
      });
      await server.stop();
      server = await start(app, variables(upstash));
    });
  }

  for (const where of ["node", "edge"]) {
    test(`a route on ${where} finds: started again, what it has added`, async () => {
      await findingTrip(async (env) => {
        await server.stop();
        server = await start(app, env);
        return ask(`api/${where}-vectors`);
      });
      await server.stop();
      server = await start(app, variables(upstash));
    });
  }

  test("the first calls at the edge may come at once", async () => {
    await server.stop();
    server = await start(app, variables(upstash));
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask("api/edge", "read")));
    for (const answer of answers) assert.deepEqual(answer, WRITTEN);
  });

  for (const store of ["memory", "Upstash"]) {
    describe(`the contract at the edge: ${store}`, { concurrency: 8 }, () => {
      for (const { id, title } of rules) {
        test(`${id}: ${title}`, async () => {
          const response = await fetch(new URL(`api/contract?store=${store}&rules=${id}`, server.url));
          const text = await response.text();
          assert.equal(response.status, 200, text);
          assert.deepEqual(JSON.parse(text), { passed: 1, failed: [] });
        });
      }
    });
  }
});
