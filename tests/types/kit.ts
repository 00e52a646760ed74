/** The published kit, under a runner's `test` and without one. */

import { InMemoryByteStore } from "bytestow";
import {
  byteStoreTests,
  type Harness,
  type Report,
  type RuleId,
  rules,
  runRules,
  type TestFunction,
} from "bytestow/testing";

declare const test: TestFunction;

const harness: Harness = {
  name: "memory",
  clock: "injected",
  open: (_backend, options) => new InMemoryByteStore(options),
  bounded: (_backend, bounds, options) => new InMemoryByteStore({ ...options, ...bounds }),
};

byteStoreTests(test, harness, { seed: 1 });

export async function run(): Promise<RuleId[]> {
  const report: Report = await runRules(harness, { seed: "again", only: ["R4"], onResult: ({ ok }) => void ok });
  return report.failed.map((result) => result.id);
}

export const ids: RuleId[] = rules.map((rule) => rule.id);
// @ts-expect-error: no such rule
export const wrong: RuleId = "Z0-none";
