import { check, outcome, refused, same } from "../../expect.js";
import type { VectorStoreContext } from "../context.js";
import { cosine, everything, near, sameTexts } from "../expect.js";
import type { SomeVectorStoreRules } from "./body.js";

/** Ends the rule unless an add is refused, names `mentions`, and has added nothing. */
async function addsNothing(
  context: VectorStoreContext,
  vectors: number[][],
  what: string,
  ...mentions: string[]
): Promise<void> {
  const store = await context.open();
  const before = (await everything(store)).size;
  const documents = vectors.map((_, at) => context.document(`${what} ${at}`));
  const add = () => store.addVectors(vectors, documents);
  if (context.claims.checks) await refused(add, "invalid_argument", what, ...mentions);
  else check(!(await outcome(add)).ok, `${what}: went through`);
  same((await everything(store)).size, before, `${what}, documents afterwards`);
  if (context.claims.persistent) same((await everything(await context.reopened())).size, before, `${what}, reopened`);
}

export const vectors = {
  async "V1-not-finite"(context) {
    const store = await context.open();
    await store.addVectors([[1, 2, 3, 4, 5, 6]], [context.document("there before")]);
    for (const number of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const bad = [0, 1, 2].map(() => context.noise());
      (bad[1] as number[])[4] = number;
      await addsNothing(context, bad, `vectors with ${number}`, "1", "4");
      const query = context.noise();
      query[2] = number;
      const search = () => store.similaritySearchVectorWithScore(query, 1);
      if (context.claims.checks) await refused(search, "invalid_argument", `a query with ${number}`, "2");
      else check(!(await outcome(search)).ok, `a query with ${number} went through`);
    }
  },

  async "V2-wrong-length"(context) {
    const store = await context.open();
    await addsNothing(context, [context.noise(6), context.noise(6), context.noise(5)], "a ragged first add", "5", "6");
    await store.addVectors([context.noise(6)], [context.document("there before")]);
    await addsNothing(context, [context.noise(6), context.noise(7)], "a vector that is longer", "7", "6");
    await addsNothing(context, [context.noise(5), context.noise(5)], "vectors that are all shorter", "5", "6");
    await addsNothing(context, [[]], "a vector of nothing");
    for (const dimensions of [2, 5, 7]) {
      const search = () => store.similaritySearchVectorWithScore(context.noise(dimensions), 1);
      const what = `a query of ${dimensions} dimensions`;
      if (context.claims.checks) await refused(search, "invalid_argument", what, `${dimensions}`, "6");
      else check(!(await outcome(search)).ok, `${what} went through`);
    }
  },

  async "V3-zero"(context) {
    const store = await context.open();
    const documents = ["before", "zeros", "behind"].map((text) => context.document(text));
    await store.addVectors(
      [
        [1, 0, 0],
        [0, 0, 0],
        [-1, 0, 0],
      ],
      documents,
    );
    const found = await store.similaritySearchVectorWithScore([2, 0, 0], 3);
    sameTexts(
      found.map(([document]) => document),
      ["before", "zeros", "behind"],
      "with a vector of zeros",
    );
    near(found[1]?.[1], 0, "the score of a vector of zeros");
    const all = await store.similaritySearchVectorWithScore([0, 0, 0], 3);
    sameTexts(
      all.map(([document]) => document),
      ["before", "zeros", "behind"],
      "for a query of zeros",
    );
    for (const [, score] of all) near(score, 0, "a score for a query of zeros");
  },

  async "V4-scale"(context) {
    const store = await context.open();
    const scales = [1, 1e-300, 1e300, 1e-40, 1e40, 5e-324];
    const base = [3, -4, 0, 1, 2, 0.5];
    const vectors = scales.map((scale) =>
      base.map((number) => (scale < 1e-310 ? scale * Math.sign(number) : number * scale)),
    );
    await store.addVectors(
      vectors,
      scales.map((scale) => context.document(`${scale}`)),
    );
    const best = new Map(
      (await store.similaritySearchVectorWithScore(base, 9)).map(([{ pageContent }, score]) => [pageContent, score]),
    );
    same(best.size, scales.length, "results");
    for (const [at, scale] of scales.entries())
      near(best.get(`${scale}`), cosine(base, vectors[at] as number[]), `at ${scale}`);
    for (const scale of [1e-300, 1e300]) {
      const query = base.map((number) => number * scale);
      const [first] = await store.similaritySearchVectorWithScore(query, 1);
      near(first?.[1], 1, `the best for a query at ${scale}`);
    }
  },

  async "V5-scores"(context) {
    const store = await context.open();
    const vectors = Array.from({ length: 40 }, () => context.noise());
    await store.addVectors(
      vectors,
      vectors.map((_, at) => context.document(`${at}`)),
    );
    for (let times = 0; times < 5; times++) {
      const query = context.noise();
      const found = await store.similaritySearchVectorWithScore(query, 40);
      same(found.length, 40, "results");
      let last = Number.POSITIVE_INFINITY;
      for (const [{ pageContent }, score] of found) {
        near(score, cosine(query, vectors[Number(pageContent)] as number[]), `the score of ${pageContent}`);
        check(score <= last, `${score} stands behind ${last}`);
        check(score >= -1 && score <= 1, `a score is ${score}`);
        last = score;
      }
    }
    const self = vectors[7] as number[];
    const [best] = await store.similaritySearchVectorWithScore(self, 1);
    near(best?.[1], 1, "a vector with itself");
    const opposite = await store.similaritySearchVectorWithScore(
      self.map((number) => -number),
      40,
    );
    near(opposite.at(-1)?.[1], -1, "a vector with its opposite");
  },

  async "V6-ties"(context) {
    const store = await context.open();
    const vector = context.noise();
    const texts = Array.from({ length: 60 }, (_, at) => `${at}`);
    // In several calls, of which one does not begin where the other ends.
    for (const part of [texts.slice(0, 1), texts.slice(1, 33), texts.slice(33)]) {
      await store.addVectors(
        part.map(() => vector),
        part.map((text) => context.document(text)),
      );
    }
    for (const k of [1, 3, 32, 59, 60]) {
      const found = await store.similaritySearchVectorWithScore(vector, k);
      sameTexts(
        found.map(([document]) => document),
        texts.slice(0, k),
        `${k} of equals`,
      );
    }
    const other = vector.map((number, at) => number + (at === 0 ? 1 : 0));
    await store.addVectors([other, vector], [context.document("other"), context.document("60")]);
    const found = await store.similaritySearchVectorWithScore(vector, 62);
    sameTexts(
      found.map(([document]) => document),
      [...texts, "60", "other"],
      "equals and one that is not",
    );
  },

  async "V7-counts"(context) {
    const store = await context.open();
    for (const [vectors, documents] of [
      [1, 2],
      [2, 1],
      [0, 1],
      [1, 0],
    ] as const) {
      const what = `${vectors} vectors for ${documents} documents`;
      const add = () =>
        store.addVectors(
          Array.from({ length: vectors }, () => context.noise()),
          context.documents(documents),
        );
      if (context.claims.checks) await refused(add, "invalid_argument", what);
      else check(!(await outcome(add)).ok, `${what} went through`);
    }
    sameTexts(await store.similaritySearch("any", 4), [], "what was added");
  },

  async "V8-not-embedded"(context) {
    const store = await context.open();
    context.model.forget();
    await store.addVectors([context.noise(), context.noise()], [context.document("a"), context.document("b")]);
    await store.similaritySearchVectorWithScore(context.noise(), 2);
    same(context.model.calls.length, 0, "calls of the model");
    await store.addDocuments([context.document("c")]);
    same(context.model.asked("document").join(), "c", "texts asked for by addDocuments()");
    await store.similaritySearch("d");
    same(context.model.asked("query").join(), "d", "texts asked for by similaritySearch()");
  },
} satisfies SomeVectorStoreRules;
