/** The tiers as the page shows them: who answered what, and what each of them keeps. */
import { element, setData } from "./dom.ts";
import * as format from "./format.ts";
import type { Counted, Kept, RemoteState, TierUse } from "./tiers.ts";

/** Who answered the chunks of a run, so far or in the end. */
export interface Answers {
  chunks: number;
  browser: TierUse;
  /** `null` where there is none. */
  remote: TierUse | null;
  embedded: number;
  /** How long that took, once it is known. */
  embedMs: number | undefined;
}

const WHY_DOWN: Readonly<Record<string, string>> = {
  unauthorized: "It refuses the token that this page’s server adds.",
  quota_exceeded: "Its quota is used up.",
  timeout: "It does not answer in time.",
};

const WORDS: Readonly<Record<Exclude<RemoteState["is"], "down">, string>> = {
  sought: "Asking this page’s server for one …",
  absent: "None here: these are plain files. All else works; “cargo xtask demo” serves the page with one.",
  answers: "Redis over HTTP, by way of this page’s server, which adds the token.",
  retried: "A request has failed, and is made again …",
};

/** Shows whether there is a remote tier, and how it does. */
export function showRemote(state: RemoteState): void {
  const text =
    state.is === "down"
      ? `${WHY_DOWN[state.code] ?? "It does not answer."} This browser goes on alone, and keeps new vectors to itself.`
      : WORDS[state.is];
  element("tier-remote", HTMLElement).className = `tier tier-remote ${state.is}`;
  element("clear-both", HTMLButtonElement).className = state.is;
  const shown = element("remote-state", HTMLElement);
  if (shown.textContent !== text) shown.textContent = text;
}

/** Shows who answered what. */
export function showAnswers({ chunks, browser, remote, embedded, embedMs }: Answers): void {
  const answered = (tier: string, hits: number) => {
    setData(`${tier}-hits`, hits, format.count(hits));
    element(`${tier}-share`, SVGRectElement).setAttribute("width", String(chunks > 0 ? (hits / chunks) * 1000 : 0));
  };
  const used = (tier: string, use: TierUse) => {
    answered(tier, use.hits);
    setData(`${tier}-requests`, use.requests, format.count(use.requests));
    setData(`${tier}-read`, use.bytesRead, format.bytes(use.bytesRead));
    setData(`${tier}-written`, use.bytesWritten, format.bytes(use.bytesWritten));
  };
  used("browser", browser);
  if (remote) used("remote", remote);
  answered("embedder", embedded);
  const took = (embedded > 0 ? embedMs : undefined) ?? 0;
  setData("embedder-took", took, took > 0 ? format.milliseconds(took) : "–");
  setData("embedder-each", took / Math.max(embedded, 1), took > 0 ? format.microseconds(took / embedded) : "–");
}

/** Shows how many vectors each tier keeps. */
export function showKept({ browser, remote }: Kept): void {
  const kept = (id: string, vectors: number | undefined) => {
    setData(id, vectors ?? 0, vectors === undefined ? "–" : format.count(vectors));
  };
  kept("browser-kept", browser);
  kept("remote-kept", remote);
}

/** Shows what the stores have counted themselves. */
export function showCounted(counted: Counted): void {
  for (const name of ["tiered", "browser", "remote"] as const) {
    const stats = counted[name];
    element(`stats-${name}`, HTMLTableRowElement).hidden = stats === undefined;
    if (stats === undefined) continue;
    setData(`stats-${name}-hits`, stats.hits, format.count(stats.hits));
    setData(`stats-${name}-misses`, stats.misses, format.count(stats.misses));
    setData(`stats-${name}-requests`, stats.requests, format.count(stats.requests));
    setData(`stats-${name}-read`, stats.bytesRead, format.bytes(stats.bytesRead));
    setData(`stats-${name}-written`, stats.bytesWritten, format.bytes(stats.bytesWritten));
  }
}
