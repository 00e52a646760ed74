/**
 * The tables of the part over IndexedDB, its counts, and each goal beside its figure.
 *
 * @import { Row } from "../measure.mjs"
 * @import { Measured } from "./index.mjs"
 */

import { quantile, summary } from "../measure.mjs";
import { figure, grid } from "../report.mjs";
import { indexedDbGoals, toBetter } from "./goals.mjs";
import { DISK, groups, SIZES } from "./names.mjs";
import { SHARES } from "./profile.mjs";

/** What a reader must know of the figures. */
export const NOTES = `IndexedDB: profiles on disk, relaxed durability; keys of 64 hex digits, random values each over a buffer of its own; ours with
memoryBytes: 0 unless said otherwise; 1,000 keys in one call (localForage: as many calls at once), single calls awaited one
after another (time per call). "one record": the call's bytes as one record of plain IndexedDB, and single values as they
are. In brackets: quartiles of the ratio round by round, and the ratio of the fastest samples, which other work on the machine
touches least. What ours does behind the calls is over before another has its turn. Firefox's clock is set to its full precision.
Random reads: four batches of 1,000 values of 6 KB; 100 keys a round, one or ten a call; with memory, a new handle reads the
same keys twice. The model of the layout is plain IndexedDB: the package cuts segments at one length. While compacting: one
tab replaces 1,000 of 4,000 values again and again, another reads single keys; counted are reads during the time for which
the first held the maintenance's lock. New processes: 64 bytes a value, the last 10,000 keys set one by one with 1.5 KB;
wasm is there already; then a new store, and an mget of 1,001 keys. Wasm memory never shrinks: its growth counts what opening
needed for a moment, too. Disk: files of the profile when the browser has ended. The profile is of one call again and again,
on the page's thread: "waiting" for the browser's process, "browser" its own code and events, "database" methods of IndexedDB's,
"script" ours (and clones of results), "strings" those that cross to wasm or back.`;

/** What each kind of figure is bound by, by the profiles and the calls by hand above. */
const BOUNDS = `What bounds them:
mset of 1,000        the browser's process, which writes; on the page's thread a call of add() a segment, which copies it. Chromium
                     keeps a record of more than 64 KiB in a file of its own, at some 10 ms: see the writes by hand.
mget of 1,000        the clone of each segment and 1,000 arrays of their own, cut out of them, as "one record" has to, too; then a request a segment.
all missing          looking 1,000 keys up in wasm, and handing them over as one string; one request.
single get           two requests in its transaction, what is new and the record, where theirs has one: the reads by hand say how much that is
                     without any code of ours. From memory it is one.
random reads         a segment of up to 56 KiB for each value: its copy by the browser's process and its clone.
keys by prefix       pages of keys from wasm, a transaction each, and strings; theirs is one request, and a clone of all keys.
while compacting     a reader waits for the writing transaction before it: what that moves, and how fast the disk takes it.
opening              rows and checkpoints read and cloned, and put into the index by wasm that was not compiled for speed yet.`;

/** @param {number[]} samples */
function spread(samples) {
  const { median, q1, q3 } = summary(samples);
  return `${figure(median)} (${figure(q1)}–${figure(q3)})`;
}

/**
 * @param {string} group
 * @param {Row[]} rows
 * @returns {string} Each contender's times, and ours beside the better of the rivals.
 */
function compared(group, rows) {
  const names = [...new Set(rows.flatMap(({ samples }) => Object.keys(samples)))];
  const head = [`${group}, ms`, ...names, "the better of two"];
  const lines = rows.map((row) => [
    row.label,
    ...names.map((name) => (row.samples[name] === undefined ? "" : spread(row.samples[name]))),
    `×${toBetter(row).ratio.toFixed(2)}`,
  ]);
  return grid(head, lines);
}

/**
 * @param {string} group
 * @param {Row[]} rows
 * @returns {string} How long the thread is held, at worst too.
 */
function tasks(group, rows) {
  const names = Object.keys(rows[0].samples);
  const lines = rows.map(({ label, samples }) => [
    label,
    ...names.map((name) => `${figure(quantile(samples[name], 0.5))}, at most ${figure(Math.max(...samples[name]))}`),
  ]);
  return grid([`${group}, ms`, ...names], lines);
}

