/** What a first visit costs: over the wire, and what the service worker then keeps. (Only Chromium tells bytes as sent.) */
import assert from "node:assert/strict";
import { get } from "node:http";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { buildPage, Driver } from "./driver.mjs";

/** What a first visit may cost over the wire, headers included, the sample text aside. */
const FIRST_LOAD = 200_000;
/** What may be fetched behind it, to be there offline. */
const KEPT = 250_000;

describe("a first visit to the page", { timeout: 900_000 }, () => {
  let built, server, driver;

  before(async () => {
    built = await buildPage({ compressed: true });
    server = await serve(built.site);
    driver = new Driver(built, server.url);
    await driver.start();
  });

  after(async () => {
    await driver?.remove();
    await server?.close();
    await built?.remove();
  });

  test("a first visit loads at most 200 kB, the sample text aside", async (t) => {
    const devtools = await driver.context.newCDPSession(driver.page);
    await devtools.send("Network.enable");
    const names = new Map();
    const loaded = new Map();
    devtools.on("Network.requestWillBeSent", ({ requestId, request }) => names.set(requestId, request.url));
    devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      const path = names.get(requestId)?.replace(server.url, "");
      loaded.set(path, (loaded.get(path) ?? 0) + encodedDataLength);
    });
    await driver.open();
    const first = [...loaded];
    assert.ok(loaded.get("bytestow.wasm") > 100_000 && loaded.get("") > 1_000, "what counts is counted");
    assert.ok(loaded.get("sample/pride-and-prejudice.txt") > 100_000);
    const sum = (entries) =>
      entries.reduce((bytes, [path, size]) => (/^sample\//u.test(path) ? bytes : bytes + size), 0);
    for (const [path, size] of first) t.diagnostic(`${String(size).padStart(7)} ${path || "index.html"}`);
    t.diagnostic(`${sum(first)} bytes in all, the sample text aside`);
    await driver.reads("offline", /^Works offline now\.$/u);
    const kept = await driver.tab.eval(async () => {
      const [name] = (await caches.keys()).filter((each) => each.startsWith("bytestow-page-"));
      return (await (await caches.open(name)).keys()).map(({ url }) => url);
    });
    const sizes = await Promise.all(kept.map(async (url) => [url.replace(server.url, ""), await sizeOf(url)]));
    const fresh = sizes.filter(([path]) => !loaded.has(path));
    t.diagnostic(
      `then, when idle, ${kept.length} files are kept for offline, ${all(sizes)} bytes as they are sent, of which ` +
        `${fresh.length} with ${all(fresh)} bytes were not loaded before`,
    );
    assert.ok(fresh.length > 5 && all(fresh) < KEPT, "what is kept beside that");
    assert.ok(sum(first) <= FIRST_LOAD, `${sum(first)} bytes`);
    const unasked = first.filter(([path]) =>
      /^(?:search|explorer|panel|run|others|transformers)|onnx|probe/u.test(path),
    );
    assert.deepEqual(unasked, [], "what nobody asked for yet");
    await devtools.detach();
  });

  test("no console error, no policy violation, no request elsewhere", () => {
    assert.deepEqual(driver.complaints, []);
  });

  function all(sizes) {
    return sizes.reduce((sum, [, size]) => sum + size, 0);
  }

  /** What is sent of a file to a browser. */
  function sizeOf(url) {
    return new Promise((resolve, reject) => {
      get(url, { headers: { "accept-encoding": "gzip, deflate, br" } }, (response) => {
        let bytes = 0;
        response.on("data", (piece) => {
          bytes += piece.length;
        });
        response.on("end", () => resolve(bytes));
      }).on("error", reject);
    });
  }
});
