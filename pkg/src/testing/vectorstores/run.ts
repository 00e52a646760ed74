import { type Kit, type Report, type Rule, type RunOptions, rulesOf, runAll } from "../runner.js";
import { VectorStoreContext } from "./context.js";
import { VECTOR_STORE_RULE_TITLES, type VectorStoreRuleId } from "./contract.js";
import type { VectorStoreHarness } from "./harness.js";
import { bodies } from "./rules/index.js";

/** What every vector store must do, and what it must do that claims more, rule by rule. */
export const vectorStoreRules: readonly Rule<VectorStoreRuleId, VectorStoreContext>[] = rulesOf(
  VECTOR_STORE_RULE_TITLES,
  bodies,
);

/** The rules on vector stores, for the runner. */
export const vectorStoreKit: Kit<VectorStoreRuleId, VectorStoreHarness, VectorStoreContext> = {
  rules: vectorStoreRules,
  start: VectorStoreContext.start,
};

/** Holds a vector store to the rules. Rejects only if the call itself is wrong (`only` names no rule). */
export function runVectorStoreRules(
  harness: VectorStoreHarness,
  options: RunOptions<VectorStoreRuleId> = {},
): Promise<Report<VectorStoreRuleId>> {
  return runAll(vectorStoreKit, harness, options);
}
