/**
 * What went over the wire, as tables and goals.
 *
 * @import { Counted } from "./compare.mjs"
 * @import { Traffic } from "./server.mjs"
 * @import { Small } from "./index.mjs"
 */

import { OURS } from "../measure.mjs";
import { grid } from "../report.mjs";
import { CACHE, FORMS, SDK, SDK_PLAIN, TITLES } from "./names.mjs";

const MIB4 = 4 << 20;

/** What a reader must know of the figures. */
export const NOTES = `Upstash: the strict server of the tests in a process of its own on the same machine: wall times have what it needs to
answer, CPU times are the client's alone (user and system, all threads). 1,000 texts of 70 to 90 bytes; 1,000 vectors of
1,536 f32, for JSON the same numbers as doubles. Requests and commands as Upstash bills them; bytes are those of bodies.
One command or reply may have 50 MB here, as on the larger plans: with 10 MB most peers fail (table).
Embeddings cache: texts in, numbers out, an embedder that costs nothing; ours keeps f32 for LangChain's JSON, and a number
that is no f32 is rounded to one. cold: all are missing; warm: none.
Vectors, texts: each in the form that it takes: bytes for byte stores, base64 or arrays of numbers, strings for the SDK.
"plain replies": with responseEncoding false; by default the SDK asks for base64 (of base64, where values are that).
7 MiB: random bytes, which the SDK stores as base64 text; a text; and bytes as a native client stores them, which ours
reads with encoding "raw", and of which the SDK makes a text that is wrong. mget decodes to bytes or to a text.`;

/** @param {Traffic} traffic */
const bodies = ({ up, down }) => up + down;

/** @param {number} bytes */
function size(bytes) {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

/**
 * @param {Counted[]} traffic
 * @returns {string} One line for each call and contender.
 */
export function trafficTable(traffic) {
  const head = ["Upstash, over the wire", "", "requests", "commands", "up", "down", "bytes"];
  const lines = traffic.flatMap(({ title, label, contenders }) =>
    Object.entries(contenders).map(([name, counted], i) => {
      const ratio = name === OURS ? "" : `×${(bodies(counted) / bodies(contenders[OURS])).toFixed(2)}`;
      const { requests, commands, up, down } = counted;
      const call = i === 0 ? `${title.replace("Upstash, ", "")}: ${label}` : "";
      return [call, name, String(requests), String(commands), size(up), size(down), ratio];
    }),
  );
  return grid(head, lines);
}

/**
 * @param {Small[]} small
 * @returns {string}
 */
export function smallTable(small) {
  const lines = small.map(({ title, contender, write, read }) => [
    `${title.replace("Upstash, ", "")}: ${contender}`,
    write,
    read,
  ]);
  return grid(["Upstash, 10 MB a command or reply (free, pay as you go)", "write", "read"], lines);
}

/**
 * @typedef {object} TrafficGoal
 * @property {string} goal
 * @property {number} limit
 * @property {number} worst
 * @property {string} where That call.
 * @property {number} best
 * @property {boolean} holds
 *
 * @param {string} goal
 * @param {number} limit
 * @param {{ figure: number, where: string }[]} figures
 * @returns {TrafficGoal}
 */
function reached(goal, limit, figures) {
  const sorted = [...figures].sort((a, b) => b.figure - a.figure);
  const [{ figure: worst, where }, { figure: best }] = [sorted[0], sorted[sorted.length - 1]];
  return { goal, limit, worst, where, best, holds: worst <= limit };
}

/**
 * @param {Counted[]} traffic
 * @returns {TrafficGoal[]}
 */
export function trafficGoals(traffic) {
  const stores = traffic.filter(({ title }) => [TITLES.vectors, TITLES.texts].includes(title));
  const named = ({ title, label }) => `${title.replace("Upstash, ", "")}, ${label}`;
  const needed = stores.map((row) => {
    const { requests, up, down } = row.contenders[OURS];
    // The first batch of a handle that knows nothing of the values is small.
    const most =
      Math.ceil((row.label.startsWith("mset") ? up : down) / MIB4) + Number(row.label.includes("new handle"));
    return { figure: requests / most, where: `${named(row)}: ${requests} of ${most}` };
  });
  const billed = stores.map((row) => {
    const { commands } = row.contenders[OURS];
    return { figure: commands, where: named(row) };
  });
  /** Ours over a peer's, in the direction that counts. */
  const share = (row, peer) => {
    const way = /^(?:mset|cold)/u.test(row.label) ? "up" : "down";
    return { figure: row.contenders[OURS][way] / row.contenders[peer][way], where: `${row.label}, ${way}` };
  };
  const rowsOf = (title) => traffic.filter((row) => row.title === title);
  const shares = (title, peer) => rowsOf(title).map((row) => share(row, peer));
  return [
    reached("Requests over ceil(bytes / 4 MiB), and one more on a new handle's first read, ≤ 1", 1, needed),
    reached("Commands ≤ 10 for 1,000 keys", 10, billed),
    reached("Vectors ≤ 0.28 of the bytes of LangChain's cache, f32 as doubles", 0.28, shares(TITLES.cache, CACHE)),
    ...Object.values(FORMS).map((form) => reached(`… ${form}`, 0.28, shares(`${TITLES.cache}, ${form}`, CACHE))),
    reached(`Texts within 5 % of the bytes of ${SDK}`, 1.05, shares(TITLES.texts, SDK)),
    reached("… with plain replies", 1.05, shares(TITLES.texts, SDK_PLAIN)),
  ];
}

/** @param {TrafficGoal} reached */
export function trafficGoalLine({ goal, worst, where, best, holds }) {
  const [most, least] = [worst, best].map((figure) => Number(figure.toFixed(3)));
  return `${goal}: worst ${most} (${where}), best ${least}: ${holds ? "holds" : "DOES NOT HOLD"}`;
}
