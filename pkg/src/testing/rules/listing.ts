import { inTime, sleep } from "../clock.js";
import type { RuleContext } from "../context.js";
import { check, collect, fail, firstStep, held, outcome, same, sameKeys, sameValues, show } from "../expect.js";
import type { SomeRules } from "./body.js";

/** Every character of ASCII that is neither a letter nor a digit, and some that are. */
const PUNCTUATION = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).filter((c) => !/\w/.test(c));
const SPECIAL = [...PUNCTUATION, "_", "\n", "\t", "\0", "\u007f", "\u00a0", "\u2028", "é", "\u{1f600}"];

/** Patterns of Redis, SQL, CQL, regular expressions, shells and paths. */
const PATTERNS = [
  ...[
    "a*b",
    "a**",
    "a?b*",
    "[ab]",
    "[^a]",
    "a[a-z]",
    "a\\*",
    "\\",
    "a\\",
    "^a",
    "a$",
    ".*",
    "a.b",
    "(a|b)",
    "a|",
    "a{1}",
  ],
  ...["%a", "a_", "a%b%", "{a,b}", "a/../b", "./a", "../", "//", "~/", "user:*", "a'b", 'a"b', "a;b", "a\0b", "*", "?"],
];

async function fill(context: RuleContext, keys: readonly string[], batch = 1_000): Promise<void> {
  const value = context.value(8);
  for (let at = 0; at < keys.length; at += batch) {
    await context.store.mset(keys.slice(at, at + batch).map((key) => [key, value]));
  }
}

async function checkPrefixes(
  context: RuleContext,
  keys: readonly string[],
  prefixes: readonly string[],
): Promise<void> {
  await fill(context, keys);
  for (const prefix of prefixes) {
    const expected = keys.filter((key) => key.startsWith(prefix));
    sameKeys(await collect(context.store.yieldKeys(prefix)), expected, `yieldKeys(${show(prefix)})`);
  }
}

