/**
 * The page's whole way in one go, in each browser: the sample, cold, warm, after a reload, cleared, from the remote tier,
 * without a network, searched, looked at, in a second tab. What it says of the remote tier is held against what that has
 * counted and keeps itself, and nothing of the server's token may have come to the page.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";
import { startRemote } from "./remote.mjs";
import { checkPassed, everyText, overhear, teller } from "./secrets.mjs";
import { Seeker } from "./seeker.mjs";

const QUESTION = "a proposal of marriage";

for (const { name } of BROWSERS) {
  describe(`the page’s whole way, in ${name}`, { timeout: 900_000 }, () => {
    let built, remote, server, driver, seeker;
    /** What passed between the page and the remote tier. */
    const passed = [];

    before(async () => {
      built = await buildPage();
      remote = await startRemote();
      server = await serve(built.site, {
        remote(request, response, path) {
          passed.push(overhear(request, response));
          remote.pass(request, response, path);
        },
      });
      driver = new Driver(built, server.url, name);
      seeker = new Seeker(driver);
      await driver.start();
    });

    after(async () => {
      await driver?.remove();
      await server?.close().catch(() => {});
      await remote?.close();
      await built?.remove();
    });

    test("from the sample to a second tab", async () => {
      const { chunks } = built;
      const all = chunks.length;
      await driver.open();
      assert.deepEqual(await driver.texts(), ["Pride and Prejudice"]);
      await driver.reads("offline", /^Works offline now\.$/u);

      const cold = await counting(() => driver.runAs(1, { kind: "cold", remote: 0, embedded: all }));
      assert.equal(await driver.whole("run-1-requests"), cold.MGET + cold.MSET);
      assert.equal(await driver.whole("stats-remote-requests"), remote.counts().requests);
      assert.equal(await driver.bytes("remote-written"), bytesOfRemote());
      assert.equal(bytesOfRemote(), all * built.value);

      await driver.runAs(2, { kind: "warm (memory)", memory: all, remote: 0 });
      await driver.reload();
      const asked = remote.counts().requests;
      await driver.runAs(3, { kind: "warm (browser)", browser: all, remote: 0 });
      assert.equal(await driver.whole("run-3-requests"), 0);

      await driver.clear("clear-browser", "This browser is empty. The next run can read from the remote tier.");
      const warm = await counting(() => driver.runAs(4, { kind: "warm (remote)", remote: all }));
      assert.equal(await driver.whole("run-4-requests"), warm.MGET);
      assert.equal(warm.MSET, undefined);
      assert.equal(await driver.bytes("remote-read"), bytesOfRemote());
      assert.ok(remote.counts().requests > asked);
      await driver.checkSummary({ cold: 1, memory: 2, browser: 3, remote: 4 });

      await server.close();
      // What a browser says in its console of a server that is not there, whatever the page does about it.
      driver.forgiven = (text) => /ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED|NetworkError|redis/u.test(text);
      await driver.setOffline(true);
      await driver.reload();
      await driver.reads("offline", /^You are offline\./u);
      await driver.runAs(5, { kind: "warm (browser)", browser: all, remote: 0 });

      await seeker.arrive();
      await checkFound(await seeker.find(QUESTION));
      assert.equal(await seeker.added(), all);

      await driver.tab.until(() => /^[\d,]+ entries/u.test(document.querySelector("#explorer-found").textContent));
      await driver.tab.click("#explorer-rows tr:first-child button");
      await driver.tab.until(() => document.querySelector("#explorer-key").textContent !== "");
      assert.equal(await driver.whole("browser-kept"), all + 1, "the chunks’ vectors, and the question’s");

      const first = driver.tab;
      await driver.onAnother(undefined, async () => {
        await driver.ready();
        await seeker.arrive();
        await checkFound(await seeker.find(QUESTION));
        assert.equal(await seeker.added(), 0);
        await driver.clear("clear-browser", "This browser is empty.");
        await driver.inTab(first, async () => {
          await driver.says("Another tab has changed what is kept: this browser now has 0 vectors.");
          assert.equal(await driver.whole("browser-kept"), 0);
        });
      });
    });

    test("the server’s token never came to the page", async () => {
      const tells = teller(remote.token);
      assert.ok(passed.length > 10, `${passed.length} requests passed`);
      checkPassed(passed, tells);
      const held = await driver.tab.eval(everyText);
      assert.ok(held.some((text) => text.includes("Pride and Prejudice")));
      assert.ok(!held.some(tells));
    });

    test("with the remote tier down a search goes on with this browser alone", async () => {
      await driver.setOffline(false);
      server = await serve(built.site, {
        port: Number(new URL(server.url).port),
        remote(request, response) {
          request.resume();
          response.writeHead(503).end();
        },
      });
      driver.forgiven = (text) => /\b503\b/u.test(text);
      await driver.reload();
      await seeker.arrive();
      await checkFound(await seeker.find(QUESTION));
      assert.equal(await seeker.added(), built.chunks.length);
      await driver.reads("remote-state", /^It does not answer\. This browser goes on alone/u);
    });

    test("no console error but of what was not there, no policy violation, no request elsewhere", () => {
      assert.deepEqual(driver.complaints, []);
    });

    /** Which commands the remote tier has run while `work` was done. */
    async function counting(work) {
      const { perCommand: before } = remote.counts();
      await work();
      const { perCommand: now } = remote.counts();
      const changed = Object.entries(now).map(([command, count]) => [command, count - (before[command] ?? 0)]);
      return Object.fromEntries(changed.filter(([, count]) => count > 0));
    }

    /** The bytes of all values that the remote tier keeps, which it has in base64. */
    function bytesOfRemote() {
      const values = remote
        .database()
        .keys()
        .map((key) => remote.database().get(String(key)).toString());
      return values.reduce((sum, value) => sum + Buffer.from(value.replace("bytestow1:", ""), "base64").length, 0);
    }

    /** Holds what was found against an exact search. */
    async function checkFound(found) {
      const query = await built.embedder.embedQuery(QUESTION);
      const vectors = await built.embedder.embedDocuments(built.chunks);
      const scores = vectors.map((vector) => vector.reduce((sum, value, at) => sum + value * query[at], 0));
      const best = scores.toSorted((one, other) => other - one).slice(0, 10);
      assert.equal(found.length, 10);
      for (const [place, { score }] of found.entries()) assert.ok(Math.abs(score - best[place]) < 1e-5, `${score}`);
    }
  });
}
