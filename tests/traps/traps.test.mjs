/**
 * A trap in wasm is survived, in every runtime: what is in flight is rejected, the next call works on a fresh instance,
 * IndexedDB is whole, nobody hears of anything uncaught, no handler is installed for everyone, and instances that were given
 * up are collected. On the package `bytestow-trap`, whose wasm has exports that trap.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { trapPackageRoot } from "../support/package.mjs";
import { openChromium, openFirefoxPage, openProcess, openWorkerd } from "../support/programs/drivers.mjs";
import { RUNTIME_NAMES } from "../support/runtimes.mjs";

const STEPS = fileURLToPath(new URL("steps.mjs", import.meta.url));
const RESETS = 1_000;

const RUNTIMES = {
  ...Object.fromEntries(RUNTIME_NAMES.map((name) => [name, { open: (program) => openProcess(name, program) }])),
  Chromium: { open: openChromium, persistent: true },
  Firefox: { open: openFirefoxPage, persistent: true },
  workerd: { open: (program) => openWorkerd(program, "2026-01-01") },
};

describe("traps", { concurrency: 2, timeout: 1_200_000 }, () => {
  for (const [name, { open, persistent = false }] of Object.entries(RUNTIMES)) {
    test(name, { concurrency: 1 }, async (t) => {
      const driver = await open({ root: trapPackageRoot(), steps: STEPS, embeddings: true });
      try {
        for (const name of await driver.ask("names", { persistent })) {
          await t.test(name, () => driver.ask("run", { name, persistent }));
        }
        await t.test(`${RESETS} resets do not make the memory grow`, () => resets(t, driver));
        await t.test("nothing was uncaught, and no handler installed", async () => {
          assert.deepEqual(distinct(await driver.ask("troubles")), []);
          assert.deepEqual(await driver.ask("installed"), []);
        });
      } finally {
        const complaints = await driver.close();
        await t.test("the runtime complained of nothing", () => assert.deepEqual(complaints, []));
      }
    });
  }
});

/** Each thing once: a trouble comes by the hundred. */
const distinct = (stacks) => [...new Set(stacks.map((stack) => stack.split("\n", 1)[0]))];

/** Compares after a first hundred: by then the heap has found its size. */
async function resets(t, driver) {
  const figures = async () => {
    const { heap } = await driver.settle();
    return { heap, ...(await driver.ask("instances")) };
  };
  await driver.ask("resets", { times: 100 });
  const before = await figures();
  for (let done = 0; done < RESETS; done += 100) {
    await driver.ask("resets", { times: 100 });
    await driver.settle();
  }
  const after = await figures();
  const made = after.made - before.made;
  t.diagnostic(
    `${driver.title}: ${made} instances made, alive ${before.alive} → ${after.alive}, heap ${before.heap} → ${after.heap}`,
  );
  assert.ok(made >= RESETS, JSON.stringify([before, after]));
  // Each had 2 MB of values. A collector that reads the stack takes what looks like a pointer for one.
  assert.ok(after.alive <= 10, JSON.stringify([before, after]));
  if (after.heap !== undefined) assert.ok(after.heap - before.heap < 2_000_000, JSON.stringify([before, after]));
}
