/**
 * The runs of this tab, and what they say of cold against warm. They outlive a reload (`sessionStorage`), so that the
 * warm run after it still has its cold one to stand beside.
 */
import type { PhaseTimes } from "./cache.ts";
import type { TierUse } from "./tiers.ts";

/** One run, as the table shows it. */
export interface Run {
  number: number;
  /** Page load it belongs to, so that the table can show where a reload was. */
  load: string;
  textId: string;
  textName: string;
  chunks: number;
  hits: number;
  misses: number;
  browser: TierUse;
  /** `null` where there was none. */
  remote: TierUse | null;
  bytesRead: number;
  bytesWritten: number;
  times: PhaseTimes;
  total: number;
}

/** Cold: nothing came from a tier. Warm: everything did, from the one, the other, or both. */
export type Temperature = "cold" | "warm (browser)" | "warm (remote)" | "warm (both)" | "partly warm";

/** Which of them a run was. */
export function temperature({
  hits,
  misses,
  browser,
  remote,
}: Pick<Run, "hits" | "misses" | "browser" | "remote">): Temperature {
  if (misses > 0) return hits === 0 ? "cold" : "partly warm";
  if ((remote?.hits ?? 0) === 0) return "warm (browser)";
  return browser.hits === 0 ? "warm (remote)" : "warm (both)";
}

/** The latest run of each kind over one text. */
export interface Comparison {
  cold?: Run;
  browser?: Run;
  remote?: Run;
}

/** What there is to compare for the text `textId`. */
export function compare(runs: readonly Run[], textId: string): Comparison {
  const comparison: Comparison = {};
  for (const run of runs) {
    if (run.textId !== textId) continue;
    const kind = temperature(run);
    if (kind === "cold") comparison.cold = run;
    if (kind === "warm (browser)") comparison.browser = run;
    if (kind === "warm (remote)") comparison.remote = run;
  }
  return comparison;
}

const STORAGE_KEY = "bytestow-demo-runs-2";
const KEPT = 50;

/** The runs that an earlier load of this tab made. */
export function loadRuns(): Run[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "[]");
    return Array.isArray(kept) && kept.every(isRun) ? kept : [];
  } catch {
    // Storage denied, or not what this page wrote: the table starts empty, nothing else depends on it.
    return [];
  }
}

/** Keeps the latest runs for a reload. */
export function saveRuns(runs: readonly Run[]): void {
  try {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify(runs.slice(-KEPT)));
  } catch {
    // See loadRuns.
  }
}

function isRun(value: unknown): value is Run {
  const run = Object(value) as Partial<Record<keyof Run, unknown>>;
  const { number, chunks, hits, misses, bytesRead, bytesWritten, total, browser, remote, times } = run;
  return (
    areNumbers({ number, chunks, hits, misses, bytesRead, bytesWritten, total }) &&
    isUse(browser) &&
    (remote === null || isUse(remote)) &&
    areNumbers(pick(times, ["keys", "read", "embed", "write"])) &&
    [run.load, run.textId, run.textName].every((text) => typeof text === "string")
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
