import type { RuleId } from "./contract.js";
import type { Harness } from "./harness.js";
import { storeKit } from "./run.js";
import { type Begun, type Kit, type Named, newSeed, type RuleResult, raise, runRule } from "./runner.js";

/** The `test` function of a runner, as far as the kit needs it: of node:test, Vitest, Jest, Bun or Deno. */
export type TestFunction = (name: string, body: () => Promise<void>) => unknown;

/** Options of {@link byteStoreTests}, and of the other functions that register rules as tests. */
export interface TestOptions<Id extends string = RuleId> {
  /** Where all keys, texts and values come from; made from the time if left out. A failing test names it. */
  seed?: string | number;
  /** The most that a rule may take, in ms; 60,000 unless said. The runner's own limit may be shorter. */
  timeout?: number;
  /** Told of each result. Without it, notes (what could not be checked) go to the console. */
  onResult?: (result: RuleResult<Id>) => void;
}

/**
 * Registers each rule of the contract as a test of the runner whose `test` function is given.
 *
 * ```js
 * import test from "node:test"; // or: import { test } from "vitest"
 * import { byteStoreTests } from "bytestow/testing";
 *
 * byteStoreTests(test, { name: "my store", open: () => new MyStore() });
 * ```
 */
export function byteStoreTests(test: TestFunction, harness: Harness, options: TestOptions = {}): void {
  register(storeKit, test, harness, options);
}

/** Registers each rule of a kit as a test. */
export function register<Id extends string, H extends Named, Context extends Begun>(
  kit: Kit<Id, H, Context>,
  test: TestFunction,
  harness: H,
  options: TestOptions<Id>,
): void {
  const seed = String(options.seed ?? newSeed());
  const tell = options.onResult ?? printNotes;
  for (const rule of kit.rules) {
    // No parameter: Jest takes a function with one for a callback to be waited for.
    test(`${harness.name}: ${rule.id}: ${rule.title}`, async () => {
      const result = await runRule(kit, rule, harness, seed, options.timeout);
      tell(result);
      raise(result);
    });
  }
}

function printNotes(result: RuleResult<string>): void {
  for (const note of result.notes) console.info(`${result.id}: ${note}`);
}
