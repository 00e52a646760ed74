/** The chunks that were found, the most similar first. */
import { create, data, element, tagged } from "../dom.ts";
import * as format from "../format.ts";
import type { Found } from "./chunk_index.ts";

const SVG = "http://www.w3.org/2000/svg";

/** Shows `found` under `heading`; `similar` is told whose like is wanted. */
export function showFound(heading: string, found: readonly Found[], similar: (chunk: Found) => void): void {
  const head = element("search-found", HTMLElement);
  head.textContent = heading;
  head.hidden = found.length === 0;
  element("search-none", HTMLElement).hidden = found.length > 0;
  element("search-results", HTMLOListElement).replaceChildren(...found.map((chunk) => item(chunk, similar)));
}

/** Shows that there are none, and why. */
export function showNone(why: string): void {
  showFound("", [], () => undefined);
  element("search-none", HTMLElement).textContent = why;
}

function item(chunk: Found, similar: (chunk: Found) => void): HTMLLIElement {
  const { file, at, text, score } = chunk;
  const made = document.createElement("li");
  made.dataset.id = chunk.id;
  const where = document.createElement("p");
  where.className = "search-where";
  const name = `chunk ${format.count(at + 1)}`;
  const cited = create("cite", file);
  where.append(data("", score, score.toFixed(3)), bar(score), cited, ` ${name}`);
  const more = create("button", "Similar to this chunk");
  more.type = "button";
  more.className = "quiet";
  more.append(tagged("span", "search-aloud", `, ${name} of ${file}`));
  more.addEventListener("click", () => similar(chunk));
  const quote = create("blockquote", text);
  made.append(where, quote, more);
  return made;
}

/** The score as a length; what is below 0 has none. */
function bar(score: number): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 1000 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const filled = document.createElementNS(SVG, "rect");
  filled.setAttribute("width", String(Math.max(0, Math.min(score, 1)) * 1000));
  filled.setAttribute("height", "10");
  svg.append(filled);
  return svg;
}
