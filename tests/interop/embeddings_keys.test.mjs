/** `keyEncoder: "langchain-js"`: the keys that the installed LangChain.js writes, of random texts. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CacheBackedEmbeddings as TheirCache } from "@langchain/classic/embeddings/cache_backed";
import { InMemoryStore } from "@langchain/core/stores";
import { CacheBackedEmbeddings } from "bytestow/embeddings";
import { RecordingModel } from "../support/embeddings.mjs";
import { randomTexts } from "../support/random_texts.mjs";

const TEXTS = randomTexts(400);
/** The empty one is LangChain's where none is given. */
const NAMESPACES = ["", "m", "text-embedding-3-small", "a/b*[?]:", " ", "modèle 漢字 😀", "n".repeat(300)];

/** A model whose vector says which of the texts it is, so that a store tells what each key stands for. */
function numbering() {
  const places = new Map(TEXTS.map((text, at) => [text, at]));
  return new RecordingModel({ numbers: (text) => [places.get(text)] });
}

/** For each text, the key in `store`. */
function keysByText(store) {
  const found = new Map();
  for (const [key, value] of Object.entries(store.store)) {
    const [at] = JSON.parse(Buffer.from(value).toString());
    assert.ok(!found.has(at), `text ${at} has two keys`);
    found.set(at, key);
  }
  return TEXTS.map((_, at) => found.get(at));
}

test("the texts are what they should be", () => {
  assert.equal(new Set(TEXTS).size, TEXTS.length);
  const lengths = new Set(TEXTS.map((text) => Buffer.byteLength(text)));
  for (const edge of [0, 55, 56, 63, 64, 119, 120, 127, 128]) assert.ok(lengths.has(edge), `no text of ${edge} bytes`);
  assert.ok(TEXTS.some((text) => text.length === 3_000));
  assert.ok(TEXTS.filter((text) => /[^\0-\x7f]/u.test(text)).length > 100, "too few are not ASCII");
});

for (const namespace of NAMESPACES) {
  test(`in the namespace ${JSON.stringify(namespace.slice(0, 30))}`, async () => {
    const [theirs, ours] = [new InMemoryStore(), new InMemoryStore()];
    const given = namespace === "" ? undefined : { namespace };
    await TheirCache.fromBytesStore(numbering(), theirs, given).embedDocuments(TEXTS);
    const options = { namespace, keyEncoder: "langchain-js", valueFormat: "json", precision: "f64" };
    await CacheBackedEmbeddings.fromBytesStore(numbering(), ours, options).embedDocuments(TEXTS);

    const expected = keysByText(theirs);
    assert.ok(expected.every((key) => key.startsWith(namespace) && key.length === namespace.length + 64));
    assert.deepEqual(keysByText(ours), expected);
  });
}

test("other key encoders write other keys", async () => {
  const store = new InMemoryStore();
  await TheirCache.fromBytesStore(numbering(), store, { namespace: "m" }).embedDocuments(TEXTS);
  const theirs = new Set(Object.keys(store.store));
  const python = ["sha1", "sha256", "blake2b", "sha512"].map((name) => `langchain-python-${name}`);
  for (const keyEncoder of ["sha256", ...python]) {
    const ours = new InMemoryStore();
    await new CacheBackedEmbeddings({ embeddings: numbering(), store: ours, model: "m", keyEncoder }).embedDocuments(
      TEXTS,
    );
    const keys = Object.keys(ours.store);
    assert.equal(keys.length, TEXTS.length);
    assert.ok(!keys.some((key) => theirs.has(key)), keyEncoder);
  }
});
