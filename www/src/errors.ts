/** What went wrong, in words that say what to do. */
import { BytestowError } from "bytestow";
import { isOfRemote } from "./stores/remote.ts";

/** A failure of the page itself that a person can do something about. */
export class PageError extends Error {
  override readonly name = "PageError";

  constructor(
    message: string,
    readonly advice: string,
    /** For those who look closer; the same for the same cause. */
    readonly code?: string,
  ) {
    super(message);
  }
}

/** Files that come while something is under way. */
export const TOO_EARLY = new PageError(
  "The files were not taken: something is under way.",
  "Wait until it has ended, then choose them again.",
);

/** An error as the page shows it. */
export interface Trouble {
  what: string;
  advice: string;
  /** The code of a `BytestowError`, or of the page's own. */
  code?: string | undefined;
}

/** What several errors come to, as one that names them all; `undefined` if there is none. */
export function joined(errors: readonly unknown[]): PageError | undefined {
  if (errors.length === 0) return undefined;
  const all = errors.map(describe);
  const advice = new Set(all.map((each) => each.advice));
  return new PageError(all.map(({ what }) => what).join(" "), [...advice].join(" "));
}

/** Puts any thrown value into words. */
export function describe(error: unknown): Trouble {
  if (error instanceof PageError) return { what: error.message, advice: error.advice, code: error.code };
  if (error instanceof BytestowError) {
    const isOfWasm = error.code === "unavailable" && /\bwasm\b/u.test(error.message);
    const advice = isOfRemote(error) ? REMOTE_ADVICE : isOfWasm ? WASM_ADVICE : (ADVICE[error.code] ?? RELOAD);
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

const WASM_ADVICE =
  "It is a file of this page, and all stores are in it: see that the server is there and gives out bytestow.wasm, then " +
  "reload the page.";

const ADVICE: Readonly<Record<string, string>> = {
  quota_exceeded:
    "The browser has no more room for this site: what is new is not kept. Clear this browser’s vectors or free disk space, " +
    "then run again; a shorter text needs less.",
  unavailable:
    "The browser gives this page no storage. Private windows and blocked site data do that: open the page in a normal " +
    "window, or allow this site to store data. Until then vectors are kept in memory, and go with the page.",
  corrupt: "Something stored in this browser cannot be read. Press “Clear browser”, then run again.",
  closed: "The connection to the cache has ended. Reload the page.",
  timeout: "The browser's storage did not answer. Close other tabs of this page, then run again.",
};
