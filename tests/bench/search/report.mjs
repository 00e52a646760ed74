/**
 * The tables of the vector stores, and each goal beside its figure.
 *
 * @import { Measured } from "./index.mjs"
 * @import { Compared } from "./small.mjs"
 */

import { quantile, summary } from "../measure.mjs";
import { figure, grid } from "../report.mjs";
import { ratio, vectorStoreGoals } from "./goals.mjs";
import { ADDED, BARE, BINARY, F32, OURS, sizeOf } from "./names.mjs";

/** What a reader must know of the figures. */
export const NOTES = `Vector stores: k = 10, 256 queries that are drawn as the vectors are; documents of some 200 characters. "hard": 1,000 wide
clusters of 256 latent dimensions; "easy": 200 narrow ones of 96; "real": the files given. A sample is the mean of as many
calls as take 10 ms, at most 16, after one that does not count: whoever had its turn before has left its own data in the
processor's caches. Ours are whole calls by vector, over a Map, documents and all, and so are LangChain's; the peers give ids, of
vectors and texts that they hold (hnswlib-wasm: of vectors alone). "${F32}" is our own wasm's scan by itself, without
documents, store or JavaScript; "${BARE}" adds up the memory that it reads. recall: how many of the exact ten are found; same:
ids, order and, with ours, each score to the bit. built: ms from arrays of numbers until searches may begin, medians of up to
three; vectra writes its file, and ours its blocks. Filters are asked for a part in turn: what a filter of metadata once found it
keeps; a function is asked for each document again. Writes: bytes of keys and values in the call, upkeep behind it apart.
Longest task: by the browser, which tells of 50 ms and more (0: none), the worst of five; the longest gap between messages
the page sends itself is an upper bound.`;

/** What each kind of figure is bound by. */
const BOUNDS = `What bounds them:
a search          memory: a byte a number and row, and what is not in the processor's caches comes at the speed of DRAM; the f32 scan
                  reads four. Then, at 10,000, the call itself: promises, JSON of ten documents, their vectors in 32 bits.
${BINARY}   a bit a number, then bytes of a few hundred rows and blocks of the store for those that are scored in 32 bits.
8 at once         arithmetic: rows are read once, in two passes of four queries; then eight times the call itself.
a filter          rows that it keeps, and looking at a bit for each 32 of the others; by a function: JSON of every document, each time.
MemoryVectorStore numbers in arrays of their own, a product and two norms of each, an object for each row, and a sort of all of them.
MMR               a product for each candidate and pick, in 32 bits; core's helper makes all products anew for each pick, out of
                  arrays. The whole call is the search for 200, too, and JSON of 20 documents.
opening           the browser's process, which reads and hands over the blocks of int8; theirs: as many records, vectors in 32 bits. An
                  answer after it: blocks of the few rows that are scored in 32 bits, out of IndexedDB; theirs has all in memory.
writes            vectors in 32 and in 8 bits, documents, ids; a manifest a call.
memory            a byte a number and row, 28 bytes a row beside it, ids; vectors in 32 bits as far as maxResidentBytes lets them.`;

const spread = (samples) => {
  const { median, q1, q3 } = summary(samples);
  return `${figure(median)} (${figure(q1)}–${figure(q3)})`;
};

const share = (number) => number.toFixed(4).replace(/\.?0+$/u, "");

/**
 * @param {string} where
 * @param {Compared} compared
 * @param {string} [against]
 * @returns {string} A line for each contender.
 */
function compared(where, compared, against) {
  const { samples, found = {}, built = {} } = compared;
  const first = against ?? Object.keys(samples)[0];
  const head = [
    `${where}, ${sizeOf(compared)}, ${compared.kind}`,
    "ms",
    `beside ${first}`,
    "recall",
    "same",
    "built, ms",
  ];
  const lines = Object.entries(samples).map(([name, times]) => {
    const { recall, same, searches } = found[name] ?? {};
    return [
      name,
      spread(times),
      name === first ? "" : `×${ratio(compared, first, name).times.toFixed(2)}`,
      recall === undefined ? "" : share(recall),
      same === undefined ? "" : `${same} of ${searches}`,
      built[name] === undefined ? "" : figure(quantile(built[name], 0.5)),
    ];
  });
  return grid(head, lines);
}

const MB = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const KB = (bytes) => `${(bytes / 1e3).toFixed(1)} kB`;

