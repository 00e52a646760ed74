/** Tokens, headers and values: in no error, event or picture of a store, whatever a server says. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { UpstashRedisByteStore } from "bytestow";
import { all } from "../support/expect.mjs";
import { answer, open, scripted } from "../support/upstash/scripted.mjs";

const TOKEN = "tok-swordfish77";
const HEADER = "headersecret88 zwei";
/** Text with words long and short, with and without letters beyond ASCII, and bytes that are no text. */
const VALUES = {
  "a long word": "hunter2-is-the-password",
  "short words": "42 17 9q zz 0x",
  "letters beyond ASCII": "pässwörd éclair",
  "a word that errors use": "READONLY NOPERM WRONGPASS unknown command",
  quotes: '"quoted" \\ and\nbroken',
  JSON: '{"password":"hunter3","pin":[1,2,3]}',
};

/** Everything that can be seen of `thing`, its causes' too. */
function seen(thing) {
  const parts = [inspect(thing, { depth: 20, showHidden: true }), String(thing), JSON.stringify(thing)];
  if (thing instanceof Error) parts.push(thing.message, thing.stack, JSON.stringify(thing.toJSON?.()));
  if (thing?.cause !== undefined) parts.push(seen(thing.cause));
  return parts.join("\n");
}

/** Checks that nothing of `secrets` can be seen, in whichever case or form of escapes. */
function keeps(thing, secrets, what) {
  const text = seen(thing);
  const shown = [text, text.replaceAll("\\\\", "\\"), text.replaceAll(/\\u([0-9a-f]{4})/gu, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))]; // biome-ignore format: one line
  for (const secret of secrets) {
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) {
      for (const picture of shown) {
        assert.ok(
          !picture.toLowerCase().includes(form.toLowerCase()),
          `${what}: ${JSON.stringify(form)} in ${picture}`,
        );
      }
    }
  }
}

