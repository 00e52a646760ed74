import { type RuleContext, whole } from "../context.js";
import { check, collect, firstStep, refused, same, sameKeys, sameValues, show } from "../expect.js";
import type { SomeRules } from "./body.js";

/** Keys that some encoding, normal form, path or separator would merge. Each must stay a key of its own. */
const UNICODE = [
  ...["", " ", "  ", "a", "a ", " a", "A", "\0", "a\0", "a\0b", "\0a", "\u0001", "\n", "\r\n", "\r", "\t", "\u007f"],
  ...["\u00e9", "e\u0301", "\u212b", "\u00c5", "A\u030a", "\u03a9", "\u2126", "\ufb01", "fi", "\u00df", "ss", "SS"],
  ...[
    "i",
    "I",
    "\u0131",
    "\u0130",
    "\u1e9e",
    "\uff21",
    "\uac00",
    "\u1100\u1161",
    "\u65e5\u672c",
    "\u0627\u0644",
    "\u200f",
  ],
  ...["\u{1f600}", "\u{1f468}\u200d\u{1f469}", "\u{10ffff}", "\u{10000}", "\uffff", "\ufffe", "\uffff\uffff", "\ufffd"],
  ...["\ufeff", "\ufeffa", "\u2028", "\u202e", "\u200b", "\ud7ff", "\ue000", "\u0080", "\u07ff", "\u0800"],
  ...[
    "/",
    "//",
    "a/b",
    "a//b",
    "/a",
    "a/",
    ".",
    "..",
    "../a",
    "a/../b",
    "a:b",
    "a\\b",
    "%2F",
    "a%2Fb",
    "%",
    "?a=1",
    "#",
  ],
  ...["*", "{a}", "'", '"', "`", "null", "a+b", "a b", "a%20b", "a,b", "[1]", "<a>", "&amp;", "&", "=", "\u00ad"],
];

const PROTOTYPE = [
  ...["__proto__", "constructor", "toString", "length", "prototype", "hasOwnProperty", "valueOf", "then", "toJSON"],
  ...[
    "__defineGetter__",
    "isPrototypeOf",
    "name",
    "size",
    "get",
    "set",
    "has",
    "delete",
    "keys",
    "caller",
    "arguments",
  ],
];

const NUMERIC = [
  ...[
    "0",
    "1",
    "2",
    "10",
    "9",
    "01",
    "1.0",
    "1e3",
    "1000",
    "-1",
    "-0",
    "+1",
    "0x10",
    "16",
    " 1",
    "1 ",
    "NaN",
    "Infinity",
  ],
  ...[
    "true",
    "false",
    "null",
    "undefined",
    "4294967295",
    "4294967296",
    "9007199254740992",
    "9007199254740993",
    "[]",
    "{}",
  ],
];

/** Sets, reads, lists and deletes keys that a store may take for something else. */
async function checkKeys(context: RuleContext, keys: readonly string[]): Promise<void> {
  const { store } = context;
  const nothing = keys.map(() => undefined);
  sameValues(await store.mget([...keys]), nothing, "mget on an empty store");
  const pairs = context.pairs(context.random.shuffled(keys));
  await store.mset(pairs);
  const expected = pairs.map(([, value]) => value);
  const asked = pairs.map(([key]) => key);
  const name = (at: number) => `mget of ${show(asked[at])}`;
  const got = await store.mget(asked);
  same(got.length, asked.length, "number of answers");
  for (const [i, value] of expected.entries()) sameValues([got[i]], [value], name(i));
  const listed: unknown[] = await collect(store.yieldKeys());
  for (const key of listed) same(typeof key, "string", `type of the key ${show(key)} in yieldKeys`);
  sameKeys(listed, keys, "yieldKeys");
  const half = asked.filter((_, i) => i % 2 === 0);
  await store.mdelete(half);
  for (const [i, key] of asked.entries()) {
    sameValues(
      await store.mget([key]),
      [i % 2 === 0 ? undefined : expected[i]],
      `${name(i)} after mdelete of every other`,
    );
  }
  await store.mdelete(asked);
  sameKeys(await collect(store.yieldKeys()), [], "yieldKeys after mdelete of all");
}

const utf8 = (text: string) => new TextEncoder().encode(text).length;