function memoryLine(where, title, memory) {
  const { documents, vectors, bits, exact, ids, bytes, wasm } = memory;
  const each = (size) => `${(size / documents).toFixed(0)} B a vector`;
  const parts = [`codes and bounds ${MB(vectors)} (${each(vectors)})`, `ids ${MB(ids)} (${each(ids)})`];
  if (bits > 0) parts.push(`bits ${MB(bits)} (${each(bits)})`);
  parts.push(`in 32 bits ${MB(exact)}`);
  return `${where}, ${title}, in memory: ${MB(bytes)}: ${parts.join(", ")}; all of the wasm's memory ${MB(wasm)}`;
}

function tasksTable(where, title, tasks) {
  if (tasks === undefined) return [];
  const lines = Object.entries(tasks).map(([name, { task, gap }]) => [name, task.toFixed(0), gap.toFixed(0)]);
  return [grid([`${where}, ${title}, the main thread, ms`, "longest task", "longest gap"], lines)];
}

function largeLines(where, { compared, writes, memory, stored, filters }) {
  const title = `${sizeOf(compared)}, ${compared.kind}`;
  const median = (samples) => quantile(samples, 0.5);
  const [added, deleted] = [writes.added, writes.deleted].map(
    (bytes) => `${KB(median(bytes))}, at most ${KB(Math.max(...bytes))}`,
  );
  const times = [writes.addTimes, writes.deleteTimes].map((times) => `${figure(median(times))} ms`);
  return [
    `${where}, ${title}, writes: adding ${ADDED} (of ${KB(writes.own)}) ${added} in ${times[0]}; deleting one ${deleted} in ${times[1]}; upkeep behind all of them ${MB(writes.behind.reduce((sum, bytes) => sum + bytes, 0))}`,
    memoryLine(where, title, memory),
    `${where}, ${title}, stored: ${MB(stored)}, ${(stored / compared.count).toFixed(0)} B a vector with its document`,
    `${where}, ${title}, the first call of a filter: ${figure(filters.cold)} ms`,
  ];
}

function wideLines(where, { compared, memory }) {
  const title = `${sizeOf(compared)}, ${compared.kind}`;
  const bytes = compared.count * compared.dimensions;
  const rate = (name, each) => `${((bytes * each) / quantile(compared.samples[name], 0.5) / 1e6).toFixed(1)} GB/s`;
  return [
    `${where}, ${title}, read: ${BARE} ${rate(BARE, 4)}, ${F32} ${rate(F32, 4)}, ${OURS} ${rate(OURS, 1)}`,
    ...Object.entries(memory).map(([name, of]) => memoryLine(where, `${title}, ${name}`, of)),
  ];
}

function openingTable(where, opening) {
  if (opening === undefined) return [];
  const lines = Object.entries({ [OURS]: opening.ours, "one record a vector": opening.plain }).map(([name, all]) => {
    const of = (what) => all.map((opened) => opened[what]);
    const tasks = of("task");
    const task = `${quantile(tasks, 0.5).toFixed(0)}, at most ${Math.max(...tasks).toFixed(0)}`;
    return [name, spread(of("first")), spread(of("next")), task];
  });
  return [
    grid([`${where}, opened by a new process, ms`, "until the first answer", "one after it", "longest task"], lines),
  ];
}

/** @param {Measured} measured */
function ofPlace({ where, small, large, wide, opening, wasm }) {
  const titled = ({ compared }) => `${sizeOf(compared)}, ${compared.kind}`;
  return [
    ...small.flatMap(({ peers, mmr }) => [compared(where, peers), compared(where, mmr)]),
    ...large.flatMap((one) => [
      compared(where, one.compared),
      largeLines(where, one).join("\n"),
      ...tasksTable(where, titled(one), one.tasks),
    ]),
    ...wide.flatMap((one) => [
      compared(where, one.compared, F32),
      wideLines(where, one).join("\n"),
      ...tasksTable(where, titled(one), one.tasks),
    ]),
    ...openingTable(where, opening),
    `The search wasm: ${KB(wasm.bytes)}, gzipped ${KB(wasm.gzipped)}`,
  ].join("\n\n");
}

/**
 * @param {Measured[]} all
 * @returns {string} Tables, and each goal beside its figure.
 */
export function vectorStoreReport(all) {
  const goals = vectorStoreGoals(all);
  const lines = goals.map(({ where, what, goal, figure, met }) => [where, what, goal, figure, met ? "met" : "MISSED"]);
  return [
    ...all.map(ofPlace),
    BOUNDS,
    grid(["Vector stores, the goals", "", "goal", "figure", ""], lines),
    `${goals.filter(({ met }) => met).length} of ${goals.length} goals met.`,
  ].join("\n\n");
}

export { vectorStoreGoals };
