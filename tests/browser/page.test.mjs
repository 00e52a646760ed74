/** What a page around the stores may do: content security policies and `bytestow/slim`. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { newProfile, openProfile } from "../support/chromium.mjs";
import { packageRoot } from "../support/package.mjs";
import { bundle, page, serveFiles } from "../support/site.mjs";

describe("pages in Chromium", { timeout: 900_000 }, () => {
  let server, profile, context;

  before(async () => {
    const [probe, slim] = await Promise.all(
      ["probe.mjs", "slim_probe.mjs"].map((path) => bundle(path, import.meta.url)),
    );
    const wasm = await readFile(join(packageRoot(), "dist/wasm/bytestow_wasm_bg.wasm"));
    const withPolicy = (policy, script = "/probe.js") => ({
      body: page(script),
      headers: { "content-security-policy": policy },
    });
    server = await serveFiles({
      "/": page("/probe.js"),
      "/strict": withPolicy("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"),
      "/self": withPolicy("script-src 'self'"),
      "/none": withPolicy("default-src 'none'; script-src 'self'"),
      "/slim": page("/slim.js"),
      "/slim-strict": withPolicy(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
        "/slim.js",
      ),
      "/slim-self": withPolicy("script-src 'self'", "/slim.js"),
      "/probe.js": probe,
      "/slim.js": slim,
      "/bytestow.wasm": { type: "application/wasm", body: wasm },
      "/untyped.wasm": { type: "application/octet-stream", body: wasm },
      "/page.wasm": "<!doctype html>not found, said kindly",
    });
    profile = await newProfile();
    context = await openProfile(profile);
  });

  after(async () => {
    await context?.close();
    await server?.close();
    await profile?.remove();
  });

  /** Runs `work` on a page; gives its result and what the page complained of. */
  async function on(path, work, argument) {
    const opened = await context.newPage();
    const complaints = [];
    opened.on("pageerror", (error) => complaints.push(String(error)));
    try {
      await opened.goto(server.url + path.slice(1));
      await opened.waitForFunction(() => globalThis.ready, undefined, { polling: 20 });
      return { result: await opened.evaluate(work, argument), complaints };
    } finally {
      await opened.close();
    }
  }

  const roundTrip = async (name) => {
    const ends = [];
    for (const store of [new bytestow.InMemoryByteStore(), new bytestow.IndexedDBByteStore({ name })]) {
      ends.push(await outcome(store.mset([["a", new Uint8Array([7])]])));
      ends.push(await outcome(store.mget(["a"]).then(([value]) => value[0])));
    }
    return ends;
  };

  test("script-src 'self' 'wasm-unsafe-eval' is enough, with default-src 'none'", async () => {
    const { result, complaints } = await on("/strict", roundTrip, "csp strict");
    assert.deepEqual(result, [{ value: undefined }, { value: 7 }, { value: undefined }, { value: 7 }]);
    assert.deepEqual(complaints, []);
  });

  for (const path of ["/self", "/none"]) {
    test(`${path}: without 'wasm-unsafe-eval' each call is a typed rejection that says what to add`, async () => {
      const { result, complaints } = await on(path, roundTrip, `csp ${path}`);
      for (const { error } of result) {
        assert.equal(error?.name, "BytestowError", JSON.stringify(error));
        assert.equal(error.code, "unavailable");
        assert.match(error.message, /Content-Security-Policy/u);
        assert.match(error.message, /'wasm-unsafe-eval'/u);
        assert.match(error.cause, /CompileError/u);
      }
      assert.deepEqual(complaints, []);
    });
  }

  test("bytestow/slim: from a URL, a string, a fetch, bytes, a compiled module", async () => {
    const ways = {
      url: () => slim(new URL("/bytestow.wasm", location.href)),
      string: () => slim("/bytestow.wasm"),
      fetch: () => slim(fetch("/bytestow.wasm")),
      response: async () => slim(await fetch("/bytestow.wasm")),
      bytes: async () => slim(await (await fetch("/bytestow.wasm")).arrayBuffer()),
      view: async () => slim(new Uint8Array(await (await fetch("/bytestow.wasm")).arrayBuffer())),
      module: async () => slim(await WebAssembly.compileStreaming(fetch("/bytestow.wasm"))),
      untyped: () => slim("/untyped.wasm"),
    };
    for (const [way, work] of Object.entries(ways)) {
      const { result, complaints } = await on("/slim", work);
      assert.deepEqual(result, [7, 8], way);
      assert.deepEqual(complaints, [], way);
    }
    const { result } = await on("/slim-strict", ways.url);
    assert.deepEqual(result, [7, 8]);
  });

  test("bytestow/slim: what cannot be loaded is a typed rejection with its cause", async () => {
    for (const path of ["/missing.wasm", "/page.wasm", "http://127.0.0.1:1/bytestow.wasm"]) {
      const { result, complaints } = await on("/slim", (path) => slim(path), path);
      assert.equal(result.code, "unavailable", JSON.stringify(result));
      assert.equal(result.retryable, true);
      assert.doesNotMatch(result.message, /Content-Security-Policy/u);
      assert.ok(result.cause.length > 10);
      assert.deepEqual(complaints, []);
    }
    const { result } = await on("/slim-self", () => slim("/bytestow.wasm"));
    assert.equal(result.code, "unavailable");
    assert.match(result.message, /'wasm-unsafe-eval'/u);
  });
});
