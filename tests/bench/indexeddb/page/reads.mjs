/**
 * Reads at random of keys that were written in batches: what a segment holds beside the wanted value is read for
 * nothing, unless it is remembered.
 *
 * @import { Row } from "../../measure.mjs"
 * @import { Case } from "./compare.mjs"
 * @import { Contender } from "./peers.mjs"
 */

import { Samples } from "../../measure.mjs";
import { check, Source } from "../../values.mjs";
import { COUNT, groups, OURS, READS, RIVALS } from "../names.mjs";
import { compare, timed } from "./compare.mjs";
import { closeAll, nameOf, openAll, ours } from "./peers.mjs";

const BYTES = 6144;
const BATCHES = 4;
/** Keys of a round, one or ten a call: their segments fit into the memory that a store has by default. */
const KEYS = 100;
const TURNS = 5;
const DEFAULT_MEMORY = 8 << 20;

const WHICH = "random reads";

/** @returns {Promise<Contender>} A handle of ours on the same data that remembers nothing yet. */
async function remembering() {
  const store = ours(nameOf(OURS, WHICH), DEFAULT_MEMORY);
  await store.get("opens the database");
  return store;
}

/**
 * @param {string} label
 * @param {number} perCall
 * @param {{ keys: string[], values: Uint8Array[] }} wanted
 * @param {Contender} [instead] Of our store.
 * @returns {Case} In ms a call.
 */
function reading(label, perCall, { keys, values }, instead) {
  const each = KEYS / TURNS;
  return {
    label,
    turns: TURNS,
    async run(name, contender, turn) {
      const store = name === OURS ? (instead ?? contender) : contender;
      const [from, to] = [turn * each, (turn + 1) * each];
      const calls = [];
      for (let at = from; at < to; at += perCall) calls.push(keys.slice(at, at + perCall));
      const got = [];
      const [time] = await timed(async () => {
        for (const call of calls) {
          if (perCall === 1) got.push(await store.get(call[0]));
          else got.push(...(await store.mget(call)));
        }
      });
      check(`${name}, ${label}`, got, values.slice(from, to));
      return time / calls.length;
    },
  };
}

/**
 * @param {{ browser: string, rounds: number, warmUps: number }} options
 * @returns {Promise<Row[]>}
 */
export async function indexedDbReads({ browser, rounds, warmUps }) {
  const source = new Source(11);
  const stores = openAll([OURS, ...RIVALS], WHICH);
  const [keys, values] = [[], []];
  for (let i = 0; i < BATCHES; i++) {
    const batch = source.batch(COUNT, BYTES);
    for (const store of Object.values(stores)) await store.mset(batch);
    keys.push(...batch.keys);
    values.push(...batch.values);
  }

  const handles = [];
  const cases = async () => {
    for (const handle of handles.splice(0)) await handle.close();
    handles.push(await remembering(), await remembering());
    const picks = source.picks(KEYS, keys.length);
    const wanted = { keys: picks.map((at) => keys[at]), values: picks.map((at) => values[at]) };
    return [
      reading(READS.one, 1, wanted),
      reading(READS.ten, 10, wanted),
      reading(READS.oneFirst, 1, wanted, handles[0]),
      reading(READS.oneAgain, 1, wanted, handles[0]),
      reading(READS.tenFirst, 10, wanted, handles[1]),
      reading(READS.tenAgain, 10, wanted, handles[1]),
    ];
  };
  const samples = new Samples();
  await compare({ group: groups.reads(browser), stores, cases, samples, rounds, warmUps });
  for (const handle of handles) await handle.close();
  await closeAll(stores);
  return samples.all(rounds);
}
