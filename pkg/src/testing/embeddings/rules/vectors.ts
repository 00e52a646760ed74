import { check, fail, outcome, same, show } from "../../expect.js";
import type { CacheContext } from "../context.js";
import { sameEntries, sameVector, sameVectors } from "../expect.js";
import type { CacheOptions, CachePrecision } from "../harness.js";
import type { SomeCacheRules } from "./body.js";

const ALL: readonly CachePrecision[] = ["f32", "f64", "f16", "int8"];

/** The largest 32-bit float, the smallest normal and the smallest subnormal one. */
const [MOST_32, NORMAL_32, LEAST_32] = [3.4028234663852886e38, 1.1754943508222875e-38, 1.401298464324817e-45];

const ODD_64 = [0, -0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.5e-310, Number.MAX_VALUE, -Number.MAX_VALUE];
const ODD_32 = [0, -0, LEAST_32, -LEAST_32, NORMAL_32, 1e-40, MOST_32, -MOST_32, 0.1, -0.1, 1 + 2 ** -24];

/** Whether a precision is claimed; a note if it is not. */
function keeps(context: CacheContext, precision: CachePrecision): boolean {
  if (context.claims.precisions?.includes(precision)) return true;
  context.note(`the precision ${precision} is not claimed: its bounds are not checked`);
  return false;
}

/** Embeds texts cold and warm, by document and query; ends the rule unless all agree. Gives the vectors. */
async function coldAndWarm(context: CacheContext, options: Partial<CacheOptions>, count: number): Promise<number[][]> {
  const what = options.precision ?? "the default precision";
  const texts = context.texts(count, `${what}, ${context.random.word()}`);
  const cold = await (await context.open(options)).embedDocuments(texts);
  context.model.forget();
  const warm = await (await context.open(options)).embedDocuments(texts);
  sameVectors(warm, cold, `a warm call at ${what}, against the cold one`);
  same(context.model.asked().length, 0, `texts asked again at ${what}`);
  const query = `query ${texts[0]}`;
  const first = await (await context.open(options)).embedQuery(query);
  const again = await (await context.open(options)).embedQuery(query);
  sameVector(again, first, `a warm query at ${what}, against the cold one`);
  return cold;
}

