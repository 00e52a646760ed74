import type { VectorStoreContext } from "../context.js";
import type { VectorStoreRuleId } from "../contract.js";

/** What checks a rule. Throws if the vector store breaks it. */
export type VectorStoreRuleBody = (context: VectorStoreContext) => Promise<void>;

/** The bodies of some rules, as each file of this folder gives them. */
export type SomeVectorStoreRules = Partial<Record<VectorStoreRuleId, VectorStoreRuleBody>>;
