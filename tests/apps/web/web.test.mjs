/**
 * Apps for browsers that use the package from its tarball, built by the tools that people use, and run. One file, so that
 * each browser is started once; to run a part: `--test-name-pattern=webpack`.
 */

import { describe } from "node:test";
import { bundlers } from "./suites/bundlers.mjs";
import { copies } from "./suites/copies.mjs";
import { policy } from "./suites/policy.mjs";
import { workers } from "./suites/workers.mjs";
import { stage } from "./support/stage.mjs";

describe("apps on the web", { timeout: 1_200_000 }, () => {
  const there = stage();
  bundlers(there);
  workers(there);
  policy(there);
  copies(there);
});
