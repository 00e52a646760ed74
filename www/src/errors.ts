/** What went wrong, in words that say what to do. */
import { BytestowError } from "bytestow";
import { isOfRemote } from "./tiers.ts";

/** A failure of the page itself that a person can do something about. */
export class PageError extends Error {
  override readonly name = "PageError";

  constructor(
    message: string,
    readonly advice: string,
  ) {
    super(message);
  }
}

/** An error as the page shows it. */
export interface Trouble {
  what: string;
  advice: string;
  /** The code of a `BytestowError`. */
  code?: string;
}

/** Puts any thrown value into words. */
export function describe(error: unknown): Trouble {
  if (error instanceof PageError) return { what: error.message, advice: error.advice };
  if (error instanceof BytestowError) {
    const advice = isOfRemote(error) ? REMOTE_ADVICE : (ADVICE[error.code] ?? RELOAD);
    return { what: sentence(error.message), advice, code: error.code };
  }
  const what = error instanceof Error ? error.message : String(error);
  return { what: sentence(what), advice: RELOAD };
}

function sentence(message: string): string {
  return `${message.slice(0, 1).toUpperCase()}${message.slice(1)}${/[.!?…]$/u.test(message) ? "" : "."}`;
}

const RELOAD = "Reload the page and try again. If it happens again, it is a bug worth reporting.";

const REMOTE_ADVICE =
  "That was the remote tier, behind this page’s server: see that it runs. What is in this browser works without it.";

const ADVICE: Readonly<Record<string, string>> = {
  quota_exceeded:
    "The browser has no more room for this site, and nothing of this batch was stored. Clear this browser’s vectors or free disk " +
    "space, then run again; a shorter text needs less.",
  unavailable:
    "The browser gives this page no IndexedDB. Private windows and blocked site data do that: open the page in a " +
    "normal window, or allow this site to store data.",
  corrupt: "Something stored cannot be read. Clear both tiers and run again.",
  closed: "The connection to the cache has ended. Reload the page.",
  timeout: "The browser's storage did not answer. Close other tabs of this page, then run again.",
};
