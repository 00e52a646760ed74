// The rules of a kit, on ours in workerd: over memory, servers of Upstash's protocol, tiers and LangChain's store; and across
// requests: none waits for what another one has begun, which may be over.

import assert from "node:assert/strict";
import test, { after, describe } from "node:test";
import { compatibilityDate as newest } from "workerd";
import { startServer } from "../../support/upstash/server.mjs";
import { LANGCHAIN } from "../embeddings/caches.mjs";
import { startWorker } from "../grid/miniflare.mjs";
import { SEED } from "../grid/record.mjs";
import { bundleWorker } from "./bundle.mjs";
import { KitResults } from "./record.mjs";
import { rowsOnServers } from "./servers.mjs";

const OLD = "2024-01-01";
/** What the runtime logs where requests have waited for one another, or something was thrown that nobody caught. */
const COMPLAINTS = /different request|never complete|hung|uncaught|unhandled/iu;

/**
 * Registers the suite of a kit, in the newest workerd and an old one. `across` registers what is tested across requests: each
 * test is given what asks a Worker of its own.
 *
 * @param {typeof import("./kits.mjs").EMBEDDINGS} kit
 * @param {(test: (name: string, ms: number, body: (ask: Function) => Promise<void>) => void) => void} across
 * @param {object} [more] What goes along with each task.
 */
export async function kitInWorkerd(kit, across, more = {}) {
  const results = new KitResults(kit);
  const [modules, strict] = await Promise.all([bundleWorker("worker.mjs", kit.folder), startServer()]);
  after(() => strict.close());
  after(() => results.finish());

  const alone = ["memory", "wrapped Map", LANGCHAIN].map((store) => ({ store }));
  // Over a real Redis a kit runs in Node: what stands behind the protocol is the same for all runtimes.
  const served = rowsOnServers(kit, strict);
  for (const [date, rows] of [
    [newest, [...alone, ...served]],
    [OLD, alone],
  ]) {
    const runtime = `workerd ${date}`;
    describe(runtime, { timeout: kit.patience.workerd }, () => {
      let worker;
      const ask = async (...args) => {
        worker ??= startWorker(modules, date);
        return (await worker).ask(...args);
      };
      after(async () => (await worker)?.stop());

      describe("rule by rule", { concurrency: 4 }, () => {
        for (const row of rows) {
          const run = (rule) => ask("rule", { ...row, rule, seed: SEED, runtime, ...more });
          const tests = results.testsElsewhere(row.store, runtime, run);
          describe(row.store, { concurrency: 1 }, () => {
            for (const { name, body } of tests) test(name, body);
          });
        }
      });

      test("nothing was thrown that nobody caught, and no request waited for another one", async () => {
        assert.doesNotMatch((await worker).said(), COMPLAINTS);
      });

      across((name, timeout, body) => {
        test(name, { timeout }, async () => {
          const fresh = await startWorker(modules, date);
          try {
            await body((...args) => fresh.ask(...args));
          } finally {
            await fresh.stop();
          }
          assert.doesNotMatch(fresh.said(), COMPLAINTS);
        });
      });
    });
  }
}
