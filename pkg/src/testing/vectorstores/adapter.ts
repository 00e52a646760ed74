import { register, type TestFunction, type TestOptions } from "../adapter.js";
import type { VectorStoreRuleId } from "./contract.js";
import type { VectorStoreHarness } from "./harness.js";
import { vectorStoreKit } from "./run.js";

/**
 * Registers each rule on vector stores as a test of the runner whose `test` function is given.
 *
 * ```js
 * import test from "node:test"; // or: import { test } from "vitest"
 * import { vectorStoreTests } from "bytestow/testing";
 *
 * vectorStoreTests(test, {
 *   name: "my vector store",
 *   claims: { getByIds: true, mmr: true },
 *   open: ({ model }) => new MyVectorStore(model),
 * });
 * ```
 */
export function vectorStoreTests(
  test: TestFunction,
  harness: VectorStoreHarness,
  options: TestOptions<VectorStoreRuleId> = {},
): void {
  register(vectorStoreKit, test, harness, options);
}
