/** The search: a question of the person's, or a chunk that they like, and the chunks that are most like it. */
import "../search_wasm.ts";
import { BytestowError } from "bytestow";
import { create, element, stylesheet } from "../dom.ts";
import { PageError } from "../errors.ts";
import * as format from "../format.ts";
import type { PageChunk, PanelContext, PanelEmbeddings } from "../panel.ts";
import { place, showTrouble } from "../parts.ts";
import { ChunkIndex, type Found } from "./chunk_index.ts";
import { showFound, showNone } from "./results.ts";
import { MARKUP } from "./template.ts";

/** What is looked for: a question, or the like of a chunk. */
type Wanted = { query: string } | { like: Found };

/** Puts the search into `root`. */
export async function mountSearch(root: HTMLElement, context: PanelContext): Promise<void> {
  await stylesheet("search.css");
  place(root, MARKUP);
  new Search(context).begin();
}

class Search {
  readonly #context: PanelContext;
  readonly #query = element("search-query", HTMLInputElement);
  readonly #file = element("search-file", HTMLSelectElement);
  readonly #k = element("search-k", HTMLSelectElement);
  readonly #progress = element("search-progress", HTMLProgressElement);
  readonly #stop = element("search-stop", HTMLButtonElement);
  readonly #alert = element("search-alert", HTMLElement);
  /** That of the embedder which was asked last. */
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
      if (going.signal.aborted) {
        this.#say(this.#progress.hidden ? "Stopped." : "Stopped. The next search goes on with the index.");
      } else {
        this.#say("");
        showTrouble(this.#alert, await this.#remedied(error));
      }
    } finally {
      if (this.#going === going) {
        this.#going = undefined;
        this.#progress.hidden = this.#stop.hidden = true;
      }
    }
  }

  async #find(wanted: Wanted, signal: AbortSignal): Promise<void> {
    const chunks = this.#context.chunks();
    if (chunks.length === 0)
      throw new PageError("There is nothing to search.", "Open a text or take the sample first.");
    const what = "query" in wanted ? "question" : "chunk";
    this.#say(`Asking for the ${what}’s vector …`);
    this.#stop.hidden = false;
    const onWait = (seconds: number) => this.#say(format.leftAlone(seconds));
    const embeddings = await this.#context.embeddings({ signal, onWait });
    try {
      await this.#findBy(embeddings, wanted, chunks, signal);
    } finally {
      embeddings.close();
    }
  }

  async #findBy(
    { model, cached }: PanelEmbeddings,
    wanted: Wanted,
    chunks: readonly PageChunk[],
    signal: AbortSignal,
  ): Promise<void> {
    const began = performance.now();
    // First, so that an embedder that does not work says so before anything is written.
    const vector = "query" in wanted ? await cached.embedQuery(wanted.query) : await first(cached, wanted.like.text);
    const embed = performance.now() - began;
    signal.throwIfAborted();
    const index = this.#indexOf(model);
    const filled = await index.fill(chunks, cached, signal, (done, of) => this.#showFilling(done, of));
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
    if (filled.added > 0 || asked) this.#context.added();
  }

  /** An index that cannot be used any more is given up: all that it holds is kept elsewhere. */
  async #remedied(error: unknown): Promise<unknown> {
    if (!(error instanceof BytestowError)) return error;
    if (error.code === "invalid_argument" && /\bdimensions\b/u.test(error.message)) {
      return new PageError(
        "The model gives vectors of another length now than those that are kept of it.",
        "Press “Clear browser”, or “Clear both” where there is a remote tier, then search again.",
      );
    }
    if (error.code !== "corrupt") return error;
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

  #indexOf(model: string): ChunkIndex {
    if (this.#index?.model !== model) {
      this.#index?.chunks.close().catch(() => undefined);
      this.#index = { model, chunks: new ChunkIndex(this.#context.browser, model) };
    }
    return this.#index.chunks;
  }

  /** Takes back what was found: it was found elsewhere. */
  #reset(): void {
    this.#going?.abort();
    this.#going = undefined;
    this.#last = undefined;
    this.#progress.hidden = this.#stop.hidden = true;
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

  #showFilling(done: number, of: number): void {
    if (this.#progress.hidden) this.#say("Putting the chunks into the index …");
    this.#progress.hidden = false;
    [this.#progress.max, this.#progress.value] = [of, done];
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
async function first(cached: PanelEmbeddings["cached"], text: string): Promise<number[]> {
  const [vector] = await cached.embedDocuments([text]);
  if (vector === undefined) throw new Error("the embedder gave no vector");
  return vector;
}
