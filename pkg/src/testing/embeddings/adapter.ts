import { register, type TestFunction, type TestOptions } from "../adapter.js";
import type { CacheRuleId } from "./contract.js";
import type { EmbeddingsCacheHarness } from "./harness.js";
import { cacheKit } from "./run.js";

/**
 * Registers each rule on embeddings caches as a test of the runner whose `test` function is given.
 *
 * ```js
 * import test from "node:test"; // or: import { test } from "vitest"
 * import { embeddingsCacheTests } from "bytestow/testing";
 *
 * embeddingsCacheTests(test, {
 *   name: "my cache",
 *   claims: { shares: true, queries: true },
 *   open: ({ model, store, options }) => new MyCache(model, store, options.model),
 * });
 * ```
 */
export function embeddingsCacheTests(
  test: TestFunction,
  harness: EmbeddingsCacheHarness,
  options: TestOptions<CacheRuleId> = {},
): void {
  register(cacheKit, test, harness, options);
}
