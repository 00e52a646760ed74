/** One entry looked at: its value as the vector that it is, or as bytes. */
import { create, element } from "../dom.ts";
import * as format from "../format.ts";
import { hexLines } from "./hex.ts";
import { drawSparkline } from "./sparkline.ts";
import { readVector, type StoredVector } from "./vector.ts";

/** How many bytes are shown. */
const SHOWN = 512;
/** How many numbers are written out. */
const WRITTEN = 8;

/** What is looked at. */
export class Detail {
  readonly #none = element("explorer-none", HTMLElement);
  readonly #chosen = element("explorer-chosen", HTMLElement);
  readonly #key = element("explorer-key", HTMLElement);
  readonly #facts = element("explorer-facts", HTMLElement);
  readonly #views = element("explorer-views", HTMLFieldSetElement);
  readonly #body = element("explorer-body", HTMLElement);
  #value: Uint8Array | undefined;
  #vector: StoredVector | undefined;
  /** What was asked for last, for the values to come. */
  #asBytes = false;

  constructor() {
    this.#views.addEventListener("change", (event) => {
      this.#asBytes = event.target instanceof HTMLInputElement && event.target.value === "bytes";
      this.#show();
    });
  }

  /** The key of what is shown. */
  key: string | undefined;

  /** Shows `value`, which stands under `key`. */
  set(key: string, value: Uint8Array): void {
    this.key = key;
    this.#value = value;
    this.#vector = readVector(value);
    this.#key.textContent = key;
    this.#none.hidden = true;
    this.#chosen.hidden = false;
    this.#show();
  }

  /** Whether the keyboard's focus is on something that stands beside the value. */
  get hasFocus(): boolean {
    return this.#chosen.contains(document.activeElement);
  }

  /** Shows nothing, and why. */
  empty(why: string): void {
    this.key = undefined;
    this.#none.textContent = why;
    this.#none.hidden = false;
    this.#chosen.hidden = true;
  }

  #show(): void {
    const [value, vector] = [this.#value, this.#vector];
    if (value === undefined) return;
    this.#views.hidden = vector === undefined;
    const asVector = vector !== undefined && !this.#asBytes;
    for (const radio of this.#views.querySelectorAll("input")) radio.checked = (radio.value === "vector") === asVector;
    this.#facts.replaceChildren(...facts(value, vector));
    this.#body.replaceChildren(...(asVector ? drawn(vector) : dumped(value)));
  }
}

function facts(value: Uint8Array, vector: StoredVector | undefined): HTMLElement[] {
  const found: [string, number | undefined, string][] = [["Size", value.length, format.bytes(value.length)]];
  if (vector === undefined) found.push(["Is", undefined, "bytes"]);
  else {
    found.push(["Is a vector of", undefined, vector.kind]);
    found.push(["Dimensions", vector.numbers.length, format.count(vector.numbers.length)]);
    found.push(["Norm", vector.norm, number(vector.norm)]);
    found.push(["Smallest", vector.smallest, number(vector.smallest)]);
    found.push(["Largest", vector.largest, number(vector.largest)]);
  }
  return found.map(([name, exact, text]) => {
    const line = document.createElement("div");
    const told = create("dd", exact === undefined ? text : "");
    if (exact !== undefined) {
      const shown = create("data", text);
      shown.value = String(exact);
      told.append(shown);
    }
    line.append(create("dt", name), told);
    return line;
  });
}

function drawn(vector: StoredVector): Element[] {
  const first = Array.from(vector.numbers.subarray(0, WRITTEN), number).join(", ");
  const rest = vector.numbers.length - WRITTEN;
  const words = create("p", rest > 0 ? `${first}, and ${format.count(rest)} more` : first);
  words.className = "explorer-numbers";
  return [drawSparkline(vector), words];
}

function dumped(value: Uint8Array): Element[] {
  const lines = create("pre", hexLines(value, SHOWN));
  lines.tabIndex = 0;
  lines.setAttribute("role", "region");
  lines.setAttribute("aria-label", "Bytes in hexadecimal, and as ASCII");
  const rest = value.length - SHOWN;
  const words = create(
    "p",
    rest > 0 ? `… and ${format.bytes(rest)} more.` : `That is all: ${format.bytes(value.length)}.`,
  );
  words.className = "fine";
  return [lines, words];
}

/** A number to a few figures, with a minus that is one. */
function number(value: number): string {
  return String(Number(value.toPrecision(4))).replace("-", "−");
}
