import { check, fail, outcome, same, show } from "../../expect.js";
import type { CacheContext } from "../context.js";
import { corrupt, gives, givesAsking, sameVector } from "../expect.js";
import type { Spoil } from "../model.js";
import type { SomeCacheRules } from "./body.js";

/** Some wrong answers, each with a name for it. */
type Wrong = Record<string, Spoil>;

/** A wrong vector in the place of the last right one. */
const lastAs =
  (wrong: (right: number[]) => unknown): Spoil =>
  (right, { kind }) => {
    if (kind === "query") return wrong(right as number[]);
    const vectors: unknown[] = [...(right as number[][])];
    vectors.push(wrong(vectors.pop() as number[]));
    return vectors;
  };

/** A wrong number in the middle of the last vector. */
const numberAs = (wrong: unknown): Spoil =>
  lastAs((right) => {
    const vector: unknown[] = [...right];
    vector[3] = wrong;
    return vector;
  });

/** Ends the rule unless each of these answers is corrupt, and nothing of it is kept; of queries too unless told so. */
async function refusesAll(context: CacheContext, wrong: Wrong, queries = true): Promise<void> {
  const { model } = context;
  const store = context.watched();
  for (const [name, spoil] of Object.entries(wrong)) {
    const cache = await context.open({}, { store });
    const texts = context.texts(3, name);
    const [first] = texts as [string];
    const writes = store.writes;
    model.spoil = spoil;
    await corrupt(() => cache.embedDocuments(texts), `documents: ${name}`);
    if (queries) await corrupt(() => cache.embedQuery(first), `a query: ${name}`);
    same(store.writes, writes, `writes after ${name}`);
    model.spoil = undefined;
    await givesAsking(context, cache, texts, texts, `the next call after ${name}`);
    sameVector(await cache.embedQuery(first), model.vector(first, "query"), `the next query after ${name}`);
  }
}

export const answers = {
  async "M1-too-few"(context) {
    const wrong: Wrong = {
      "one vector too few": (right) => right.slice(1),
      "no vector at all": () => [],
      "a hole at the end": (right) => {
        const vectors = [...right];
        vectors.length = right.length - 1;
        return vectors;
      },
    };
    await refusesAll(context, wrong, false);
  },

  async "M2-too-many"(context) {
    const wrong: Wrong = {
      "one vector too many": (right) => [...right, (right as number[][])[0]],
      "each vector twice": (right) => [...right, ...right],
    };
    await refusesAll(context, wrong, false);
  },

  async "M3-ragged"(context) {
    const { model } = context;
    const wrong: Wrong = {
      "a shorter last vector": lastAs((right) => right.slice(1)),
      "a longer last vector": lastAs((right) => [...right, 0.5]),
      "an empty last vector": lastAs(() => []),
    };
    await refusesAll(context, wrong, false);
    if (!context.claimed("batches", "vectors of different lengths in two batches")) return;
    const cache = await context.open({ batchSize: 4, concurrency: 1 });
    const texts = context.texts(12);
    model.spoil = (right, _, nth) => {
      return nth === 2 ? (right as number[][]).map((vector) => vector.slice(1)) : right;
    };
    model.forget();
    const end = await outcome(() => cache.embedDocuments(texts));
    if (end.ok) fail("batches of different lengths went through");
    same((end.error as { code?: unknown }).code, "corrupt", `the code of ${show(end.error)}`);
    model.spoil = undefined;
    model.forget();
    await gives(context, cache, texts, "the next call");
    const again = model.asked();
    check(
      texts.slice(4, 8).every((text) => again.includes(text)),
      "a batch of another length than the first was kept",
    );
  },

  async "M4-ragged-with-stored"(context) {
    const { model } = context;
    const texts = context.texts(6);
    const cache = await context.open();
    await gives(context, cache, texts.slice(0, 3), "some of them");
    model.size += 1;
    await gives(context, cache, texts, "all of them, at the model's new length");
    await givesAsking(context, cache, texts, [], "all of them again");
  },

  async "M5-empty-vectors"(context) {
    await refusesAll(context, {
      "vectors without numbers": (right, { kind }) => (kind === "query" ? [] : right.map(() => [])),
    });
  },

  async "M6-not-finite"(context) {
    const wrong: Wrong = {};
    for (const number of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      wrong[`${number} within a vector`] = numberAs(number);
    }
    await refusesAll(context, wrong);
  },

  async "M7-not-numbers"(context) {
    const wrong: Wrong = {
      'the text "0.5" within a vector': numberAs("0.5"),
      "null within a vector": numberAs(null),
      "undefined within a vector": numberAs(undefined),
      "a list within a vector": numberAs([0.5]),
      "true within a vector": numberAs(true),
      "a BigInt within a vector": numberAs(1n),
      "an object within a vector": numberAs({ valueOf: () => 0.5 }),
      "a hole within a vector": lastAs((right) => {
        const vector = [...right];
        delete vector[3];
        return vector;
      }),
    };
    await refusesAll(context, wrong);
  },

  async "M8-not-vectors"(context) {
    const things: [string, unknown][] = [
      ["undefined", undefined],
      ["null", null],
      ["a text", "0.1,0.2,0.3"],
      ["a number", 3],
      ["an object", { length: 3 }],
      ["a function", () => []],
      ["a Map", new Map([[0, [0.5]]])],
      ["bytes", new Uint8Array(8)],
    ];
    const wrong: Wrong = {};
    for (const [name, thing] of things) {
      wrong[`${name} in the place of a vector`] = lastAs(() => thing);
      wrong[`${name} in the place of all vectors`] = () => thing;
    }
    await refusesAll(context, wrong);
  },

  async "M9-model-throws"(context) {
    const { model } = context;
    const store = context.watched();
    const reasons = [
      new Error("429 from the kit's provider"),
      "a text",
      undefined,
      null,
      0,
      { status: 429 },
      Object.assign(new Error("not ours"), { name: "BytestowError", code: "corrupt" }),
      new DOMException("its own signal", "AbortError"),
    ];
    for (const reason of reasons) {
      const cache = await context.open({}, { store });
      const texts = context.texts(3);
      const [first] = texts as [string];
      const writes = store.writes;
      model.spoil = () => {
        throw reason;
      };
      for (const call of [() => cache.embedDocuments(texts), () => cache.embedQuery(first)]) {
        const end = await outcome(call);
        if (end.ok) fail(`the model threw ${show(reason)}, and the call went through`);
        same(end.error, reason, "what the model threw");
      }
      same(store.writes, writes, `writes after the model threw ${show(reason)}`);
      model.spoil = undefined;
      await givesAsking(context, cache, texts, texts, `the next call after ${show(reason)}`);
    }
    // Synchronously, as no async function would.
    const cache = await context.open();
    const reason = new Error("thrown at once");
    const embed = model.embedDocuments;
    model.embedDocuments = () => {
      throw reason;
    };
    const end = await outcome(() => cache.embedDocuments([context.text()]));
    model.embedDocuments = embed;
    if (end.ok) fail("the model threw at once, and the call went through");
    same(end.error, reason, "what the model threw at once");
  },
} satisfies SomeCacheRules;
