/**
 * Calls of 1,000 values and of single ones.
 *
 * @import { Row } from "../../measure.mjs"
 * @import { Batch } from "../../values.mjs"
 * @import { Case } from "./compare.mjs"
 * @import { Contender } from "./peers.mjs"
 */

import { quantile, Samples } from "../../measure.mjs";
import { check, part, Source } from "../../values.mjs";
import { CALLS, COUNT, FLOOR, groups, SIZES } from "../names.mjs";
import { compare, timed } from "./compare.mjs";
import { CONTENDERS, closeAll, openAll } from "./peers.mjs";

/** A multiple of what a store may keep as it was set, so that those of the round before were moved since. */
const SINGLES = 200;
const TURNS = 10;
/** Of these the median counts. */
const MISSES = 5;

/**
 * Single calls, one awaited after another, of a part of `batch` in each turn.
 *
 * @param {string} label
 * @param {Batch} batch
 * @param {(name: string, store: Contender, part: Batch) => Promise<number>} call Gives the time of all of them in ms.
 * @returns {Case} In ms a call.
 */
function singly(label, batch, call) {
  const each = SINGLES / TURNS;
  const run = async (name, store, turn) =>
    (await call(name, store, part(batch, turn * each, (turn + 1) * each))) / each;
  return { label, turns: TURNS, run };
}

async function setting(_, store, { keys, values }) {
  const [time] = await timed(async () => {
    for (let i = 0; i < keys.length; i++) await store.set(keys[i], values[i]);
  });
  return time;
}

async function getting(name, store, { keys, values }) {
  const got = [];
  const [time] = await timed(async () => {
    for (const key of keys) got.push(await store.get(key));
  });
  check(`${name}, get`, got, values);
  return time;
}

/**
 * @param {Source} source
 * @param {number} bytes
 * @param {Batch} before What was set singly in the round before.
 * @param {Batch} singles What is to be set singly in this one.
 * @returns {Case[]} Each reads what the ones before wrote.
 */
function cases(source, bytes, before, singles) {
  const batch = source.batch(COUNT, bytes);
  const missing = source.keys(COUNT);
  return [
    {
      label: CALLS.mset,
      run: async (_, store) => (await timed(() => store.mset(batch)))[0],
    },
    {
      label: CALLS.mget,
      async run(name, store) {
        const [time, got] = await timed(() => store.mget(batch.keys));
        check(`${name}, mget`, got, batch.values);
        return time;
      },
    },
    {
      label: CALLS.missing,
      // It knows of one key.
      who: Object.keys(CONTENDERS).filter((name) => name !== FLOOR),
      // So short with ours that one busy moment would be all of it.
      async run(name, store) {
        const times = [];
        for (let i = 0; i < MISSES; i++) {
          const [time, got] = await timed(() => store.mget(missing));
          check(
            `${name}, missing`,
            got,
            missing.map(() => undefined),
          );
          times.push(time);
        }
        return quantile(times, 0.5);
      },
    },
    singly(CALLS.set, singles, setting),
    singly(CALLS.get, singles, getting),
    singly(CALLS.old, before, getting),
  ];
}

/**
 * @param {{ browser: string, rounds: number, warmUps: number }} options
 * @returns {Promise<Row[]>}
 */
export async function indexedDbCalls({ browser, rounds, warmUps }) {
  const samples = new Samples();
  const source = new Source(7);
  for (const { bytes, size } of SIZES) {
    const stores = openAll(Object.keys(CONTENDERS), size);
    // Opening is not measured.
    let singles = source.batch(SINGLES, bytes);
    for (const store of Object.values(stores)) await setting("", store, singles);
    const next = () => {
      const before = singles;
      singles = source.batch(SINGLES, bytes);
      return cases(source, bytes, before, singles);
    };
    const group = groups.calls(browser, size);
    await compare({ group, stores, cases: next, samples, rounds, warmUps });
    await closeAll(stores);
  }
  return samples.all(rounds);
}
