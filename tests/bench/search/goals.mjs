/**
 * What the vector stores are held to.
 *
 * @import { Measured } from "./index.mjs"
 *
 * @typedef {object} Reached
 * @property {string} where
 * @property {string} what
 * @property {string} goal
 * @property {string} figure
 * @property {boolean} met
 */

import { quantile } from "../measure.mjs";
import { ADDED, BARE, BINARY, CALLS, F32, HNSWLIB, MEMORY, OURS, sizeOf } from "./names.mjs";

const median = (samples) => quantile(samples, 0.5);

/** How many times `ours` is as fast as `theirs`, round by round: the ratio of medians, and its quartiles. */
export function ratio({ samples }, ours, theirs) {
  const rounds = samples[ours].map((time, round) => samples[theirs][round] / time);
  const [q1, q3] = [0.25, 0.75].map((q) => quantile(rounds, q));
  return { times: median(samples[theirs]) / median(samples[ours]), q1, q3 };
}

const digits = (number) => number.toFixed(number < 10 ? 2 : 1);

const titleOf = (compared) => `${sizeOf(compared)}, ${compared.kind}`;

/** `ours` is to be `least` times as fast as `theirs`. */
function faster(compared, ours, theirs, least, sign = "≥") {
  const { times, q1, q3 } = ratio(compared, ours, theirs);
  return {
    what: `${titleOf(compared)}: ${ours} against ${theirs}`,
    goal: sign === ">" ? "faster" : `≥ ×${least}`,
    figure: `×${digits(times)} (${digits(q1)}–${digits(q3)})`,
    met: sign === ">" ? times > 1 : times >= least,
  };
}

/** `ours` may take `most` times the time of `theirs`. */
function within(compared, ours, theirs, most) {
  const { times, q1, q3 } = ratio(compared, ours, theirs);
  const [figure, low, high] = [1 / times, 1 / q3, 1 / q1].map((share) => share.toFixed(most < 1 ? 3 : 2));
  return {
    what: `${titleOf(compared)}: ${ours} against ${theirs}`,
    goal: `≤ ${most < 1 ? `1/${Math.round(1 / most)}` : most}`,
    figure: `${figure} (${low}–${high})`,
    met: 1 / times <= most,
  };
}

const limit = (what, figure, most, unit) => ({
  what,
  goal: `≤ ${most.toLocaleString("en")} ${unit}`,
  figure: `${Math.round(figure).toLocaleString("en")} ${unit}`,
  met: figure <= most,
});

/** That ours finds what an exact search finds, in its order and with its scores, to the bit. */
function exact(compared) {
  const { same, searches } = compared.found[OURS];
  const what = `${titleOf(compared)}: ids, order and scores of the f32 scan`;
  return { what, goal: "all", figure: `${same} of ${searches}`, met: same === searches };
}

function ofSmall({ peers, mmr }) {
  const rivals = Object.keys(peers.samples).filter((name) => ![OURS, BINARY, F32, MEMORY].includes(name));
  const recall = (name) => peers.found[name].recall;
  return [
    exact(peers),
    faster(peers, OURS, MEMORY, 28),
    ...rivals.map((name) => {
      const { goal, figure, met, what } = faster(peers, OURS, name, 1, ">");
      const recalls = `recall ${recall(OURS).toFixed(3)} and ${recall(name).toFixed(3)}`;
      return {
        what,
        goal: `${goal}, recall as good`,
        figure: `${figure}, ${recalls}`,
        met: met && recall(OURS) >= recall(name),
      };
    }),
    ...(peers.built[HNSWLIB] === undefined ? [] : [built(peers)]),
    faster(mmr, CALLS.picks, CALLS.helper, 80),
  ];
}

function built(peers) {
  const times = median(peers.built[HNSWLIB]) / median(peers.built[OURS]);
  const what = `${titleOf(peers)}: built, against ${HNSWLIB}`;
  return { what, goal: "≥ ×50", figure: `×${digits(times)}`, met: times >= 50 };
}

function ofTasks(title, tasks = {}) {
  return Object.entries(tasks).map(([name, { task }]) => limit(`${title}: longest task, ${name}`, task, 50, "ms"));
}

function ofLarge({ compared, writes, filters, tasks }) {
  const title = titleOf(compared);
  const { few } = filters;
  return [
    exact(compared),
    faster(compared, OURS, MEMORY, 35),
    within(compared, CALLS.filter, F32, 1 / 20),
    { what: `${title}: a filter that keeps 5`, goal: "5 found", figure: `${few}`, met: few === 5 },
    within(compared, CALLS.eight, OURS, 3.5),
    limit(`${title}: adding ${ADDED}, at worst`, Math.max(...writes.added), 2 * writes.own + 65_536, "bytes"),
    limit(`${title}: deleting one, at worst`, Math.max(...writes.deleted), 4_096, "bytes"),
    ...ofTasks(title, tasks),
  ];
}

function ofWide({ compared, memory, tasks }) {
  const title = titleOf(compared);
  const { recall } = compared.found[BINARY];
  const sum = ratio(compared, F32, BARE);
  return [
    exact(compared),
    faster(compared, OURS, F32, 2.5),
    {
      what: `${title}: f32 scan, of the bare sum's GB/s`,
      goal: "≥ 85 %",
      figure: percent(sum.times),
      met: sum.times >= 0.85,
    },
    faster(compared, BINARY, F32, 12),
    { what: `${title}: ${BINARY}, recall`, goal: "≥ 0.99", figure: recall.toFixed(4), met: recall >= 0.99 },
    limit(`${title}: ${BINARY}, resident`, memory[BINARY].bytes / 1e6, 180, "MB"),
    within(compared, CALLS.eight, OURS, 3.5),
    ...ofTasks(title, tasks),
  ];
}

const percent = (share) => `${(share * 100).toFixed(0)} %`;

function ofOpening({ ours, plain }) {
  const [first, other] = [ours, plain].map((opened) => median(opened.map(({ first }) => first)));
  const worst = Math.max(...ours.map(({ task }) => task));
  return [
    {
      what: "opened from IndexedDB in a new process, until the first answer, against one record a vector",
      goal: "≤ 1/5",
      figure: `${(first / other).toFixed(3)} (${first.toFixed(0)} and ${other.toFixed(0)} ms)`,
      met: first / other <= 1 / 5,
    },
    limit("the same: longest task, at worst", worst, 50, "ms"),
  ];
}

/**
 * @param {Measured[]} all
 * @returns {Reached[]}
 */
export const vectorStoreGoals = (all) =>
  all.flatMap(({ where, small, large, wide, opening, wasm }) =>
    [
      ...small.flatMap(ofSmall),
      ...large.flatMap(ofLarge),
      ...wide.flatMap(ofWide),
      ...(opening === undefined ? [] : ofOpening(opening)),
      limit("the search wasm, gzipped", wasm.gzipped, 30_000, "bytes"),
    ].map((goal) => ({ where, ...goal })),
  );
