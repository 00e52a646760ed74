/** Steps 1 and 2 as the page shows them: the texts as chips, how they are cut, and the first chunks. */
import { create, element, setData, tagged } from "../dom.ts";
import * as format from "../format.ts";
import { guardFiles, showBusy } from "../parts.ts";
import type { Cut } from "./chunks.ts";
import type { Collection } from "./collection.ts";

/** What the person asks for. */
export interface TextWishes {
  files(files: readonly File[]): void;
  /** Files that come while something is under way. */
  filesTooEarly(): void;
  sample(): void;
  remove(name: string): void;
  cut(cut: Cut): void;
}

const PREVIEWED = 4;
const SMALLEST = 100;
const LARGEST = 4_000;

/** The two steps. */
export class TextView {
  readonly #file = element("file", HTMLInputElement);
  readonly #sample = element("sample", HTMLButtonElement);
  readonly #size = element("cut-size", HTMLInputElement);
  readonly #overlap = element("cut-overlap", HTMLInputElement);
  readonly #list = element("texts", HTMLElement);
  #wishes: TextWishes;
  #busy = false;
  /** Whether the fields were changed while something was under way. */
  #cutIsChanged = false;

  constructor(wishes: TextWishes) {
    this.#wishes = wishes;
    const take = (files: File[]) => {
      if (files.length === 0) return;
      if (this.#busy) wishes.filesTooEarly();
      else wishes.files(files);
    };
    this.#sample.addEventListener("click", () => {
      if (!this.#busy) wishes.sample();
    });
    this.#file.addEventListener("change", () => {
      const files = [...(this.#file.files ?? [])];
      // So that choosing the same file again is a change again.
      this.#file.value = "";
      take(files);
    });
    guardFiles(this.#file);
    for (const input of [this.#size, this.#overlap]) {
      input.addEventListener("change", () => {
        this.#cutIsChanged = true;
        this.#cut();
      });
    }
    listenForDrops(take);
  }

  /** How texts are to be cut: what stands in the fields, made possible; a chunk repeats half of another at most. */
  get cut(): Cut {
    const size = within(this.#size, SMALLEST, LARGEST);
    return { size, overlap: within(this.#overlap, 0, Math.floor(size / 2)) };
  }

  /** The fields stay as they are: `disabled` they would lose the keyboard's focus, to a change that itself makes busy. */
  setBusy(busy: boolean): void {
    this.#busy = busy;
    showBusy([this.#file, this.#sample, ...this.#list.querySelectorAll("button")], busy);
    this.#cut();
  }

  #cut(): void {
    if (this.#busy || !this.#cutIsChanged) return;
    this.#cutIsChanged = false;
    this.#wishes.cut(this.cut);
  }

  show(collection: Collection): void {
    const { texts, chunks } = collection;
    const hadFocus = this.#list.contains(document.activeElement);
    this.#list.replaceChildren(...texts.map(({ name, characters }) => this.#chip(name, characters)));
    if (hadFocus) (this.#list.querySelector("button") ?? this.#sample).focus();
    element("facts", HTMLElement).classList.remove("waiting");
    const characters = texts.reduce((sum, text) => sum + text.characters, 0);
    const average = chunks.reduce((sum, { text }) => sum + text.length, 0) / Math.max(chunks.length, 1);
    setData("text-chunks", chunks.length, format.count(chunks.length));
    setData("text-characters", characters, format.count(characters));
    setData("text-average", average, format.count(Math.round(average)));
    const items = collection.first(PREVIEWED).map(({ text, repeats }) => {
      const item = document.createElement("li");
      if (repeats > 0) item.append(create("mark", text.slice(0, repeats)));
      item.append(`${text.slice(repeats)} `, tagged("span", "fine", format.counted(text.length, "character")));
      return item;
    });
    element("preview", HTMLOListElement).replaceChildren(...items);
    const rest = chunks.length - items.length;
    element("preview-rest", HTMLElement).textContent =
      rest > 0 ? `… and ${format.count(rest)} more. Marked is what a chunk repeats of the one before.` : "";
  }

  #chip(name: string, characters: number): HTMLElement {
    const item = document.createElement("li");
    const title = create("cite", name);
    const remove = create("button", "×");
    remove.type = "button";
    remove.setAttribute("aria-label", `Remove “${name}”`);
    remove.addEventListener("click", () => {
      if (!this.#busy) this.#wishes.remove(name);
    });
    item.append(title, " ", tagged("span", "fine", format.counted(characters, "character")), remove);
    return item;
  }
}

/** The whole page takes drops: who misses the box by a finger should not be shown the file instead of the page. */
function listenForDrops(take: (files: File[]) => void): void {
  const box = element("drop", HTMLElement);
  let depth = 0;
  const mark = (change: number) => {
    depth = Math.max(0, depth + change);
    box.classList.toggle("dragging", depth > 0);
  };
  addEventListener("dragenter", () => mark(1));
  addEventListener("dragleave", () => mark(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    mark(-depth);
    take([...(event.dataTransfer?.files ?? [])]);
  });
}

/** The number in a field, made to lie within bounds; the field then shows it. */
function within(input: HTMLInputElement, least: number, most: number): number {
  const wanted = Number.isFinite(input.valueAsNumber) ? Math.round(input.valueAsNumber) : Number(input.defaultValue);
  const value = Math.min(Math.max(wanted, least), most);
  input.value = String(value);
  return value;
}
