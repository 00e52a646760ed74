/**
 * The runs of this tab, and what they say of cold against warm. They outlive a reload (`sessionStorage`), so that the
 * warm run after it still has its cold one to stand beside.
 */
import type { PhaseTimes } from "./cache.ts";

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
  bytesRead: number;
  bytesWritten: number;
  times: PhaseTimes;
  total: number;
}

/** Cold: nothing came from the cache. Warm: everything did. */
export type Temperature = "cold" | "warm" | "partly warm";

/** Which of the three a run was. */
export function temperature(run: Pick<Run, "hits" | "misses">): Temperature {
  if (run.misses === 0) return "warm";
  return run.hits === 0 ? "cold" : "partly warm";
}

/** The latest cold and the latest warm run over one text. */
export interface Comparison {
  cold?: Run;
  warm?: Run;
}

/** What there is to compare for the text `textId`. */
export function compare(runs: readonly Run[], textId: string): Comparison {
  const comparison: Comparison = {};
  for (const run of runs) {
    if (run.textId !== textId) continue;
    const kind = temperature(run);
    if (kind === "cold") comparison.cold = run;
    if (kind === "warm") comparison.warm = run;
  }
  return comparison;
}

const STORAGE_KEY = "bytestow-demo-runs-1";
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
  if (typeof value !== "object" || value === null) return false;
  const run = value as Partial<Record<keyof Run, unknown>>;
  const numbers = [run.number, run.chunks, run.hits, run.misses, run.bytesRead, run.bytesWritten, run.total];
  const times = run.times as Partial<Record<string, unknown>> | undefined;
  const phases = [times?.keys, times?.read, times?.embed, times?.write];
  return (
    [...numbers, ...phases].every((number) => typeof number === "number") &&
    [run.load, run.textId, run.textName].every((text) => typeof text === "string")
  );
}
