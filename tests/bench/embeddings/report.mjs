/**
 * The embeddings caches as a table, each figure beside its goal.
 *
 * @import { Row } from "../measure.mjs"
 */

import { quantile, summary } from "../measure.mjs";
import { grid } from "../report.mjs";
import { FIGURES, FORMS, GOALS, GROUPS, label, OURS, THEIRS } from "./names.mjs";

/** What a reader must know of the figures. */
export const NOTES = `Embeddings cache: CacheBackedEmbeddings of bytestow/embeddings and of @langchain/classic, both by fromBytesStore; 1,000
chunks of about 800 characters; the provider's answers are JSON, parsed anew in each call, of doubles as they print
(long decimals) or the fewest digits that tell one f32 from the others (short). Each round begins with empty stores that are
open: cold, then warm, then warm by embedDocumentsTyped (theirs by embedDocuments again). The provider, within the same
process, adds up what it takes to parse; cold is the whole call less that. Longest task: by the browser, which tells of
50 ms and more (0: none); the longest gap between messages the page sends itself is an upper bound; both apart from
what is timed. Bytes the browser counts: storage.estimate() before and after, which is coarse.`;

/** What each kind of figure is bound by, by CPU profiles, runs with parts left out, and (Upstash, cold) their sources. */
const BOUNDS = `What bounds them:
warm, in memory   ours: SHA-256 over the texts (code made for size) while vectors are short, then memory: one typed array and one
                  boxed array a vector, and their collection. Theirs: a digest in JavaScript, TextDecoder, JSON.parse.
cold, in memory   ours: each number checked, copied into wasm, rounded, copied out and boxed; the digests. Theirs: the digests,
                  twice (for mget and for mset), JSON.stringify and TextEncoder.
IndexedDB, warm   both: one request a key: making it, the browser's process, an event and a structured clone for each. Ours reads
                  few bytes and is bound by the number of requests, theirs by its bytes and by parsing them, too.
IndexedDB, cold   both: as many requests that find nothing, then one write a key; the browser's process, with theirs by its bytes.
Upstash           the server and the way to it; then bodies: base64 within JSON with ours, and with theirs JSON that the client
                  parses, the store prints again and the cache parses again.
bytes             ours: 4 a number whatever it is, 8 and the key's 64; in Redis a third more, as text. Theirs: a number's digits, so
                  that the share hangs on how many of them the provider sends.
longest task      ours: the first, which digests all texts and makes all requests, or at many dimensions the last, which decodes,
                  copies and boxes all vectors. Theirs: the last, which parses them.`;

/**
 * @typedef {object} Reached
 * @property {string} group
 * @property {string} label
 * @property {string} goal
 * @property {number} figure What is held to the goal.
 * @property {boolean} met
 */

const median = (samples) => quantile(samples, 0.5);

/**
 * @param {Row} row
 * @returns {Reached[]} What the row is held to, if anything.
 */
function goalsOf({ group, label: name, samples }) {
  return GOALS.filter(
    (goal) =>
      goal.group === group && Object.keys(FORMS).some((form) => label(goal.dimensions, form, goal.what) === name),
  ).map(({ times, share, limit }) => {
    const [ours, theirs] = [median(samples[OURS]), median(samples[THEIRS])];
    if (times !== undefined) {
      return { group, label: name, goal: `≥ ×${times}`, figure: theirs / ours, met: theirs / ours >= times };
    }
    if (share !== undefined) {
      return { group, label: name, goal: `≤ ${share} of theirs`, figure: ours / theirs, met: ours / theirs <= share };
    }
    return { group, label: name, goal: `≤ ${limit} ms`, figure: ours, met: ours <= limit };
  });
}

/**
 * @param {Row[]} rows
 * @returns {Reached[]}
 */
export const embeddingsGoals = (rows) => rows.flatMap(goalsOf);

/** What is held against a limit for the worst of it, too. */
const isHighest = (label) => [FIGURES.task, FIGURES.gap].some((what) => label.endsWith(what));

/** @param {number} ms */
const short = (ms) => ms.toFixed(ms < 10 ? 1 : 0);

/**
 * @param {Row} row
 * @param {string} side
 */
function figure({ label, unit, samples }, side) {
  const { median, q1, q3, max } = summary(samples[side]);
  if (unit === "bytes") return `${(median / 1e6).toFixed(2)} MB`;
  return isHighest(label) ? `${short(median)}, at most ${short(max)}` : `${short(median)} (${short(q1)}–${short(q3)})`;
}

/** @param {Row} row */
function ratio({ label, unit, samples: { [OURS]: ours, [THEIRS]: theirs } }) {
  if (unit === "bytes") return (median(ours) / median(theirs)).toFixed(3);
  if (isHighest(label)) return "";
  const rounds = ours.map((time, round) => theirs[round] / time);
  const [q1, q3] = [0.25, 0.75].map((q) => quantile(rounds, q).toFixed(1));
  return `×${(median(theirs) / median(ours)).toFixed(2)} (${q1}–${q3})`;
}

/**
 * Each load's rows together, in the order in which the loads come.
 *
 * @param {Row[]} rows
 */
function byLoad(rows) {
  const loadOf = ({ label }) => label.split(":")[0];
  const loads = [...new Set(rows.map(loadOf))];
  return loads.flatMap((load) => rows.filter((row) => loadOf(row) === load));
}

/**
 * @param {Row[]} rows
 * @returns {string} A table for each group.
 */
export function embeddingsTables(rows) {
  const tables = Object.values(GROUPS).flatMap((group) => {
    const head = [`${group} (ms)`, OURS, THEIRS, "ratio", "goal", ""];
    const lines = byLoad(rows.filter((row) => row.group === group)).map((row) => {
      const [reached] = goalsOf(row);
      const verdict = reached === undefined ? "" : reached.met ? "met" : "MISSED";
      const figures = [OURS, THEIRS].map((side) => figure(row, side));
      return [row.label, ...figures, ratio(row), reached?.goal ?? "", verdict];
    });
    return lines.length === 0 ? [] : [grid(head, lines)];
  });
  return [...tables, BOUNDS].join("\n\n");
}
