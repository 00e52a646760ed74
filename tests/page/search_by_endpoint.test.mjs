/**
 * The search by an endpoint that is asked with the person's own key, in each browser: what it finds, whose key is sent,
 * what it says while it waits, and that a run beside it neither holds it up nor ends it.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";
import { failing, held, KEY, MODEL, startEndpoint, vectorOf } from "./endpoint.mjs";
import { Seeker } from "./seeker.mjs";

/** More than one part of a run. */
const TEXT = Array.from(
  { length: 300 },
  (_, at) => `${String.fromCharCode(65 + (at % 26))} paragraph ${at}. ${`It says number ${at} over. `.repeat(18)}`,
).join("\n\n");
const QUESTION = "What does it say over and over?";

for (const { name } of BROWSERS) {
  describe(`the search by an endpoint, in ${name}`, { timeout: 900_000 }, () => {
    let built, server, driver, seeker, endpoint, texts;

    before(async () => {
      built = await buildPage();
      texts = built.split(TEXT);
      assert.ok(texts.length > 256, `${texts.length} chunks`);
      server = await serve(built.site);
      endpoint = await startEndpoint();
      driver = new Driver(built, server.url, name, { ignoreCertificates: true });
      driver.forgiven = (text) => text.includes(endpoint.url) || /Failed to load resource/u.test(text);
      await driver.start();
      await driver.open();
      seeker = new Seeker(driver);
      await seeker.arrive();
      await driver.choose(["own.txt", TEXT]);
      await driver.click("choose-endpoint");
      await driver.fill("endpoint-url", endpoint.url);
      await driver.fill("endpoint-model", MODEL);
      await driver.fill("endpoint-key", KEY);
    });

    after(async () => {
      await driver?.remove();
      await endpoint?.close();
      await server?.close();
      await built?.remove();
    });

    test("it finds what an exact search finds, and asks for each text once", async () => {
      checkFound(await seeker.find(QUESTION), QUESTION, 8);
      const asked = endpoint.requests.flatMap(({ body }) => body.input);
      assert.deepEqual(asked.toSorted(), [QUESTION, ...new Set(texts)].toSorted());
      assert.equal(await seeker.added(), texts.length);
    });

    test("what a search has embedded, a run has from memory: nothing that was kept is let go", async () => {
      endpoint.requests.length = 0;
      await seeker.find("Is memory kept?");
      assert.equal(endpoint.requests.length, 1);
      await driver.click("run");
      await driver.says("Run 1 was warm (memory):");
      await driver.idle();
      assert.equal(endpoint.requests.length, 1);
    });

    test("a key that was forgotten is not sent any more, and another one takes its place", async () => {
      endpoint.requests.length = 0;
      await driver.click("endpoint-forget");
      await driver.add(["more.txt", "A text that came later."]);
      // The vector of the question is kept: what is asked for is the new text's.
      await seeker.ask(QUESTION);
      assert.match(await seeker.trouble(), /refuses the key/u);
      assert.deepEqual(keys(), [undefined]);
      await driver.fill("endpoint-key", "sk-another");
      await seeker.ask(QUESTION);
      assert.match(await seeker.trouble(), /refuses the key\.Paste it again.*http_401/su);
      assert.deepEqual(keys(), [undefined, "Bearer sk-another"]);
      await driver.fill("endpoint-key", KEY);
      await seeker.find(QUESTION);
      assert.equal(await seeker.added(), 1);
      assert.deepEqual(keys().slice(2), [`Bearer ${KEY}`]);
      await driver.removeText("more.txt");
      assert.match(await driver.text("status"), /what the search’s index has, is kept until it is cleared\.$/u);
    });

    test("other dimensions have an index of their own, and the first is there again", async () => {
      await driver.fill("endpoint-dimensions", "4");
      checkFound(await seeker.find(QUESTION), QUESTION, 4);
      assert.equal(await seeker.added(), texts.length);
      await driver.fill("endpoint-dimensions", "");
      checkFound(await seeker.find(QUESTION), QUESTION, 8);
      assert.equal(await seeker.added(), 0);
    });

    test("a model that has other vectors under its old name: said, with what to press", async () => {
      endpoint.dimensions = 6;
      await seeker.ask("Who are you now?");
      assert.match(await seeker.trouble(), /another length now than those that are kept.*“Clear browser”/su);
      await driver.clear("clear-browser", "This browser is empty.");
      checkFound(await seeker.find(QUESTION), QUESTION, 6);
      endpoint.dimensions = 8;
      await driver.clear("clear-browser", "This browser is empty.");
      await seeker.find(QUESTION);
    });

    test("while it waits for the question's vector it says so, and can be stopped: the endpoint is let go", async () => {
      const hold = held();
      endpoint.script.push(hold.answer);
      const before = await places();
      await seeker.ask("Is anybody there?");
      await seeker.says(/^Asking for the question’s vector …$/u);
      await until(() => hold.isAsked);
      assert.deepEqual(await places(), before, "nothing moves for it");
      await seeker.stop();
      await seeker.says(/^Stopped\.$/u);
      await until(() => hold.isLeft);
      endpoint.script.push(failing(429, "rate_limit_exceeded", "slow down", { "retry-after": "50" }));
      await seeker.ask("Is anybody there?");
      await seeker.says(/^The endpoint asks to be left alone for 50 seconds …$/u);
      assert.deepEqual(await places(), before, "nothing moves for that either");
      await seeker.stop();
      await seeker.says(/^Stopped\.$/u);
      await seeker.find("Is anybody there?");
    });

    test("a run that is cancelled does not end a search that asks beside it", async () => {
      await driver.clear("clear-browser", "This browser is empty.");
      const ofRun = await beginRun();
      const question = held();
      endpoint.script.push(question.answer);
      await seeker.ask("Does this go on?");
      await until(() => question.isAsked);
      await driver.click("cancel");
      await driver.says(/^Cancelled: /u);
      await driver.idle();
      await until(() => ofRun.every(({ isLeft }) => isLeft));
      question.release();
      checkFound(await seeker.found("Does this go on?"), "Does this go on?", 8);
    });

    test("a search goes on beside a run that is paused, and the run says that it was not alone", async () => {
      await driver.clear("clear-browser", "This browser is empty.");
      const ofRun = await beginRun();
      await driver.click("pause");
      await driver.says(/^Paused: /u);
      checkFound(await seeker.find(QUESTION), QUESTION, 8);
      for (const { release } of ofRun) release();
      await driver.click("pause");
      await driver.says(/^Run 2 was .* A search went on beside it, and is in the tiers’ numbers\.$/u);
      await driver.idle();
      const row = await driver.text("run-2");
      assert.match(row, /beside a search/u);
      assert.equal(
        await driver.text("summary"),
        "All of it was in the cache already. Clear the cache and run to see a cold run beside it.",
      );
      for (const phase of ["read", "embed", "write"]) assert.ok((await driver.exact(`run-2-${phase}`)) >= 0, phase);
    });

    test("offline: what is kept is found without a request, and of the rest it is said why not", async () => {
      endpoint.requests.length = 0;
      await driver.setOffline(true);
      driver.forgiven = (text) => text.includes(endpoint.url) || /Failed to load resource|DISCONNECTED/u.test(text);
      try {
        checkFound(await seeker.find(QUESTION), QUESTION, 8);
        await seeker.ask("What is not kept?");
        assert.match(
          await seeker.trouble(),
          /You are offline, so the endpoint cannot be asked\.What is cached works without a network/u,
        );
      } finally {
        await driver.setOffline(false);
      }
      assert.deepEqual(endpoint.requests, []);
    });

    test("no console error but of what failed, no policy violation, no request elsewhere", () => {
      assert.deepEqual(driver.complaints, []);
    });

    /** How high what is found is, and the search itself, on a desk and on a phone. */
    async function places() {
      const found = [];
      for (const width of [360, 1100]) {
        await driver.tab.resize(width, 900);
        found.push(
          await driver.tab.eval(
            () => document.querySelector("#search-results").offsetTop - document.querySelector("#search").offsetTop,
          ),
        );
      }
      return found;
    }

    const keys = () => endpoint.requests.map(({ headers }) => headers.authorization);

    /** Begins a run whose first batches stay with the endpoint. */
    async function beginRun() {
      const holds = [1, 2, 3, 4].map(held);
      endpoint.script.push(...holds.map(({ answer }) => answer));
      await driver.click("run");
      await until(() => holds.every(({ isAsked }) => isAsked));
      return holds;
    }

    /** Holds what is shown against the best of all chunks, by their vectors of so many numbers. */
    function checkFound(found, question, dimensions) {
      const wanted = vectorOf(question, dimensions).map(Math.fround);
      const scores = texts.map((text) => cosine(wanted, vectorOf(text, dimensions).map(Math.fround)));
      const best = scores.toSorted((one, other) => other - one).slice(0, 10);
      assert.equal(found.length, best.length);
      for (const [place, { text, score }] of found.entries()) {
        assert.ok(Math.abs(score - best[place]) < 1e-5, `${score} is not ${best[place]}`);
        assert.ok(Math.abs(score - scores[texts.indexOf(text)]) < 1e-5, `${text.slice(0, 20)}: ${score}`);
      }
    }
  });
}

async function until(isSo) {
  for (let tries = 0; !isSo(); tries += 1) {
    assert.ok(tries < 1_000, `${isSo} came not true`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function cosine(one, other) {
  const dot = one.reduce((sum, value, at) => sum + value * other[at], 0);
  return dot / Math.hypot(...one) / Math.hypot(...other);
}
