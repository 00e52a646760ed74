/** Searches of an index: by which rows, and again where the rows were numbered anew meanwhile. */

import type { Document } from "@langchain/core/documents";
import type { SearchEngine } from "../../search/engine.js";
import type { Engine } from "../../wasm/bytestow_search.js";
import { documentOf } from "./documents.js";
import { Corpus } from "./filters/corpus.js";
import { type Filter, type Mask, Masks } from "./filters/masks.js";

/** What the binding's searches give. */
type Found = [ids: string[], scores: Float32Array, documents: Uint8Array[]];

/** As many of anything as the binding can be told. */
const MOST = 0xffffffff;

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

  /** The best `k`, with their scores; those of at least `threshold` where it is no NaN. */
  search(query: Float64Array, k: number, threshold: number, filter: Filter | undefined, signal?: AbortSignal) {
    const most = Math.min(k, MOST);
    return this.#found(filter, signal, (engine, words, generation) =>
      engine.search(query, most, threshold, words, generation),
    );
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
    return this.#found(filter, signal, (engine, words, generation) =>
      engine.mmr(query, most, fetched, lambda, words, generation),
    );
  }

  /** The ids of what a filter keeps and is there now. */
  async idsOf(filter: Filter, signal?: AbortSignal): Promise<string[]> {
    again: for (;;) {
      const { words, rows, generation } = await this.#mask(filter, signal);
      const ids: string[] = [];
      for (let word = 0; word < words.length; word++) {
        if (words[word] === 0) continue;
        // What is kept may have died since it was read.
        const read = await this.#corpus.read(generation, word * 32, Math.min(32, rows - word * 32), signal);
        if (read === undefined) continue again;
        for (const [at, document] of read.documents.entries()) {
          if (document !== undefined && (((words[word] as number) >>> at) & 1) === 1) ids.push(document.id as string);
        }
      }
      return ids;
    }
  }

  async #found(
    filter: Filter | undefined,
    signal: AbortSignal | undefined,
    begin: (engine: Engine, words: Uint32Array | undefined, generation: number) => number,
  ): Promise<[Document, number][]> {
    for (;;) {
      const mask = filter && (await this.#mask(filter, signal));
      try {
        const [ids, scores, documents] = await this.#engine.run<Found>(
          (engine) => begin(engine, mask?.words, mask?.generation ?? 0),
          signal,
        );
        return ids.map((id, at) => [documentOf(documents[at] as Uint8Array, id), scores[at] as number]);
      } catch (error) {
        // Compaction has numbered the rows anew: what the filter keeps is to be asked again.
        if (mask === undefined || (error as { code?: string }).code !== "stale") throw error;
      }
    }
  }

  async #mask(filter: Filter, signal: AbortSignal | undefined): Promise<Mask> {
    // A search looks by itself, but after the filter.
    const now = this.#now();
    if (now - Math.max(this.#looked, this.#engine.openedAt) >= this.#refresh) {
      this.#looked = now;
      await this.#engine.run((engine) => engine.refresh(), signal);
    }
    return this.#masks.of(filter, signal);
  }
}
