/**
 * 100,000 long vectors, of which too many bytes would have to be read: where fewer of them are.
 *
 * @import { Data } from "./data.mjs"
 * @import { Compared, Environment } from "./small.mjs"
 *
 * @typedef {object} Wide
 * @property {Compared} compared
 * @property {Record<string, object>} memory Of either index, as the store tells it.
 * @property {Record<string, { task: number, gap: number }>} [tasks] At worst.
 */

import { eight, held, judged } from "./large.mjs";
import { BARE, BINARY, CALLS, F32, K, OURS } from "./names.mjs";
import { Judge, Probed } from "./probed.mjs";
import { interleaved } from "./rounds.mjs";
import { fill, MapStore, open } from "./store.mjs";

/**
 * @param {Environment} environment
 * @param {Data} data
 * @param {{ rounds: number }} options
 * @returns {Promise<Wide>}
 */
export async function wide(environment, data, { rounds }) {
  const { kind, count, dimensions, queries } = data;
  const title = `${environment.where}, ${count} × ${dimensions}, ${kind}`;
  const query = (number) => queries[number % queries.length];
  const kept = new MapStore();
  const store = open(kept, queries);
  const probed = new Probed(await environment.probe(), data);
  console.info(`${title}: filling`);
  const [time] = await fill(data, [store], (vectors) => probed.add(vectors));
  await store.compact();
  // The same index, read with bits, and nothing in 32 bits: those few are read when they are needed.
  const binary = open(kept, queries, { index: "binary", maxResidentBytes: 0 });
  const start = performance.now();
  await binary.similaritySearchVectorWithScore(query(0), K);
  const opened = performance.now() - start;

  const judges = Object.fromEntries([OURS, BINARY, CALLS.eight].map((name) => [name, new Judge(probed)]));
  const search = (of, name) => ({
    run: (number) => of.similaritySearchVectorWithScore(query(number), K),
    check: (number, found) => judges[name].take(number, ...judged(found)),
  });
  const samples = await interleaved(
    {
      [OURS]: search(store, OURS),
      [BINARY]: search(binary, BINARY),
      [F32]: { run: (number) => probed.scan(number) },
      [BARE]: { run: () => probed.bare() },
      [CALLS.eight]: eight(store, query, judges[CALLS.eight]),
    },
    { rounds, title },
  );
  // Every query there is, whatever the rounds were.
  const bits = search(binary, BINARY);
  for (let number = 0; number < queries.length; number++) bits.check(number, await bits.run(number));
  const found = Object.fromEntries(Object.entries(judges).map(([name, judge]) => [name, judge.verdict]));
  const built = { [OURS]: [time], [`${BINARY}, opened`]: [opened] };
  const memory = { [OURS]: await store.memory(), [BINARY]: await binary.memory() };
  probed.free();
  const watchedOf = {
    search: (round) => () => store.similaritySearchVectorWithScore(query(round), K),
    [BINARY]: (round) => () => binary.similaritySearchVectorWithScore(query(round), K),
    [CALLS.eight]: (round) => () => eight(store, query).run(round),
    "opening, and a search": () => async () => {
      const another = open(kept, queries, { index: "binary" });
      await another.similaritySearchVectorWithScore(query(0), K);
      await another.close();
    },
  };
  const tasks = environment.watched && (await held(environment.watched, watchedOf));
  await binary.close();
  await store.close();
  return { compared: { kind, count, dimensions, samples, found, built }, memory, tasks };
}
