import { type Kit, type Report, type Rule, type RunOptions, rulesOf, runAll } from "../runner.js";
import { CacheContext } from "./context.js";
import { CACHE_RULE_TITLES, type CacheRuleId } from "./contract.js";
import type { EmbeddingsCacheHarness } from "./harness.js";
import { bodies } from "./rules/index.js";

/** What every embeddings cache must do, and what it must do that claims more, rule by rule. */
export const embeddingsCacheRules: readonly Rule<CacheRuleId, CacheContext>[] = rulesOf(CACHE_RULE_TITLES, bodies);

/** The rules on caches, for the runner. */
export const cacheKit: Kit<CacheRuleId, EmbeddingsCacheHarness, CacheContext> = {
  rules: embeddingsCacheRules,
  start: CacheContext.start,
};

/** Holds an embeddings cache to the rules. Rejects only if the call itself is wrong (`only` names no rule). */
export function runEmbeddingsCacheRules(
  harness: EmbeddingsCacheHarness,
  options: RunOptions<CacheRuleId> = {},
): Promise<Report<CacheRuleId>> {
  return runAll(cacheKit, harness, options);
}