/** All that a request said, as a server may repeat it. */
const echo = ({ url, headers, body }) => `${url} ${JSON.stringify(headers)} ${body}`;
const escaped = (text) =>
  text.replaceAll(/[^ -~]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

const SAYS = {
  "an error in a 200": (request) => [200, { error: `ERR no: ${echo(request)}` }],
  "an error of Redis": ({ commands = [[]] }) => [
    400,
    {
      error: `ERR unknown command '${commands[0][0]}', with args beginning with: '${commands[0].slice(1).join("' '")}' `,
    },
  ],
  "an error that is the request": (request) => [400, { error: echo(request) }],
  "an error without its first word": (request) => [400, { error: `bad request (${echo(request)})` }],
  "an imitator's error": (request) => [500, { error: `Failed to execute Redis command: ERR ${echo(request)}` }],
  "an error for each item": (request) => [200, (request.commands ?? []).map(() => ({ error: `ERR ${echo(request)}` }))],
  "an error in capitals": (request) => [400, { error: `ERR ${echo(request).toUpperCase()}` }],
  "an error with escapes": (request) => [400, { error: `ERR ${escaped(echo(request))}` }],
  "an error with single characters": (request) => [400, { error: `ERR ${[...echo(request)].join(" ")}` }],
  "text in a 200": (request) => [200, echo(request)],
  "text in a 400": (request) => [400, `Bad request: ${echo(request)}`],
  "text in a 404": (request) => [404, `Cannot POST ${echo(request)}`],
  "text in a 500": (request) => [500, echo(request)],
  HTML: (request) => [502, `<html>${echo(request)}</html>`],
  "a 401": (request) => [401, { error: `WRONGPASS ${echo(request)}` }],
  "a 413": (request) => [
    413,
    { error: `ERR max request size exceeded. Limit: 1 bytes, Actual: 9 bytes. ${echo(request)}` },
  ],
  "a NOPERM": (request) => [400, { error: `NOPERM ${echo(request)}` }],
  "a reply that is another": (request) => [200, { result: { password: echo(request) } }],
  "JSON cut off": (request) => [200, `{"result":${JSON.stringify(echo(request))}`],
  "a RESP2 error": (request) => [400, `-ERR ${echo(request).replaceAll(/[\r\n]/gu, " ")}\r\n`],
};

/** Each way in which a value, or a key, leaves. */
const CALLS = {
  mset: (store, value) => store.mset([["k", value]]),
  "mset with ttl": (store, value) => store.mset([["k", value], ["l", value]], { ttl: 9 }), // biome-ignore format: one line
  mget: (store) => store.mget(["k"]),
  stat: (store) => store.stat(["k"]),
  mdelete: (store) => store.mdelete(["k"]),
  yieldKeys: (store) => all(store.yieldKeys("k")),
};

for (const [what, says] of Object.entries(SAYS)) {
  test(`a server that repeats the request: ${what}`, async (context) => {
    const server = await scripted(context, (response, request) => answer(response, ...says(request)));
    for (const [name, text] of Object.entries(VALUES)) {
      for (const [encoding, value] of [
        ["auto", Buffer.from(text)],
        ["auto", Buffer.concat([Buffer.from([255]), Buffer.from(text)])],
        ["raw", Buffer.concat([Buffer.from(text), Buffer.from([255])])],
      ]) {
        for (const [call, make] of Object.entries(CALLS)) {
          const options = { encoding, headers: { "x-proxy-key": HEADER } };
          const store = open(context, { url: server.url, token: TOKEN }, options);
          const outcome = await make(store, value).then(
            () => undefined,
            (error) => error,
          );
          const where = `${name}, ${encoding}, ${call}`;
          assert.equal(outcome?.name, "BytestowError", where);
          assert.ok(outcome.message.length < 600, where);
          const secrets = [TOKEN, "swordfish77", HEADER, "headersecret88", text];
          if (value.includes(255)) secrets.push(value.toString("base64"));
          keeps(outcome, secrets, where);
          keeps(store.events, secrets, where);
        }
      }
    }
  });
}

describe("elsewhere", () => {
  test("a store and its options can be looked at", async (context) => {
    const server = await scripted(context, [[200, { result: ["a"] }]]);
    const options = { url: server.url, token: TOKEN, headers: { "x-proxy-key": HEADER } };
    const store = new UpstashRedisByteStore(options);
    await store.mget(["k"]);
    keeps(store, [TOKEN, HEADER], "the store");
    keeps(JSON.parse(JSON.stringify(store)), [TOKEN, HEADER], "its JSON");
    keeps(store.stats(), [TOKEN, HEADER], "its statistics");
    keeps(await store.capabilities(), [TOKEN, HEADER], "its capabilities");
    await store.close();
    keeps(await store.mget(["k"]).catch((error) => error), [TOKEN, HEADER], "closed");
  });

  test("a server out of reach", async (context) => {
    const options = { token: TOKEN, headers: { "x-proxy-key": HEADER } };
    const store = open(context, { url: "http://127.0.0.1:1", token: TOKEN }, options);
    const error = await store.mset([["k", Buffer.from("hunter2-is-the-password")]]).catch((error) => error);
    keeps(error, [TOKEN, HEADER, "hunter2"], "the error");
  });

  test("keys are cut short", async (context) => {
    const key = "abcdefghij".repeat(20);
    const says = [
      [400, { error: "WRONGTYPE Operation against a key holding the wrong kind of value" }],
      [400, { error: `ERR bad key '${key}'` }],
      [400, { error: `ERR bad key '${key.toUpperCase()}'` }],
      [200, { error: "ERR max request size exceeded. Limit: 100 bytes, Actual: 200 bytes." }],
      [400, { error: "ERR max key size exceeded. Limit: 100 bytes, Actual: 200 bytes" }],
      [200, { result: ["\ufffd"] }],
    ];
    for (const [status, body] of says) {
      for (const encoding of ["auto", "raw"]) {
        const server = await scripted(context, [[status, body]]);
        for (const [name, call] of Object.entries({
          mget: (store) => store.mget([key]),
          mset: (store) => store.mset([[key, Uint8Array.of(255)]]),
          mdelete: (store) => store.mdelete([key]),
          stat: (store) => store.stat([key]),
        })) {
          const error = await call(open(context, server, { encoding })).catch((error) => error);
          keeps(error, [key.slice(0, 41)], `${name} of ${JSON.stringify(body)}`);
        }
      }
    }
  });
});
