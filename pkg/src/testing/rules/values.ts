import { type RuleContext, whole } from "../context.js";
import {
  check,
  collect,
  equalBytes,
  firstStep,
  held,
  refused,
  same,
  sameBytes,
  sameKeys,
  sameValues,
  show,
} from "../expect.js";
import type { SomeRules } from "./body.js";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

const TEXTS = [
  ...["null", "undefined", "true", "false", "0", "1", "-1", "-0", "1e5", "1.0", "NaN", "Infinity", "9007199254740993"],
  ...["{}", "[]", '""', '"x"', "[1,2]", '{"a":1}', '{"type":"Buffer","data":[1]}', "[object Object]", "__proto__"],
  ...["aGVsbG8=", "aGVsbG8", "data:;base64,AAAA", "deadbeef", "0x10", "%20", "\\u0041", "&amp;", "OK", "(nil)"],
  ...["\n", "\r\n", "a\r\nb", " a", "a ", "a\n", "\0", "a\0b", "\u00e9", "e\u0301", "\u{1f600}", "\ufeffa", "\ufeff"],
];

const RAW = [
  ...[
    [0xef, 0xbb, 0xbf],
    [0xef, 0xbb, 0xbf, 0x61],
    [0xff, 0xfe],
    [0xfe, 0xff, 0x00, 0x61],
    [0xff, 0xfe, 0x61, 0x00],
  ],
  ...[[0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x80], [0xff], [0xc0, 0x80], [0xe2, 0x82]],
  ...[[0x1f, 0x8b, 0x08, 0x00], [0x00], [0x00, 0x00, 0x00, 0x00], [0x7f, 0x80], [0xef, 0xbf, 0xbd], [0x1a], [0x0d]],
];

/** Sets values under keys of their own and looks whether they come back. */
async function roundTrip(context: RuleContext, values: readonly Uint8Array[]): Promise<void> {
  const keys = context.keys(values.length);
  await context.store.mset(keys.map((key, i) => [key, values[i] as Uint8Array]));
  const got = await context.store.mget(keys);
  for (const [i, value] of values.entries()) sameBytes(got[i], value, `mget of ${show(value)}`);
}

/** A copy of a view's bytes in the same buffer's midst, with noise on both sides. */
function inLarger(context: RuleContext, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = context.value(bytes.length + 200);
  larger.set(bytes, 100);
  return larger.subarray(100, 100 + bytes.length);
}

/** Shared memory, if this runtime has any: pages that are not cross-origin isolated have it only through wasm. */
function sharedBuffer(): ArrayBufferLike | undefined {
  if (typeof SharedArrayBuffer === "function") return new SharedArrayBuffer(4_096);
  try {
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    return Object.prototype.toString.call(buffer) === "[object SharedArrayBuffer]" ? buffer : undefined;
  } catch {
    return undefined;
  }
}

/** Detaches the buffer of a view, as handing it to a worker does. */
function detach(view: Uint8Array<ArrayBuffer>): void {
  structuredClone(view.buffer, { transfer: [view.buffer] });
}

