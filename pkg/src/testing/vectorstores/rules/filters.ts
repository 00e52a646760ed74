import { check, outcome, refused, same } from "../../expect.js";
import type { VectorStoreContext } from "../context.js";
import { method } from "../context.js";
import { sameSet, sameTexts } from "../expect.js";
import type { TestedDocument, TestedFilter, TestedVectorStore } from "../harness.js";
import type { SomeVectorStoreRules } from "./body.js";

/** Films, as Self-query's own examples have them. */
const FILMS: readonly Record<string, unknown>[] = [
  { title: "a", year: 1993, rating: 7.7, genre: "science fiction", tags: ["dinosaurs", "park"] },
  { title: "b", year: 2010, director: { name: "Nolan", born: 1970 }, rating: 8.2, seen: true },
  { title: "c", year: "2006", director: { name: "Kon", born: 1963 }, rating: 8.6, seen: false },
  { title: "d", year: 1995, genre: "animated", rating: null, tags: [] },
  { title: "e", year: 1979, genre: "science fiction", "studio.name": "Mosfilm", rating: 9.9 },
  { title: "f", cast: [{ name: "Ann", parts: [{ part: "x" }] }, { name: "Bo", age: 40 }, "extras"] },
];

/** A store of the films. */
async function films(context: VectorStoreContext): Promise<TestedVectorStore> {
  const store = await context.open();
  await store.addDocuments(FILMS.map((metadata) => context.document(metadata.title as string, { ...metadata })));
  return store;
}

/** Ends the rule unless each filter keeps the films that stand beside it. */
async function keeps(store: TestedVectorStore, cases: readonly (readonly [TestedFilter, string])[]): Promise<void> {
  // Twice: the second time the answers may be remembered.
  for (let times = 0; times < 2; times++) {
    for (const [filter, titles] of cases) {
      sameSet(await store.similaritySearch("any", 9, filter), [...titles], `the filter ${JSON.stringify(filter)}`);
    }
  }
}

