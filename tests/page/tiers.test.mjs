/**
 * The demo page over two tiers: this browser's IndexedDB, and behind the page's own server a Redis of the Upstash
 * protocol, in memory. What the page says of the remote tier is held against what that server has counted, and what
 * passed between the two is searched for the token.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { buildPage, Driver } from "./driver.mjs";
import { startRemote } from "./remote.mjs";
import { checkPassed, everyText, overhear, teller } from "./secrets.mjs";

/** Of the vectors in the remote store. */
const NAMESPACE = "bytestow-demo/embeddings/";

describe("the demo page, with a remote tier", { timeout: 900_000 }, () => {
  let built, remote, server, driver, chunks, vectorBytes;
  /** What the server answered to requests for the remote tier, and the headers of both. */
  const passed = [];
  /** What the server had been asked before the page was opened that counts. */
  let askedBefore = 0;

  before(async () => {
    built = await buildPage();
    ({ chunks } = built);
    vectorBytes = chunks.length * built.value;
    remote = await startRemote();
    server = await serve(built.site, {
      remote(request, response, path) {
        passed.push(overhear(request, response));
        remote.pass(request, response, path);
      },
    });
    driver = new Driver(built, server.url);
    await driver.start();
  });

  after(async () => {
    await driver?.remove();
    await server?.close();
    await remote?.close();
    await built?.remove();
  });

  test("the server says where the remote tier is, and lets only this origin pass", async () => {
    const settings = await (await fetch(`${server.url}settings.json`)).json();
    assert.deepEqual(settings, { remote: "redis" });
    const ask = (path, headers) =>
      fetch(server.url + path, { method: "POST", body: '["ECHO","here"]', headers: { ...headers } });
    assert.deepEqual(await (await ask("redis")).json(), { result: "here" });
    assert.deepEqual(await (await ask("redis/")).json(), { result: "here" });
    assert.equal((await ask("redis", { "sec-fetch-site": "cross-site" })).status, 403);
    assert.equal((await ask("redis", { "sec-fetch-site": "same-origin" })).status, 200);
    assert.equal((await ask("redish")).status, 405, "a file's name, if anything");
    remote.resetCounts();
  });

  test("opens: two tiers, both empty", async () => {
    await driver.open();
    await driver.reads("remote-state", /^Redis over HTTP/u);
    assert.equal(await driver.whole("browser-kept"), 0);
    assert.equal(await driver.whole("remote-kept"), 0);
    assert.ok(await driver.isVisible("clear-both"));
  });

  test("cold: both tiers are asked, both get every vector", async (t) => {
    const run = await counting(() => driver.runAs(1, { kind: "cold", remote: 0, embedded: chunks.length }));
    assert.equal(await driver.whole("browser-kept"), chunks.length);
    assert.equal(await driver.whole("remote-kept"), chunks.length);
    assert.deepEqual(keysOfRemote(), chunks.map(built.key).toSorted());
    for (const chunk of chunks.slice(0, 20)) {
      const stored = remote
        .database()
        .get(NAMESPACE + built.key(chunk))
        .toString();
      const [, base64] = /^bytestow1:(.*)$/u.exec(stored);
      assert.deepEqual(built.numbers(Buffer.from(base64, "base64")), [...(await built.embedder.embedQuery(chunk))]);
    }
    assert.equal(await driver.bytes("remote-written"), vectorBytes);
    assert.equal(await driver.bytes("remote-read"), 0);
    assert.equal(await driver.whole("remote-requests"), run.MGET + run.MSET);
    assert.equal(await driver.whole("run-1-requests"), run.MGET + run.MSET);
    await checkCounts();
    t.diagnostic(`cold: ${await driver.times(1)}; ${JSON.stringify(run)}`);
  });

  test("again, after a reload: warm from this browser, the remote tier is not asked", async (t) => {
    askedBefore = remote.counts().requests;
    await driver.reload();
    const run = await counting(() => driver.runAs(2, { kind: "warm (browser)", browser: chunks.length, remote: 0 }));
    assert.equal(run.MGET, undefined);
    assert.equal(run.MSET, undefined);
    assert.equal(await driver.whole("remote-requests"), 0);
    await driver.checkSummary({ cold: 1, browser: 2 });
    t.diagnostic(`warm from the browser: ${await driver.times(2)}`);
  });

  test("the browser cleared: warm from the remote tier, nothing computed, and all of it back in the browser", async (t) => {
    const before = await driver.readCache();
    await driver.clear("clear-browser", "This browser is empty. The next run can read from the remote tier.");
    assert.equal(await driver.whole("browser-kept"), 0);
    assert.equal(await driver.whole("remote-kept"), chunks.length);
    assert.equal((await driver.readCache()).keys.length, 0);
    assert.equal(keysOfRemote().length, chunks.length);

    const run = await counting(() => driver.runAs(3, { kind: "warm (remote)", remote: chunks.length }));
    assert.equal(run.MSET, undefined, "nothing was computed, so nothing was written");
    assert.equal(await driver.whole("remote-requests"), run.MGET);
    assert.ok(run.MGET <= Math.ceil(chunks.length / 256) + 1, `${run.MGET} requests`);
    assert.equal(await driver.bytes("remote-read"), vectorBytes);
    assert.equal(await driver.bytes("browser-written"), vectorBytes);
    const back = await driver.readCache();
    assert.deepEqual(back.keys.toSorted(), before.keys.toSorted());
    assert.equal(back.bytes, before.bytes);
    assert.equal(back.digest, before.digest, "the same vectors");
    await driver.checkSummary({ cold: 1, browser: 2, remote: 3 });
    await checkCounts();
    t.diagnostic(`warm from remote: ${await driver.times(3)}; ${JSON.stringify(run)}`);

    await driver.runAs(4, { kind: "warm (memory)", memory: chunks.length, remote: 0 });
    await driver.checkSummary({ cold: 1, memory: 4, browser: 2, remote: 3 });
    await driver.shoot("tiers");
  });

  test("what is asked of the remote tier is shown as it comes", async () => {
    await driver.clear("clear-browser", "This browser is empty.");
    remote.set({ latency: 250 });
    await driver.click("run");
    const { asked, going, done, max } = await driver.tab.until(() => {
      const value = (id) => Number(document.getElementById(id).value);
      const asked = value("remote-requests");
      const going = document.getElementById("run").getAttribute("aria-disabled") === "true";
      const bar = document.getElementById("progress");
      const [done, max] = ["aria-valuenow", "aria-valuemax"].map((name) => Number(bar.getAttribute(name)));
      return asked > 0 && done > 0 && { asked, going, done, max };
    });
    assert.ok(going, "the run goes on");
    assert.ok(done > 0 && done <= max, `${done} of ${max}`);
    assert.equal(max, chunks.length);
    await driver.runAs(5, { kind: "warm (remote)", remote: chunks.length, click: false });
    assert.ok(asked <= (await driver.whole("remote-requests")));
    remote.set({ latency: 0 });
  });

  test("a text of which each tier has a part: the hits add up", async () => {
    const own = [1, 2, 3, 4, 5].map((number) => `Paragraph ${number} ${"has words of its own. ".repeat(15)}`);
    await driver.choose(["own.txt", own.join("\n\n")]);
    await driver.runAs(6, { kind: "cold", remote: 0, embedded: 5 });
    await driver.clear("clear-browser", "This browser is empty.");
    await driver.choose(["two.txt", own.slice(0, 2).join("\n\n")]);
    await driver.runAs(7, { kind: "warm (remote)", remote: 2 });
    await driver.choose(["five.txt", own.join("\n\n")]);
    await driver.runAs(8, { kind: "warm (mixed)", memory: 2, remote: 3 });
    await driver.clear("clear-browser", "This browser is empty.");
    await driver.choose(["two.txt", own.slice(0, 2).join("\n\n")]);
    await driver.runAs(9, { kind: "warm (remote)", remote: 2 });
    // Twice: one that the browser has, one that the remote tier has, one that neither has.
    const sixth = "A sixth one. ".repeat(30).trim();
    await driver.choose(
      ["longer.txt", own.join("\n\n")],
      ["twice.txt", own[0]],
      ["6.txt", sixth],
      ["again.txt", sixth],
    );
    await driver.runAs(10, { kind: "partly warm", memory: 2, remote: 3, embedded: 1 });
    assert.equal(await driver.whole("remote-kept"), chunks.length + 6);
    await checkCounts();
    await driver.click("sample");
    await driver.ready();
    for (const name of await driver.texts()) if (name !== "Pride and Prejudice") await driver.removeText(name);
  });

  test("a new browser, on a profile of its own: warm from the remote tier at once", async () => {
    const other = new Driver(built, server.url);
    try {
      await other.start();
      await other.open();
      assert.equal(await other.whole("browser-kept"), 0);
      await other.runAs(1, { kind: "warm (remote)", remote: chunks.length });
      assert.match(await other.text("summary"), /^All of it was in the cache already/u);
      assert.deepEqual(other.complaints, []);
    } finally {
      await other.remove();
    }
  });

  test("a browser without storage still has the remote tier, and is told what it lacks", async () => {
    const withoutStorage = () => Object.defineProperty(globalThis, "indexedDB", { value: undefined });
    await driver.onAnother(withoutStorage, async () => {
      assert.match(await driver.trouble(), /normal window/u);
      assert.equal(await driver.whole("remote-kept"), chunks.length + 6);
      await driver.runAs(1, { kind: "warm (remote)", remote: chunks.length, stored: 0 });
      assert.match(await driver.trouble(), /normal window/u);
      await driver.runAs(2, { kind: "warm (memory)", memory: chunks.length, remote: 0 });
      assert.match(await driver.trouble(), /normal window/u);
    });
  });

  test("both cleared: both are empty, then cold again", async () => {
    await driver.clear("clear-both", "Both tiers are empty. The next run is cold.");
    assert.equal(await driver.whole("browser-kept"), 0);
    assert.equal(await driver.whole("remote-kept"), 0);
    assert.equal((await driver.readCache()).keys.length, 0);
    assert.equal(keysOfRemote().length, 0);
    await driver.runAs(11, { kind: "cold", remote: 0, embedded: chunks.length });
  });

  test("the token never reached the page", async () => {
    assert.ok(remote.token.length >= 32);
    const tells = teller(remote.token);
    assert.ok(passed.length > 30, `${passed.length} requests passed`);
    checkPassed(passed, tells);
    for (const path of [
      "",
      "index.html",
      "main.js",
      "main.js.map",
      "sw.js",
      "style.css",
      "results.css",
      "icon.svg",
      "settings.json",
    ]) {
      const response = await fetch(server.url + path);
      assert.equal(response.status, 200, path);
      assert.ok(!tells(JSON.stringify([...response.headers])) && !tells(await response.text()), path);
    }
    const held = await driver.tab.eval(everyText);
    assert.ok(held.length > 1_000, `${held.length} texts found in the page`);
    assert.ok(held.some((text) => text.includes("Pride and Prejudice")));
    assert.ok(!held.some(tells));
    const { cookies, origins } = await driver.context.storageState();
    assert.deepEqual(cookies, []);
    assert.ok(!tells(JSON.stringify(origins)));
  });

  test("no console error, no policy violation, no request elsewhere", () => {
    assert.deepEqual(driver.complaints, []);
  });

  function keysOfRemote() {
    const keys = remote.database().keys().map(String);
    assert.ok(keys.every((key) => key.startsWith(NAMESPACE)));
    return keys.map((key) => key.slice(NAMESPACE.length)).toSorted();
  }

  /** Which commands the server has run while `work` was done. */
  async function counting(work) {
    const { perCommand: before } = remote.counts();
    await work();
    const { perCommand: now } = remote.counts();
    const changed = Object.entries(now).map(([name, count]) => [name, count - (before[name] ?? 0)]);
    return Object.fromEntries(changed.filter(([, count]) => count > 0));
  }

  /** The page's counters of its stores, since it was opened, and the server's agree. */
  async function checkCounts() {
    assert.equal(await driver.whole("stats-remote-requests"), remote.counts().requests - askedBefore);
    const hits = (store) => driver.whole(`stats-${store}-hits`);
    assert.equal(
      await driver.whole("stats-browser-misses"),
      (await hits("remote")) + (await driver.whole("stats-remote-misses")),
    );
  }
});
