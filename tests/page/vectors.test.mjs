/** The explorer's own reader of vectors, against what the package's cache writes. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { loadParts } from "./parts.mjs";

/** Some numbers as models give them, with those that are rounded with care: zeros, tiny ones, whole ones. */
const NUMBERS = [0.125, -0.25, 1, -1, 0, 1e-7, -3.2e-6, 0.333333333333, Math.PI / 4, -0.0001220703125, 65_504 / 65_536];

describe("vectors, as the explorer reads them", () => {
  let parts;

  before(async () => {
    parts = await loadParts();
  });

  /** A vector's bytes as a cache with these settings keeps them, and the numbers that it gives for them. */
  async function kept(settings) {
    const { CacheBackedEmbeddings, InMemoryByteStore } = parts;
    const store = new InMemoryByteStore();
    const embeddings = { embedDocuments: async (texts) => texts.map(() => NUMBERS), embedQuery: async () => NUMBERS };
    const cached = new CacheBackedEmbeddings({ embeddings, store, model: "m", ...settings });
    const [numbers] = await cached.embedDocuments(["a text"]);
    const keys = [];
    for await (const key of store.yieldKeys()) keys.push(key);
    const [bytes] = await store.mget(keys);
    return { bytes, numbers };
  }

  const PRECISIONS = { f32: "float32", f64: "float64", f16: "float16", int8: "int8" };
  for (const [precision, kind] of Object.entries(PRECISIONS)) {
    test(`${precision}: every number is the one that the cache gives`, async () => {
      const { bytes, numbers } = await kept({ precision });
      const read = parts.readVector(bytes);
      assert.equal(read.kind, kind);
      // The cache rounds what int8 comes to to 32 bits.
      const found = precision === "int8" ? Array.from(read.numbers, Math.fround) : Array.from(read.numbers);
      assert.deepEqual(found, numbers);
      assert.equal(read.smallest, Math.min(...read.numbers));
      assert.equal(read.largest, Math.max(...read.numbers));
      assert.ok(Math.abs(read.norm - Math.hypot(...read.numbers)) < 1e-12);
      // Also where the bytes stand within others.
      const within = new Uint8Array(bytes.length + 3);
      within.set(bytes, 3);
      assert.deepEqual(parts.readVector(within.subarray(3)).numbers, read.numbers);
    });
  }

  test("JSON, as LangChain writes it", async () => {
    const { bytes, numbers } = await kept({ valueFormat: "json" });
    const read = parts.readVector(bytes);
    assert.equal(read.kind, "JSON");
    assert.deepEqual(Array.from(read.numbers, Math.fround), numbers);
  });

  test("what is no vector is not taken for one", async () => {
    const { bytes } = await kept({});
    const changed = (at, byte) => Uint8Array.from(bytes, (old, place) => (place === at ? byte : old));
    const text = (value) => new TextEncoder().encode(value);
    const others = {
      nothing: new Uint8Array(0),
      "a cut header": bytes.subarray(0, 7),
      "a number too few": bytes.subarray(0, bytes.length - 4),
      "another beginning": changed(0, 0xbf),
      "another version": changed(2, 2),
      "another kind": changed(3, 9),
      "another count": changed(4, NUMBERS.length + 1),
      "a list of no numbers": text('[1,"2"]'),
      "an empty list": text("[]"),
      "half a list": text("[1, 2"),
      "no UTF-8": Uint8Array.of(0x5b, 0xff),
    };
    for (const [name, value] of Object.entries(others)) assert.equal(parts.readVector(value), undefined, name);
  });
});

describe("bytes, as the explorer shows them", () => {
  test("sixteen a line, with their place and the text that they may be", async () => {
    const { hexLines } = await loadParts();
    const bytes = Uint8Array.from([...new TextEncoder().encode("vectors are kept"), 0, 0x7e, 0x7f, 0xff]);
    assert.deepEqual(hexLines(bytes, 512).split("\n"), [
      "0000  76 65 63 74 6f 72 73 20  61 72 65 20 6b 65 70 74  vectors are kept",
      "0010  00 7e 7f ff                                       ·~··",
    ]);
    assert.equal(hexLines(bytes, 17).split("\n")[1].slice(0, 10), "0010  00  ");
    assert.equal(hexLines(new Uint8Array(0), 512), "");
    assert.equal(hexLines(new Uint8Array(2000), 512).split("\n").length, 32);
  });
});
