/**
 * What the page's server says of itself, in `settings.json` beside the page. As a plain file it names no remote tier; a
 * server that offers one names the URL, relative to the page, under which it passes requests on and adds the token.
 */

/** What is known of the server. */
export interface Settings {
  /** The remote tier's URL; `undefined` where there is none. */
  remote: string | undefined;
  /** Whether the server answered just now; else this is what it said when it last did. */
  reached: boolean;
}

/** How long the server may take, in ms: a network may be there and dead, and the page is its own without it. */
const PATIENCE_MS = 3_000;

/** Asks the server. */
export async function settings(): Promise<Settings> {
  try {
    // Not “no-store”: Firefox, offline, does not even ask the service worker then.
    const response = await fetch("./settings.json", { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE_MS) });
    const said: unknown = response.ok ? await response.json() : undefined;
    const { remote } = Object(said) as { remote?: unknown };
    return {
      remote: typeof remote === "string" && remote !== "" ? remote : undefined,
      // The service worker says so of answers from before.
      reached: !response.headers.has("x-from-before"),
    };
  } catch {
    // None that can be read, or not in time: then the page is by itself.
    return { remote: undefined, reached: false };
  }
}
