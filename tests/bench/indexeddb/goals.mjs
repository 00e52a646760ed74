/**
 * What the engine aims at, and whether it gets there.
 *
 * @import { Row } from "../measure.mjs"
 * @import { Measured } from "./index.mjs"
 *
 * @typedef {object} Reached
 * @property {string} browser
 * @property {string} what
 * @property {string} goal
 * @property {string} figure
 * @property {boolean} met
 */

import { quantile } from "../measure.mjs";
import { CALLS, FLOOR, groups, OURS, READS, RIVALS, TASKS } from "./names.mjs";

const median = (samples) => quantile(samples, 0.5);

/** Of two figures, how many times the second is the first. */
const times = (ours, theirs) => theirs / ours;

/**
 * Faster by a factor at least, or slower by one at most, than the better of the two. `of` is a row's group by a browser.
 */
const SMALL = (browser) => groups.calls(browser, "1.5 KB");
const LARGE = (browser) => groups.calls(browser, "6 KB");

const AGAINST_RIVALS = [
  { of: SMALL, label: CALLS.mset, faster: { Chromium: 9, Firefox: 4 } },
  { of: SMALL, label: CALLS.mget, faster: { Chromium: 6, Firefox: 3 } },
  { of: LARGE, label: CALLS.mset, faster: { Chromium: 2.5, Firefox: 2 } },
  { of: LARGE, label: CALLS.mget, faster: { Chromium: 2.5, Firefox: 2 } },
  ...[SMALL, LARGE].flatMap((of) => [
    { of, label: CALLS.missing, faster: { Chromium: 30, Firefox: 30 } },
    { of, label: CALLS.set, slower: 1.2 },
    { of, label: CALLS.get, slower: 1.2 },
    { of, label: CALLS.old, slower: 1.2 },
  ]),
  { of: groups.reads, label: READS.one, slower: 2 },
  { of: groups.reads, label: READS.ten, slower: 2.5 },
  { of: groups.reads, label: READS.oneAgain, slower: 1.2 },
  { of: groups.reads, label: READS.tenAgain, faster: { Chromium: 3, Firefox: 3 } },
  { of: groups.listing, label: "all keys with the prefix", faster: { Chromium: 5, Firefox: 5 } },
];

/** Beside one record of the same bytes. */
const AGAINST_FLOOR = [SMALL, LARGE].flatMap((of) =>
  [CALLS.mset, CALLS.mget].map((label) => ({ of, label, most: 1.6 })),
);

const OPEN_MS = { 100000: 300, 1000000: 1_000 };
const WHILE_COMPACTING_MS = 100;
const TASK_MS = 50;

/**
 * The row's ratio to the better of the rivals that take part: of medians, round by round, and of the fastest samples, which
 * other work on the machine touches least.
 *
 * @param {Row} row
 * @returns {{ rival: string, ratio: number, rounds: number[], fastest: number }} How many times our time it takes.
 */
export function toBetter({ samples }) {
  const rivals = RIVALS.filter((name) => samples[name] !== undefined);
  const rival = rivals.reduce((best, name) => (median(samples[name]) < median(samples[best]) ? name : best), rivals[0]);
  return {
    rival,
    ratio: times(median(samples[OURS]), median(samples[rival])),
    rounds: samples[OURS].map((ours, round) => times(ours, samples[rival][round])),
    fastest: times(Math.min(...samples[OURS]), Math.min(...rivals.flatMap((name) => samples[name]))),
  };
}

/**
 * @param {Measured} measured
 * @returns {Reached[]}
 */
function ofRows({ browser, rows }) {
  const find = ({ of, label }) => rows.find((row) => row.group === of(browser) && row.label === label);
  const shortly = ({ group, label }) => `${group.replace(`IndexedDB, ${browser}, `, "")}: ${label}`;
  const rivals = AGAINST_RIVALS.map((goal) => {
    const row = find(goal);
    const { rival, ratio, rounds, fastest } = toBetter(row);
    const [q1, q3] = [0.25, 0.75].map((q) => quantile(rounds, q));
    const { faster, slower } = goal;
    if (faster !== undefined) {
      const figure = `×${ratio.toFixed(2)} (${q1.toFixed(2)}–${q3.toFixed(2)}; fastest ×${fastest.toFixed(2)}) ${rival}`;
      return { what: shortly(row), goal: `≥ ×${faster[browser]}`, figure, met: ratio >= faster[browser] };
    }
    const spread = `${(1 / q3).toFixed(2)}–${(1 / q1).toFixed(2)}; fastest ${(1 / fastest).toFixed(2)}`;
    const figure = `${(1 / ratio).toFixed(2)} (${spread}) of ${rival}'s time`;
    return { what: shortly(row), goal: `≤ ${slower} of theirs`, figure, met: 1 / ratio <= slower };
  });
  const floors = AGAINST_FLOOR.map((goal) => {
    const row = find(goal);
    const ratio = times(median(row.samples[FLOOR]), median(row.samples[OURS]));
    const what = `${shortly(row)}, beside ${FLOOR}`;
    return { what, goal: `≤ ${goal.most}`, figure: ratio.toFixed(2), met: ratio <= goal.most };
  });
  const tasks = [CALLS.mset, CALLS.mget].map((call) => {
    // Firefox does not tell of long tasks; between two beats there is at least the longest one.
    const by = browser === "Chromium" ? TASKS.task : TASKS.gap;
    const row = find({ of: groups.tasks, label: `${call}: ${by}` });
    const ours = row.samples[OURS];
    const figure = `${median(ours).toFixed(0)}, at most ${Math.max(...ours).toFixed(0)} ms`;
    return {
      what: `1,000 values of 6 KB, ${call}: ${by}`,
      goal: `≤ ${TASK_MS} ms`,
      figure,
      met: Math.max(...ours) <= TASK_MS,
    };
  });
  return [...rivals, ...floors, ...tasks];
}

/**
 * @param {Measured} measured
 * @returns {Reached[]}
 */
function ofTheRest({ compacting, opening }) {
  const p99 = quantile(compacting.during, 0.99);
  return [
    {
      what: "one key while another tab compacts, p99",
      goal: `≤ ${WHILE_COMPACTING_MS} ms`,
      figure: `${p99.toFixed(0)} ms of ${compacting.during.length} reads (alone ${quantile(compacting.quiet, 0.99).toFixed(1)})`,
      met: p99 <= WHILE_COMPACTING_MS,
    },
    ...opening.map(({ keys, opened }) => {
      const first = opened.map((one) => one.first);
      const spread = `${Math.min(...first).toFixed(0)}–${Math.max(...first).toFixed(0)}`;
      return {
        what: `${keys.toLocaleString("en")} keys, a new process, until the first mget is answered`,
        goal: `≤ ${OPEN_MS[keys]} ms`,
        figure: `${median(first).toFixed(0)} ms (${spread})`,
        met: median(first) <= OPEN_MS[keys],
      };
    }),
  ];
}

/**
 * @param {Measured[]} all
 * @returns {Reached[]}
 */
export const indexedDbGoals = (all) =>
  all.flatMap((measured) =>
    [...ofRows(measured), ...ofTheRest(measured)].map((goal) => ({ browser: measured.browser, ...goal })),
  );
