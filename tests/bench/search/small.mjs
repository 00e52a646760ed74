/**
 * All contenders over some thousand vectors: how fast they find what, how long they take to get ready.
 *
 * @import { Data } from "./data.mjs"
 *
 * @typedef {object} Environment What differs between Node and the page.
 * @property {string} where
 * @property {() => Promise<any>} probe The search wasm with its scans by themselves.
 * @property {Record<string, (environment: Environment) => Promise<import("./peers/everywhere.mjs").Peer>>} peers
 * @property {() => Promise<BufferSource>} voyWasm
 * @property {(call: () => Promise<unknown>) => Promise<{ task: number, gap: number }>} [watched] How long the main thread is held.
 *
 * @typedef {object} Compared
 * @property {string} kind
 * @property {number} count
 * @property {number} dimensions
 * @property {Record<string, number[]>} samples ms a call, a figure a round.
 * @property {Record<string, { recall: number, same: number, searches: number }>} [found]
 * @property {Record<string, number[]>} [built] ms.
 */

import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { maximalMarginalRelevance } from "@langchain/core/utils/math";

import { documents } from "./data.mjs";
import { BINARY, CALLS, F32, K, MMR, OURS } from "./names.mjs";
import { Judge, Probed } from "./probed.mjs";
import { interleaved } from "./rounds.mjs";
import { MapStore, open, Queries } from "./store.mjs";

/** How often each is built: some take ten seconds. */
const BUILDS = 3;

/** How many answers of MMR are held against LangChain's. */
const COMPARED = 50;

/** Ours as the peers are. */
const ours = (queries, options) => async () => {
  const store = open(new MapStore(), queries, options);
  return {
    build: (vectors, batch) => store.addVectors(vectors, batch),
    search: async (query) => {
      const found = await store.similaritySearchVectorWithScore(query, K);
      return { ids: found.map(([{ id }]) => id), scores: found.map(([, score]) => score) };
    },
    store,
    free: () => store.close(),
  };
};

/**
 * @param {Environment} environment
 * @param {Data} data
 * @param {{ rounds: number }} options
 * @returns {Promise<{ peers: Compared, mmr: Compared }>}
 */
export async function small(environment, data, { rounds }) {
  const { kind, count, dimensions, queries } = data;
  const title = `${environment.where}, ${count} × ${dimensions}, ${kind}`;
  const vectors = [...data.chunks(count)].flat();
  const batch = documents(0, count);
  const makers = { [OURS]: ours(queries), [BINARY]: ours(queries, { index: "binary" }), ...environment.peers };
  const probed = new Probed(await environment.probe(), data);
  probed.add(vectors);

  const built = Object.fromEntries(Object.keys(makers).map((name) => [name, []]));
  let sides = {};
  for (let build = 0; build < Math.min(BUILDS, rounds); build++) {
    for (const { free } of Object.values(sides)) await free?.();
    sides = {};
    for (const [name, make] of Object.entries(makers)) {
      console.info(`${title}: building ${name}`);
      const side = await make(environment);
      globalThis.gc?.();
      const start = performance.now();
      await side.build(vectors, batch);
      built[name].push(performance.now() - start);
      sides[name] = side;
    }
  }
  for (const name of [OURS, BINARY]) await sides[name].store.compact();

  const judges = {};
  const contenders = Object.entries(sides).map(([name, { search }]) => {
    const judge = new Judge(probed);
    judges[name] = judge;
    const check = (query, result) => {
      const { ids, scores } = Array.isArray(result) ? { ids: result } : result;
      judge.take(query, ids, scores);
    };
    return [name, { run: (query) => search(queries[query % queries.length]), check }];
  });
  const scan = { run: (query) => probed.scan(query) };
  const samples = await interleaved({ ...Object.fromEntries(contenders), [F32]: scan }, { rounds, title });
  // Every query there is, whatever the rounds were.
  for (let query = 0; query < queries.length; query++) {
    const { ids, scores } = await sides[OURS].search(queries[query]);
    judges[OURS].take(query, ids, scores);
  }
  const found = Object.fromEntries(Object.entries(judges).map(([name, judge]) => [name, judge.verdict]));
  const of = { kind, count, dimensions };
  const mmr = await marginal(sides[OURS].store, probed, { of, vectors, batch, queries, rounds, title });
  for (const { free } of Object.values(sides)) await free?.();
  probed.free();
  return { peers: { ...of, samples, found, built }, mmr };
}

/** Those that are relevant and not like one another. */
async function marginal(store, probed, { of, vectors, batch, queries, rounds, title }) {
  const memory = new MemoryVectorStore(new Queries(queries));
  await memory.addVectors(vectors, batch);
  const { k, fetchK, lambda } = MMR;
  const whole = (of) => ({
    run: (query) => of.maxMarginalRelevanceSearch(String(query), MMR),
    check(query, found) {
      if (found.length !== k) throw new Error(`MMR, query ${query}: ${found.length} documents`);
    },
  });
  const rows = (query) => [...probed.scan(query, fetchK)].filter((_, at) => at % 2 === 0);
  const lists = queries.map((_, query) => rows(query).map((row) => vectors[row]));
  const samples = await interleaved(
    {
      [CALLS.mmr]: whole(store),
      [CALLS.theirMmr]: whole(memory),
      [CALLS.picks]: { run: (query) => probed.picks(query, MMR) },
      [CALLS.helper]: {
        run(query) {
          const number = query % queries.length;
          return maximalMarginalRelevance(queries[number], lists[number], lambda, k);
        },
      },
    },
    { rounds, title: `${title}, MMR` },
  );
  let same = 0;
  for (let query = 0; query < COMPARED; query++) {
    const [ours, theirs] = [await whole(store).run(query), await whole(memory).run(query)];
    if (`${ours.map(({ id }) => id)}` === `${theirs.map(({ id }) => id)}`) same++;
  }
  return { ...of, samples, found: { [CALLS.mmr]: { same, searches: COMPARED } } };
}
