import type { RuleContext } from "../context.js";
import type { RuleId } from "../contract.js";

/** What checks a rule. Throws if the store breaks it. */
export type RuleBody = (context: RuleContext) => Promise<void>;

/** The bodies of some rules, as each file of this folder gives them. */
export type SomeRules = Partial<Record<RuleId, RuleBody>>;
