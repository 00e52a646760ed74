/** Draws runs as stacked bars on one scale. Widths are SVG attributes: the page's policy allows no inline styles. */
import { milliseconds } from "../format.ts";
import type { Phase } from "./run.ts";
import { type Run, temperature } from "./runs.ts";

/** The phases in the order they happen, with the words used for them all over the page. */
export const PHASES: readonly { phase: Phase; label: string }[] = [
  { phase: "read", label: "Read cache" },
  { phase: "embed", label: "Embed" },
  { phase: "write", label: "Write cache" },
];

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;
const GAP = 2;

/** One bar. */
export interface Bar {
  label: string;
  run: Run;
}

/** The rows of the chart: label, bar, total. A screen reader gets each row as one sentence. */
export function drawBars(bars: readonly Bar[]): HTMLElement[] {
  const longest = Math.max(...bars.map(({ run }) => run.total));
  return bars.map(({ label, run }) => {
    const row = document.createElement("div");
    row.className = "bar-row";
    row.setAttribute("role", "img");
    const parts = PHASES.filter(({ phase }) => shown(run, phase)).map(
      ({ phase, label: name }) => `${name.toLowerCase()} ${milliseconds(run.times[phase])}`,
    );
    row.setAttribute("aria-label", `${label}: ${milliseconds(run.total)}. Of that, ${parts.join(", ")}.`);
    row.append(text("bar-label", label), drawBar(run, longest), text("bar-total", milliseconds(run.total)));
    return row;
  });
}

/** How many runs stand beside each other. */
const COLUMNS = 24;

/** The latest runs, the oldest first, as columns on one scale. A screen reader gets them as one sentence. */
export function drawRuns(runs: readonly Run[]): SVGElement {
  const latest = runs.slice(-COLUMNS);
  const longest = Math.max(...latest.map(({ total }) => total));
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "columns");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} 100`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  const words = latest.map((run) => `run ${run.number} ${temperature(run)} ${milliseconds(run.total)}`);
  svg.setAttribute("aria-label", `The runs over these chunks: ${words.join(", ")}.`);
  const width = WIDTH / COLUMNS;
  for (const [column, run] of latest.entries()) {
    const height = Math.max((run.total / longest) * 100, 1);
    svg.append(bar(columnClass(run), column * width, 100 - height, width - 4 * GAP, height));
  }
  return svg;
}

function columnClass(run: Run): string {
  const is = temperature(run);
  if (run.misses > 0) return "phase-embed";
  return is === "warm (remote)" ? "phase-far" : "phase-read";
}

function bar(className: string, x: number, y: number, width: number, height: number): SVGElement {
  const rect = document.createElementNS(SVG, "rect");
  rect.setAttribute("class", className);
  for (const [name, value] of Object.entries({ x, y, width, height })) rect.setAttribute(name, value.toFixed(2));
  return rect;
}

/** Embedding and writing did not happen at all when nothing was missing. */
export function shown(run: Run, phase: Phase): boolean {
  return run.misses > 0 || (phase !== "embed" && phase !== "write");
}

function drawBar(run: Run, longest: number): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "bar");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} 10`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  let x = 0;
  for (const { phase } of PHASES) {
    if (!shown(run, phase)) continue;
    const width = (run.times[phase] / longest) * WIDTH;
    svg.append(bar(`phase-${phase}`, x, 0, Math.max(width - GAP, 1), 10));
    x += width;
  }
  return svg;
}

function text(className: string, content: string): HTMLElement {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = content;
  return span;
}
