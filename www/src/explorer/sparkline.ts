/** A vector drawn small: for each column the span of the numbers that fall into it, and the line of zero. */
import type { StoredVector } from "./vector.ts";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const HEIGHT = 120;
/** More of them would be finer than a pixel. */
const MOST_COLUMNS = 300;

/** Draws `vector`. */
export function drawSparkline(vector: StoredVector): SVGSVGElement {
  const reach = Math.max(Math.abs(vector.smallest), Math.abs(vector.largest)) || 1;
  const height = (number: number) => (HEIGHT / 2) * (1 - number / reach);
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "sparkline" });
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `The vector’s ${vector.numbers.length} numbers, drawn from the first to the last`);
  svg.append(
    make("path", { class: "zero", d: `M0 ${HEIGHT / 2}H${WIDTH}` }),
    make("path", { d: spans(vector.numbers, height) }),
  );
  return svg;
}

function spans(numbers: Float64Array, height: (number: number) => number): string {
  const columns = Math.min(numbers.length, MOST_COLUMNS);
  let path = "";
  for (let column = 0; column < columns; column += 1) {
    const begin = Math.floor((column * numbers.length) / columns);
    const end = Math.floor(((column + 1) * numbers.length) / columns);
    // From zero, so that a number alone can be seen too.
    let [low, high] = [0, 0];
    for (const number of numbers.subarray(begin, end)) {
      low = Math.min(low, number);
      high = Math.max(high, number);
    }
    const x = ((column + 0.5) * WIDTH) / columns;
    path += `M${x.toFixed(1)} ${height(high).toFixed(1)}V${height(low).toFixed(1)}`;
  }
  return path;
}

function make<K extends "svg" | "path">(tag: K, attributes: Record<string, string>): SVGElementTagNameMap[K] {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
