/** The search: a question of the person's, or a chunk that they like, and the chunks that are most like it. */
import "../search_wasm.ts";
import { BytestowError } from "bytestow";
import { create, element, stylesheet } from "../dom.ts";
import { PageError } from "../errors.ts";
import * as format from "../format.ts";
import type { PanelContext } from "../panel.ts";
import { place, showTrouble } from "../parts.ts";
import { ChunkIndex, type Found } from "./chunk_index.ts";
import { showFound, showNone } from "./results.ts";
import { MARKUP } from "./template.ts";

/** What is looked for: a question, or the like of a chunk. */
type Wanted = { query: string } | { like: Found };

/** Puts the search into `root`. */
export function mountSearch(root: HTMLElement, context: PanelContext): Promise<void> {
  return stylesheet("search.css").then(() => {
    place(root, MARKUP);
    new Search(context).begin();
  });
}

class Search {
  readonly #context: PanelContext;
  readonly #query = element("search-query", HTMLInputElement);
  readonly #file = element("search-file", HTMLSelectElement);
  readonly #k = element("search-k", HTMLSelectElement);
  readonly #progress = element("search-progress", HTMLProgressElement);
  readonly #stop = element("search-stop", HTMLButtonElement);
  readonly #alert = element("search-alert", HTMLElement);
  /** One for each embedder: its model, and what makes its vectors. */
  #index: { model: string; chunks: ChunkIndex } | undefined;
  #going: AbortController | undefined;
  /** The questions so far. */
  readonly #asked = new Set<string>();
  /** What was looked for last, to look again when the choices beside it change. */
  #last: Wanted | undefined;

  constructor(context: PanelContext) {
    this.#context = context;
  }

