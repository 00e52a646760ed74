/** The buttons of a run, its bar, what the page says, and what it says went wrong. */
import { element, setData } from "../dom.ts";
import * as format from "../format.ts";
import { showTrouble } from "../parts.ts";
import type { RunProgress } from "./run.ts";

/** What the person asks for. */
export interface RunWishes {
  run(): void;
  pause(): void;
  cancel(): void;
  clearBrowser(): void;
  clearBoth(): void;
}

/** What the page does: nothing, something short, or a run, which can be paused. */
export type Doing = "nothing" | "something" | "running" | "paused";

/** The controls. */
export class Controls {
  readonly #run = element("run", HTMLButtonElement);
  readonly #pause = element("pause", HTMLButtonElement);
  readonly #cancel = element("cancel", HTMLButtonElement);
  readonly #clearBrowser = element("clear-browser", HTMLButtonElement);
  readonly #clearBoth = element("clear-both", HTMLButtonElement);
  readonly #status = element("status", HTMLElement);
  readonly #progress = element("progress", HTMLElement);
  readonly #alert = element("alert", HTMLElement);

  constructor(wishes: RunWishes) {
    const whenEnabled = (button: HTMLButtonElement, wish: () => void) => {
      button.addEventListener("click", () => {
        if (button.getAttribute("aria-disabled") === "false") wish();
      });
    };
    whenEnabled(this.#run, wishes.run);
    whenEnabled(this.#pause, wishes.pause);
    whenEnabled(this.#cancel, wishes.cancel);
    whenEnabled(this.#clearBrowser, wishes.clearBrowser);
    whenEnabled(this.#clearBoth, wishes.clearBoth);
  }

  /** While something runs, the controls say so but keep the keyboard's focus, which a `disabled` button would lose. */
  setDoing(doing: Doing): void {
    const going = doing === "running" || doing === "paused";
    const enable = (button: HTMLButtonElement, enabled: boolean) => {
      button.setAttribute("aria-disabled", String(!enabled));
    };
    for (const button of [this.#run, this.#clearBrowser, this.#clearBoth]) enable(button, doing === "nothing");
    for (const button of [this.#pause, this.#cancel]) enable(button, going);
    this.#pause.textContent = doing === "paused" ? "Resume" : "Pause";
    for (const part of [this.#progress, element("so-far", HTMLElement)]) part.classList.toggle("idle", !going);
  }

  /** The button says what it will do. */
  setRunLabel(chunks: number, again: boolean): void {
    this.#run.textContent = `Embed ${format.counted(chunks, "chunk")}${again ? " again" : ""}`;
  }

  /** Says what just happened, to eyes and to screen readers. */
  setStatus(text: string): void {
    this.#status.textContent = text;
  }

  /** Shows how far a run is. That is not announced, or a screen reader would never stop talking. */
  setProgress({ done, of, hits }: RunProgress): void {
    this.#progress.setAttribute("aria-valuemax", String(of));
    this.#progress.setAttribute("aria-valuenow", String(done));
    const width = (part: number) => (of > 0 ? (1000 * part) / of : 0);
    const bar = (id: string, from: number, part: number) => {
      const rect = element(id, SVGRectElement);
      rect.setAttribute("x", String(width(from)));
      rect.setAttribute("width", String(width(part)));
    };
    bar("bar-hits", 0, hits);
    bar("bar-misses", hits, done - hits);
    setData("progress-hits", hits, format.count(hits));
    setData("progress-misses", done - hits, format.count(done - hits));
    setData("progress-of", of, format.count(of));
  }

  /** Shows what went wrong and what to do; `undefined` takes it away. */
  setTrouble(error: unknown): void {
    showTrouble(this.#alert, error);
  }
}
