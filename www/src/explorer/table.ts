/** The table of what is kept: a page of it at a time, in the order that its head is asked for. */
import { create, data, element } from "../dom.ts";
import * as format from "../format.ts";
import { showBusy } from "../parts.ts";
import { type Entry, ORDERS, type Order, sort } from "./listing.ts";
import { ROWS } from "./template.ts";
import * as words from "./words.ts";

/** The table. */
export class Table {
  readonly #rows = element("explorer-rows", HTMLTableSectionElement);
  readonly #before = element("explorer-before", HTMLButtonElement);
  readonly #after = element("explorer-after", HTMLButtonElement);
  readonly #page = element("explorer-page", HTMLElement);
  readonly #choose: (key: string) => void;
  #entries: Entry[] = [];
  #chosen: string | undefined;
  #first = 0;
  /** `undefined`: as the store lists them. */
  #order: Order | undefined;
  #descending = false;

  /** `choose` is told which key was pressed. */
  constructor(choose: (key: string) => void) {
    this.#choose = choose;
    const turn = (button: HTMLButtonElement, pages: number) => () => {
      if (button.getAttribute("aria-disabled") === "true") return;
      this.#first += pages * ROWS;
      this.#show();
    };
    this.#before.addEventListener("click", turn(this.#before, -1));
    this.#after.addEventListener("click", turn(this.#after, 1));
    for (const order of ORDERS) this.#head(order).addEventListener("click", () => this.#putInOrder(order));
  }

  /** Shows other entries, from the first one on if `anew`. */
  set(entries: Entry[], anew: boolean): void {
    this.#entries = entries;
    if (anew) this.#first = 0;
    if (this.#order) sort(this.#entries, this.#order, this.#descending);
    this.#show();
  }

  /** Marks the entry that is looked at. */
  mark(key: string | undefined): void {
    this.#chosen = key;
    for (const button of this.#rows.querySelectorAll("button")) setPressed(button, button.textContent === key);
  }

  /** Says how old the entries shown are by now, and for how long they live. */
  tellAges(): void {
    const now = Date.now();
    for (const [at, row] of [...this.#rows.rows].entries()) {
      const entry = this.#entries[this.#first + at];
      const [, , age, life] = row.cells;
      if (entry) age?.firstElementChild?.replaceChildren(words.age(entry.written, now));
      if (entry) life?.firstElementChild?.replaceChildren(words.life(entry.expires, now));
    }
  }

  #head(order: Order): HTMLButtonElement {
    const button = document.querySelector(`#explorer [data-order="${order}"]`);
    if (!(button instanceof HTMLButtonElement)) throw new Error(`the table has no head for ${order}`);
    return button;
  }

  #putInOrder(order: Order): void {
    this.#descending = this.#order === order && !this.#descending;
    this.#order = order;
    for (const each of ORDERS) {
      const direction = this.#descending ? "descending" : "ascending";
      this.#head(each).parentElement?.setAttribute("aria-sort", each === order ? direction : "none");
    }
    this.set(this.#entries, true);
  }

  #show(): void {
    const all = this.#entries.length;
    this.#first = Math.max(0, Math.min(this.#first, Math.floor((all - 1) / ROWS) * ROWS));
    const shown = this.#entries.slice(this.#first, this.#first + ROWS);
    const now = Date.now();
    const focused = document.activeElement?.closest("#explorer-rows button")?.textContent;
    this.#rows.replaceChildren(...shown.map((entry) => this.#row(entry, now)));
    const buttons = [...this.#rows.querySelectorAll("button")];
    // The focus stays on its key, or as near as may be where that is gone.
    if (focused) (buttons.find((button) => button.textContent === focused) ?? buttons[0] ?? this.#before).focus();
    const last = this.#first + shown.length;
    const text = all === 0 ? "" : `${format.count(this.#first + 1)} to ${format.count(last)} of ${format.count(all)}`;
    if (this.#page.textContent !== text) this.#page.textContent = text;
    showBusy([this.#before], this.#first === 0);
    showBusy([this.#after], last >= all);
  }

  #row({ key, bytes, written, expires }: Entry, now: number): HTMLTableRowElement {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    const button = create("button", key);
    button.type = "button";
    button.title = key;
    setPressed(button, key === this.#chosen);
    button.addEventListener("click", () => this.#choose(key));
    head.append(button);
    const cell = (value: number, text: string) => {
      const made = document.createElement("td");
      made.append(data("", value, text));
      return made;
    };
    row.append(
      head,
      cell(bytes, format.bytes(bytes)),
      cell(written ?? 0, words.age(written, now)),
      cell(expires ?? 0, words.life(expires, now)),
    );
    return row;
  }
}

function setPressed(button: HTMLButtonElement, pressed: boolean): void {
  button.setAttribute("aria-pressed", String(pressed));
}
