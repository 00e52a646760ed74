/** An endpoint that a person may choose, with their own key, in each browser. (The model in the page: local_model.test.mjs.) */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";
import { failing, KEY, MODEL, startEndpoint, vectorOf } from "./endpoint.mjs";

const TEXT = Array.from(
  { length: 150 },
  (_, at) => `Paragraph ${at}. ${`It says number ${at} over. `.repeat(19)}`,
).join("\n\n");

for (const { name } of BROWSERS) {
  describe(`an endpoint that is asked by the page, in ${name}`, { timeout: 900_000 }, () => {
    let built, server, driver, endpoint, texts;

    before(async () => {
      built = await buildPage();
      texts = built.split(TEXT);
      server = await serve(built.site);
      endpoint = await startEndpoint();
      driver = new Driver(built, server.url, name, { ignoreCertificates: true });
      // Requests to the endpoint are what this is about; of those that fail browsers tell in their console, too.
      driver.forgiven = (text) =>
        text.includes(endpoint.url) || /Failed to load resource|Cross-Origin|CORS/u.test(text);
      await driver.start();
      await driver.open();
      await driver.choose(["own.txt", TEXT]);
    });

    after(async () => {
      await driver?.remove();
      await endpoint?.close();
      await server?.close();
      await built?.remove();
    });

    test("a form that says too little is refused in words", async () => {
      await driver.click("choose-endpoint");
      await driver.fill("endpoint-url", "");
      assert.match(await failure(), /base URL is missing/u);
      for (const [url, words] of [
        ["http://elsewhere.example/v1", /asks? no endpoint without https|policy lets it ask no endpoint/u],
        ["https://user:secret@example.com/v1", /more than a path.*its own field/su],
        ["https://example.com/v1?key=secret", /more than a path/u],
      ]) {
        await driver.fill("endpoint-url", url);
        const said = await failure();
        assert.match(said, words);
        assert.doesNotMatch(said, /secret/u);
      }
      await driver.fill("endpoint-url", endpoint.url);
      await driver.fill("endpoint-model", "");
      assert.match(await failure(), /model is missing/u);
      await driver.fill("endpoint-model", MODEL);
      await driver.fill("endpoint-dimensions", "many");
      assert.match(await failure(), /dimensions are no whole number/u);
      await driver.fill("endpoint-dimensions", "");
      await driver.fill("endpoint-key", "two words");
      const said = await failure();
      assert.match(said, /that no key has/u);
      assert.doesNotMatch(said, /two words/u);
      assert.deepEqual(endpoint.requests, []);
    });

    test("the wrong key: refused, said so, and not repeated", async () => {
      await driver.fill("endpoint-key", "sk-wrong-key");
      const said = await failure();
      assert.match(said, /127\.0\.0\.1:\d+ refuses the key\.Paste it again/u);
      assert.doesNotMatch(said, /sk-wrong/u);
      assert.equal(await driver.text("error-code"), "http_401");
      assert.equal(endpoint.requests.at(-1).headers.authorization, "Bearer sk-wrong-key");
      assert.equal(await driver.whole("browser-kept"), 0);
    });

    test("with the key: embedded in batches, kept, and warm without a request", async () => {
      await driver.fill("endpoint-key", KEY);
      endpoint.requests.length = 0;
      await run(1, "cold");
      const inputs = endpoint.requests.map(({ body }) => body.input);
      assert.deepEqual(inputs.flat().toSorted(), texts.toSorted());
      assert.ok(inputs.every((input) => input.length <= 64));
      assert.equal(inputs.length, Math.ceil(texts.length / 64));
      for (const { headers, body, path } of endpoint.requests) {
        assert.equal(path, "/v1/embeddings");
        assert.equal(headers.authorization, `Bearer ${KEY}`);
        assert.equal(headers.cookie, undefined);
        assert.deepEqual({ ...body, input: [] }, { model: MODEL, input: [], encoding_format: "float" });
      }
      const { first } = await driver.readCache();
      const known = texts.map((text) => vectorOf(text).map(Math.fround).join());
      for (const bytes of Object.values(first)) assert.ok(known.includes(built.numbers(bytes).join()));
      endpoint.requests.length = 0;
      await run(2, "warm (memory)");
      assert.deepEqual(endpoint.requests, []);
    });

    test("other dimensions are other vectors", async () => {
      await driver.fill("endpoint-dimensions", "4");
      await run(3, "cold");
      assert.ok(endpoint.requests.every(({ body }) => body.dimensions === 4));
      assert.equal(await driver.whole("browser-kept"), 2 * texts.length);
      await driver.fill("endpoint-dimensions", "");
      await run(4, "warm (memory)");
    });

    test("an endpoint that is busy is left alone for as long as it says, then asked again", async () => {
      await driver.clear("clear-browser", "This browser is empty.");
      endpoint.script.push(failing(429, "rate_limit_exceeded", "slow down", { "retry-after": "1" }));
      await driver.click("run");
      await driver.says("The endpoint asks to be left alone for 1 second …");
      await driver.says(/^Run 5 was cold:/u);
      await driver.idle();
    });

    test("a run that waits for an endpoint is cancelled at once", async () => {
      await driver.clear("clear-browser", "This browser is empty.");
      endpoint.script.push(failing(429, "rate_limit_exceeded", "slow down", { "retry-after": "50" }));
      await driver.click("run");
      await driver.says("The endpoint asks to be left alone for 50 seconds …");
      await driver.click("cancel");
      await driver.says(/^Cancelled: /u);
      await driver.idle();
    });

    test("each failure says what to do", async () => {
      await driver.clear("clear-browser", "This browser is empty.");
      const script = (...answers) => {
        endpoint.script.length = 0;
        endpoint.script.push(...Array.from({ length: 40 }, () => answers[0]));
      };
      for (const [answer, words, code] of [
        [failing(429, "insufficient_quota"), /nothing left to spend\.Add credit/u, "http_429"],
        [failing(404, "model_not_found"), /knows no such model.*Check the model’s name/su, "http_404"],
        [failing(400, "bad"), /refuses the request \(status 400\)/u, "http_400"],
        [failing(500, "down", "down", { "retry-after": "0" }), /trouble of its own \(status 500\)/u, "http_500"],
        [
          failing(429, "rate", "rate", { "retry-after": "0" }),
          /asked too often.*what was embedded is kept/su,
          "http_429",
        ],
        [{ status: 200, answer: { hello: 1 } }, /answered, but not with embeddings.*often ends in \/v1/su, undefined],
        [{ status: 200, answer: { data: [] } }, /answered, but not with embeddings/u, undefined],
      ]) {
        script(answer);
        assert.match(await failure(), words);
        assert.equal(await driver.text("error-code"), code);
      }
      endpoint.script.length = 0;
    });

    test("an endpoint that sends the request elsewhere is not followed: no text and no key goes there", async () => {
      const other = await startEndpoint();
      const { forgiven } = driver;
      // Playwright tells of where a redirect points, followed or not; what was sent there, that server knows.
      driver.forgiven = (text) => forgiven(text) || text.includes(other.url);
      try {
        for (const location of [`${other.url}/embeddings`, `${endpoint.url}/elsewhere`]) {
          endpoint.requests.length = 0;
          endpoint.script.push(
            ...Array.from({ length: 4 }, () => ({ status: 307, headers: { location }, answer: {} })),
          );
          assert.match(
            await failure(),
            /sends the request on to another address, .*Enter the base URL that it has now/su,
          );
          assert.equal(await driver.text("error-code"), "redirected");
          endpoint.script.length = 0;
          assert.ok(endpoint.requests.every(({ path }) => path === "/v1/embeddings"));
        }
        assert.deepEqual(other.requests, []);
      } finally {
        driver.forgiven = forgiven;
        await other.close();
      }
    });

    test("an endpoint without CORS, and one that is not there, are told apart", async () => {
      endpoint.cors = false;
      assert.match(await failure(), /is there, but does not let web pages ask it \(no CORS headers\)/u);
      assert.equal(await driver.text("error-code"), "cors");
      endpoint.cors = true;
      await driver.fill("endpoint-url", "https://127.0.0.1:9/v1");
      driver.forgiven = (text) => /127\.0\.0\.1|Failed to load|Cross-Origin|CORS/u.test(text);
      assert.match(await failure(), /127\.0\.0\.1:9 does not answer\.Check the base URL/u);
      assert.equal(await driver.text("error-code"), "unreachable");
      await driver.fill("endpoint-url", endpoint.url);
    });

    test("the key is nowhere but in its field, and gone when it is forgotten or the page is loaded anew", async () => {
      const everywhere = () =>
        driver.tab.eval(async () => {
          const texts = [
            document.documentElement.outerHTML,
            document.cookie,
            location.href,
            JSON.stringify(history.state),
          ];
          for (const storage of [localStorage, sessionStorage]) texts.push(JSON.stringify({ ...storage }));
          for (const cacheName of await caches.keys()) {
            const cache = await caches.open(cacheName);
            for (const request of await cache.keys()) texts.push(request.url, ...[...request.headers].flat());
          }
          for (const { name: database } of await indexedDB.databases()) {
            const opened = await new Promise((resolve, reject) => {
              const request = indexedDB.open(database);
              request.onsuccess = () => resolve(request.result);
              request.onerror = () => reject(request.error);
            });
            for (const store of opened.objectStoreNames) {
              const all = opened.transaction(store).objectStore(store).getAll();
              await new Promise((resolve) => {
                all.onsuccess = resolve;
              });
              for (const value of all.result) {
                const bytes = value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? value : JSON.stringify(value);
                texts.push(typeof bytes === "string" ? bytes : new TextDecoder("latin1").decode(bytes));
              }
            }
            opened.close();
          }
          return texts.join("\n");
        });
      const field = () => driver.tab.eval(() => document.querySelector("#endpoint-key").value);
      await run(6, "cold");
      assert.equal(await field(), KEY);
      const held = await everywhere();
      assert.ok(held.includes("Paragraph 1"), "it is looked for where things are");
      assert.ok(!held.includes(KEY));
      await driver.click("endpoint-forget");
      assert.equal(await field(), "");
      await driver.clear("clear-browser", "This browser is empty.");
      endpoint.requests.length = 0;
      assert.match(await failure(), /refuses the key/u);
      assert.equal(endpoint.requests[0].headers.authorization, undefined);
      await driver.fill("endpoint-key", KEY);
      await driver.reload();
      assert.equal(await field(), "");
    });

    test("no console error but of what failed, no policy violation, no request elsewhere", () => {
      assert.deepEqual(driver.complaints, []);
    });

    /** Runs, and gives what the page says went wrong. */
    async function failure() {
      await driver.tab.eval(() => document.querySelector("#alert").replaceChildren());
      await driver.click("run");
      return driver.trouble();
    }

    async function run(number, kind) {
      await driver.click("run");
      await driver.says(`Run ${number} was ${kind}:`);
      await driver.idle();
      assert.equal(await driver.text(`run-${number}-kind`), kind);
    }
  });
}