export const keys = {
  async "K1-any-unicode"(context) {
    await checkKeys(context, UNICODE);
  },

  async "K2-prototype-keys"(context) {
    await checkKeys(context, PROTOTYPE);
    check(Object.getPrototypeOf({}) === Object.prototype, "Object.prototype is not what it was");
    check(typeof {}.toString === "function" && !("0" in {}), "Object.prototype was changed");
  },

  async "K3-numeric-keys"(context) {
    await checkKeys(context, NUMERIC);
  },

  async "K4-lone-surrogate"(context) {
    const store = whole(context.store);
    const { conditionalSet } = await context.claims();
    const value = context.value();
    const kept = context.key();
    await store.mset([[kept, value]]);
    for (const bad of ["\ud800", "\udc00", "a\udbff", "\udfffa", "a\ud83da", "\ude00\ud83d", "\ud83d\ud83d\ude00"]) {
      const refuse = (call: () => unknown, what: string, position: string) =>
        refused(call, "invalid_argument", `${what} with the key ${show(bad)}`, position, "surrogate");
      await refuse(() => store.mget([kept, bad]), "mget", "keys[1]");
      await refuse(() => store.mdelete([kept, "b", bad]), "mdelete", "keys[2]");
      await refuse(() => store.stat([bad]), "stat", "keys[0]");
      const pairs: [string, Uint8Array][] = [
        ["b", value],
        [bad, value],
      ];
      await refuse(() => store.mset(pairs), "mset", "pairs[1][0]");
      if (conditionalSet) await refuse(() => store.setIf(pairs, "absent"), "setIf", "pairs[1][0]");
      await refuse(() => firstStep(store.yieldKeys(bad)), "yieldKeys", "prefix");
    }
    // Halves that stand side by side must not be taken for one whole.
    const halves: [string, Uint8Array][] = [
      ["\ud83d", value],
      ["\ude00", value],
    ];
    const what = "with two halves of a pair as neighbours";
    await refused(() => store.mset(halves), "invalid_argument", `mset ${what}`, "pairs[0][0]", "surrogate");
    await refused(() => store.mget(["\ud83d", "\ude00"]), "invalid_argument", `mget ${what}`, "keys[0]", "surrogate");
    sameKeys(await collect(store.yieldKeys()), [kept], "yieldKeys after refused calls");
    // What stands in for a lone surrogate in lossy encodings is a key like any other.
    await store.mset([["\ufffd", value]]);
    sameValues(await store.mget(["\ufffd", kept]), [value, value], "mget of U+FFFD");
  },

  async "K5-long-keys"(context) {
    const { store } = context;
    const { maxKeyBytes } = await context.claims();
    check(maxKeyBytes === null || (Number.isInteger(maxKeyBytes) && maxKeyBytes > 0), `maxKeyBytes is ${maxKeyBytes}`);
    if (maxKeyBytes === null) {
      // Alike but for their last character.
      const long = ["x", "y"].map((end) => "k".repeat(70_000) + end);
      await checkKeys(context, [...long, `${"\u00e9\u{1f600}".repeat(9_000)}`, "k".repeat(1_000), "k".repeat(255)]);
      return;
    }
    const digits = String(maxKeyBytes);
    const wide = "\u20ac".repeat(Math.floor(maxKeyBytes / 3));
    const fits = ["x", "y"].map((end) => "k".repeat(maxKeyBytes - 1) + end);
    await checkKeys(context, [...fits, wide + "k".repeat(maxKeyBytes - utf8(wide)), "short"]);
    const value = context.value();
    // The second is short in characters and too long in bytes only.
    for (const long of ["k".repeat(maxKeyBytes + 1), `${wide}\u20ac`]) {
      const what = `a key of ${utf8(long)} bytes where ${digits} are allowed`;
      const pairs: [string, Uint8Array][] = [
        ["beside", value],
        [long, value],
      ];
      await refused(() => store.mset(pairs), "too_large", `mset with ${what}`, digits);
      await refused(() => store.mget([long]), "too_large", `mget with ${what}`, digits);
      sameKeys(await collect(store.yieldKeys()), [], `yieldKeys after mset with ${what}`);
    }
    const inside = await context.open({ namespace: "ns" });
    const room = "k".repeat(maxKeyBytes - 3);
    await inside.mset([[room, value]]);
    sameValues(await inside.mget([room]), [value], "mget of the longest key in a namespace");
    await refused(
      () => inside.mset([[`${room}k`, value]]),
      "too_large",
      "mset where the namespace makes it too long",
      digits,
    );
  },
} satisfies SomeRules;
