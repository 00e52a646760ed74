/**
 * The file into which the explorer exports: written as its format is written down, read back whole, and refused with a
 * reason, before anything of it is used, where it is not as it was written.
 */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { crc32 } from "node:zlib";
import { loadParts } from "./parts.mjs";

const SECOND = 1_000;
const nothing = () => undefined;

describe("the file of what is kept", () => {
  let parts;

  before(async () => {
    parts = await loadParts();
  });

  /** A store with `entries`: pairs, or triples with a time to live. */
  async function storeOf(entries, now = Date.now) {
    const store = new parts.InMemoryByteStore({ now });
    for (const [key, value, ttl = null] of entries) await store.mset([[key, value]], { ttl });
    return store;
  }

  async function contentOf(store) {
    const content = {};
    for await (const key of store.yieldKeys()) content[key] = Buffer.from((await store.mget([key]))[0]).toString("hex");
    return content;
  }

  /** The bytes of a file with these entries. */
  async function fileOf(entries) {
    const { file } = await parts.exportAll(await storeOf(entries), nothing);
    return new Uint8Array(await file.arrayBuffer());
  }

  const ENTRIES = [
    ["", Uint8Array.of(1)],
    ["empty", new Uint8Array(0)],
    ["\ufeffwith a mark, ünïcode 😀, and \0", Uint8Array.from({ length: 300 }, (_, at) => at)],
    ["large", new Uint8Array(3_000_000).fill(7)],
    ...Array.from({ length: 1_200 }, (_, at) => [`many/${at}`, new Uint8Array(900).fill(at)]),
  ];

  test("all that was exported comes in, byte for byte", async () => {
    const from = await storeOf(ENTRIES);
    const told = [];
    const { file, entries, bytes } = await parts.exportAll(from, (done) => told.push(done));
    assert.equal(entries, ENTRIES.length);
    assert.equal(
      bytes,
      ENTRIES.reduce((sum, [, value]) => sum + value.length, 0),
    );
    assert.ok(told.length > 2 && told.at(-1) >= 1, `${told}`);
    const to = await storeOf([["there already", Uint8Array.of(9)]]);
    assert.deepEqual(await parts.importFrom(to, file, nothing), { entries, bytes });
    assert.deepEqual(await contentOf(to), { ...(await contentOf(from)), "there already": "09" });
  });

  test("it is written as it is written down", async () => {
    const now = Date.now();
    const store = await storeOf([["ü", Uint8Array.of(1, 2, 3), 3_600]]);
    const { file } = await parts.exportAll(store, nothing);
    const bytes = Buffer.from(await file.arrayBuffer());
    assert.equal(bytes.subarray(0, 8).toString("hex"), "b76273746f770d0a");
    assert.equal(bytes.readUInt16LE(8), 1);
    assert.equal(bytes[10], 1);
    assert.equal(bytes.readUInt32LE(11), 2);
    assert.equal(bytes.readUInt32LE(15), 3);
    const expires = bytes.readUInt32LE(19);
    assert.ok(expires >= now / SECOND + 3_600 - 0.001 && expires <= Date.now() / SECOND + 3_601, `${expires}`);
    assert.equal(bytes.subarray(23, 28).toString("hex"), "c3bc010203");
    assert.equal(bytes[28], 0);
    assert.equal(bytes.readUInt32LE(29), 1);
    assert.equal(bytes.readUInt32LE(33), crc32(bytes.subarray(0, 33)));
    assert.equal(bytes.length, 37);
  });

  test("what expires does so at the same time, and what has expired stays out", async () => {
    const file = Buffer.from(
      await fileOf([
        ["a", Uint8Array.of(1), 50],
        ["b", Uint8Array.of(2)],
        ["c", Uint8Array.of(3), 5_000],
      ]),
    );
    // The first expired a second ago.
    assert.equal(file.subarray(23, 25).toString("latin1"), "a\x01");
    file.writeUInt32LE(Math.floor(Date.now() / SECOND) - 1, 19);
    file.writeUInt32LE(crc32(file.subarray(0, file.length - 4)), file.length - 4);
    const to = await storeOf([]);
    assert.equal((await parts.importFrom(to, new Blob([file]), nothing)).entries, 2);
    const [a, b, c] = await to.stat(["a", "b", "c"]);
    assert.equal(a, undefined);
    assert.equal(b.ttl, null);
    assert.ok(c.ttl > 4_990 && c.ttl <= 5_001, `${c.ttl}`);
  });

  test("the index of the search neither goes out nor comes in", async () => {
    const store = await storeOf([
      ["a", Uint8Array.of(1)],
      ["search/m/index/m", Uint8Array.of(2)],
    ]);
    const { entries, file } = await parts.exportAll(store, nothing);
    assert.equal(entries, 1);
    const named = Buffer.from(await file.arrayBuffer());
    const to = await storeOf([]);
    const longer = Buffer.from(await fileOf([["search-like", Uint8Array.of(5)]]));
    longer.write("/", 23 + "search".length);
    longer.writeUInt32LE(crc32(longer.subarray(0, longer.length - 4)), longer.length - 4);
    assert.equal((await parts.importFrom(to, new Blob([named]), nothing)).entries, 1);
    assert.equal((await parts.importFrom(to, new Blob([longer]), nothing)).entries, 0);
    assert.deepEqual(await contentOf(to), { a: "01" });
  });

  /** What is said of `bytes`; that nothing of them was used is seen to. */
  async function refusal(bytes) {
    const to = await storeOf([["a", Uint8Array.of(0)]]);
    const failed = await parts.importFrom(to, new Blob([bytes]), nothing).then(
      () => assert.fail("it was taken"),
      (error) => error,
    );
    assert.equal(failed.name, "PageError", String(failed));
    assert.match(failed.advice, /^Nothing was brought in\. ./u);
    assert.deepEqual(await contentOf(to), { a: "00" });
    return failed.message;
  }

  test("cut anywhere, it is said to be cut short; of its first bytes alone nobody knows what it is", async () => {
    const file = await fileOf([
      ["a", Uint8Array.of(1)],
      ["bb", Uint8Array.of(2, 3)],
    ]);
    for (let length = 0; length < file.length; length += 1) {
      const said = await refusal(file.subarray(0, length));
      assert.match(said, length < 8 ? /is not a file of kept vectors/u : /is cut short/u, `${length} bytes`);
    }
  });

  test("any other byte anywhere is noticed", async () => {
    const file = await fileOf([
      ["a", Uint8Array.of(1)],
      ["bb", Uint8Array.of(2, 3)],
    ]);
    for (let at = 0; at < file.length; at += 1) {
      for (const flip of [1, 0x80]) {
        const changed = Uint8Array.from(file, (byte, place) => (place === at ? byte ^ flip : byte));
        const said = await refusal(changed);
        // A length that is too long reaches past the end.
        if (at < 8) assert.match(said, /is not a file/u);
        else if (at < 10) assert.match(said, /^The file is of version \d+, and this page reads version 1\.$/u);
        else assert.match(said, /is damaged|is cut short/u, `byte ${at}`);
      }
    }
  });

  test("what stands after its end is noticed, and so is another file", async () => {
    const file = await fileOf([["a", Uint8Array.of(1)]]);
    assert.match(await refusal(Buffer.concat([file, Buffer.of(0)])), /is damaged/u);
    assert.match(await refusal(Buffer.concat([file, file])), /is damaged/u);
    assert.match(await refusal(Buffer.from("Pride and Prejudice")), /is not a file of kept vectors/u);
    assert.match(await refusal(Buffer.alloc(100)), /is not a file of kept vectors/u);
  });

  test("a file without entries is one", async () => {
    const file = await fileOf([]);
    const to = await storeOf([]);
    assert.deepEqual(await parts.importFrom(to, new Blob([file]), nothing), { entries: 0, bytes: 0 });
  });

  test("a store that fails half-way: what came in is counted, and said to be sound", async () => {
    const file = new Blob([await fileOf(ENTRIES)]);
    const to = await storeOf([]);
    let calls = 0;
    const failing = {
      mset: (...args) => (++calls > 2 ? Promise.reject(new Error("no room")) : to.mset(...args)),
    };
    await assert.rejects(parts.importFrom(failing, file, nothing), ({ message, advice }) => {
      const [, came] = /^([\d,]+) of 1,204 entries came in, then it stopped: no room$/u.exec(message) ?? [];
      assert.ok(Number(came?.replace(",", "")) > 0, message);
      return /stays/u.test(advice);
    });
    const none = { mset: () => Promise.reject(new Error("no room")) };
    await assert.rejects(parts.importFrom(none, file, nothing), { message: "no room" });
  });
});