/**
 * @param {string} group
 * @param {Row[]} rows
 * @returns {string} Times of what is neither ours nor theirs.
 */
function plain(group, rows) {
  const names = Object.keys(rows[0].samples);
  return grid(
    [`${group}; ms`, ...names],
    rows.map(({ label, samples }) => [label, ...names.map((name) => spread(samples[name]))]),
  );
}

/** @param {Measured} measured */
function profiles({ browser, profiled }) {
  if (profiled === undefined) return [];
  const lines = profiled.map(({ call, us, shares, hottest }) => [
    call,
    figure(us),
    ...SHARES.map((share) => figure(shares[share])),
    hottest.map(([name, time]) => `${name} ${figure(time)}`).join(", "),
  ]);
  return [grid([`IndexedDB, ${browser}, profile, µs a call`, "all", ...SHARES, "functions"], lines)];
}

/** @param {Measured} measured */
function requests({ browser, requests: counts }) {
  const names = Object.keys(Object.values(counts)[0]);
  const lines = Object.entries(counts).map(([label, by]) => [
    label,
    ...names.map((name) => `${by[name].transactions} / ${by[name].requests}`),
  ]);
  return grid([`IndexedDB, ${browser}, transactions / requests a call`, ...names], lines);
}

const MB = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** @param {Measured} measured */
function rest({ browser, disk, compacting, opening }) {
  const values = DISK.count * DISK.bytes;
  const used = Object.entries(disk).map(([name, bytes]) => `${name} ${MB(bytes)}`);
  const [quiet, during] = [compacting.quiet, compacting.during].map((times) =>
    [0.5, 0.99, 1].map((q) => figure(quantile(times, q))).join(" / "),
  );
  return [
    `${browser}, on the disk, ${DISK.count.toLocaleString("en")} values of 1.5 KB (${MB(values)}): ${used.join(", ")}`,
    `${browser}, reads of one key, median / p99 / worst: ${quiet} ms alone, ${during} ms while another tab compacts (${MB(compacting.bytes)} in ${(compacting.busy / 1000).toFixed(1)} s)`,
    ...opening.map(({ keys, fill, opened }) => {
      const of = (name) =>
        figure(
          quantile(
            opened.map((one) => one[name]),
            0.5,
          ),
        );
      const grown = quantile(
        opened.map((one) => one.grown),
        0.5,
      );
      const count = keys.toLocaleString("en");
      const parts = `wasm ${of("wasm")} ms, a plain open ${of("plain")}, the store and its first mget ${of("first")}, the next mget ${of("second")}`;
      return `${browser}, ${count} keys in a new process: ${parts}; wasm memory grows by ${MB(grown)}, ${(grown / keys).toFixed(0)} bytes a key, 64 of them the key's own (filled in ${(fill / 1000).toFixed(0)} s)`;
    }),
  ];
}

/**
 * @param {Measured} measured
 * @returns {string}
 */
function ofBrowser(measured) {
  const { browser, rows } = measured;
  const of = (group) => [group, rows.filter((row) => row.group === group)];
  return [
    ...SIZES.map(({ size }) => compared(...of(groups.calls(browser, size)))),
    compared(...of(groups.reads(browser))),
    compared(...of(groups.listing(browser))),
    tasks(...of(groups.tasks(browser))),
    ...SIZES.map(({ size }) => plain(...of(groups.layout(browser, size)))),
    ...[groups.boundsOfReads, groups.boundsOfWrites].map((group) => plain(...of(group(browser)))),
    requests(measured),
    ...profiles(measured),
    rest(measured).join("\n"),
  ].join("\n\n");
}

/**
 * @param {Measured[]} all
 * @returns {string} Tables, and each goal beside its figure.
 */
export function indexedDbReport(all) {
  const goals = indexedDbGoals(all);
  const lines = goals.map(({ browser, what, goal, figure, met }) => [
    browser,
    what,
    goal,
    figure,
    met ? "met" : "MISSED",
  ]);
  const missed = goals.filter(({ met }) => !met).length;
  return [
    ...all.map(ofBrowser),
    BOUNDS,
    grid(["IndexedDB, the goals", "", "goal", "figure", ""], lines),
    `${goals.length - missed} of ${goals.length} goals met.`,
  ].join("\n\n");
}

export { indexedDbGoals };
