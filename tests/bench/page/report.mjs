/**
 * The page's figures as a table, and whether the goal is reached.
 *
 * @import { PageFigures } from "./index.mjs"
 */

import { summary } from "../measure.mjs";
import { grid } from "../report.mjs";
import { CHUNKS } from "./index.mjs";

/** For how long the page's thread may be held, in ms. */
const LIMIT = 50;

const TIERS = { browser: "from IndexedDB, after a reload", memory: "again, from memory" };

/** What a reader must know of the figures. */
export const NOTES = `Page: the page as it is served, from the press of its button until it says what the run was, what it draws included. Longest
task: by the browser, which tells of 50 ms and more (0: none); the longest gap between messages the page sends itself is an
upper bound.`;

/** @param {number[]} samples */
function spread(samples) {
  const { median, q1, q3, max } = summary(samples);
  return `${median.toFixed(0)} (${q1.toFixed(0)}–${q3.toFixed(0)}; ${max.toFixed(0)})`;
}

/**
 * @param {PageFigures} figures
 * @returns {string} One line for each tier.
 */
export function pageTable({ warm }) {
  const head = [`The page, ${CHUNKS} chunks warm, ms: median (quartiles; most)`, "longest task", "longest gap", "run"];
  const lines = Object.entries(warm).map(([tier, rounds]) => [
    TIERS[tier],
    ...["task", "gap", "total"].map((name) => spread(rounds.map((round) => round[name]))),
  ]);
  return grid(head, lines);
}

/**
 * The worst round counts: a person who meets it does not have the median of several.
 *
 * @param {PageFigures} figures
 * @returns {{ goal: string, limit: number, median: number, most: number, holds: boolean }}
 */
export function pageGoal({ warm }) {
  const tiers = Object.values(warm).map((rounds) => summary(rounds.map(({ task }) => task)));
  const [median, most] = [tiers.map((tier) => tier.median), tiers.map(({ max }) => max)].map((all) => Math.max(...all));
  return { goal: `the page: longest task, ${CHUNKS} chunks warm`, limit: LIMIT, median, most, holds: most <= LIMIT };
}

/** @param {ReturnType<typeof pageGoal>} goal */
export function pageGoalLine({ goal, limit, median, most, holds }) {
  const [usual, worst] = [median, most].map((ms) => ms.toFixed(0));
  return `${goal} at most ${limit} ms: median ${usual} ms, most ${worst} ms: ${holds ? "holds" : "DOES NOT HOLD"}`;
}