export const listing = {
  async "L1-generator"(context) {
    const { store } = context;
    const [early, late] = context.keys(2) as [string, string];
    await store.mset([[early, context.value()]]);
    let generator = held(store.yieldKeys());
    for (const method of ["next", "return", "throw"] as const) {
      same(typeof generator?.[method], "function", `yieldKeys().${method}, its type`);
    }
    same(typeof generator[Symbol.asyncIterator], "function", "yieldKeys()[Symbol.asyncIterator], its type");
    same(generator[Symbol.asyncIterator](), generator, "yieldKeys()[Symbol.asyncIterator]()");
    await generator.return(undefined);
    await context.quietly(store, "yieldKeys() without a step", async () => {
      generator = held(store.yieldKeys());
      await sleep(0);
    });
    // Whatever comes before the first step comes before the listing.
    await store.mset([[late, context.value()]]);
    await store.mdelete([early]);
    const first = generator.next();
    same(typeof first?.then, "function", "yieldKeys().next(), its then");
    const { value, done } = await first;
    same(done, false, "done at the first step");
    same(value, late, "the only key");
    same((await generator.next()).done, true, "done at the second step");
    same((await generator.next()).done, true, "done at the step behind the last");
  },

  async "L2-prefix-literal"(context) {
    const plain = ["", "a", "ab", "aab", "abb", "aXb", "a1", "b", "A", "user:1", "user:", "axxb", "e\u0301", "ac"];
    const keys = new Set([...plain, ...PATTERNS, ...PATTERNS.map((pattern) => `${pattern}x`)]);
    for (const c of SPECIAL) for (const key of [c, `a${c}`, `a${c}b`, `a\\${c}`, `${c}${c}`]) keys.add(key);
    const prefixes = [...SPECIAL.map((c) => `a${c}`), ...PATTERNS, "*", "?", "\\", "%", "_", ".", "[", "^", "A", "e"];
    await checkPrefixes(context, [...keys], prefixes);
  },

  async "L3-prefix-many"(context) {
    const many = context.keys(40, "many/of-them");
    const top = ["ab\uffff", "ab\uffff\uffff", "ab\uffffz", "ab\u{10ffff}", "ab\u{10ffff}\u{10ffff}", "ab\u{1f600}"];
    const near = [
      "ab",
      "abc",
      "abcd",
      "abd",
      "ac",
      "a",
      "b",
      "aB",
      "AB",
      "aa",
      "ab\0",
      "ba",
      "xab",
      " ab",
      "many",
      "many/",
    ];
    const prefixes = [
      "",
      "a",
      "ab",
      "abc",
      "abcd",
      "abcde",
      "ab\uffff",
      "ab\u{10ffff}",
      "ab\u{1f600}",
      "ac",
      "ad",
      "B",
    ];
    await checkPrefixes(
      context,
      [...many, ...top, ...near],
      [...prefixes, "many/of-them", "many/", "many/of-themz", "z"],
    );
    const all = [...many, ...top, ...near];
    sameKeys(await collect(context.store.yieldKeys()), all, "yieldKeys()");
    sameKeys(await collect(context.store.yieldKeys(undefined)), all, "yieldKeys(undefined)");
  },

  async "L4-exactly-once"(context) {
    const keys = context.keys(10_001);
    await fill(context, keys);
    sameKeys(await collect(context.store.yieldKeys()), keys, "yieldKeys() over 10,001 keys");
    const some = keys.filter((key) => key.startsWith("key-7"));
    sameKeys(await collect(context.store.yieldKeys("key-7")), some, `yieldKeys("key-7"), with ${some.length} keys`);
  },

  async "L5-change-while-iterating"(context) {
    const { store } = context;
    const keys = context.keys(1_500);
    const doomed = keys.filter((_, i) => i % 6 === 0);
    const stay = new Set(keys.filter((_, i) => i % 6 !== 0));
    const fresh = context.keys(200, "key-new");
    await fill(context, context.random.shuffled(keys));
    const known = new Set([...keys, ...fresh]);
    const steady = [...stay];
    const seen = new Set<string>();
    let steps = 0;
    for await (const key of held(store.yieldKeys())) {
      if (seen.has(key)) fail(`${show(key)} came more than once`);
      seen.add(key);
      check(known.has(key), `${show(key)} was never written`);
      if (steps++ % 25 !== 0) continue;
      // Overwriting must not make a key come again, nor deleting make its neighbours be skipped.
      const again = Array.from({ length: 5 }, () => steady[context.random.below(steady.length)] as string);
      await store.mset(context.pairs([...fresh.splice(0, 4), ...new Set(again)]));
      await store.mdelete(doomed.splice(0, 5));
    }
    const missed = steady.filter((key) => !seen.has(key));
    const what = `of ${steady.length} keys that existed throughout, ${missed.length} did not come`;
    check(missed.length === 0, `${what}: ${show(missed)}`);
  },

  async "L6-break-early"(context) {
    const { store } = context;
    const keys = context.keys(300);
    await fill(context, keys);
    let steps = 0;
    for await (const _ of held(store.yieldKeys())) if (++steps === 3) break;

    const returned = held(store.yieldKeys());
    await returned.next();
    same((await returned.return("left")).done, true, "done of return() in the midst");
    same((await returned.next()).done, true, "done of the step after return()");

    const unbegun = held(store.yieldKeys());
    same((await unbegun.return(undefined)).done, true, "done of return() before the first step");
    same((await unbegun.next()).done, true, "done of the first step after return()");

    const thrown = held(store.yieldKeys());
    await thrown.next();
    const error = new Error("the kit's own");
    const end = await outcome(() => thrown.throw(error));
    check(!end.ok && end.error === error, "throw() on the generator did not reject with its error");
    same((await thrown.next()).done, true, "done of the step after throw()");

    // Iterations that were begun and forgotten must not be in the way either.
    for (let i = 0; i < 20; i++) await firstStep(store.yieldKeys("key-"));
    const value = context.value();
    const work = (async () => {
      await store.mset([["one more", value]]);
      sameValues(await store.mget(["one more"]), [value], "mget after iterations left early");
      await store.mdelete([keys[0] as string]);
      sameKeys(await collect(store.yieldKeys()), [...keys.slice(1), "one more"], "yieldKeys after them");
    })();
    check(await inTime(8_000, work), "the store stands still after iterations left early");
  },

  async "L7-own-keys-after"(context) {
    const { store } = context;
    const keys = context.keys(120);
    await fill(context, keys);
    for (let round = 1; round <= 3; round++)
      sameKeys(await collect(store.yieldKeys()), keys, `yieldKeys, round ${round}`);

    // Two at once, in turns: neither may advance the other.
    const [a, b] = [held(store.yieldKeys()), held(store.yieldKeys())];
    const [fromA, fromB]: [string[], string[]] = [[], []];
    for (let open = 2; open > 0; ) {
      open = 2;
      for (const [generator, into] of [[a, fromA] as const, [b, fromB] as const]) {
        const step = await generator.next();
        if (step.done) open--;
        else into.push(step.value);
      }
      check(fromA.length + fromB.length <= 1_000, "two iterations in turns seem never to stop");
    }
    sameKeys(fromA, keys, "the first of two iterations in turns");
    sameKeys(fromB, keys, "the second of two iterations in turns");

    await store.mset([["one more", context.value()]]);
    sameKeys(await collect(store.yieldKeys()), [...keys, "one more"], "yieldKeys after one more key was set");
    sameKeys(await collect(store.yieldKeys("one")), ["one more"], "yieldKeys of a prefix after that");
  },
} satisfies SomeRules;
