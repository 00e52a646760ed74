/**
 * 100,000 vectors: ours beside LangChain's store and our own bare scan; filters, searches at once, what small writes come
 * to, what it takes in memory, and how long it holds the main thread.
 *
 * @import { Data } from "./data.mjs"
 * @import { Compared, Environment } from "./small.mjs"
 *
 * @typedef {object} Writes Bytes of keys and values.
 * @property {number[]} added By adding documents, in the call.
 * @property {number} own Those documents' own: vectors of 32-bit floats, ids and JSON.
 * @property {number[]} deleted By deleting one.
 * @property {number[]} behind By upkeep behind each of all these calls.
 * @property {number[]} addTimes ms.
 * @property {number[]} deleteTimes ms.
 *
 * @typedef {object} Large
 * @property {Compared} compared
 * @property {Writes} writes
 * @property {object} memory As the store tells it.
 * @property {number} stored Bytes of keys and values.
 * @property {{ cold: number, few: number }} filters The first call of a filter, in ms; how many of five were found.
 * @property {Record<string, { task: number, gap: number }>} [tasks] At worst.
 */

import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";

import { documents } from "./data.mjs";
import { ADDED, AT_ONCE, CALLS, F32, K, MEMORY, MMR, OURS, PARTS } from "./names.mjs";
import { Judge, Probed } from "./probed.mjs";
import { interleaved } from "./rounds.mjs";
import { fill, MapStore, open, Queries } from "./store.mjs";

const WRITES = 6;
const FEW = 5;

/**
 * @param {Environment} environment
 * @param {Data} data
 * @param {{ rounds: number }} options
 * @returns {Promise<Large>}
 */
export async function large(environment, data, { rounds }) {
  const { kind, count, dimensions, queries } = data;
  const title = `${environment.where}, ${count} × ${dimensions}, ${kind}`;
  const query = (number) => queries[number % queries.length];
  const kept = new MapStore();
  const store = open(kept, queries);
  const theirs = new MemoryVectorStore(new Queries(queries));
  const probed = new Probed(await environment.probe(), data);
  console.info(`${title}: filling`);
  const [ours, memory] = await fill(data, [store, theirs], (vectors) => probed.add(vectors));
  await store.compact();

  const part = (number) => ({ part: number % PARTS });
  const start = performance.now();
  await store.similaritySearchVectorWithScore(query(0), K, part(0));
  const cold = performance.now() - start;
  const few = await store.similaritySearchVectorWithScore(query(0), K, { number: { $lt: FEW } });

  const judges = Object.fromEntries([OURS, MEMORY, CALLS.eight].map((name) => [name, new Judge(probed)]));
  const search = (of, name) => ({
    run: (number) => of.similaritySearchVectorWithScore(query(number), K),
    check(number, found) {
      const [ids, scores] = judged(found);
      judges[name].take(number, ids, name === OURS ? scores : undefined);
    },
  });
  const filtered = (filter) => ({
    run: (number) => store.similaritySearchVectorWithScore(query(number), K, filter(number)),
    check(number, found) {
      const wanted = part(number).part;
      if (found.length === K && found.every(([{ metadata }]) => metadata.part === wanted)) return;
      throw new Error(`${title}: a filter let through what it must not, or too little`);
    },
  });
  const samples = await interleaved(
    {
      [OURS]: search(store, OURS),
      [MEMORY]: search(theirs, MEMORY),
      [F32]: { run: (number) => probed.scan(number) },
      [CALLS.eight]: eight(store, query, judges[CALLS.eight]),
      [CALLS.filter]: filtered(part),
      [CALLS.byFunction]: filtered((number) => (document) => document.metadata.part === number % PARTS),
    },
    { rounds, title },
  );
  const found = Object.fromEntries(Object.entries(judges).map(([name, judge]) => [name, judge.verdict]));
  const compared = { ...{ kind, count, dimensions, samples, found }, built: { [OURS]: [ours], [MEMORY]: [memory] } };
  probed.free();
  theirs.memoryVectors = [];
  const result = {
    compared,
    memory: await store.memory(),
    stored: kept.bytes,
    filters: { cold, few: few.length },
    writes: await writes(store, kept, data),
    tasks: environment.watched && (await held(environment.watched, watchedOf(store, query, data))),
  };
  await store.close();
  return result;
}