export const vectors = {
  async "V1-cold-is-warm"(context) {
    const { model, random } = context;
    const precisions = context.claims.precisions ?? [undefined];
    for (const precision of precisions) {
      const options = precision === undefined ? {} : { precision };
      await coldAndWarm(context, options, 5);
      // Where a precision is asked for, numbers that it cannot hold, too.
      if (precision === undefined) continue;
      for (const scale of [1, 1_000, 1e-6]) {
        const phase = random.below(1_000);
        model.numbers = (text) => Array.from({ length: 48 }, (_, at) => Math.sin(phase + text.length + at) * scale);
        await coldAndWarm(context, options, 5);
      }
      model.numbers = undefined;
    }
    if (context.claims.json !== true) return;
    for (const precision of precisions) {
      if (precision === "int8") continue;
      model.numbers = () => [0.1, -0, 1 / 3, 1e-7, -1e-7, 123.456, 2 ** -14, 6e-8];
      await coldAndWarm(context, { ...(precision && { precision }), valueFormat: "json" }, 2);
    }
  },

  async "V2-f64"(context) {
    if (!keeps(context, "f64")) return;
    const { model } = context;
    for (const valueFormat of context.claims.json ? (["binary", "json"] as const) : [undefined]) {
      const options = { precision: "f64", ...(valueFormat && { valueFormat }) } as const;
      model.wide = true;
      model.numbers = undefined;
      model.size = 100;
      const texts = context.texts(5, `${valueFormat}`);
      const got = await (await context.open(options)).embedDocuments(texts);
      sameVectors(got, model.vectors(texts), `64-bit numbers, ${valueFormat}`);
      model.numbers = () => ODD_64;
      const odd = await coldAndWarm(context, options, 1);
      sameVectors(odd, [ODD_64], `odd numbers, ${valueFormat}`);
    }
  },

  async "V3-f32"(context) {
    if (!keeps(context, "f32")) return;
    const { model } = context;
    const options = { precision: "f32" } as const;
    const random = new Array(200)
      .fill(0)
      .map(() => (context.random.next() / 2 ** 31 - 1) * 10 ** context.random.below(9));
    for (const numbers of [ODD_32, ODD_64.filter((number) => Math.abs(number) < 1), random]) {
      model.numbers = () => numbers;
      const [got] = await coldAndWarm(context, options, 1);
      sameVector(got, numbers.map(Math.fround), "numbers at f32");
    }
  },

  async "V4-f16"(context) {
    if (!keeps(context, "f16")) return;
    const { model, random } = context;
    const numbers = [0, -0, 1, -1, 65_504, -65_504, 6.1e-5, 6.2e-5, 5.9e-5, 3e-8, -3e-8, 1e-9, 0.1, 1 / 3, 1_000.5];
    for (let at = 0; at < 300; at++) {
      numbers.push((random.next() / 2 ** 31 - 1) * 10 ** (random.below(14) - 9));
    }
    model.numbers = () => numbers;
    const [got = []] = await coldAndWarm(context, { precision: "f16" }, 1);
    same(got.length, numbers.length, "how many numbers");
    numbers.forEach((number, at) => {
      const bound = Math.abs(number) >= 6.1e-5 ? Math.abs(number) * 5e-4 : 3e-8;
      within(got[at], number, bound, `numbers[${at}] at f16`);
    });
    for (const at of [0, 1, 2, 3, 4, 5]) same(got[at], numbers[at], `numbers[${at}], which f16 can hold`);
  },

  async "V5-int8"(context) {
    if (!keeps(context, "int8")) return;
    const { model, random } = context;
    for (const scale of [1, 1e-6, 1e6]) {
      const numbers = new Array(300).fill(0).map(() => (random.next() / 2 ** 31 - 1) * scale);
      model.numbers = () => numbers;
      const [got = []] = await coldAndWarm(context, { precision: "int8" }, 1);
      same(got.length, numbers.length, "how many numbers");
      const largest = Math.max(...numbers.map(Math.abs));
      // What f32 rounds comes on top.
      const bound = (largest / 254) * (1 + 1e-5);
      for (const [at, number] of numbers.entries()) within(got[at], number, bound, `numbers[${at}] at int8`);
    }
    model.numbers = () => [0, 0, 0];
    const [zeros] = await coldAndWarm(context, { precision: "int8" }, 1);
    sameVector(zeros, [0, 0, 0], "a vector of zeros");
  },

  async "V6-typed"(context) {
    const { model } = context;
    const texts = context.texts(5);
    const cache = await context.open();
    if (context.claims.typed !== true) {
      same(cache.embedDocumentsTyped, undefined, "embedDocumentsTyped, which is not claimed");
      return;
    }
    check(typeof cache.embedDocumentsTyped === "function", "the cache has no embedDocumentsTyped()");
    for (const precision of context.claims.precisions ?? [undefined]) {
      const each = await context.open({ ...(precision && { precision }), model: `${context.modelName} ${precision}` });
      model.wide = true;
      for (const when of ["cold", "warm"]) {
        const asked = [...texts, texts[0] as string];
        const typed = (await each.embedDocumentsTyped?.(asked)) ?? [];
        const boxed = await each.embedDocuments(asked);
        same(typed.length, asked.length, `typed vectors at ${precision}, ${when}`);
        for (const [at, vector] of typed.entries()) {
          const tag = Object.prototype.toString.call(vector);
          same(tag, "[object Float32Array]", `typed vector ${at} at ${precision}, ${when}`);
          sameVector(
            [...vector],
            (boxed[at] as number[]).map(Math.fround),
            `typed vector ${at} at ${precision}, ${when}`,
          );
          same(vector.buffer.byteLength, vector.byteLength, `bytes below typed vector ${at} at ${precision}, ${when}`);
        }
        typed[0]?.fill(7);
        sameVector(
          [...(typed[5] ?? [])],
          (boxed[0] as number[]).map(Math.fround),
          "its duplicate after it was changed",
        );
      }
    }
  },

  async "V7-too-large"(context) {
    const { model } = context;
    const cases: [CachePrecision, number][] = [
      ["f32", 1e39],
      ["f16", 65_520],
      ["f16", -1e300],
      ["int8", 1e39],
    ];
    for (const [precision, number] of cases) {
      if (!keeps(context, precision)) continue;
      const [text, other] = context.texts(2) as [string, string];
      const cache = await context.open({ precision });
      model.numbers = (asked) => (asked === text ? [0.5, number, 0.25] : [0.5, 0.5, 0.5]);
      const before = await context.stored();
      const end = await outcome(() => cache.embedDocuments([other, text]));
      if (end.ok) fail(`${number} at ${precision} went through`);
      const { name, code } = end.error as { name?: unknown; code?: unknown };
      same(name, "BytestowError", `the name of the error for ${number} at ${precision}`);
      check(code === "corrupt" || code === "invalid_argument", `${number} at ${precision}: ${show(end.error)}`);
      sameEntries(await context.stored(), before, `the store after ${number} at ${precision}`);
    }
  },

  async "V8-unclaimed-precision"(context) {
    // One that nobody can claim is always among them.
    const unclaimed = [...ALL, "f8" as CachePrecision].filter((each) => !context.claims.precisions?.includes(each));
    for (const precision of unclaimed) {
      const end = await outcome(() => context.open({ precision }));
      check(!end.ok, `the precision ${precision} is not claimed, and was taken`);
    }
  },
} satisfies SomeCacheRules;

/** Ends the rule unless `actual` is a number within `bound` of `expected`. */
function within(actual: unknown, expected: number, bound: number, what: string): void {
  const near = typeof actual === "number" && Math.abs(actual - expected) <= bound;
  check(near, `${what}: ${show(actual)} is further than ${bound} from ${expected}`);
}