  begin(): void {
    element("search-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    const again = () => {
      if (this.#last) this.#look(this.#last);
    };
    this.#file.addEventListener("change", again);
    this.#k.addEventListener("change", again);
    this.#stop.addEventListener("click", () => {
      this.#going?.abort();
      this.#query.focus();
    });
    this.#context.onChange((what) => {
      if (what === "kept") return;
      this.#reset();
      if (what === "chunks") this.#showFiles();
    });
    this.#showFiles();
  }

  #ask(): void {
    const query = this.#query.value.trim();
    if (query === "") {
      this.#say("Type what to look for, then press Enter.");
      this.#query.focus();
    } else this.#look({ query });
  }

  /** Looks for `wanted`, and no more for what was looked for before. */
  async #look(wanted: Wanted): Promise<void> {
    this.#going?.abort();
    const going = new AbortController();
    this.#going = going;
    this.#last = wanted;
    showTrouble(this.#alert, undefined);
    try {
      await this.#find(wanted, going.signal);
    } catch (error) {
      if (this.#going !== going) return;
      if (going.signal.aborted) this.#say("Stopped. The next search goes on with the index.");
      else {
        this.#say("");
        showTrouble(this.#alert, await this.#remedied(error));
      }
    } finally {
      if (this.#going === going) {
        this.#going = undefined;
        this.#showFilling(undefined);
      }
    }
  }

  async #find(wanted: Wanted, signal: AbortSignal): Promise<void> {
    const chunks = this.#context.chunks();
    if (chunks.length === 0)
      throw new PageError("There is nothing to search.", "Open a text or take the sample first.");
    const { cached } = this.#context.embeddings();
    const began = performance.now();
    // First, so that an embedder that does not work says so before anything is written.
    const vector = "query" in wanted ? await cached.embedQuery(wanted.query) : await first(cached, wanted.like.text);
    const embed = performance.now() - began;
    signal.throwIfAborted();
    const index = this.#indexOfModel();
    const filled = await index.fill(chunks, signal, (done, of) => this.#showFilling({ done, of }));
    signal.throwIfAborted();
    this.#showIndexed(filled);

    const files = this.#file.value === "" ? [...new Set(chunks.map(({ file }) => file))] : [this.#file.value];
    const k = Number(this.#k.value);
    const searched = performance.now();
    // A chunk is most like itself.
    const found = await index.search(vector, "like" in wanted ? k + 1 : k, files);
    const search = performance.now() - searched;
    signal.throwIfAborted();
    const shown = "like" in wanted ? found.filter(({ id }) => id !== wanted.like.id).slice(0, k) : found;
    this.#show(wanted, shown, chunks.filter(({ file }) => files.includes(file)).length);
    this.#tell(shown.length, { embed, search });
    // The vector of a question is kept as well.
    const asked = "query" in wanted && !this.#asked.has(wanted.query);
    if (asked) this.#asked.add(wanted.query);
    if (filled.added > 0) await index.settle();
    if (filled.added > 0 || asked) this.#context.changed();
  }

  /** An index that cannot be read is given up: all that it holds is kept elsewhere. */
  async #remedied(error: unknown): Promise<unknown> {
    if (!(error instanceof BytestowError && error.code === "corrupt")) return error;
    await this.#index?.chunks.forget();
    return new PageError(
      "The index cannot be read any more.",
      "Search again: it is made anew of the vectors that are kept.",
    );
  }

  #show(wanted: Wanted, found: readonly Found[], of: number): void {
    const what =
      "query" in wanted ? `“${wanted.query}”` : `chunk ${format.count(wanted.like.at + 1)} of ${wanted.like.file}`;
    if (found.length === 0) {
      showNone(`No chunk has anything in common with ${what}. Try other words, or another text.`);
    } else {
      const heading = `${format.count(found.length)} of ${format.counted(of, "chunk")}, most like ${what}`;
      showFound(heading, found, (like) => this.#look({ like }));
      // The button that was pressed is gone with the list it stood in.
      if ("like" in wanted) element("search-found", HTMLElement).focus();
    }
  }

  #tell(found: number, { embed, search }: { embed: number; search: number }): void {
    const line = element("search-status", HTMLElement);
    const took = create("data", format.milliseconds(search));
    took.value = String(search);
    took.id = "search-took";
    const many = found === 0 ? "Nothing found" : `${format.counted(found, "chunk")} found`;
    line.replaceChildren(`${many} in `, took, `, after ${format.milliseconds(embed)} for the question’s own vector.`);
  }

  #indexOfModel(): ChunkIndex {
    const { model, cached } = this.#context.embeddings();
    if (this.#index?.model !== model) {
      this.#index?.chunks.close().catch(() => undefined);
      this.#index = { model, chunks: new ChunkIndex(this.#context.browser, model, cached) };
    }
    return this.#index.chunks;
  }

  /** Takes back what was found: it was found elsewhere. */
  #reset(): void {
    this.#going?.abort();
    this.#going = undefined;
    this.#last = undefined;
    this.#showFilling(undefined);
    showTrouble(this.#alert, undefined);
    this.#say("");
    showNone("Nothing looked for yet in what is open now.");
  }

  #showFiles(): void {
    const chosen = this.#file.value;
    const files = new Set(this.#context.chunks().map(({ file }) => file));
    const option = (text: string, value: string) => new Option(text, value, false, value === chosen);
    this.#file.replaceChildren(option("all texts", ""), ...Array.from(files, (file) => option(file, file)));
  }

  #showFilling(filling: { done: number; of: number } | undefined): void {
    if (filling && this.#progress.hidden) this.#say("Putting the chunks into the index …");
    this.#progress.hidden = this.#stop.hidden = filling === undefined;
    if (filling) [this.#progress.max, this.#progress.value] = [filling.of, filling.done];
  }

  #showIndexed({ chunks, added }: { chunks: number; added: number }): void {
    const line = element("search-indexed", HTMLElement);
    const counted = (id: string, value: number) => {
      const made = create("data", format.count(value));
      made.value = String(value);
      made.id = id;
      return made;
    };
    line.replaceChildren(
      "In the index: ",
      counted("search-chunks", chunks),
      " chunks; this search has added ",
      counted("search-added", added),
      " of them.",
    );
  }

  #say(text: string): void {
    element("search-status", HTMLElement).textContent = text;
  }
}

/** The vector of a chunk, which the cache has. */
async function first(cached: ReturnType<PanelContext["embeddings"]>["cached"], text: string): Promise<number[]> {
  const [vector] = await cached.embedDocuments([text]);
  if (vector === undefined) throw new Error("the embedder gave no vector");
  return vector;
}
