/** The tiers as the page shows them: who answered what, and what each of them keeps. */
import { element, setData } from "../dom.ts";
import * as format from "../format.ts";
import type { RemoteState } from "./remote.ts";
import { TIERS, type Tier, type TierUse, type Uses } from "./use.ts";

/** Who answered the chunks of a run, so far or in the end. */
export interface Answers {
  chunks: number;
  uses: Uses;
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

const CARDS = [
  ["memory", "Memory", "in this page", "Asked first; gone with the page."],
  ["browser", "This browser", "IndexedDB", "Asked for what memory lacks."],
  ["remote", "Remote tier", "Redis", ""],
  ["embedder", "Embedder", "", "For what no tier has. Its vectors go to all of them."],
] as const;

/** Writes the cards, one for each tier and one for the embedder. No number is known yet. */
export function makeCards(): void {
  const number = (id: string, label: string) =>
    `<div><dt>${label}</dt><dd><data id="${id}" data-testid="${id}" value="">–</data></dd></div>`;
  const cards = CARDS.map(([tier, title, where, fine]) => {
    const rows: readonly (readonly [string, string])[] =
      tier === "embedder"
        ? [
            ["took", "Took"],
            ["each", "A chunk"],
          ]
        : [
            ["kept", "Vectors kept"],
            ["requests", "Requests"],
            ["read", "Read"],
            ["written", "Written"],
          ];
    return `<li id="tier-${tier}" class="tier tier-${tier}">
      <h4>${title} <small id="${tier}-where" data-testid="${tier}-where">${where}</small></h4>
      <p class="answered"><data id="${tier}-hits" data-testid="${tier}-hits" value="">–</data> <span>${tier === "embedder" ? "computed" : "answered"}</span></p>
      <svg class="share" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect id="${tier}-share" width="0" height="10"/></svg>
      <dl>${rows.map(([name, label]) => number(`${tier}-${name}`, label)).join("")}</dl>
      <p id="${tier}-state" class="fine"${tier === "remote" ? ' role="status"' : ""} data-testid="${tier}-state">${fine}</p>
    </li>`;
  });
  element("tiers", HTMLOListElement).innerHTML = cards.join("");
}

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

/** Shows where vectors come from that no tier has. */
export function showEmbedder(label: string): void {
  element("embedder-where", HTMLElement).textContent = label;
}

/** Shows who answered what. */
export function showAnswers({ chunks, uses, embedded, embedMs }: Answers): void {
  const answered = (tier: string, hits: number) => {
    setData(`${tier}-hits`, hits, format.count(hits));
    element(`${tier}-share`, SVGRectElement).setAttribute(
      "width",
      String(chunks > 0 ? Math.min(hits / chunks, 1) * 1000 : 0),
    );
  };
  const used = (tier: string, use: TierUse) => {
    answered(tier, use.hits);
    setData(`${tier}-requests`, use.requests, format.count(use.requests));
    setData(`${tier}-read`, use.bytesRead, format.bytes(use.bytesRead));
    setData(`${tier}-written`, use.bytesWritten, format.bytes(use.bytesWritten));
  };
  for (const tier of TIERS) {
    const use = uses[tier];
    if (use) used(tier, use);
  }
  answered("embedder", embedded);
  const isKnown = embedded > 0 && embedMs !== undefined;
  const took = isKnown ? embedMs : 0;
  setData("embedder-took", took, isKnown ? format.milliseconds(took) : "–");
  setData("embedder-each", isKnown ? took / embedded : 0, isKnown ? format.microseconds(took / embedded) : "–");
}

/** Says whether it is being learned how many vectors the remote tier keeps. */
export function showCounting(going: boolean): void {
  element("remote-kept", HTMLDataElement).setAttribute("aria-busy", String(going));
}

/** Shows how many vectors a tier keeps; `undefined` where there is none, or none that answers. */
export function showKept(tier: Tier, vectors: number | undefined): void {
  setData(`${tier}-kept`, vectors ?? 0, vectors === undefined ? "–" : format.count(vectors));
}
