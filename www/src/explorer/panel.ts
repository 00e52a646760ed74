/** The explorer: what this browser keeps, looked at, deleted, carried out and in. This file joins its parts. */
import { BytestowError } from "bytestow";
import { element, stylesheet } from "../dom.ts";
import { PageError, TOO_EARLY } from "../errors.ts";
import * as format from "../format.ts";
import type { PanelContext } from "../panel.ts";
import { guardFiles, place, showBusy, showTrouble } from "../parts.ts";
import { listsBeside } from "../search/names.ts";
import { onSecondPress } from "./confirm.ts";
import { Detail } from "./detail.ts";
import { type Entry, list } from "./listing.ts";
import { showRoom, showTotals, watchPersistence } from "./room.ts";
import { Table } from "./table.ts";
import { MARKUP } from "./template.ts";
import { exportAll, importFrom } from "./transfer.ts";
import * as words from "./words.ts";

/** How long it is waited at least from one listing to the next, in ms. */
const BETWEEN_MS = 500;
/** How often ages are told anew, in ms. */
const AGES_MS = 5_000;

/** Puts the explorer into `root`. */
export async function mountExplorer(root: HTMLElement, context: PanelContext): Promise<void> {
  // Tables look as they do everywhere on the page.
  await Promise.all([stylesheet("results.css"), stylesheet("explorer.css")]);
  place(root, MARKUP);
  new Explorer(context).begin();
}

class Explorer {
  readonly #context: PanelContext;
  readonly #table = new Table((key) => this.#task(() => this.#choose(key)));
  readonly #detail = new Detail();
  readonly #prefix = element("explorer-prefix", HTMLInputElement);
  readonly #import = element("explorer-import", HTMLInputElement);
  readonly #progress = element("explorer-progress", HTMLProgressElement);
  readonly #alert = element("explorer-alert", HTMLElement);
  readonly #graves = ["delete", "delete-found", "clear"].map((name) => element(`explorer-${name}`, HTMLButtonElement));
  readonly #export = element("explorer-export", HTMLButtonElement);
  /** What was listed last. */
  #all: Entry[] = [];
  #listing: Promise<void> | undefined;
  #stale = false;
  /** Whether what the alert says is of a listing. */
  #listingFailed = false;
  #busy = false;

  constructor(context: PanelContext) {
    this.#context = context;
  }

  begin(): void {
    watchPersistence(this.#context);
    this.#prefix.addEventListener("input", () => this.#showListed(true));
    this.#export.addEventListener("click", () => this.#task(() => this.#exportAll()));
    guardFiles(this.#import);
    this.#import.addEventListener("change", () => {
      const [file] = this.#import.files ?? [];
      // So that choosing the same file again is a change again.
      this.#import.value = "";
      if (file && this.#busy) showTrouble(this.#alert, TOO_EARLY);
      else if (file) this.#task(() => this.#importFrom(file));
    });
    const [one, found, all] = this.#graves;
    const say = (text: string) => this.#say(text);
    // What the first press asked about, and no more: others may write meanwhile.
    let asked: string[] = [];
    const act = () => this.#task(() => this.#remove(asked));
    if (one) {
      const ask = () => {
        asked = this.#detail.key === undefined ? [] : [this.#detail.key];
        return asked.length === 0 ? undefined : "Press again to delete this entry";
      };
      onSecondPress(one, { ask, say, act });
    }
    if (found) {
      const ask = () => {
        asked = this.#found().map(({ key }) => key);
        return this.#ask("delete", asked.length);
      };
      onSecondPress(found, { ask, say, act });
    }
    if (all) {
      const ask = () => this.#ask("clear", this.#all.length);
      onSecondPress(all, { ask, say, act: () => this.#task(() => this.#clear()) });
    }
    this.#context.onChange((what) => {
      if (what === "kept") this.#refresh();
    });
    this.#refresh();
    setInterval(() => this.#growOlder(), AGES_MS);
  }

  /** Ages are told anew, and what has expired leaves, as it has left the store. */
  #growOlder(): void {
    if (document.hidden) return;
    const now = Date.now();
    const alive = this.#all.filter(({ expires }) => expires === null || expires > now);
    const isFewer = alive.length < this.#all.length;
    this.#all = alive;
    if (isFewer) this.#showListed(false);
    else this.#table.tellAges();
  }

  /** Those of them whose keys begin as the person wants. */
  #found(): Entry[] {
    const prefix = this.#prefix.value;
    return this.#all.filter(({ key }) => key.startsWith(prefix));
  }

