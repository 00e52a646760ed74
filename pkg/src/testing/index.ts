/**
 * `bytestow/testing`: the contract of bytestow's stores as rules that run on any store, in any runtime, under any test
 * runner or none.
 */

export { byteStoreTests, type TestFunction, type TestOptions } from "./adapter.js";
export type { RuleContext } from "./context.js";
export type { RuleId } from "./contract.js";
export type { Bounds, Harness, OpenOptions, TestedStore } from "./harness.js";
export { type Report, type Rule, type RuleResult, type RunOptions, rules, runRules } from "./run.js";
