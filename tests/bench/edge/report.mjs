/**
 * Cold starts as a table, and whether the goal is reached.
 *
 * @import { Starts } from "./index.mjs"
 */

import { summary } from "../measure.mjs";
import { grid } from "../report.mjs";
import { EMPTY, OURS, REMOTE, TITLES } from "./names.mjs";

/** What the first call of a cold isolate may cost beyond an empty Worker, in ms of CPU. */
const LIMIT = 30;

/** What a reader must know of the figures. */
export const NOTES = `Edge: CPU time of workerd's process (user and system, all threads, as the scheduler counts it), in ms, until nothing runs
any more. Each Worker is bundled as wrangler does it and started anew in each round. start: until it listens, its modules
evaluated and its wasm loaded; first: the first request, which writes, reads and checks ten values of 1,536 bytes; both:
those two of one start; beyond empty: both, less the empty Worker's of the same round; second: the same request again.
Subrequests are counted by the server, which is a process of its own and not in the figures.`;

/**
 * @param {Starts} starts
 * @returns {Record<string, ReturnType<typeof summary>>} What each Worker's first call costs beyond the empty one's.
 */
function beyondEmpty(starts) {
  return Object.fromEntries(
    Object.entries(starts).map(([name, all]) => [
      name,
      summary(all.map(({ total }, round) => total - starts[EMPTY][round].total)),
    ]),
  );
}

/** @param {ReturnType<typeof summary>} figures */
const spread = ({ median, q1, q3 }) => `${median.toFixed(1)} (${q1.toFixed(1)}–${q3.toFixed(1)})`;

/**
 * @param {Starts} starts
 * @returns {string} One line for each Worker.
 */
export function edgeTable(starts) {
  const beyond = beyondEmpty(starts);
  const head = ["Edge, cold isolates, CPU ms", "start", "first", "both", "beyond empty", "", "second", "subrequests"];
  const lines = Object.entries(starts).map(([name, all]) => {
    const column = (key) => spread(summary(all.map((start) => start[key])));
    const compared = REMOTE.includes(name) && name !== OURS;
    return [
      TITLES[name],
      ...["start", "first", "total"].map(column),
      name === EMPTY ? "" : spread(beyond[name]),
      compared ? `×${(beyond[name].median / beyond[OURS].median).toFixed(2)}` : "",
      column("second"),
      [...new Set(all.map(({ subrequests }) => subrequests.join(" + ")))].join("; "),
    ];
  });
  return grid(head, lines);
}

/**
 * @param {Starts} starts
 * @returns {{ goal: string, limit: number, median: number, q1: number, q3: number, holds: boolean }}
 */
export function edgeGoal(starts) {
  const { median, q1, q3 } = beyondEmpty(starts)[OURS];
  const goal = `The first call on a cold isolate, ${TITLES[OURS]}, ≤ ${LIMIT} ms of CPU beyond an empty Worker`;
  return { goal, limit: LIMIT, median, q1, q3, holds: median <= LIMIT };
}

/** @param {ReturnType<typeof edgeGoal>} reached */
export function edgeGoalLine({ goal, holds, ...figures }) {
  return `${goal}: ${spread(figures)} ms: ${holds ? "holds" : "DOES NOT HOLD"}`;
}
