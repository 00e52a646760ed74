/** The page's way through a day, in each browser: cold, warm, from the remote tier, without a server, in two tabs. */
import assert from "node:assert/strict";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";
import { startRemote } from "./remote.mjs";

for (const { name } of BROWSERS) {
  describe(`a day with the page, in ${name}`, { timeout: 900_000 }, () => {
    let built, remote, server, driver, chunks;
    /** What the server was asked for, by path. */
    const asked = [];

    before(async () => {
      built = await buildPage();
      ({ chunks } = built);
      remote = await startRemote();
      server = await open(0);
      driver = new Driver(built, server.url, name);
      await driver.start();
    });

    after(async () => {
      await driver?.remove();
      await server?.close();
      await remote?.close();
      await built?.remove();
    });

    test("cold, then warm from memory, then after a reload from this browser", async () => {
      await driver.open();
      await driver.runAs(1, { kind: "cold", remote: 0, embedded: chunks.length });
      await driver.runAs(2, { kind: "warm (memory)", memory: chunks.length, remote: 0 });
      await driver.reload();
      await driver.runAs(3, { kind: "warm (browser)", browser: chunks.length, remote: 0 });
    });

    test("the browser cleared: warm from the remote tier", async () => {
      await driver.clear("clear-browser", "This browser is empty. The next run can read from the remote tier.");
      await driver.runAs(4, { kind: "warm (remote)", remote: chunks.length });
    });

    test("it says when it works offline", async () => {
      await driver.reads("offline", /^Works offline now\.$/u);
    });

    test("without its server: the page opens, says so, and is warm from this browser", async () => {
      await server.close();
      // The browser says in its console that a server is not there, whatever the page does about it.
      driver.forgiven = (text) => /ERR_(?:CONNECTION|EMPTY|INTERNET|NETWORK)|NetworkError|redis/u.test(text);
      await driver.reload();
      assert.match(await driver.text("offline"), /^You are offline\. The page and what is kept work all the same\.$/u);
      assert.deepEqual(await driver.texts(), ["Pride and Prejudice"]);
      await driver.runAs(5, { kind: "warm (browser)", browser: chunks.length, remote: 0 });
      await driver.reads("remote-state", /This browser goes on alone/u);
    });

    test("without its server: what is new is embedded, and kept in this browser", async () => {
      await driver.add(["new.txt", "Something that was never embedded before."]);
      await driver.runAs(6, { kind: "cold", remote: 0, embedded: 1 });
      assert.equal(await driver.whole("browser-kept"), chunks.length + 1);
    });

    test("off the network altogether: the search finds, the explorer lists, shows and exports", async () => {
      await driver.tab.offline(true);
      try {
        await driver.reload();
        assert.equal(await driver.tab.eval(() => navigator.onLine), false);
        assert.match(await driver.text("offline"), /^You are offline\./u);
        await driver.panels();
        const kept = await driver.whole("browser-kept");
        assert.ok(kept >= chunks.length);
        await driver.shows("#explorer-entries", kept.toLocaleString("en-US"));
        await driver.tab.click("#explorer-rows button");
        await driver.shows("#explorer-facts", "float32");
        await driver.tab.click("#explorer-export");
        await driver.shows("#explorer-status", "are in a file of");
        await driver.tab.focus("#search-query");
        await driver.page.keyboard.type("a proposal of marriage");
        await driver.tab.press("Enter");
        await driver.shows("#search-found", "most like “a proposal of marriage”");
        for (const panel of ["search", "explorer"]) {
          const alert = await driver.tab.eval((id) => document.querySelector(id).textContent, `#${panel}-alert`);
          assert.equal(alert, "", panel);
        }
      } finally {
        await driver.tab.offline(false);
      }
    });

    test("a network that is there and dead: the page stands within seconds, and waits for no remote tier", async () => {
      const dead = await openDead(Number(new URL(server.url).port));
      try {
        await driver.tab.reload();
        await driver.says(/“Pride and Prejudice” is split/u);
        await driver.free();
        const began = await driver.tab.eval(() => performance.now());
        assert.ok(began < 6_000, `${began} ms until something can be begun`);
        assert.match(await driver.text("offline"), /^You are offline\./u);
        const pressed = Date.now();
        await driver.tab.eval(() => document.querySelector("#run").click());
        await driver.says(/^Run 7 was warm \(browser\)/u);
        await driver.free();
        assert.ok(Date.now() - pressed < 4_000, `${Date.now() - pressed} ms until the next can be begun`);
        const cleared = Date.now();
        await driver.click("clear-browser");
        await driver.says("This browser is empty.");
        await driver.free();
        assert.ok(Date.now() - cleared < 4_000, `${Date.now() - cleared} ms until it is cleared`);
      } finally {
        await dead.close();
      }
    });

    test("the server is back: the page says so after a reload, and nothing is fetched twice", async () => {
      server = await open(Number(new URL(server.url).port));
      asked.length = 0;
      await driver.reload();
      driver.forgiven = () => false;
      await driver.reads("offline", /^Works offline now\.$/u);
      await driver.reads("remote-state", /^Redis over HTTP/u);
      const files = asked.filter((path) => !/^\/(?:redis|settings\.json|sw\.js)/u.test(path));
      assert.deepEqual(files, [], "all files come from what is kept");
    });

    test("a new version is offered, and taken whole by the button", async () => {
      await appendFile(join(built.site, "style.css"), "\n:root{--new-version:1}");
      await changeWorker();
      await driver.reload();
      await driver.tab.until(() => document.querySelector("#renew").checkVisibility());
      const versionOf = () => getComputedStyle(document.documentElement).getPropertyValue("--new-version");
      assert.equal(await driver.tab.eval(versionOf), "", "the old version stays whole until then");
      await driver.click("renew");
      await driver.tab.until(
        () => getComputedStyle(document.documentElement).getPropertyValue("--new-version") === "1",
      );
      await driver.ready();
      assert.equal(await driver.isVisible("renew"), false);
      await driver.runAs(8, { kind: "warm (remote)", remote: chunks.length });
    });

    test("two tabs show each other what they keep", async () => {
      const first = driver.tab;
      await driver.onAnother(undefined, async () => {
        const second = driver.tab;
        await driver.ready();
        await driver.clear("clear-browser", "This browser is empty.");
        await driver.inTab(first, async () => {
          await driver.says("Another tab has changed what is kept: this browser now has 0 vectors.");
          assert.equal(await driver.whole("browser-kept"), 0);
          assert.equal(await driver.whole("memory-kept"), 0, "memory must not answer what was cleared");
          await driver.runAs(9, { kind: "warm (remote)", remote: chunks.length });
        });
        await driver.says(`this browser now has ${chunks.length.toLocaleString("en-US")} vectors.`);
        assert.equal(await driver.whole("browser-kept"), chunks.length);
        await driver.runAs(1, { kind: "warm (browser)", browser: chunks.length, remote: 0 });
        assert.equal(driver.tab, second);
      });
    });

    test("no console error, no policy violation, no request elsewhere", () => {
      assert.deepEqual(driver.complaints, []);
    });

    /** A server that takes every connection, and never says a word. */
    async function openDead(port) {
      const sockets = new Set();
      const dead = createServer((socket) => sockets.add(socket.on("error", () => undefined)));
      await new Promise((resolve, reject) => dead.once("error", reject).listen(port, "127.0.0.1", resolve));
      return {
        close: () =>
          new Promise((resolve) => {
            dead.close(resolve);
            for (const socket of sockets) socket.destroy();
          }),
      };
    }

    function open(port) {
      return serve(built.site, {
        port,
        remote: remote.pass,
        onRequest: ({ url }) => asked.push(url),
      });
    }

    /** As a build of changed files would leave it: another digest of the stylesheet. */
    async function changeWorker() {
      const path = join(built.site, "sw.js");
      const code = await readFile(path, "utf8");
      const changed = code.replace(/("?style\.css"?:\s*")([0-9a-f]{16})"/u, '$10123456789abcdef"');
      assert.notEqual(changed, code);
      await writeFile(path, changed);
    }
  });
}
