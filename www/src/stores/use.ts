/** What the tiers have been asked for, as their stores count it. */
import type { StoreStats } from "bytestow";

/** The tiers, the nearest first. */
export const TIERS = ["memory", "browser", "remote"] as const;

/** One of them. */
export type Tier = (typeof TIERS)[number];

/** What each store has counted since the page was opened; the remote one's is `undefined` where there is none. */
export type Counted = Record<Exclude<Tier, "remote">, StoreStats> & { remote: StoreStats | undefined };

/** What was asked of one tier. */
export interface TierUse {
  /** Keys that it answered. */
  hits: number;
  requests: number;
  /** Bytes of the values read from it. */
  bytesRead: number;
  /** Bytes of the values given to it. */
  bytesWritten: number;
}

/** What was asked of each tier; `null` where there is none. */
export type Uses = Record<Exclude<Tier, "remote">, TierUse> & { remote: TierUse | null };

/** What was asked of each between two counts. */
export function between(before: Counted, now: Counted): Uses {
  return {
    memory: difference(now.memory, before.memory),
    browser: difference(now.browser, before.browser),
    remote: now.remote && before.remote ? difference(now.remote, before.remote) : null,
  };
}

function difference(now: StoreStats, before: StoreStats): TierUse {
  return {
    hits: now.hits - before.hits,
    requests: now.requests - before.requests,
    bytesRead: now.bytesRead - before.bytesRead,
    bytesWritten: now.bytesWritten - before.bytesWritten,
  };
}
