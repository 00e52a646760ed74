import { sleep } from "../../clock.js";
import { check, held, same } from "../../expect.js";
import { method } from "../context.js";
import { cosine, near, sameTexts } from "../expect.js";
import type { SomeVectorStoreRules } from "./body.js";

export const searches = {
  async "S1-k"(context) {
    const store = await context.open();
    const documents = context.documents(7);
    await store.addDocuments(documents);
    const vector = context.noise();
    for (const k of [0, 1, 3, 7]) same((await store.similaritySearchVectorWithScore(vector, k)).length, k, `k ${k}`);
    for (const k of [8, 1_000, 2 ** 40]) {
      same((await store.similaritySearchVectorWithScore(vector, k)).length, 7, `k ${k} of 7`);
    }
    same((await store.similaritySearch("any")).length, 4, "without k");
    same((await store.similaritySearchWithScore("any")).length, 4, "without k, with scores");
  },

  async "S2-alike"(context) {
    const store = await context.open();
    await store.addDocuments(context.documents(20));
    const query = "what is alike?";
    const documents = await store.similaritySearch(query, 8);
    const scored = await store.similaritySearchWithScore(query, 8);
    const byVector = await store.similaritySearchVectorWithScore(context.model.vector(query, "query"), 8);
    same(documents.length, 8, "results");
    for (const [at, document] of documents.entries()) {
      same(scored[at]?.[0].id, document.id, `result ${at} with scores`);
      same(byVector[at]?.[0].id, document.id, `result ${at} by vector`);
      same(byVector[at]?.[1], scored[at]?.[1], `the score of result ${at}`);
    }
  },

  async "S3-exact"(context) {
    const store = await context.open();
    const vectors = Array.from({ length: 300 }, () => context.noise(24));
    await store.addVectors(
      vectors,
      vectors.map((_, at) => context.document(`${at}`)),
    );
    for (let times = 0; times < 50; times++) {
      const query = context.noise(24);
      const best = vectors.map((vector) => cosine(query, vector)).sort((a, b) => b - a);
      const found = await store.similaritySearchVectorWithScore(query, 10);
      same(found.length, 10, "results");
      same(new Set(found.map(([{ pageContent }]) => pageContent)).size, 10, "results that are different");
      for (const [at, [{ pageContent }, score]] of found.entries()) {
        near(score, best[at] as number, `query ${times}, score ${at}, against the plain search's`);
        near(score, cosine(query, vectors[Number(pageContent)] as number[]), `query ${times}, score ${at}, of its own`);
      }
    }
  },

  async "S4-at-once"(context) {
    const store = await context.open();
    const documents = context.documents(50);
    await store.addDocuments(documents);
    const alone: string[] = [];
    const queries = Array.from({ length: 20 }, (_, at) => context.noise(6, `query ${at}`));
    for (const [at, query] of queries.entries()) {
      const found = await store.similaritySearchVectorWithScore(query, 1 + (at % 5));
      alone.push(JSON.stringify(found.map(([{ id }, score]) => [id, score])));
    }
    const together = await Promise.all(
      queries.map((query, at) => store.similaritySearchVectorWithScore(query, 1 + (at % 5))),
    );
    for (const [at, found] of together.entries()) {
      same(JSON.stringify(found.map(([{ id }, score]) => [id, score])), alone[at], `search ${at} of those at once`);
    }
  },

  async "S5-threshold"(context) {
    if (!context.claimed("threshold", "scoreThreshold")) return;
    const strict = await context.open({ scoreThreshold: 0.5 });
    context.place("query", [1, 0]);
    // Similarities of 1, .8, .6, 0 and -1.
    const vectors = [
      [1, 0],
      [4, 3],
      [3, 4],
      [0, 1],
      [-1, 0],
    ];
    for (const [at, vector] of vectors.entries()) context.place(`${at}`, vector);
    await strict.addDocuments(vectors.map((_, at) => context.document(`${at}`)));
    sameTexts(await strict.similaritySearch("query", 9), ["0", "1", "2"], "at the store's threshold of .5");
    const by = async (scoreThreshold: number | null) => {
      const found = await strict.similaritySearchVectorWithScore([1, 0], 9, undefined, { scoreThreshold });
      return found.map(([document]) => document);
    };
    sameTexts(await by(0.7), ["0", "1"], "at a call's threshold of .7");
    sameTexts(await by(-0.5), ["0", "1", "2", "3"], "at a call's threshold of -.5");
    sameTexts(await by(null), ["0", "1", "2", "3", "4"], "at none, by null");
    sameTexts(await strict.asRetriever({ k: 9 }).invoke("query"), ["0", "1", "2"], "a retriever of the store");
    const retriever = strict.asRetriever({ k: 9, scoreThreshold: 0.9 });
    sameTexts(await retriever.invoke("query"), ["0"], "a retriever with a threshold of .9");
    if (!context.claims.mmr) return;
    const fields = { k: 9, searchType: "mmr", searchKwargs: { lambda: 1 }, scoreThreshold: 0.7 };
    sameTexts(await strict.asRetriever(fields).invoke("query"), ["0", "1"], "by maximal marginal relevance at .7");
  },

  async "S6-retriever"(context) {
    const store = await context.open();
    await store.addDocuments(context.documents(12));
    for (const k of [0, 1, 5]) {
      same(store.asRetriever(k).k, k, `the k of asRetriever(${k})`);
      same((await store.asRetriever(k).invoke("any")).length, k, `results of asRetriever(${k})`);
      same((await store.asRetriever({ k }).invoke("any")).length, k, `results of asRetriever({ k: ${k} })`);
    }
    same((await store.asRetriever().invoke("any")).length, 4, "results of asRetriever()");
    const even = (document: { metadata: { n: number } }) => document.metadata.n % 2 === 0;
    same((await store.asRetriever({ k: 9, filter: even }).invoke("any")).length, 6, "results of one with a filter");
    const expected = (await store.similaritySearch("any", 3)).map(({ id }) => id).join();
    same((await store.asRetriever(3).invoke("any")).map(({ id }) => id).join(), expected, "the ids");
    if (!context.claims.mmr) return;
    const kwargs = { fetchK: 12, lambda: 0.1 };
    const picks = await method(store, "maxMarginalRelevanceSearch")("any", { k: 3, ...kwargs }, undefined);
    const retriever = store.asRetriever({ k: 3, searchType: "mmr", searchKwargs: kwargs });
    const found = await retriever.invoke("any");
    same(
      found.map(({ id }) => id).join(),
      picks.map(({ id }) => id).join(),
      "picks of one for maximal marginal relevance",
    );
  },

  async "S7-during-add"(context) {
    const store = await context.open();
    await store.addDocuments(context.documents(10, "before"));
    let adding = true;
    const adds = held(
      (async () => {
        for (let times = 0; times < 5; times++) await store.addDocuments(context.documents(40, `batch ${times}`));
      })().finally(() => {
        adding = false;
      }),
    );
    const seen = new Set<number>();
    do {
      const found = await store.similaritySearchVectorWithScore(context.noise(), 1_000);
      seen.add(found.length);
      check(found.length % 40 === 10, `${found.length} documents are there: a batch of 40 is there in part`);
      // So that an add that waits for a timer has its turn.
      await sleep(0);
    } while (adding);
    await adds;
    same((await store.similaritySearchVectorWithScore(context.noise(), 1_000)).length, 210, "documents at the end");
  },
} satisfies SomeVectorStoreRules;
