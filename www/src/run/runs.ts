/**
 * The runs of this tab, and what they say of cold against warm. They outlive a reload (`sessionStorage`), so that the
 * warm run after it still has its cold one to stand beside.
 */
import { sha256 } from "../hash.ts";
import type { TierUse, Uses } from "../stores/use.ts";
import type { PhaseTimes } from "./run.ts";
import { SAVED } from "./saved.ts";

/** One run, as the table shows it. */
export interface Run {
  number: number;
  /** Page load it belongs to, so that the table can show where a reload was. */
  load: string;
  /** Of the chunks and the embedder: only runs over the same ones are compared. */
  setId: string;
  /** Which texts, in words. */
  texts: string;
  embedder: string;
  chunks: number;
  hits: number;
  misses: number;
  uses: Uses;
  times: PhaseTimes;
  total: number;
  /** A search went on meanwhile: what the tiers counted is of both, and so is the time. */
  beside?: true;
}

/** Cold: nothing came from a tier. Warm: everything did, from one of them, or of more than one. */
export type Temperature =
  | "cold"
  | "warm (memory)"
  | "warm (browser)"
  | "warm (remote)"
  | "warm (mixed)"
  | "partly warm";

/** Which of them a run was. */
export function temperature({
  hits,
  misses,
  uses,
  beside,
}: Pick<Run, "hits" | "misses" | "uses" | "beside">): Temperature {
  if (misses > 0) return hits === 0 ? "cold" : "partly warm";
  if (beside) return "warm (mixed)";
  if (uses.memory.hits === hits) return "warm (memory)";
  if (uses.browser.hits === hits) return "warm (browser)";
  return uses.remote?.hits === hits ? "warm (remote)" : "warm (mixed)";
}

/** The latest run of each kind. */
export interface Comparison {
  cold?: Run;
  memory?: Run;
  browser?: Run;
  remote?: Run;
}

/** What there is to compare in runs over one set. */
export function compare(runs: readonly Run[]): Comparison {
  const comparison: Comparison = {};
  for (const run of runs) {
    const kind = temperature(run);
    if (kind === "cold") comparison.cold = run;
    if (kind === "warm (memory)") comparison.memory = run;
    if (kind === "warm (browser)") comparison.browser = run;
    if (kind === "warm (remote)") comparison.remote = run;
  }
  return comparison;
}

/** Names a set of chunks and who embeds them: runs over the same set are compared. */
export function setIdOf(texts: readonly string[], model: string): Promise<string> {
  return sha256(JSON.stringify([model, texts.join("\0")]));
}

const KEPT = 50;

/** The runs that an earlier load of this tab made. */
export function loadRuns(): Run[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(SAVED) ?? "[]");
    return Array.isArray(kept) && kept.every(isRun) ? kept : [];
  } catch {
    // Storage denied, or not what this page wrote: the table starts empty, nothing else depends on it.
    return [];
  }
}

/** Keeps the latest runs for a reload. */
export function saveRuns(runs: readonly Run[]): void {
  try {
    sessionStorage.setItem(SAVED, JSON.stringify(runs.slice(-KEPT)));
  } catch {
    // See loadRuns.
  }
}

function isRun(value: unknown): value is Run {
  const { uses, times, ...run } = Object(value) as Partial<Record<keyof Run, unknown>>;
  const { memory, browser, remote } = Object(uses) as Partial<Record<keyof Uses, unknown>>;
  return (
    areNumbers(pick(run, ["number", "chunks", "hits", "misses", "total"])) &&
    areNumbers(pick(times, ["read", "embed", "write"])) &&
    isUse(memory) &&
    isUse(browser) &&
    (remote === null || isUse(remote)) &&
    (run.beside === undefined || run.beside === true) &&
    [run.load, run.setId, run.texts, run.embedder].every((text) => typeof text === "string")
  );
}

function isUse(value: unknown): value is TierUse {
  return areNumbers(pick(value, ["hits", "requests", "bytesRead", "bytesWritten"]));
}

function pick(value: unknown, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, (Object(value) as Record<string, unknown>)[name]]));
}

function areNumbers(values: Record<string, unknown>): boolean {
  return Object.values(values).every((value) => typeof value === "number");
}
