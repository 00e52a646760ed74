/** Searches of an index, and what goes by filters: by which rows, and again where others have come meanwhile. */

import type { Document } from "@langchain/core/documents";
import { BytestowError } from "../../core/error.js";
import { stillWanted } from "../../search/abort.js";
import { breath, due } from "../../search/breath.js";
import type { SearchEngine } from "../../search/engine.js";
import type { Engine } from "../../wasm/bytestow_search.js";
import { copyOf, documentOf } from "./documents.js";
import { Corpus } from "./filters/corpus.js";
import { type Filter, type Mask, Masks } from "./filters/masks.js";
import { SideBySide } from "./stored.js";

/** What the binding's searches give: documents side by side, and of each its length; of one that is at hand -1 - its row. */
type Found = [ids: string[], scores: Float32Array, documents: Uint8Array, places: Float64Array];

/** The documents of the first rows. */
type AtHand = readonly (Document | undefined)[];

/** Begins a search of the binding's, among rows if there are words. */
type Begin = (
  engine: Engine,
  words: Uint32Array | undefined,
  generation: number,
  rows: number,
  atHand: number,
) => number;

/** As many of anything as the binding can be told. */
const MOST = 0xffffffff;

/** How often a task runs beside writes, and how often in all. */
const BESIDE_WRITES = 8;
const MOST_TIMES = 100;

/** Searches an index. */
export class Searcher {
  readonly #engine: SearchEngine;
  readonly #corpus: Corpus;
  readonly #masks: Masks;
  readonly #refresh: number;
  readonly #now: () => number;
  /** When a filter has last looked whether others have written. */
  #looked = Number.NEGATIVE_INFINITY;

  /** `refresh` in ms. */
  constructor(engine: SearchEngine, refresh: number, now: () => number) {
    this.#engine = engine;
    this.#corpus = new Corpus(engine);
    this.#masks = new Masks(engine, this.#corpus);
    this.#refresh = refresh;
    this.#now = now;
  }

  /** How many bytes are kept of what filters have asked about. */
  get filters(): number {
    return this.#corpus.bytes + this.#masks.bytes;
  }

  /** The best `k`, with their scores; those of at least `threshold` where it is no NaN. */
  search(query: Float64Array, k: number, threshold: number, filter: Filter | undefined, signal?: AbortSignal) {
    const most = Math.min(k, MOST);
    return this.#found(filter, signal, (engine, ...among) => engine.search(query, most, threshold, ...among));
  }

  /** The `k` that are most relevant and least alike, of the best `fetchK`. */
  mmr(
    query: Float64Array,
    k: number,
    fetchK: number,
    lambda: number,
    filter: Filter | undefined,
    signal?: AbortSignal,
  ) {
    const [most, fetched] = [Math.min(k, MOST), Math.min(fetchK, MOST)];
    return this.#found(filter, signal, (engine, ...among) => engine.mmr(query, most, fetched, lambda, ...among));
  }

  /** Removes what a filter keeps of what is there when it is removed. */
  async remove(filter: Filter, signal?: AbortSignal): Promise<void> {
    const look = (engine: Engine) => engine.refresh();
    await this.#kept(
      filter,
      signal,
      (engine, mask) => engine.removeRows(mask.words, mask.generation, mask.count),
      look,
    );
  }

  async #found(
    filter: Filter | undefined,
    signal: AbortSignal | undefined,
    begin: Begin,
  ): Promise<[Document, number][]> {
    // What a filter has read is not read again.
    let atHand: AtHand = [];
    const found =
      filter === undefined
        ? await this.#engine.run<Found>((engine) => begin(engine, undefined, 0, 0, 0), signal)
        : await this.#kept<Found>(filter, signal, (engine, mask) => {
            atHand = this.#corpus.kept(mask);
            return begin(engine, mask.words, mask.generation, mask.count, atHand.length);
          });
    return documentsOf(found, atHand, signal);
  }

  /**
   * Runs a task on what a filter keeps, whatever is written beside it. Where rows have come since the filter was asked, or
   * were numbered anew, the task ends as stale: then the filter is asked about what is new, and the task runs again; after
   * some times while this object's own writes wait.
   */
  async #kept<T>(
    filter: Filter,
    signal: AbortSignal | undefined,
    begin: (engine: Engine, mask: Mask) => number,
    // What is removed must be what is there; what is found may be what is known, where the store cannot be asked.
    look = (engine: Engine) => engine.lookIfOld(),
  ): Promise<T> {
    const asked = this.#masks.asked(filter);
    const once = async () => {
      await this.#look(look, signal);
      const mask = await asked(signal);
      return this.#engine.run<T>((engine) => begin(engine, mask), signal, mask.born);
    };
    for (let times = 1; ; times++) {
      try {
        return await (times <= BESIDE_WRITES ? once() : this.#engine.hold.during(once));
      } catch (error) {
        if ((error as { code?: string }).code !== "stale") throw error;
        if (times === MOST_TIMES) throw busy(error);
      }
    }
  }

  /** Looks whether others have written. A search does so by itself, but after the filter; where each one does, that is enough. */
  async #look(look: (engine: Engine) => number, signal: AbortSignal | undefined): Promise<void> {
    await this.#engine.open(signal);
    if (this.#refresh === 0) return;
    const now = this.#now();
    if (now - Math.max(this.#looked, this.#engine.openedAt) < this.#refresh) return;
    this.#looked = now;
    await this.#engine.run(look, signal);
  }
}

function busy(cause: unknown): BytestowError {
  const message = `others have written to the index ${MOST_TIMES} times while the filter was asked about what was new`;
  return new BytestowError("unavailable", message, { cause, retryable: true });
}

/** Large documents take long to read: not in one go. */
async function documentsOf(
  [ids, scores, documents, places]: Found,
  atHand: AtHand,
  signal: AbortSignal | undefined,
): Promise<[Document, number][]> {
  const stored = new SideBySide(
    documents,
    Array.from(places).filter((place) => place >= 0),
  );
  const found: [Document, number][] = [];
  for (const [at, id] of ids.entries()) {
    if (due()) {
      await breath();
      stillWanted(signal);
    }
    const place = places[at] as number;
    const document = place < 0 ? copyOf(atHand[-1 - place] as Document, id) : documentOf(stored.next(id), id);
    found.push([document, scores[at] as number]);
  }
  return found;
}
