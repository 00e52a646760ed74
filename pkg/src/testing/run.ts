import { RuleContext } from "./context.js";
import { RULE_TITLES, type RuleId } from "./contract.js";
import type { Harness } from "./harness.js";
import { bodies } from "./rules/index.js";
import { type Kit, type Report, type Rule, type RunOptions, rulesOf, runAll } from "./runner.js";

/** The contract, rule by rule, in its order. */
export const rules: readonly Rule[] = rulesOf(RULE_TITLES, bodies);

/** The rules on stores, for the runner. */
export const storeKit: Kit<RuleId, Harness, RuleContext> = { rules, start: RuleContext.start };

/**
 * Holds a store against the contract. Rejects only if the call itself is wrong (`only` names no rule): a broken rule
 * stands in the report, with a message that says how to repeat it.
 */
export function runRules(harness: Harness, options: RunOptions = {}): Promise<Report> {
  return runAll(storeKit, harness, options);
}
