/**
 * Calls by turns, in Node and in the page.
 *
 * @typedef {object} Contender
 * @property {(query: number) => any} run Makes the call with the query of that number.
 * @property {(query: number, result: any) => void} [check] Looks at what it gave, outside of what is timed.
 */

import { settle, turns } from "../measure.mjs";

/** A turn lasts about this long, if a call is shorter: clocks are coarse. */
const TURN_MS = 10;
const MOST_CALLS = 16;
const WARM_UPS = 2;

/**
 * Each turn begins with a call that does not count: whoever went before has left its own data in the processor's caches.
 *
 * @param {Record<string, Contender>} contenders
 * @param {{ rounds: number, title: string }} options
 * @returns {Promise<Record<string, number[]>>} ms a call, a figure a round for each.
 */
export async function interleaved(contenders, { rounds, title }) {
  const names = Object.keys(contenders);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  const calls = Object.fromEntries(names.map((name) => [name, 1]));
  for (let round = -WARM_UPS; round < rounds; round++) {
    // The other side, listening on the console, shows that it is alive.
    if (round % 10 === 0) console.info(`${title}: round ${round} of ${rounds}`);
    await settle();
    for (const at of turns(names.length, round + WARM_UPS)) {
      const name = names[at];
      const { run, check } = contenders[name];
      const first = (round + WARM_UPS) * (MOST_CALLS + 1);
      await settle(false);
      await run(first);
      const results = [];
      const start = performance.now();
      for (let call = 1; call <= calls[name]; call++) results.push(await run(first + call));
      const time = (performance.now() - start) / results.length;
      if (round < 0) calls[name] = Math.min(MOST_CALLS, Math.max(1, Math.round(TURN_MS / time)));
      else samples[name].push(time);
      results.forEach((result, call) => {
        check?.(first + call + 1, result);
      });
    }
  }
  return samples;
}
