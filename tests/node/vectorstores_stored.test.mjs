/** Documents side by side: small ones are read together, and what is damaged is named all the same. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../support/package.mjs";

const folder = pathToFileURL(`${packageRoot()}/dist/langchain/vectorstores/`).href;
const { SideBySide } = await import(`${folder}stored.js`);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes as the wasm gives them, and a reader of them. */
function sideBySide(documents) {
  const bytes = documents.map((document) => (typeof document === "string" ? encoder.encode(document) : document));
  const joined = bytes.flatMap((each, at) => (at > 0 ? [44, ...each] : [...each]));
  return new SideBySide(
    Uint8Array.from(joined),
    bytes.map(({ length }) => length),
  );
}

const json = (text, metadata = {}, id = text) => JSON.stringify([text, metadata, id]);
const read = (reader, count) => Array.from({ length: count }, (_, at) => reader.next(`id ${at}`));

describe("documents side by side", () => {
  const texts = ["a", "é, \u{1f600} and “,”", "], [", "x".repeat(40_000), "y".repeat(20_000), "z".repeat(20_000), "b"];

  test("are read as each by itself", () => {
    const documents = texts.map((text, at) => json(text, { at, list: [at, null, { deep: text.slice(0, 9) }] }));
    assert.deepEqual(
      read(sideBySide(documents), texts.length),
      documents.map((document) => {
        const [pageContent, metadata, id] = JSON.parse(document);
        return { pageContent, metadata, id };
      }),
    );
  });

  test("small ones together, and what is large by itself", (context) => {
    const parse = context.mock.method(JSON, "parse");
    read(sideBySide(texts.map((text) => json(text))), texts.length);
    // A text is its id, too. Three small ones; the first large one, which is more than is read at once; the second; the third, with what is behind it.
    assert.deepEqual(
      parse.mock.calls.map(({ result }) => (typeof result[0] === "string" ? 1 : result.length)),
      [3, 1, 1, 2],
    );
  });

  for (const [what, damaged, message] of [
    ["no JSON", "[", /"id 1" cannot be read/u],
    ["nothing", "", /"id 1" cannot be read/u],
    ["no UTF-8", Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d), /"id 1" cannot be read/u],
    ["two documents", `${json("a")},${json("b")}`, /"id 1" cannot be read/u],
    ["an object", "{}", /"id 1" is none of LangChain's/u],
    ["no text", "[1,{}]", /"id 1" is none of LangChain's/u],
    ["no metadata", '["a",null]', /"id 1" is none of LangChain's/u],
  ]) {
    test(`${what} among them is named`, () => {
      const reader = sideBySide([json("first"), damaged, json("last")]);
      assert.equal(reader.next("id 0").pageContent, "first");
      assert.throws(() => reader.next("id 1"), { name: "BytestowError", code: "corrupt", message });
    });
  }

  test("one of no bytes at the beginning is one, too", () => {
    const reader = sideBySide(["", json("last")]);
    assert.throws(() => reader.next("id 0"), { code: "corrupt", message: /"id 0"/u });
    assert.equal(reader.next("id 1").pageContent, "last");
  });

  test("the bytes stay as they are", () => {
    const bytes = encoder.encode(`${json("a")},${json("b")}`);
    const before = decoder.decode(bytes);
    read(new SideBySide(bytes, [json("a").length, json("b").length]), 2);
    assert.equal(decoder.decode(bytes), before);
  });
});
