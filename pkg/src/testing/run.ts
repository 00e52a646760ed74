import { inTime } from "./clock.js";
import { RuleContext } from "./context.js";
import { RULE_TITLES, type RuleId } from "./contract.js";
import { check, fail, KitFailure, outcome, show } from "./expect.js";
import type { Harness } from "./harness.js";
import { bodies } from "./rules/index.js";

/** A rule of the contract, ready to run. */
export interface Rule {
  /** Its id, which never changes its meaning: `"R4-empty-value"`. */
  readonly id: RuleId;
  /** What it says. */
  readonly title: string;
  /** Checks it, and throws if the store breaks it. */
  run(context: RuleContext): Promise<void>;
}

/** How one rule went. */
export interface RuleResult {
  /** Which rule: `"R4-empty-value"`. */
  readonly id: RuleId;
  /** What the rule says. */
  readonly title: string;
  /** Whether the store keeps it. */
  readonly ok: boolean;
  /** Where the rule is broken: `seed=... rule=... store=... runtime=...: what happened`. Empty where it holds. */
  readonly message: string;
  /** What could not be checked in this runtime or on this store, and why. Part of the result: show it. */
  readonly notes: readonly string[];
  /** How long it took, in ms. */
  readonly ms: number;
}

/** How all rules went. */
export interface Report {
  /** Give this to {@link runRules} again to get the same keys and values. */
  readonly seed: string;
  /** The harness's name for the store. */
  readonly store: string;
  /** The harness's name for the runtime, else the user agent. */
  readonly runtime: string;
  /** The rules that the store keeps. */
  readonly passed: readonly RuleResult[];
  /** The rules that it breaks. */
  readonly failed: readonly RuleResult[];
}

/** Options of a run. */
export interface RunOptions {
  /** Where all keys and values come from; made from the time if left out. */
  seed?: string | number;
  /** The rules to run, by id or by the part before the first hyphen (`"R4"`); all if left out. */
  only?: readonly string[];
  /** Told of each result as it comes. */
  onResult?: (result: RuleResult) => void;
  /** The most that a rule may take, in ms; 60,000 unless said. A rule that takes longer is broken. */
  timeout?: number;
}

/** The contract, rule by rule, in its order. */
export const rules: readonly Rule[] = Object.freeze(
  (Object.keys(RULE_TITLES) as RuleId[]).map((id) => Object.freeze({ id, title: RULE_TITLES[id], run: bodies[id] })),
);

/** A seed for a run that was not given one. */
export function newSeed(): string {
  return Date.now().toString(36);
}

/**
 * Holds a store against the contract. Rejects only if the call itself is wrong (`only` names no rule): a broken rule
 * stands in the report, with a message that says how to repeat it.
 */
export async function runRules(harness: Harness, options: RunOptions = {}): Promise<Report> {
  const seed = String(options.seed ?? newSeed());
  const results: RuleResult[] = [];
  for (const rule of chosen(options.only)) {
    const result = await runRule(rule, harness, seed, options.timeout);
    results.push(result);
    options.onResult?.(result);
  }
  return {
    seed,
    store: harness.name,
    runtime: runtimeOf(harness),
    passed: results.filter((result) => result.ok),
    failed: results.filter((result) => !result.ok),
  };
}

/** Runs one rule on a backend of its own, and cleans up behind it. */
export async function runRule(rule: Rule, harness: Harness, seed: string, timeout = 60_000): Promise<RuleResult> {
  const started = Date.now();
  // The time stands in the name because a run that was killed cannot clean up, and its seed may be given again.
  const backend = `bytestow-kit-${seed}-${started.toString(36)}-${rule.id}`;
  let context: RuleContext | undefined;
  const end = await outcome(async () => {
    const work = async () => {
      context = await RuleContext.start(harness, backend, `${seed}/${rule.id}`);
      await rule.run(context);
    };
    check(await inTime(timeout, work()), `not done after ${timeout} ms`);
  });
  await context?.end();
  const where = `seed=${seed} rule=${rule.id} store=${harness.name} runtime=${runtimeOf(harness)}`;
  return {
    id: rule.id,
    title: rule.title,
    ok: end.ok,
    message: end.ok ? "" : `${where}: ${described(end.error)}`,
    notes: context?.notes ?? [],
    ms: Date.now() - started,
  };
}

function chosen(only: readonly string[] | undefined): readonly Rule[] {
  if (only === undefined) return rules;
  const named = (rule: Rule, name: string) => rule.id === name || rule.id.startsWith(`${name}-`);
  for (const name of only) {
    if (!rules.some((rule) => named(rule, name))) throw new TypeError(`there is no rule ${JSON.stringify(name)}`);
  }
  return rules.filter((rule) => only.some((name) => named(rule, name)));
}

function described(error: unknown): string {
  if (error instanceof KitFailure) return error.message;
  return `a call failed that should not have: ${show(error)}`;
}

function runtimeOf(harness: Harness): string {
  return harness.runtime ?? globalThis.navigator?.userAgent ?? "unnamed";
}

/** Ends a test if the rule is broken. */
export function raise(result: RuleResult): void {
  if (!result.ok) fail(result.message);
}