export const values = {
  async "V1-all-bytes"(context) {
    const singles = Array.from(ALL_BYTES, (byte) => Uint8Array.of(byte));
    const doubles = Array.from(ALL_BYTES, (byte) => Uint8Array.of(byte, byte));
    await roundTrip(context, [ALL_BYTES, ALL_BYTES.slice().reverse(), ...singles, ...doubles, context.value(2_000)]);
  },

  async "V2-text-traps"(context) {
    const encoder = new TextEncoder();
    const raw = RAW.map((bytes) => Uint8Array.from(bytes));
    await roundTrip(context, [...TEXTS.map((text) => encoder.encode(text)), ...raw, new Uint8Array(0)]);
  },

  async "V3-large-value"(context) {
    const { store } = context;
    const lengths = [65_535, 65_536, 65_537, 16_384, 32_769, 131_072, 3_000_017];
    await roundTrip(
      context,
      lengths.map((length) => context.value(length)),
    );
    const [key] = context.keys(1) as [string];
    const value = context.value(3 * 1_024 * 1_024 + 1);
    await store.mset([[key, value]]);
    sameValues(await store.mget([key]), [value], "mget of a value of 3 MiB and a byte alone");
    if (store.stat) same((await store.stat([key]))[0]?.bytes, value.length, "bytes in stat");
  },

  async "V4-result-owned"(context) {
    const { store } = context;
    const keys = context.keys(3);
    // A small one, one of a few kB, and a large one: each may take another way through a store.
    const pairs = [context.value(9), context.value(3_000), context.value(90_000)].map((v, i) => [keys[i], v] as const);
    await store.mset(pairs.map(([key, value]) => [key as string, value.slice()]));
    const expected = pairs.map(([, value]) => value);
    // Two at once: a store that shares one flight among callers must not share its bytes.
    const [one, two] = await Promise.all([store.mget(keys), store.mget(keys)]);
    const three = await store.mget(keys);
    for (const value of one) value?.fill(0xaa);
    sameValues(two, expected, "a concurrent result after another was changed");
    sameValues(three, expected, "a later result after an earlier one was changed");
    for (const value of two) value?.fill(0xbb);
    const four = await store.mget(keys);
    sameValues(four, expected, "mget after results were changed");
    sameValues(three, expected, "a result after an earlier one was changed");
    (four as unknown[]).length = 0;
    sameValues(await store.mget(keys), expected, "mget after the list of a result was emptied");
  },

  async "V5-input-snapshot"(context) {
    const { store } = context;
    const keys = context.keys(4);
    const lengths = [5, 40, 3_000, 90_000];
    const expected = lengths.map((length) => context.value(length));
    const mine = expected.map((value) => value.slice());
    const pairs = keys.map((key, i) => [key, mine[i]] as [string, Uint8Array<ArrayBuffer>]);

    const set = held(store.mset(pairs));
    for (const value of mine) value.fill(0xee);
    (pairs[0] as [string, Uint8Array])[0] = "other";
    (pairs[1] as [string, Uint8Array])[1] = context.value();
    pairs.length = 2;
    pairs.push(["pushed", context.value()]);
    await set;
    sameValues(await store.mget(keys), expected, "mget after the arrays were changed while mset was under way");
    sameKeys(await collect(store.yieldKeys()), keys, "yieldKeys after the list of pairs was changed");

    const again = expected.map((value) => value.slice().reverse());
    const copies = again.map((value) => value.slice());
    await store.mset(keys.map((key, i) => [key, copies[i] as Uint8Array]));
    for (const value of copies) value.fill(0xdd);
    sameValues(await store.mget(keys), again, "mget after the arrays were changed when mset was done");

    const asked = [keys[0], keys[1]] as string[];
    const get = held(store.mget(asked));
    asked[0] = keys[2] as string;
    asked.push(keys[3] as string);
    sameValues(await get, again.slice(0, 2), "mget whose list of keys was changed while it was under way");
    const doomed = [keys[0]] as string[];
    const gone = held(store.mdelete(doomed));
    doomed[0] = keys[1] as string;
    doomed.push(keys[2] as string);
    await gone;
    sameValues(await store.mget(keys), [undefined, ...again.slice(1)], "mget after the list of mdelete was changed");

    // Handing the buffers on to a worker right after the call is a change too.
    const handed = expected.map((value) => value.slice());
    const last = held(store.mset(keys.map((key, i) => [key, handed[i] as Uint8Array])));
    for (const value of handed) detach(value);
    await last;
    sameValues(await store.mget(keys), expected, "mget after the buffers were transferred while mset was under way");
  },

  async "V6-transferable"(context) {
    const { store } = context;
    const lengths = [1, 0, 40, 3_000, 70_000, 300_000];
    const keys = context.keys(lengths.length);
    const expected = lengths.map((length) => context.value(length));
    // Copies, here and elsewhere: what a store may hand out again must not be what it is compared with.
    await store.mset(keys.map((key, i) => [key, (expected[i] as Uint8Array).slice()]));
    const got = (await store.mget(keys)) as Uint8Array<ArrayBuffer>[];
    sameValues(got, expected, "mget");
    for (const [i, value] of got.entries()) {
      const what = `result of ${lengths[i]} bytes`;
      check(Object.getPrototypeOf(value) === Uint8Array.prototype, `${what}: it is a subclass of Uint8Array`);
      same(Object.prototype.toString.call(value.buffer), "[object ArrayBuffer]", `${what}, its buffer`);
      same(value.byteOffset, 0, `${what}, its byteOffset`);
      same(value.buffer.byteLength, value.length, `${what}, length of its buffer`);
      check((value.buffer as { resizable?: boolean }).resizable !== true, `${what}: its buffer is resizable`);
    }
    same(new Set(got.map((value) => value.buffer)).size, got.length, "number of buffers");
    for (const [i, value] of got.entries()) {
      detach(value);
      sameValues(
        got.slice(i + 1),
        expected.slice(i + 1),
        `results behind one of ${lengths[i]} bytes that was transferred`,
      );
    }
    sameValues(await store.mget(keys), expected, "mget after results were transferred");
  },

  async "V7-views"(context) {
    const { store } = context;
    class Odd extends Uint8Array<ArrayBuffer> {
      readonly extra = "of the subclass";
      static get [Symbol.species](): Uint8ArrayConstructor {
        throw new Error("a store has no business making one of these");
      }
    }
    const expected = [7, 100, 5_000, 80_000].map((length) => context.value(length));
    const views: [string, Uint8Array][] = expected.map((bytes, i) => [`view ${i}`, inLarger(context, bytes)]);
    const odd = new Odd(inLarger(context, expected[1] as Uint8Array).buffer, 100, 100);
    views.push(["subclass", odd]);
    const given = views.map(([key, view]) => [key, new Uint8Array(view)] as [string, Uint8Array]);
    const { Buffer } = globalThis as { Buffer?: { from(bytes: Uint8Array): Uint8Array<ArrayBuffer> } };
    if (Buffer === undefined) context.note("no Buffer in this runtime: views and a subclass were checked");
    else {
      // A small Buffer is a window on a pool of 8 KiB that other Buffers share.
      for (const [i, bytes] of expected.slice(0, 2).entries()) {
        views.push([`Buffer ${i}`, Buffer.from(bytes)]);
        given.push([`Buffer ${i}`, bytes]);
      }
    }
    await store.mset(views);
    for (const [, view] of views) new Uint8Array(view.buffer, 0, view.byteOffset).fill(0);
    const got = (await store.mget(views.map(([key]) => key))) as Uint8Array<ArrayBuffer>[];
    for (const [i, [key, bytes]] of given.entries()) {
      sameBytes(got[i], bytes, `mget of a ${key.split(" ")[0]} of ${bytes.length} bytes`);
      same(got[i]?.buffer.byteLength, bytes.length, `length of the buffer of what was stored as ${key}`);
    }
    if (store.stat) {
      const stats = await store.stat(given.map(([key]) => key));
      for (const [i, [key, bytes]] of given.entries()) same(stats[i]?.bytes, bytes.length, `bytes in stat of ${key}`);
    }
  },

  async "V8-shared-memory"(context) {
    const { store } = context;
    const memory = sharedBuffer();
    if (memory === undefined) context.note("no shared memory in this runtime: a view over plain memory was checked");
    const view = new Uint8Array(memory ?? new ArrayBuffer(4_096), 16, 300);
    const bytes = context.value(300);
    view.set(bytes);
    const key = context.key();
    const set = held(store.mset([[key, view]]));
    // Another thread may write at any moment; this one does so right after the call.
    view.fill(0xcc);
    await set;
    const [got] = (await store.mget([key])) as [Uint8Array<ArrayBuffer>];
    sameBytes(got, bytes, "mget of a view over shared memory that changed after the call");
    same(Object.prototype.toString.call(got.buffer), "[object ArrayBuffer]", "the buffer of the result");
    view.fill(0x11);
    sameValues(await store.mget([key]), [bytes], "mget after the shared memory changed again");
  },

  async "V9-detached"(context) {
    const { store } = context;
    const [kept, key] = context.keys(2) as [string, string];
    const old = context.value();
    await store.mset([[kept, old]]);
    for (const length of [1, 5_000, 70_000]) {
      const gone = context.value(length);
      detach(gone);
      const mset = () =>
        store.mset([
          [kept, context.value()],
          [key, gone],
        ]);
      await refused(mset, "invalid_argument", "mset of a detached array", "pairs[1][1]", "detached");
    }
    sameValues(await store.mget([kept, key]), [old, undefined], "mget after mset of a detached array");
    const empty = new Uint8Array(new ArrayBuffer(8), 4, 0);
    await store.mset([[key, empty]]);
    sameValues(await store.mget([key]), [empty], "mget of an empty view, which is not detached");
  },

  async "V10-wrong-types"(context) {
    const store = whole(context.store);
    const { conditionalSet } = await context.claims();
    const [kept] = context.keys(1) as [string];
    const old = context.value();
    await store.mset([[kept, old]]);
    const ok = context.value();
    const bytes = new ArrayBuffer(4);

    // A text is a list of texts to a careless eye.
    const lists: unknown[] = [
      undefined,
      null,
      "ab",
      5,
      {},
      new Set(["a"]),
      new Map([["a", ok]]),
      { 0: "a", length: 1 },
    ];
    const keyLists: [unknown, string][] = lists.map((list) => [list, "keys"]);
    for (const key of [5, null, undefined, true, {}, ["a"], Symbol("a"), 1n, new String("a"), ok]) {
      keyLists.push([["a", key], "keys[1]"]);
    }
    // biome-ignore lint/suspicious/noSparseArray: a hole is one of the things that may come
    keyLists.push([[, "a"], "keys[0]"]);
    for (const [list, position] of keyLists) {
      const what = `with ${show(list)} for keys`;
      const given = list as string[];
      await refused(() => store.mget(given), "invalid_argument", `mget ${what}`, position);
      await refused(() => store.mdelete(given), "invalid_argument", `mdelete ${what}`, position);
      await refused(() => store.stat(given), "invalid_argument", `stat ${what}`, position);
    }

    const pairLists: [unknown, string][] = lists.map((list) => [list, "pairs"]);
    for (const pair of [5, null, undefined, "ab", {}, ["a"], [], new Map(), { 0: "a", 1: ok }]) {
      pairLists.push([[["a", ok], pair], "pairs[1]"]);
    }
    for (const key of [5, null, undefined, true, {}, ["a"], new String("a")])
      pairLists.push([[[key, ok]], "pairs[0][0]"]);
    const wrong = ["text", 5, null, undefined, true, {}, [1, 2], { 0: 1, length: 1 }, bytes, new DataView(bytes)];
    const views = [new Uint16Array(bytes), new Int8Array(bytes), new Uint8ClampedArray(bytes), new Float32Array(bytes)];
    for (const value of [...wrong, ...views, { toString: () => "x" }, 1n, () => ok, new Blob([])]) {
      pairLists.push([
        [
          ["a", ok],
          ["b", ok],
          ["c", value],
        ],
        "pairs[2][1]",
      ]);
    }
    for (const [list, position] of pairLists) {
      const what = `with ${show(Array.isArray(list) ? list.at(-1) : list)} for ${position}`;
      const given = list as [string, Uint8Array][];
      await refused(() => store.mset(given), "invalid_argument", `mset ${what}`, position);
      if (conditionalSet)
        await refused(() => store.setIf(given, "absent"), "invalid_argument", `setIf ${what}`, position);
    }

    for (const prefix of [5, true, {}, ["a"], new String("a"), Symbol("a")]) {
      const step = () => firstStep(store.yieldKeys(prefix as string));
      await refused(step, "invalid_argument", `yieldKeys with ${show(prefix)} for the prefix`, "prefix");
    }
    const listed = await collect(store.yieldKeys());
    sameKeys(listed, [kept], "yieldKeys after all of them");
    const [still] = await store.mget([kept]);
    check(still !== undefined && equalBytes(still, old), "the entry that was there before is not what it was");
  },
} satisfies SomeRules;
