/**
 * Nothing leaks: 20,000 keys in calls of 1 and 100,000 in calls of 100 leave wasm's memory, what wasm holds, the JavaScript
 * heap and the process's handles flat, on each store in each runtime; so do stores that are closed, and stores that are
 * forgotten. Prints the figures.
 *
 *   BYTESTOW_LEAKS=whole   100,000 keys in calls of 1, too, and more calls over HTTP: half an hour
 */

import { after, describe } from "node:test";
import { openChromium, openFirefoxPage, openProcess, openWorkerd } from "../support/programs/drivers.mjs";
import { RUNTIME_NAMES } from "../support/runtimes.mjs";
import { Table } from "./flat.mjs";
import { WHOLE, wear } from "./wear.mjs";

const table = new Table();

describe("leaks", { concurrency: 2, timeout: 1_200_000 }, () => {
  after(() => table.print());

  wear("Chromium", openChromium, table, { browser: true });
  wear("Firefox", openFirefoxPage, table, { browser: true });
  for (const name of RUNTIME_NAMES) {
    // An engine's own client of HTTP takes thousands of calls to find its size.
    const traits = name.startsWith("node") ? { remoteCalls: WHOLE ? 10_000 : 3_000 } : {};
    wear(name, (program) => openProcess(name, program), table, traits);
  }
  wear("workerd", (program) => openWorkerd(program, "2026-01-01"), table);
  // Of a time when workerd had no FinalizationRegistry: closing is all there is.
  wear("workerd 2025-01-01", (program) => openWorkerd(program, "2025-01-01"), table, {
    rows: ["memory"],
    forgets: false,
  });
});
