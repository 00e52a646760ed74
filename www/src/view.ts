/**
 * The page, but for its tiers. Every number is a `<data>` element: what a person reads is its text, the exact number is
 * its `value`, and `data-testid` names it.
 */
import type { Phase } from "./cache.ts";
import { type Bar, drawBars, PHASES, shown } from "./chart.ts";
import { create, data, element, setData, tagged } from "./dom.ts";
import type { Trouble } from "./errors.ts";
import * as format from "./format.ts";
import { type Comparison, type Run, type Temperature, temperature } from "./runs.ts";
import type { SplitText } from "./texts.ts";

/** What the person asks for. */
export interface Wishes {
  run(): void;
  clearBrowser(): void;
  clearBoth(): void;
  sample(): void;
  files(files: readonly File[]): void;
}

const PHASE_STATUS: Readonly<Record<Phase, string>> = {
  keys: "Hashing the chunks into keys …",
  read: "Reading the cache …",
  embed: "Embedding what the cache lacks …",
  write: "Writing the new vectors to the cache …",
};

const KIND_CLASS: Readonly<Record<Temperature, string>> = {
  cold: "cold",
  "warm (browser)": "warm",
  "warm (remote)": "remote",
  "warm (both)": "warm",
  "partly warm": "partly",
};

const PREVIEWED = 4;

/** The page. */
export class View {
  readonly #run = element("run", HTMLButtonElement);
  readonly #clearBrowser = element("clear-browser", HTMLButtonElement);
  readonly #clearBoth = element("clear-both", HTMLButtonElement);
  readonly #sample = element("sample", HTMLButtonElement);
  readonly #file = element("file", HTMLInputElement);
  readonly #drop = element("drop", HTMLElement);
  readonly #status = element("status", HTMLElement);
  readonly #progress = element("progress", HTMLProgressElement);
  readonly #alert = element("alert", HTMLElement);
  #busy = false;
  #phase: Phase | undefined;

  constructor(wishes: Wishes) {
    const unlessBusy = (wish: () => void) => () => {
      if (!this.#busy) wish();
    };
    this.#run.addEventListener("click", unlessBusy(wishes.run));
    this.#clearBrowser.addEventListener("click", unlessBusy(wishes.clearBrowser));
    this.#clearBoth.addEventListener("click", unlessBusy(wishes.clearBoth));
    this.#sample.addEventListener("click", unlessBusy(wishes.sample));
    this.#file.addEventListener("change", () => {
      const files = [...(this.#file.files ?? [])];
      // So that choosing the same file again is a change again.
      this.#file.value = "";
      if (!this.#busy && files.length > 0) wishes.files(files);
    });
    this.#listenForDrops((files) => {
      if (!this.#busy && files.length > 0) wishes.files(files);
    });
  }

  /**
   * While something runs, the controls say so but keep the keyboard's focus, which a `disabled` button would lose.
   */
  setBusy(busy: boolean): void {
    this.#busy = busy;
    for (const button of [this.#run, this.#clearBrowser, this.#clearBoth, this.#sample]) {
      button.setAttribute("aria-disabled", String(busy));
    }
    this.#file.disabled = busy;
    if (!busy) {
      this.#phase = undefined;
      this.#progress.hidden = true;
    }
  }

  /** Says what just happened, to eyes and to screen readers. */
  setStatus(text: string): void {
    this.#status.textContent = text;
  }

  /**
   * Shows how far a run is; how far a phase is, from 0 on, may be unknown at first. Only a new phase is announced, or a
   * screen reader would never stop talking.
   */
  setProgress(phase: Phase, done: number, of: number): void {
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.setStatus(PHASE_STATUS[phase]);
      this.#progress.hidden = false;
    }
    if (phase === "embed" || done > 0) {
      this.#progress.max = of;
      this.#progress.value = done;
    } else {
      this.#progress.removeAttribute("value");
    }
  }

  /** Shows what went wrong and what to do; `undefined` takes it away. */
  setTrouble(trouble: Trouble | undefined): void {
    if (trouble === undefined) {
      this.#alert.replaceChildren();
      return;
    }
    const what = create("strong", trouble.what);
    const advice = create("p", trouble.advice);
    const parts: Node[] = [what, advice];
    if (trouble.code !== undefined) {
      const line = create("p", "Error code: ");
      const code = create("code", trouble.code);
      code.dataset.testid = "error-code";
      line.append(code);
      line.className = "fine";
      parts.push(line);
    }
    this.#alert.replaceChildren(...parts);
  }

  /** Shows the text that the next run will be about. */
  setText(text: SplitText, embeddedBefore: boolean): void {
    element("text-name", HTMLElement).textContent = text.name;
    element("facts", HTMLElement).classList.remove("waiting");
    setData("text-characters", text.characters, format.count(text.characters));
    setData("text-chunks", text.chunks.length, format.count(text.chunks.length));
    setData("text-average", text.characters / text.chunks.length, average(text));
    this.setRunLabel(text, embeddedBefore);
    const list = element("preview", HTMLOListElement);
    list.replaceChildren(
      ...text.chunks.slice(0, PREVIEWED).map((chunk) => {
        const item = create("li", chunk);
        item.append(" ", tagged("span", "fine", format.counted(chunk.length, "character")));
        return item;
      }),
    );
    const rest = text.chunks.length - PREVIEWED;
    element("preview-rest", HTMLElement).textContent = rest > 0 ? `… and ${format.count(rest)} more.` : "";
  }

  /** The button says what it will do. */
  setRunLabel(text: SplitText, again: boolean): void {
    this.#run.textContent = `Embed ${format.counted(text.chunks.length, "chunk")}${again ? " again" : ""}`;
  }

  /** Shows all runs, the latest first, and what they come to for the text at hand. */
  setRuns(runs: readonly Run[], comparison: Comparison, load: string): void {
    const latest = runs.at(-1);
    element("nothing-yet", HTMLElement).hidden = latest !== undefined;
    element("results", HTMLElement).hidden = latest === undefined;
    if (latest === undefined) return;
    this.#setLatest(latest);
    this.#setComparison(comparison);
    element("runs", HTMLTableSectionElement).replaceChildren(...[...runs].reverse().map((run) => row(run, load)));
  }

  #setLatest(run: Run): void {
    const kind = temperature(run);
    const tag = element("last-kind", HTMLElement);
    tag.textContent = kind;
    tag.className = `kind ${KIND_CLASS[kind]}`;
    setData("last-total", run.total, format.milliseconds(run.total));
    setData("last-hits", run.hits, format.count(run.hits));
    setData("last-chunks", run.chunks, format.count(run.chunks));
    setData("last-hit-rate", run.hits / run.chunks, format.percent(run.hits, run.chunks));
    setData("last-misses", run.misses, format.count(run.misses));
    setData("last-bytes-read", run.bytesRead, format.bytes(run.bytesRead));
    setData("last-bytes-written", run.bytesWritten, format.bytes(run.bytesWritten));
  }

