/**
 * What an endpoint's failures mean, and what to do. An endpoint's own words are not shown: they may repeat a part of the
 * key.
 */
import { PageError } from "../errors.ts";

/** A refusal, and whether asking again could help. */
export interface Failure {
  error: PageError;
  isFinal: boolean;
}

/** What an answer with an error's status means. */
export async function failedAnswer(response: Response, host: string): Promise<Failure> {
  const { status } = response;
  const code = await codeOf(response);
  const say = (what: string, advice: string, isFinal = false): Failure => ({
    error: new PageError(what, advice, `http_${status}`),
    isFinal,
  });
  if (status === 401 || status === 403) {
    return say(`${host} refuses the key.`, "Paste it again, and see that it is of this endpoint and has not expired.");
  }
  if (status === 404) {
    return say(
      `${host} knows no such model, or has no embeddings under this base URL.`,
      "Check the model’s name, and the base URL’s path (it often ends in /v1).",
    );
  }
  if (status === 429 && code === "insufficient_quota") {
    return say(`The account at ${host} has nothing left to spend.`, "Add credit there, or use another key.", true);
  }
  if (status === 429) {
    return say(
      `${host} is asked too often, and says so still after several waits.`,
      "Wait a minute, then run again: what was embedded is kept, and the rest is all that is asked for.",
    );
  }
  if (status >= 500) {
    return say(`${host} has trouble of its own (status ${status}).`, "Run again later: what was embedded is kept.");
  }
  return say(
    `${host} refuses the request (status ${status}).`,
    "Check the model’s name and the dimensions: some models take none, others only certain ones.",
  );
}

/** What it means that the endpoint answers with another address: the key is not taken there. */
export function sentElsewhere(host: string): PageError {
  return new PageError(
    `${host} sends the request on to another address, to which this page does not take the key.`,
    "Enter the base URL that it has now, as its documentation says; often https:// or /v1 is what was missing.",
    "redirected",
  );
}

/**
 * What it means that there was no answer. A browser does not tell a page why; whether the server is there at all is found
 * out by a request whose answer the page may not read.
 */
export async function unanswered(error: unknown, url: URL): Promise<PageError> {
  if (!(error instanceof TypeError)) throw error;
  if (!navigator.onLine) {
    return new PageError(
      "You are offline, so the endpoint cannot be asked.",
      "What is cached works without a network; for the rest, connect and run again.",
      "offline",
    );
  }
  if (url.origin !== location.origin && (await isThere(url))) {
    return new PageError(
      `${url.host} is there, but does not let web pages ask it (no CORS headers).`,
      "Its owner can allow this page’s origin; or ask it through a server of your own, which does.",
      "cors",
    );
  }
  return new PageError(
    `${url.host} does not answer.`,
    "Check the base URL and your connection, and that nothing on the way (a firewall, an extension) blocks it.",
    "unreachable",
  );
}

async function isThere(url: URL): Promise<boolean> {
  try {
    await fetch(url, { mode: "no-cors", credentials: "omit", referrerPolicy: "no-referrer" });
    return true;
  } catch {
    return false;
  }
}

async function codeOf(response: Response): Promise<unknown> {
  try {
    const { error } = Object(await response.json()) as { error?: { code?: unknown } };
    return error?.code;
  } catch {
    return undefined;
  }
}