  #ask(verb: string, many: number): string | undefined {
    if (many > 0) return `Press again to ${verb} ${words.entries(many)}`;
    this.#say(`There is nothing to ${verb}.`);
    return undefined;
  }

  /** Lists again, and once more behind that if it was asked for meanwhile. */
  #refresh(): void {
    this.#stale = true;
    this.#listing ??= this.#list().finally(() => {
      this.#listing = undefined;
    });
  }

  async #list(): Promise<void> {
    const { browser } = this.#context;
    try {
      while (this.#stale) {
        this.#stale = false;
        this.#all = await list(browser, "");
        this.#showListed(false);
        await showRoom(this.#context);
        if (this.#listingFailed) showTrouble(this.#alert, undefined);
        this.#listingFailed = false;
        // While much is written there is always more to list: the page has other things to do.
        if (this.#stale) await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
      }
    } catch (error) {
      this.#listingFailed = true;
      showTrouble(this.#alert, error);
    }
  }

  #showListed(anew: boolean): void {
    const all = this.#all;
    const found = this.#found();
    showTotals(all);
    this.#table.set(found, anew);
    const bytes = found.reduce((sum, entry) => sum + entry.bytes, 0);
    const text =
      all.length === 0
        ? "Nothing is kept yet: embed the text above."
        : found.length === 0
          ? "No key begins so."
          : `${words.entries(found.length)}, ${format.bytes(bytes)}`;
    const line = element("explorer-found", HTMLElement);
    // A line that says the same again would be read out again.
    if (line.textContent !== text) line.textContent = text;
    const { key } = this.#detail;
    if (key !== undefined && !all.some((entry) => entry.key === key)) {
      this.#table.mark(undefined);
      // The button that was pressed to delete it is gone with it.
      if (this.#detail.hasFocus) this.#prefix.focus();
      this.#detail.empty("What stood here was deleted. Choose another key above.");
    }
  }

  async #choose(key: string): Promise<void> {
    const [value] = await this.#context.browser.mget([key]);
    if (value === undefined) {
      throw new PageError("Nothing stands under this key any more.", "It was deleted meanwhile, or has expired.");
    }
    this.#table.mark(key);
    this.#detail.set(key, value);
    this.#say("The value is shown below the table.");
  }

  async #remove(keys: string[]): Promise<void> {
    try {
      await this.#context.browser.mdelete([...keys, ...listsBeside(keys)]);
    } catch (error) {
      if (!(error instanceof BytestowError && error.code === "quota_exceeded")) throw error;
      throw new PageError(
        "There is no room left to write down what is deleted.",
        "Clear all instead, which needs none, or free disk space.",
        error.code,
      );
    }
    this.#say(`${words.entries(keys.length)} deleted.`);
    this.#context.changed();
  }

  async #clear(): Promise<void> {
    await this.#context.clearBrowser();
    this.#say("All is cleared. What a remote tier keeps is still there.");
    this.#context.changed();
  }

  async #exportAll(): Promise<void> {
    this.#say("Writing the file …");
    const { entries, bytes, file } = await exportAll(this.#context.browser, (done) => this.#show(done));
    if (entries === 0) throw new PageError("There is nothing to export.", "Embed a text first.");
    hand(file, `vectors-${new Date().toISOString().slice(0, 10)}.bytestow`);
    this.#say(`${words.entries(entries)}, ${format.bytes(bytes)}, are in a file of ${format.bytes(file.size)}.`);
  }

  async #importFrom(file: File): Promise<void> {
    this.#say(`Checking “${file.name}” …`);
    const { entries, bytes } = await importFrom(this.#context.browser, file, (done) => this.#show(done)).finally(() =>
      this.#context.changed(),
    );
    this.#say(`${words.entries(entries)} came in, ${format.bytes(bytes)}.`);
  }

  /** Does one thing at a time, and shows what becomes of it. */
  async #task(work: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#setBusy(true);
    showTrouble(this.#alert, undefined);
    this.#listingFailed = false;
    try {
      await work();
    } catch (error) {
      this.#say("");
      showTrouble(this.#alert, error);
    } finally {
      this.#setBusy(false);
      this.#progress.hidden = true;
    }
  }

  #setBusy(busy: boolean): void {
    this.#busy = busy;
    showBusy([...this.#graves, this.#export, this.#import], busy);
  }

  #say(text: string): void {
    element("explorer-status", HTMLElement).textContent = text;
  }

  #show(done: number): void {
    this.#progress.hidden = false;
    this.#progress.value = done;
  }
}

/** Has the browser save `file`. */
function hand(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // Not at once: the browser has yet to begin with it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