  #setComparison(comparison: Comparison): void {
    const bars: Bar[] = [];
    if (comparison.cold) bars.push({ label: "Cold", run: comparison.cold });
    if (comparison.browser) bars.push({ label: "Warm (browser)", run: comparison.browser });
    if (comparison.remote) bars.push({ label: "Warm (remote)", run: comparison.remote });
    element("chart", HTMLElement).hidden = bars.length === 0;
    element("bars", HTMLElement).replaceChildren(...drawBars(bars));
    element("summary", HTMLElement).replaceChildren(...summary(comparison));
  }

  /** The whole page takes drops: who misses the box by a finger should not be shown the file instead of the page. */
  #listenForDrops(take: (files: File[]) => void): void {
    let depth = 0;
    const mark = (change: number) => {
      depth = Math.max(0, depth + change);
      this.#drop.classList.toggle("dragging", depth > 0);
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
}

/** Says what the runs show, also when they do not show what one would like. */
function summary({ cold, browser, remote }: Comparison): (Node | string)[] {
  const warm = browser ?? remote;
  if (!cold && !warm) return ["This text was partly in the cache: the run was neither cold nor warm. Run it again."];
  if (!warm) return ["That was the cold run. Now run again, or reload the page first."];
  if (!cold) return ["All of it was in the cache already. Clear the cache and run to see a cold run beside it."];
  const ratio = cold.total / warm.total;
  const speedup = data("speedup", ratio, format.times(ratio));
  const times = [`${format.milliseconds(cold.total)} cold`];
  if (browser) times.push(`${format.milliseconds(browser.total)} warm from this browser`);
  if (remote) times.push(`${format.milliseconds(remote.total)} warm from the remote tier`);
  if (ratio >= 1.05) return ["Warm is ", speedup, ` faster than cold: ${times.join(", ")}.`];
  const words = ratio < 0.95 ? "Warm is slower than cold here" : "Warm is no faster than cold here";
  return [`${words} (`, speedup, `): ${times.join(", ")}.`];
}

function row(run: Run, load: string): HTMLTableRowElement {
  const tr = document.createElement("tr");
  const prefix = `run-${run.number}`;
  tr.dataset.testid = prefix;
  const head = document.createElement("th");
  head.scope = "row";
  const is = temperature(run);
  const kind = tagged("span", `kind ${KIND_CLASS[is]}`, is);
  kind.dataset.testid = `${prefix}-kind`;
  head.append(tagged("span", "run-number", `${run.number}`), " ", kind);
  const where = run.load === load ? run.textName : `${run.textName}, before the reload`;
  head.append(tagged("span", "run-text", where));
  tr.append(head);
  const cell = (name: string, value: number, text: string) => {
    const td = document.createElement("td");
    td.append(data(`${prefix}-${name}`, value, text));
    tr.append(td);
  };
  cell("browser", run.browser.hits, format.count(run.browser.hits));
  cell("remote", run.remote?.hits ?? 0, run.remote ? format.count(run.remote.hits) : "—");
  cell("misses", run.misses, format.count(run.misses));
  for (const { phase } of PHASES) {
    if (shown(run, phase)) cell(phase, run.times[phase], format.milliseconds(run.times[phase]));
    else cell(phase, 0, "—");
  }
  cell("total", run.total, format.milliseconds(run.total));
  cell("requests", run.remote?.requests ?? 0, run.remote ? format.count(run.remote.requests) : "—");
  return tr;
}

function average(text: SplitText): string {
  return format.count(Math.round(text.characters / text.chunks.length));
}
