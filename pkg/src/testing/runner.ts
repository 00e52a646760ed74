import { inTime } from "./clock.js";
import type { RuleContext } from "./context.js";
import type { RuleId } from "./contract.js";
import { check, fail, KitFailure, outcome, show } from "./expect.js";

/** A rule, ready to run. */
export interface Rule<Id extends string = RuleId, Context = RuleContext> {
  /** Its id, which never changes its meaning: `"R4-empty-value"`. */
  readonly id: Id;
  /** What it says. */
  readonly title: string;
  /** Checks it, and throws if it is broken. */
  run(context: Context): Promise<void>;
}

/** How one rule went. */
export interface RuleResult<Id extends string = RuleId> {
  /** Which rule: `"R4-empty-value"`. */
  readonly id: Id;
  /** What the rule says. */
  readonly title: string;
  /** Whether it is kept. */
  readonly ok: boolean;
  /** Where the rule is broken: `seed=... rule=... store=... runtime=...: what happened`. Empty where it holds. */
  readonly message: string;
  /** What could not be checked here, and why. Part of the result: show it. */
  readonly notes: readonly string[];
  /** How long it took, in ms. */
  readonly ms: number;
}

/** How all rules went. */
export interface Report<Id extends string = RuleId> {
  /** Give this to another run to get the same keys, texts and values. */
  readonly seed: string;
  /** The harness's name for what was held to the rules. */
  readonly store: string;
  /** The harness's name for the runtime, else the user agent. */
  readonly runtime: string;
  /** The rules that are kept. */
  readonly passed: readonly RuleResult<Id>[];
  /** The rules that are broken. */
  readonly failed: readonly RuleResult<Id>[];
}

/** Options of a run. */
export interface RunOptions<Id extends string = RuleId> {
  /** Where all keys, texts and values come from; made from the time if left out. */
  seed?: string | number;
  /** The rules to run, by id or by the part before the first hyphen (`"R4"`); all if left out. */
  only?: readonly string[];
  /** Told of each result as it comes. */
  onResult?: (result: RuleResult<Id>) => void;
  /** The most that a rule may take, in ms; 60,000 unless said. A rule that takes longer is broken. */
  timeout?: number;
}

/** What the runner has to know of a harness. */
export interface Named {
  name: string;
  runtime?: string;
}

/** What the runner has to know of what a rule has in hand. */
export interface Begun {
  readonly notes: readonly string[];
  /** Removes what the rule has left. Never fails. */
  end(): Promise<void>;
}

/** Rules that belong together, and how one of them begins. */
export interface Kit<Id extends string, Harness extends Named, Context extends Begun> {
  readonly rules: readonly Rule<Id, Context>[];
  /** Gives what a rule has in hand; `backend` names a place of its own. */
  start(harness: Harness, backend: string, seed: string): Promise<Context>;
}

/** The rules of a list of titles, in its order. */
export function rulesOf<Id extends string, Context>(
  titles: Readonly<Record<Id, string>>,
  bodies: Readonly<Record<Id, (context: Context) => Promise<void>>>,
): readonly Rule<Id, Context>[] {
  const ids = Object.keys(titles) as Id[];
  return Object.freeze(ids.map((id) => Object.freeze({ id, title: titles[id], run: bodies[id] })));
}

/** A seed for a run that was not given one. */
export function newSeed(): string {
  return Date.now().toString(36);
}

/** Runs the rules of a kit, one after the other. */
export async function runAll<Id extends string, Harness extends Named, Context extends Begun>(
  kit: Kit<Id, Harness, Context>,
  harness: Harness,
  options: RunOptions<Id>,
): Promise<Report<Id>> {
  const seed = String(options.seed ?? newSeed());
  const results: RuleResult<Id>[] = [];
  for (const rule of chosen(kit.rules, options.only)) {
    const result = await runRule(kit, rule, harness, seed, options.timeout);
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
export async function runRule<Id extends string, Harness extends Named, Context extends Begun>(
  kit: Kit<Id, Harness, Context>,
  rule: Rule<Id, Context>,
  harness: Harness,
  seed: string,
  timeout = 60_000,
): Promise<RuleResult<Id>> {
  const started = Date.now();
  // The time stands in the name because a run that was killed cannot clean up, and its seed may be given again.
  const backend = `bytestow-kit-${seed}-${started.toString(36)}-${rule.id}`;
  let context: Context | undefined;
  const end = await outcome(async () => {
    const work = async () => {
      context = await kit.start(harness, backend, `${seed}/${rule.id}`);
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

/** Ends a test if the rule is broken. */
export function raise(result: RuleResult<string>): void {
  if (!result.ok) fail(result.message);
}

function chosen<R extends { readonly id: string }>(rules: readonly R[], only: readonly string[] | undefined) {
  if (only === undefined) return rules;
  const named = (rule: R, name: string) => rule.id === name || rule.id.startsWith(`${name}-`);
  for (const name of only) {
    if (!rules.some((rule) => named(rule, name))) throw new TypeError(`there is no rule ${JSON.stringify(name)}`);
  }
  return rules.filter((rule) => only.some((name) => named(rule, name)));
}

function described(error: unknown): string {
  if (error instanceof KitFailure) return error.message;
  return `a call failed that should not have: ${show(error)}`;
}

function runtimeOf(harness: Named): string {
  return harness.runtime ?? globalThis.navigator?.userAgent ?? "unnamed";
}
