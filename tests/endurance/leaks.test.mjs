/**
 * Nothing leaks: 20,000 keys in calls of 1 and 100,000 in calls of 100 leave wasm's memory, what wasm holds, the JavaScript
 * heap and the process's handles flat, on each store in each runtime (of those over HTTP, see below); so do stores that are
 * closed, and stores that are forgotten. Prints the figures.
 *
 *   BYTESTOW_LEAKS=whole   100,000 keys in calls of 1, too; more calls over HTTP, in every Node, and on tiers in every
 *                          runtime
 */

import { after, describe } from "node:test";
import { openChromium, openFirefoxPage, openProcess, openWorkerd } from "../support/programs/drivers.mjs";
import { RUNTIME_NAMES } from "../support/runtimes.mjs";
import { Table } from "./flat.mjs";
import { EVERYTHING, WHOLE, wear } from "./wear.mjs";

const table = new Table();

/** Tiers hold of a remote store what they hold of any: one engine shows it, and Chromium's where IndexedDB is before it. */
const TIERS = ["tiered: memory, Upstash", "tiered: IndexedDB, Upstash"];
/** Node 22's client of HTTP is of the major version of Node 20's. */
const REMOTE = ["Upstash", ...TIERS];
const without = (rows) => (WHOLE ? EVERYTHING : EVERYTHING.filter((row) => !rows.includes(row)));
const ROWS_OF = { "node-20": EVERYTHING, "node-22": without(REMOTE) };

describe("leaks", { concurrency: 2, timeout: WHOLE ? 7_200_000 : 2_400_000 }, () => {
  after(() => table.print());

  wear("Chromium", openChromium, table, { browser: true });
  wear("Firefox", openFirefoxPage, table, { browser: true, rows: without(TIERS) });
  for (const name of RUNTIME_NAMES) {
    // An engine's own client of HTTP takes thousands of calls to find its size.
    const traits = name.startsWith("node") ? { remoteCalls: WHOLE ? 10_000 : 3_000 } : {};
    wear(name, (program) => openProcess(name, program), table, { rows: ROWS_OF[name] ?? without(TIERS), ...traits });
  }
  wear("workerd", (program) => openWorkerd(program, "2026-01-01"), table, { rows: without(TIERS) });
  // Of a time when workerd had no FinalizationRegistry: closing is all there is.
  wear("workerd 2025-01-01", (program) => openWorkerd(program, "2025-01-01"), table, {
    rows: ["memory"],
    forgets: false,
  });
});
