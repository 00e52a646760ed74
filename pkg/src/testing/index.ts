/**
 * `bytestow/testing`: the contract of bytestow's stores, and those of its embeddings cache and its vector store, as rules
 * that run on any of them, in any runtime, under any test runner or none.
 */

export { byteStoreTests, type TestFunction, type TestOptions } from "./adapter.js";
export type { RuleContext } from "./context.js";
export type { RuleId } from "./contract.js";
export { embeddingsCacheTests } from "./embeddings/adapter.js";
export type { CacheContext } from "./embeddings/context.js";
export type { CacheRuleId } from "./embeddings/contract.js";
export type {
  BelowOptions,
  CacheClaims,
  CacheKeyEncoder,
  CacheOptions,
  CachePrecision,
  CacheProgress,
  CacheStats,
  EmbeddingsCacheHarness,
  TestedCache,
  TestedEmbedOptions,
  TestedModel,
} from "./embeddings/harness.js";
export { embeddingsCacheRules, runEmbeddingsCacheRules } from "./embeddings/run.js";
export type { Bounds, Harness, OpenOptions, TestedStore } from "./harness.js";
export { rules, runRules } from "./run.js";
export type { Report, Rule, RuleResult, RunOptions } from "./runner.js";
export { vectorStoreTests } from "./vectorstores/adapter.js";
export type { VectorStoreContext } from "./vectorstores/context.js";
export type { VectorStoreRuleId } from "./vectorstores/contract.js";
export type {
  TestedDocument,
  TestedFilter,
  TestedVectorStore,
  VectorStoreClaims,
  VectorStoreHarness,
  VectorStoreOptions,
} from "./vectorstores/harness.js";
export { runVectorStoreRules, vectorStoreRules } from "./vectorstores/run.js";