export const filters = {
  async "F1-function"(context) {
    const store = await films(context);
    const seen: TestedDocument[] = [];
    const filter = (document: TestedDocument) => {
      seen.push(document);
      return document.metadata.genre === "science fiction";
    };
    sameSet(await store.similaritySearch("any", 9, filter), ["a", "e"], "what a function keeps");
    sameSet(seen, ["a", "b", "c", "d", "e", "f"], "what the function was asked about");
    const ids = new Map((await store.similaritySearch("any", 9)).map(({ id, pageContent }) => [pageContent, id]));
    for (const { pageContent, id } of seen) same(id, ids.get(pageContent), `the id of ${pageContent} in the filter`);
    sameTexts(await store.similaritySearch("any", 9, () => false), [], "what a function keeps that says no");
    same((await store.similaritySearch("any", 9, () => true)).length, 6, "what a function keeps that says yes");
  },

  async "F2-equality"(context) {
    if (!context.claimed("objectFilters", "objects as filters")) return;
    await keeps(await films(context), [
      [{}, "abcdef"],
      [{ genre: "science fiction" }, "ae"],
      [{ year: 1993 }, "a"],
      [{ year: [1993, 1995, "1995"] }, "ad"],
      [{ year: [] }, ""],
      [{ seen: true }, "b"],
      [{ seen: false }, "c"],
      [{ rating: null }, "d"],
      [{ director: { born: 1970, name: "Nolan" } }, "b"],
      [{ director: { name: "Nolan" } }, ""],
      [{ tags: "park" }, "a"],
      [{ title: "constructor" }, ""],
      [{ constructor: "a" }, ""],
    ]);
  },

  async "F3-comparisons"(context) {
    if (!context.claimed("objectFilters", "objects as filters")) return;
    await keeps(await films(context), [
      [{ year: { $gt: 1993 } }, "bd"],
      [{ year: { $gte: 1993 } }, "abd"],
      [{ year: { $lt: 1993 } }, "e"],
      [{ year: { $lte: 1993 } }, "ae"],
      [{ year: { $gt: "1993" } }, "c"],
      [{ year: { $lt: "3" } }, "c"],
      [{ rating: { $gte: 0 } }, "abce"],
      [{ rating: { $gt: 8, $lt: 9 } }, "bc"],
      [{ title: { $gte: "b", $lt: "d" } }, "bc"],
      [{ seen: { $gt: 0 } }, ""],
    ]);
  },

  async "F4-lists"(context) {
    if (!context.claimed("objectFilters", "objects as filters")) return;
    await keeps(await films(context), [
      [{ year: { $in: [1979, "2006"] } }, "ce"],
      [{ year: { $nin: [1979, "2006"] } }, "abdf"],
      [{ year: { $in: [] } }, ""],
      [{ year: { $nin: [] } }, "abcdef"],
      [{ year: { $eq: 1979 } }, "e"],
      [{ year: { $ne: 1979 } }, "abcdf"],
      [{ year: { $eq: "1979" } }, ""],
      [{ director: { $eq: { name: "Kon", born: 1963 } } }, "c"],
      [{ rating: { $in: [null, 7.7] } }, "ad"],
    ]);
  },

  async "F5-logic"(context) {
    if (!context.claimed("objectFilters", "objects as filters")) return;
    await keeps(await films(context), [
      [{ genre: "science fiction", year: 1993 }, "a"],
      [{ $and: [{ genre: "science fiction" }, { rating: { $gt: 9 } }] }, "e"],
      [{ $or: [{ genre: "animated" }, { seen: true }] }, "bd"],
      [{ $not: { genre: "science fiction" } }, "bcdf"],
      [{ rating: { $not: { $gt: 8 } } }, "adf"],
      [{ $or: [{ year: 1979 }, { $and: [{ seen: false }, { $not: { title: "x" } }] }], rating: { $gt: 9 } }, "e"],
      [{ $not: { $or: [{ title: ["a", "b"] }, { $not: { title: ["a", "b", "c"] } }] } }, "c"],
      [{ $and: [{}, { title: "a" }] }, "a"],
    ]);
  },

  async "F6-paths"(context) {
    if (!context.claimed("objectFilters", "objects as filters")) return;
    await keeps(await films(context), [
      [{ "director.name": "Kon" }, "c"],
      [{ "director.born": { $lt: 1970 } }, "c"],
      [{ "director.name.length": 3 }, ""],
      [{ "director.toString": { $exists: true } }, ""],
      [{ "studio.name": "Mosfilm" }, "e"],
      [{ "director.born": { $exists: false } }, "adef"],
      [{ "cast.name": "Bo" }, "f"],
      [{ "cast.name": { $ne: "Bo" } }, "abcde"],
      [{ "cast.age": { $gt: 30 } }, "f"],
      [{ "cast.parts.part": ["x", "y"] }, "f"],
      [{ "cast.1.name": "Bo" }, "f"],
      [{ "cast.0.name": "Bo" }, ""],
      [{ "cast.length": 3 }, ""],
      [{ "tags.length": { $exists: true } }, ""],
    ]);
  },

  async "F7-missing"(context) {
    if (!context.claimed("objectFilters", "objects as filters")) return;
    await keeps(await films(context), [
      [{ none: { $ne: 1 } }, "abcdef"],
      [{ none: { $nin: [1, null] } }, "abcdef"],
      [{ none: { $exists: false } }, "abcdef"],
      [{ none: { $exists: true } }, ""],
      [{ none: null }, ""],
      [{ none: { $eq: null } }, ""],
      [{ none: [null, 1] }, ""],
      [{ none: { $lt: 1 } }, ""],
      [{ none: { $lte: "z" } }, ""],
      [{ rating: { $exists: true } }, "abcde"],
      [{ rating: { $ne: null } }, "abcef"],
    ]);
  },

  async "F8-unknown"(context) {
    if (!context.claimed("objectFilters", "objects as filters")) return;
    const store = await films(context);
    const wrong: [unknown, string][] = [
      [{ year: { $gtx: 1 } }, "$gtx"],
      [{ $nor: [{ year: 1 }] }, "$nor"],
      [{ year: { $not: { $regex: "a" } } }, "$regex"],
      [{ $and: [{ year: { $bad: 1 } }] }, "$bad"],
      [{ year: { $gt: 1, plain: 2 } }, "year"],
      [{ year: { $in: 1 } }, "$in"],
      [{ year: { $exists: 1 } }, "$exists"],
      [{ year: { $gt: {} } }, "$gt"],
      [{ $or: { year: 1 } }, "$or"],
      [{ $or: [] }, "$or"],
      [{ year: undefined }, "year"],
      [{ year: { $eq: () => 1 } }, "$eq"],
      ["year = 1", "filter"],
      [7, "filter"],
      [["year"], "filter"],
    ];
    context.model.forget();
    for (const [filter, mention] of wrong) {
      const what = `the filter ${JSON.stringify(filter) ?? String(filter)}`;
      await refused(() => store.similaritySearch("any", 4, filter as TestedFilter), "invalid_argument", what, mention);
      await refused(() => store.delete({ filter: filter as TestedFilter }), "invalid_argument", `${what} in delete()`);
    }
    same(context.model.calls.length, 0, "calls of the model");
    same((await store.similaritySearch("any", 9)).length, 6, "documents afterwards");
  },

  async "F9-before"(context) {
    const store = await context.open();
    const vectors = Array.from({ length: 400 }, () => context.noise());
    const documents = vectors.map((_, n) => context.document(`${n}`, { n, kept: n % 100 === 7 }));
    await store.addVectors(vectors, documents);
    const kept = (document: TestedDocument) => document.metadata.kept === true;
    const ways: TestedFilter[] = context.claims.objectFilters ? [kept, { kept: true }] : [kept];
    for (const filter of ways) {
      for (const k of [1, 3, 4, 10]) {
        const query = context.noise();
        const all = await store.similaritySearchVectorWithScore(query, 400);
        const expected = all.filter(([document]) => kept(document)).slice(0, k);
        const found = await store.similaritySearchVectorWithScore(query, k, filter);
        same(
          JSON.stringify(found.map(([{ id }, score]) => [id, score])),
          JSON.stringify(expected.map(([{ id }, score]) => [id, score])),
          `the best ${k} of the four that are kept`,
        );
      }
    }
  },

  async "F11-anew"(context) {
    const store = await films(context);
    let wanted = "a";
    const filter = (document: TestedDocument) => document.metadata.title === wanted;
    sameTexts(await store.similaritySearch("any", 9, filter), ["a"], "what a function keeps");
    wanted = "b";
    sameTexts(await store.similaritySearch("any", 9, filter), ["b"], "what it keeps when it has changed its mind");
    const reason = new Error("the kit's filter throws");
    const end = await outcome(() =>
      store.similaritySearch("any", 9, () => {
        throw reason;
      }),
    );
    check(!end.ok && end.error === reason, "what a filter throws is not thrown on");
    sameTexts(await store.similaritySearch("any", 9, filter), ["b"], "what is kept afterwards");
  },

  async "F12-everywhere"(context) {
    const store = await films(context);
    const filter = (document: TestedDocument) => document.metadata.genre === "science fiction";
    const ways: TestedFilter[] = context.claims.objectFilters ? [filter, { genre: "science fiction" }] : [filter];
    for (const way of ways) {
      const scored = await store.similaritySearchWithScore("any", 9, way);
      sameSet(
        scored.map(([document]) => document),
        ["a", "e"],
        "with scores",
      );
      const byVector = await store.similaritySearchVectorWithScore(context.noise(), 9, way);
      sameSet(
        byVector.map(([document]) => document),
        ["a", "e"],
        "by vector",
      );
      sameSet(await store.asRetriever({ k: 9, filter: way }).invoke("any"), ["a", "e"], "by a retriever");
      if (!context.claims.mmr) continue;
      const picks = await method(store, "maxMarginalRelevanceSearch")("any", { k: 9, filter: way }, undefined);
      sameSet(picks, ["a", "e"], "by maximal marginal relevance");
    }
  },
} satisfies SomeVectorStoreRules;
