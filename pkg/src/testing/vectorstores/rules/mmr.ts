import { same } from "../../expect.js";
import type { VectorStoreContext } from "../context.js";
import { method } from "../context.js";
import { sameSet, sameTexts } from "../expect.js";
import type { TestedVectorStore } from "../harness.js";
import type { SomeVectorStoreRules } from "./body.js";

/** A store with documents "0", "1", … of these vectors, and a query "q". */
async function placed(
  context: VectorStoreContext,
  query: readonly number[],
  vectors: readonly (readonly number[])[],
): Promise<TestedVectorStore> {
  context.place("q", query);
  for (const [at, vector] of vectors.entries()) context.place(`${at}`, vector);
  const store = await context.open();
  await store.addDocuments(vectors.map((_, at) => context.document(`${at}`)));
  return store;
}

export const mmr = {
  async "M1-relevance"(context) {
    if (!context.claimed("mmr", "maximal marginal relevance")) return;
    const store = await placed(
      context,
      [3, 4],
      [
        [3, 4],
        [3, 4],
        [0, 0],
      ],
    );
    const find = method(store, "maxMarginalRelevanceSearch");
    sameTexts(await find("q", { k: 2, lambda: 1 }, undefined), ["0", "1"], "two of three at lambda 1");
  },

  async "M2-diversity"(context) {
    if (!context.claimed("mmr", "maximal marginal relevance")) return;
    const store = await placed(
      context,
      [3, 4],
      [
        [3, 4],
        [3, 4],
        [0, 0],
      ],
    );
    const find = method(store, "maxMarginalRelevanceSearch");
    sameTexts(await find("q", { k: 2, lambda: 0 }, undefined), ["0", "2"], "two of three at lambda 0");
  },

  async "M3-balance"(context) {
    if (!context.claimed("mmr", "maximal marginal relevance")) return;
    // 30°, 45° and 75° from the query: the third is preferred to the second below lambda .366.
    const store = await placed(
      context,
      [1, 0],
      [
        [Math.sqrt(3), 1],
        [1, 1],
        [1, 2 + Math.sqrt(3)],
      ],
    );
    const find = method(store, "maxMarginalRelevanceSearch");
    sameTexts(await find("q", { k: 2, lambda: 25 / 71 }, undefined), ["0", "2"], "at lambda 25/71");
    sameTexts(await find("q", { k: 2, lambda: 27 / 71 }, undefined), ["0", "1"], "at lambda 27/71");
  },

  async "M4-fetch"(context) {
    if (!context.claimed("mmr", "maximal marginal relevance")) return;
    // 24 that are alike, each a little further from the query, and one that is different.
    const alike = Array.from({ length: 24 }, (_, at) => [1, at / 1_000]);
    const store = await placed(context, [1, 0], [...alike, [1, -1]]);
    const find = method(store, "maxMarginalRelevanceSearch");
    sameTexts(await find("q", { k: 2, lambda: 0, fetchK: 24 }, undefined), ["0", "23"], "of the 24 most similar");
    sameTexts(await find("q", { k: 2, lambda: 0, fetchK: 25 }, undefined), ["0", "24"], "of all 25");
    sameTexts(await find("q", { k: 2, lambda: 0 }, undefined), ["0", "19"], "of the 20 that are fetched unless said");
    const found = await find("q", { k: 30, fetchK: 40 }, undefined);
    sameSet(
      found,
      [...alike, []].map((_, at) => `${at}`),
      "all of them",
    );
    // Of noise, so that each lambda gives another order.
    const noise = await context.open({}, await context.anotherStore());
    await noise.addDocuments(context.documents(30));
    const findNoise = method(noise, "maxMarginalRelevanceSearch");
    const orders: string[] = [];
    for (const lambda of [undefined, 0.5, 0.2, 0.8]) {
      const options = { k: 12, ...(lambda !== undefined && { lambda }) };
      const picks = await findNoise("noise", options, undefined);
      orders.push(picks.map(({ id }) => id).join());
    }
    same(orders[0], orders[1], "without a lambda, against 0.5");
    same(new Set(orders).size, 3, "orders at three lambdas");
  },

  async "M5-nothing"(context) {
    if (!context.claimed("mmr", "maximal marginal relevance")) return;
    const empty = await context.open({}, await context.anotherStore());
    sameTexts(await method(empty, "maxMarginalRelevanceSearch")("q", { k: 2 }, undefined), [], "of an empty store");
    const store = await placed(
      context,
      [1, 0],
      [
        [1, 0],
        [0, 0],
        [1, 0.1],
      ],
    );
    const find = method(store, "maxMarginalRelevanceSearch");
    sameTexts(await find("q", { k: 0 }, undefined), [], "with k 0");
    sameTexts(await find("q", { k: 3, lambda: 0 }, undefined), ["0", "1", "2"], "with a vector of zeros among them");
    context.place("zeros", [0, 0]);
    sameTexts(await find("zeros", { k: 1 }, undefined), ["0"], "for a query of zeros");
  },
} satisfies SomeVectorStoreRules;