/** A contender that searches for several queries at once. */
export const eight = (store, query, judge) => ({
  run: (number) =>
    Promise.all(
      Array.from({ length: AT_ONCE }, (_, at) => store.similaritySearchVectorWithScore(query(number + at), K)),
    ),
  check(number, all) {
    all.forEach((found, at) => {
      judge.take(number + at, ...judged(found));
    });
  },
});

/** Ids and scores of what was found. */
export const judged = (found) => [found.map(([{ id }]) => id), found.map(([, score]) => score)];

/** A batch beyond the data's own, of which `number` says which. */
function batch({ count, queries }, number, size) {
  const added = documents(count + number * size, size);
  const vectors = added.map((_, at) => {
    const query = queries[(number * size + at) % queries.length];
    return query.map((_, place) => query[(place + number + 1) % query.length]);
  });
  return { added, vectors };
}

async function writes(store, kept, data) {
  const result = { added: [], own: 0, deleted: [], behind: [], addTimes: [], deleteTimes: [] };
  const counted = async (bytes, times, call) => {
    const [before, start] = [kept.bytesWritten, performance.now()];
    await call();
    times.push(performance.now() - start);
    const after = kept.bytesWritten;
    bytes.push(after - before);
    await store.compact();
    result.behind.push(kept.bytesWritten - after);
  };
  for (let round = 0; round < WRITES; round++) {
    const { added, vectors } = batch(data, round, ADDED);
    const texts = added.map(({ id, pageContent, metadata }) => id + JSON.stringify([pageContent, metadata]));
    result.own = ADDED * data.dimensions * 4 + new TextEncoder().encode(texts.join("")).length;
    await counted(result.added, result.addTimes, () => store.addVectors(vectors, added));
    await counted(result.deleted, result.deleteTimes, () => store.delete({ ids: [String(round * 997)] }));
  }
  return result;
}

/** How many times each is watched: the worst counts. */
const WATCHED = 5;

/**
 * @param {NonNullable<Environment["watched"]>} watched
 * @param {Record<string, (round: number) => () => Promise<unknown>>} calls What makes each of them ready, apart from what is watched.
 * @returns {Promise<Record<string, { task: number, gap: number }>>} How long each holds the main thread, at worst.
 */
export async function held(watched, calls) {
  const tasks = {};
  for (const [name, ready] of Object.entries(calls)) {
    console.info(`watching the main thread: ${name}`);
    for (let round = 0; round < WATCHED; round++) {
      const { task, gap } = await watched(ready(round));
      const worst = tasks[name] ?? { task: 0, gap: 0 };
      tasks[name] = { task: Math.max(task, worst.task), gap: Math.max(gap, worst.gap) };
    }
  }
  return tasks;
}

/** What is watched of a store. */
const watchedOf = (store, query, data) => ({
  search: (round) => () => store.similaritySearchVectorWithScore(query(round), K),
  [CALLS.eight]: (round) => () => eight(store, query).run(round),
  "a filter, asked for the first time": (round) => () =>
    store.similaritySearchVectorWithScore(query(round), K, { number: { $gt: round } }),
  [CALLS.byFunction]: (round) => () =>
    store.similaritySearchVectorWithScore(query(round), K, ({ metadata }) => metadata.part === 3),
  [CALLS.mmr]: (round) => () => store.maxMarginalRelevanceSearch(String(round), MMR),
  "adding 10,000": (round) => {
    const { added, vectors } = batch(data, round + 1, 10_000);
    return () => store.addVectors(vectors, added);
  },
  "deleting these": (round) => {
    const ids = batch(data, round + 1, 10_000).added.map(({ id }) => id);
    return () => store.delete({ ids });
  },
  upkeep: () => () => store.compact(),
});
