/**
 * The tables and the goals.
 *
 * @import { Row } from "./measure.mjs"
 */

import { OURS, quantile, summary } from "./measure.mjs";
import { CACHE, groups, LARGE, SDK, TITLES } from "./upstash/names.mjs";

/** What this stage of the product aims at: our time over a peer's, at worst. `calls` is how the labels of its rows begin. */
const GOALS = [
  { goal: "InMemoryByteStore within 3× of a copying Map", group: "In memory", peer: "copying Map", limit: 3 },
  {
    goal: "Embeddings over Upstash at 20 ms 3× faster than LangChain's cache",
    group: groups.wall(TITLES.cache, 20),
    peer: CACHE,
    limit: 1 / 3,
  },
  ...Object.values(LARGE).map((title) => ({
    goal: `${title}: mget 4× faster than the SDK's base64 path`,
    group: groups.wall(title, 0),
    calls: "mget",
    peer: SDK,
    limit: 1 / 4,
  })),
];

/**
 * @param {number} value
 * @returns {string} With the digits that say something.
 */
export const figure = (value) => value.toFixed(value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0);

/**
 * @param {Row[]} rows
 * @returns {string} One table per group: medians, quartiles, and how many times our time each peer takes.
 */
export function tables(rows) {
  return [...new Set(rows.map(({ group }) => group))]
    .map((group) =>
      table(
        group,
        rows.filter((row) => row.group === group),
      ),
    )
    .join("\n\n");
}

/**
 * @param {string} group
 * @param {Row[]} rows
 */
function table(group, rows) {
  const names = Object.keys(rows[0].samples);
  const head = [`${group}, ${rows[0].unit}`, ...names];
  const lines = rows.map(({ label, samples }) => {
    const ours = summary(samples[OURS]);
    return [
      label,
      ...names.map((name) => {
        const { median, q1, q3 } = summary(samples[name]);
        const ratio = name === OURS ? "" : `  ×${(median / ours.median).toFixed(2)}`;
        return `${figure(median)} (${figure(q1)}–${figure(q3)})${ratio}`;
      }),
    ];
  });
  return grid(head, lines);
}

/**
 * @param {string[]} head
 * @param {string[][]} lines
 * @returns {string} Columns under their heads, as wide as they need.
 */
export function grid(head, lines) {
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column].length)));
  const print = (line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd();
  return [head, widths.map((width) => "-".repeat(width)), ...lines].map(print).join("\n");
}

/**
 * @typedef {object} Reached How near the product is to a goal; only goal and limit if none of its rows was measured.
 * @property {string} goal
 * @property {number} limit
 * @property {number} [worst] Our median over the peer's, in the row where it is highest.
 * @property {[number, number]} [quartiles] Of that ratio, round by round: how sure the figure is.
 * @property {string} [where] That row.
 * @property {number} [mean] Geometric mean of the ratio over all rows: the worst of ten is partly chance.
 * @property {boolean} [holds]
 *
 * @param {Row[]} rows
 * @returns {Reached[]}
 */
export function goals(rows) {
  return GOALS.map(({ goal, group, calls = "", peer, limit }) => {
    const ratios = rows
      .filter((row) => row.group.startsWith(group) && row.label.startsWith(calls))
      .map((row) => {
        const [ours, theirs] = [row.samples[OURS], row.samples[peer]];
        const rounds = ours.map((time, round) => time / theirs[round]);
        return {
          worst: quantile(ours, 0.5) / quantile(theirs, 0.5),
          quartiles: [quantile(rounds, 0.25), quantile(rounds, 0.75)],
          where: `${row.label}; ${row.group}`,
        };
      })
      .sort((a, b) => b.worst - a.worst);
    if (ratios.length === 0) return { goal, limit };
    const mean = Math.exp(ratios.reduce((sum, { worst }) => sum + Math.log(worst), 0) / ratios.length);
    return { goal, limit, ...ratios[0], mean, holds: ratios[0].worst <= limit };
  });
}

/** @param {Reached} reached */
export function goalLine({ goal, worst, quartiles, where, mean, holds }) {
  if (worst === undefined) return `${goal}: not measured (--only)`;
  const [q1, q3] = quartiles.map((ratio) => ratio.toFixed(2));
  const verdict = holds ? "holds" : "DOES NOT HOLD";
  const overall = `worst ratio ${worst.toFixed(2)} (quartiles ${q1}–${q3}; ${where}), mean ${mean.toFixed(2)}`;
  return `${goal}: ${overall}: ${verdict}`;
}

/**
 * @param {Row[]} rows
 * @returns {object[]} The rows with what the tables say of them, and every sample.
 */
export function records(rows) {
  return rows.map(({ group, label, unit, samples }) => ({
    group,
    label,
    unit,
    contenders: Object.fromEntries(
      Object.entries(samples).map(([name, times]) => [name, { ...summary(times), samples: times }]),
    ),
  }));
}
