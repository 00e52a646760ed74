/**
 * Both caches over the stores in memory that come with them. In Node and in the page.
 *
 * @import { Row } from "../measure.mjs"
 * @import { Sides } from "./compare.mjs"
 */

import { CacheBackedEmbeddings as TheirCache } from "@langchain/classic/embeddings/cache_backed";
import { InMemoryStore } from "@langchain/core/stores";
import { InMemoryByteStore } from "bytestow";
import { CacheBackedEmbeddings } from "bytestow/embeddings";

import { Samples } from "../measure.mjs";
import { compare } from "./compare.mjs";
import { DIMENSIONS, FORMS, OURS, THEIRS } from "./names.mjs";
import { load } from "./provider.mjs";

/** Both are made by the same line: a changed import is all there is to it. */
export const made = {
  [OURS]: (provider, store) => CacheBackedEmbeddings.fromBytesStore(provider, store, { namespace: "model" }),
  [THEIRS]: (provider, store) => TheirCache.fromBytesStore(provider, store, { namespace: "model" }),
};

/** @type {Sides} */
const SIDES = {
  async [OURS](provider) {
    const store = new InMemoryByteStore();
    return { cache: made[OURS](provider, store), close: () => store.close() };
  },
  async [THEIRS](provider) {
    return { cache: made[THEIRS](provider, new InMemoryStore()), close: async () => {} };
  },
};

/**
 * @param {{ group: string, rounds: number, warmUps: number, progress?: (line: string) => void }} options In the page progress
 * goes to the console, on which the other side listens.
 * @returns {Promise<Row[]>}
 */
export async function embeddingsInMemory({ group, rounds, warmUps, progress = console.info }) {
  const samples = new Samples();
  for (const dimensions of DIMENSIONS) {
    for (const form of Object.keys(FORMS)) {
      progress(`${group}: ${dimensions} dimensions, ${FORMS[form]}`);
      const given = { group, dimensions, form, load: load(dimensions, form), sides: SIDES, samples };
      await compare({ ...given, rounds, warmUps });
    }
  }
  return samples.rows(Object.keys(SIDES), rounds);
}
