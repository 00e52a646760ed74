/**
 * Contenders side by side, in the page.
 *
 * @import { Samples } from "../../measure.mjs"
 *
 * @typedef {object} Case
 * @property {string} label
 * @property {number} [turns] In how many turns a round; 1 unless given. Short calls take several, so that a busy moment
 *   falls on everyone.
 * @property {string[]} [who] Who takes part; everyone unless given.
 * @property {(name: string, store: any, turn: number) => Promise<number>} run Gives the time in ms, and checks, outside
 *   of it, what was read.
 */

import { settle, turns } from "../../measure.mjs";

/**
 * @template T
 * @param {() => Promise<T>} call
 * @returns {Promise<[number, T]>} Its time in ms, and its result.
 */
export async function timed(call) {
  const start = performance.now();
  const result = await call();
  return [performance.now() - start, result];
}

/**
 * @param {object} what
 * @param {string} what.group
 * @param {Record<string, any>} what.stores What takes turns.
 * @param {(round: number) => Case[] | Promise<Case[]>} what.cases Of a round, in their order: each may read what the ones
 *   before wrote.
 * @param {Samples} what.samples
 * @param {number} what.rounds
 * @param {number} what.warmUps
 */
export async function compare({ group, stores, cases, samples, rounds, warmUps }) {
  for (let round = 0; round < warmUps + rounds; round++) {
    // The other side, listening on the console, shows that it is alive.
    console.info(`${group}: round ${round + 1} of ${warmUps + rounds}`);
    for (const { label, turns: count = 1, who = Object.keys(stores), run } of await cases(round)) {
      const times = who.map(() => 0);
      for (let turn = 0; turn < count; turn++) {
        for (const at of turns(who.length, round + turn)) {
          // Within a case the caches stay warm: a collection makes the first calls after it slow.
          await settle(turn === 0);
          const store = stores[who[at]];
          times[at] += (await run(who[at], store, turn)) / count;
          // Nor is anyone to pay for what another does behind its calls.
          await store.idle?.();
        }
      }
      if (round < warmUps) continue;
      times.forEach((time, at) => {
        samples.add(group, label, "ms", who[at], time);
      });
    }
  }
}
