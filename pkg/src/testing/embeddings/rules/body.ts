import type { CacheContext } from "../context.js";
import type { CacheRuleId } from "../contract.js";

/** What checks a rule. Throws if the cache breaks it. */
export type CacheRuleBody = (context: CacheContext) => Promise<void>;

/** The bodies of some rules, as each file of this folder gives them. */
export type SomeCacheRules = Partial<Record<CacheRuleId, CacheRuleBody>>;
