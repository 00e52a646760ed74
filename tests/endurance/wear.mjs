/** The tests that a runtime is put to: each store of it in calls of 1 and of 100, stores closed, stores forgotten. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../support/package.mjs";
import { startServer } from "../support/upstash/server.mjs";
import { flat } from "./flat.mjs";
import { ROWS } from "./stores.mjs";

/** The module of what is done to stores. */
export const STEPS = fileURLToPath(new URL("work.mjs", import.meta.url));
/**
 * How much a round is. 16 bytes a key forgotten, which are too many, are 5 pages over 20,000 keys, and 24 over 100,000: so
 * many go in calls of 1, too, where `BYTESTOW_LEAKS` is `whole`.
 */
export const WHOLE = process.env.BYTESTOW_LEAKS === "whole";
const KEYS = 100_000;
const KEYS_BY_ONE = WHOLE ? KEYS : 20_000;
/** Calls of a round over HTTP. */
const REMOTE_CALLS = WHOLE ? 1_000 : 600;
/** How many stores of which rows are closed in a round. Not tiers: closing them closes neither. */
const CLOSED = { memory: 10_000, "wrapped Map": 2_000, IndexedDB: 500 };
/** How many are forgotten. Not IndexedDB: a database that nobody closed is the browser's to close. */
const FORGOTTEN = { memory: 10_000, "wrapped Map": 2_000, "tiered: memory, wrapped Map": 2_000 };
/** Keys of the round that is not counted, where nothing is remote. */
const WARM_UP = 5_000;
/** A round makes three calls with each batch of keys. */
const CALLS_A_BATCH = 3;

/** What every runtime is put to, where it has it. */
export const EVERYTHING = Object.keys(ROWS);

/**
 * Registers the tests of one runtime.
 *
 * @param {string} name
 * @param {(program: import("../support/programs/drivers.mjs").Program) => Promise<import("../support/programs/drivers.mjs").Driver>} open
 * @param {import("./flat.mjs").Table} table what was flat is added to it
 * @param {{ rows?: string[], browser?: boolean, remoteCalls?: number, forgets?: boolean }} [traits] `remoteCalls` of a
 *   round over HTTP; `forgets` is false where a runtime has no FinalizationRegistry
 */
export function wear(name, open, table, traits = {}) {
  const { rows = EVERYTHING, browser = false, remoteCalls = REMOTE_CALLS, forgets = true } = traits;
  describe(name, { concurrency: false }, () => {
    let server, driver;

    before(async () => {
      server = await startServer();
      driver = await open({ root: packageRoot(), steps: STEPS, server });
    });

    after(async () => {
      const complaints = await driver?.close();
      await server?.close();
      assert.deepEqual(complaints, []);
    });

    for (const row of rows) {
      const { remote = false, wave = 1, browser: ofBrowsers = false } = ROWS[row];
      if (ofBrowsers && !browser) continue;
      for (const perCall of [1, 100]) {
        const most = perCall === 1 ? KEYS_BY_ONE : KEYS;
        const batches = Math.min(most / perCall, remote ? Math.ceil(remoteCalls / CALLS_A_BATCH) : Infinity);
        const keys = batches * perCall;
        test(`${row}: ${shown(keys)} keys in calls of ${perCall}`, async () => {
          const round = (count) => driver.ask("round", { keys: count, perCall, wave });
          await driver.ask("open", { row, server: remote ? { url: server.url, token: server.token } : undefined });
          // An engine's own client of HTTP takes thousands of calls to find its size.
          await round(remote ? Math.ceil(batches / 2) * perCall : WARM_UP);
          table.add(`${row}, by ${perCall}`, driver, await flat(driver, () => round(keys)));
          await driver.ask("end");
        });
      }
    }

    for (const [row, times] of Object.entries(CLOSED).filter(([each]) => browser || !ROWS[each].browser)) {
      test(`${row}: ${shown(times)} stores opened and closed: nothing is left of them in wasm, though they are still held`, async () => {
        const round = () => driver.ask("openAndClose", { times, row });
        await round();
        table.add(`${row}, stores closed, still held`, driver, await flat(driver, round, ["pages", "handles"]));
        await driver.ask("letGo");
      });
    }

    for (const [row, times] of Object.entries(forgets ? FORGOTTEN : {})) {
      test(`${row}: ${shown(times)} stores forgotten open are collected, and what they held with them`, async () => {
        const round = async () => {
          for (let done = 0; done < times; done += times / 10) {
            await driver.ask("openAndForget", { times: times / 10, row });
            await driver.settle();
          }
        };
        await round();
        const figures = await flat(driver, round);
        table.add(`${row}, stores forgotten`, driver, figures);
        // Each held a function at least.
        assert.ok(figures.after.handles < times / 100, JSON.stringify(figures));
      });
    }
  });
}

function shown(count) {
  return count.toLocaleString("en");
}
