/**
 * Where the time of a call goes on the page's thread, by Chromium's sampling profiler.
 *
 * @import { Tab } from "../browser/tabs.mjs"
 */

import { LOOPS } from "./names.mjs";

const MS = 2_000;

/** The browser's own entries of a profile, by what they stand for. */
const OWN = { "(idle)": "waiting", "(program)": "browser", "(garbage collector)": "collector" };

/** Methods of IndexedDB's; the clone of a result counts with who asked for it. */
const DATABASE = [
  "transaction",
  "objectStore",
  "get",
  "getAll",
  "getAllKeys",
  "getKey",
  "add",
  "put",
  "delete",
  "commit",
];

/** The columns, in order. */
export const SHARES = ["waiting", "browser", "database", "wasm", "script", "strings", "collector", "other"];

/**
 * @param {{ functionName: string, url: string }} frame
 * @returns {string} One of the above.
 */
function shareOf({ functionName: name, url }) {
  if (OWN[name] !== undefined) return OWN[name];
  if (/^wasm-function|^wasm-to-js|^js-to-wasm/u.test(name) || url.startsWith("wasm:")) return "wasm";
  if (url.endsWith("/page.js")) return "script";
  if (url === "" && DATABASE.includes(name)) return "database";
  return url === "" && /^(?:decode|encode)/u.test(name) ? "strings" : "other";
}

/**
 * @typedef {object} Profiled
 * @property {string} call
 * @property {number} us Of the whole call, in µs.
 * @property {Record<string, number>} shares Of it, in µs.
 * @property {[string, number][]} hottest Functions, by their own time in µs.
 *
 * @param {Tab} tab
 * @param {(line: string) => void} progress
 * @returns {Promise<Profiled[]>}
 */
export async function profile(tab, progress) {
  const profiled = [];
  for (const call of Object.values(LOOPS)) {
    progress(`profile: ${call}`);
    // Once before, so that all code has run.
    await tab.run("loop", { call, ms: MS / 4 });
    const { result: count, profile } = await tab.profiled("loop", { call, ms: MS });
    const { nodes, samples, timeDeltas } = profile;
    const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
    const shares = Object.fromEntries(SHARES.map((share) => [share, 0]));
    const own = new Map();
    let us = 0;
    samples.forEach((id, at) => {
      const frame = frames.get(id);
      const time = timeDeltas[at] / count;
      us += time;
      shares[shareOf(frame)] += time;
      own.set(frame.functionName, (own.get(frame.functionName) ?? 0) + time);
    });
    const hottest = [...own]
      .filter(([name]) => OWN[name] === undefined && name !== "")
      .sort(([, a], [, b]) => b - a)
      .slice(0, 6);
    profiled.push({ call, us, shares, hottest });
  }
  return profiled;
}
