// The contract on our stores in newer Nodes, Deno and Bun: each a process that runs rules on demand. Servers of Upstash's
// protocol are here.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { RUNTIME_NAMES, runtimeOf, THIS_NODE } from "../support/runtimes.mjs";
import { startRedis } from "../support/upstash/redis.mjs";
import { startServer } from "../support/upstash/server.mjs";
import { startProcess } from "../support/worker_process.mjs";
import { Results, SEED, testsElsewhere } from "./grid/record.mjs";
import { ALONE, onServers } from "./grid/rows.mjs";
import { Turns } from "./grid/turns.mjs";

const PROGRAM = fileURLToPath(new URL("grid/program.mjs", import.meta.url));
const results = new Results("runtimes");
after(() => results.finish());

// The Node that runs this has a suite of its own.
const others = RUNTIME_NAMES.filter((each) => each !== THIS_NODE);
describe("the contract", { concurrency: 2 }, () => {
  for (const name of others) {
    // Each has servers of its own: the numbers of databases are given out by each process.
    describe(name, { timeout: 900_000, concurrency: 1 }, async () => {
      const { path, args, title: runtime } = runtimeOf(name);
      const program = startProcess(path, args(PROGRAM));
      const [strict, redis] = await Promise.all([startServer(), startRedis()]);
      after(() => Promise.all([strict.close(), redis.close()]));

      for (const store of ALONE) {
        const run = (rule) => program.ask("rule", { store, rule, seed: SEED, runtime });
        for (const { name: title, body } of testsElsewhere(store, results.row(store, runtime), run)) test(title, body);
      }

      test("IndexedDB is not there: every call is refused as unavailable", async () => {
        results.absent("IndexedDB", runtime, await program.ask("refusals"));
      });

      const turns = new Turns();
      describe("on servers", { concurrency: 2 }, () => {
        for (const { store, kind, server } of onServers(strict, redis)) {
          const given = { store, kind, seed: SEED, runtime, server: { ...server, row: store } };
          const run = (rule) => program.ask("rule", { ...given, rule });
          const tests = testsElsewhere(store, results.row(store, runtime), run);
          describe(store, () => {
            for (const each of tests) turns.test(each.name, each.body);
          });
        }
      });
      turns.finish();

      test("it has said nothing else, and ends by itself", async () => {
        assert.deepEqual(await program.stop(), { code: 0, said: "" });
      });
    });
  }
});
