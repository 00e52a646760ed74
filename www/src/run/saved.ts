/** Where the runs of this tab outlive a reload. */

/** The item of `sessionStorage`. */
export const SAVED = "bytestow-demo-runs-3";

/** Whether an earlier load of this tab has left any. */
export function hasSaved(): boolean {
  try {
    return sessionStorage.getItem(SAVED) !== null;
  } catch {
    // Storage denied: then there is nothing to show either.
    return false;
  }
}
