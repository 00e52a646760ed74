/**
 * Stores over IndexedDB side by side, in the page.
 *
 * @import { Row } from "../measure.mjs"
 * @import { Contender } from "../peers.mjs"
 */

import { Samples, settle, turns } from "../measure.mjs";
import { CONTENDERS } from "../peers.mjs";
import { check, part, Source } from "../values.mjs";

const COUNT = 1000;
const SINGLES = 200;
/** Single calls are measured in this many turns a round: a few ms each, so that a busy moment falls on everyone. */
const TURNS = 10;
const SIZES = [
  { bytes: 1536, size: "1.5 KB" },
  { bytes: 6144, size: "6 KB" },
];

/**
 * @template T
 * @param {() => Promise<T>} call
 * @returns {Promise<[number, T]>} Its time in ms, and its result.
 */
async function timed(call) {
  const start = performance.now();
  const result = await call();
  return [performance.now() - start, result];
}

/**
 * @typedef {object} Case
 * @property {string} label
 * @property {number} [turns] In how many turns a round; 1 unless given.
 * @property {(name: string, store: Contender, turn: number) => Promise<number>} run
 *
 * What is measured, in this order: each reads what the ones before wrote. `run` gives the time in ms and checks,
 * outside of it, what was read.
 *
 * @param {Source} source
 * @param {number} bytes
 * @returns {Case[]}
 */
function cases(source, bytes) {
  const batch = source.batch(COUNT, bytes);
  const extra = source.batch(SINGLES, bytes);
  const missing = source.keys(COUNT);
  // Spread over the batch, to be no neighbours in it.
  const picks = Array.from({ length: SINGLES }, (_, i) => (i * 7) % COUNT);
  const each = SINGLES / TURNS;
  return [
    {
      label: "mset 1,000 new",
      run: async (_, store) => (await timed(() => store.mset(batch)))[0],
    },
    {
      label: "mget 1,000",
      async run(name, store) {
        const [time, got] = await timed(() => store.mget(batch.keys));
        check(`${name}, mget`, got, batch.values);
        return time;
      },
    },
    {
      label: "mget 1,000 missing",
      async run(name, store) {
        const [time, got] = await timed(() => store.mget(missing));
        check(
          `${name}, missing`,
          got,
          missing.map(() => undefined),
        );
        return time;
      },
    },
    {
      label: "set, one by one",
      turns: TURNS,
      async run(name, store, turn) {
        const { keys, values } = part(extra, turn * each, (turn + 1) * each);
        const [time] = await timed(async () => {
          for (let i = 0; i < each; i++) await store.set(keys[i], values[i]);
        });
        check(`${name}, set`, await store.mget(keys), values);
        return time / each;
      },
    },
    {
      label: "get, one by one",
      turns: TURNS,
      async run(name, store, turn) {
        const chosen = picks.slice(turn * each, (turn + 1) * each);
        const got = [];
        const [time] = await timed(async () => {
          for (const at of chosen) got.push(await store.get(batch.keys[at]));
        });
        check(
          `${name}, get`,
          got,
          chosen.map((at) => batch.values[at]),
        );
        return time / each;
      },
    },
  ];
}

/**
 * @param {{ rounds: number, warmUps: number }} options
 * @returns {Promise<Row[]>}
 */
export async function indexeddb({ rounds, warmUps }) {
  const names = Object.keys(CONTENDERS);
  const samples = new Samples();
  const source = new Source(7);
  for (const { bytes, size } of SIZES) {
    const stores = names.map((name) => CONTENDERS[name](`bench-${name}-${bytes}`));
    // Opening is not measured.
    const first = part(source.batch(1, bytes), 0, 1);
    for (const store of stores) await store.mset(first);

    for (let round = 0; round < warmUps + rounds; round++) {
      // The other side, listening on the console, shows that it is alive.
      console.info(`IndexedDB, ${size}: round ${round + 1} of ${warmUps + rounds}`);
      for (const { label, turns: count = 1, run } of cases(source, bytes)) {
        const times = names.map(() => 0);
        for (let turn = 0; turn < count; turn++) {
          for (const who of turns(names.length, round + turn)) {
            // Within a case the caches stay warm: a collection makes the first calls after it slow.
            await settle(turn === 0);
            times[who] += (await run(names[who], stores[who], turn)) / count;
          }
        }
        if (round < warmUps) continue;
        times.forEach((time, who) => {
          samples.add(`IndexedDB, values of ${size}`, label, "ms", names[who], time);
        });
      }
    }
    for (const store of stores) await store.close();
  }
  return samples.rows(names, rounds);
}
