/** Searches of an index: by which rows, and again where the rows were numbered anew meanwhile. */

import type { Document } from "@langchain/core/documents";
import { stillWanted } from "../../search/abort.js";
import { breath, due } from "../../search/breath.js";
import type { SearchEngine } from "../../search/engine.js";
import type { Engine } from "../../wasm/bytestow_search.js";
import { documentOf, parsed } from "./documents.js";
import { Corpus } from "./filters/corpus.js";
import { type Filter, Masks } from "./filters/masks.js";

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

  /** How many bytes are kept of what filters have asked about. */
  get filters(): number {
    return this.#corpus.bytes + this.#masks.bytes;
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
    await this.#look(signal);
    const { words, born } = await this.#masks.asked(filter)(signal);
    const ids: string[] = [];
    for (const [at, word] of words.entries()) {
      if (word === 0) continue;
      const [live, bytes, lengths] = await this.#engine.run<[Uint32Array, Uint8Array, Uint32Array]>(
        (engine) => engine.documents(at * 32, 32),
        signal,
        born,
      );
      let begin = 0;
      for (const [row, length] of lengths.entries()) {
        if ((((live[0] as number) & word) >>> row) & 1) ids.push(parsed(bytes.subarray(begin, begin + length), "a").id);
        begin += length;
      }
    }
    return ids;
  }

  async #found(
    filter: Filter | undefined,
    signal: AbortSignal | undefined,
    begin: (engine: Engine, words: Uint32Array | undefined, generation: number) => number,
  ): Promise<[Document, number][]> {
    const asked = filter && this.#masks.asked(filter);
    for (;;) {
      if (asked !== undefined) await this.#look(signal);
      const mask = await asked?.(signal);
      try {
        const task = (engine: Engine) => begin(engine, mask?.words, mask?.generation ?? 0);
        return await documentsOf(await this.#engine.run<Found>(task, signal, mask?.born), signal);
      } catch (error) {
        // Rows were numbered anew: what the filter keeps is to be asked again.
        if (mask === undefined || (error as { code?: string }).code !== "stale") throw error;
      }
    }
  }

  /** Looks whether others have written. A search does so by itself, but after the filter. */
  async #look(signal: AbortSignal | undefined): Promise<void> {
    await this.#engine.open(signal);
    const now = this.#now();
    if (now - Math.max(this.#looked, this.#engine.openedAt) < this.#refresh) return;
    this.#looked = now;
    await this.#engine.run((engine) => engine.refresh(), signal);
  }
}

/** Large documents take long to read: not in one go. */
async function documentsOf(
  [ids, scores, documents]: Found,
  signal: AbortSignal | undefined,
): Promise<[Document, number][]> {
  const found: [Document, number][] = [];
  for (const [at, id] of ids.entries()) {
    if (due()) {
      await breath();
      stillWanted(signal);
    }
    found.push([documentOf(documents[at] as Uint8Array, id), scores[at] as number]);
  }
  return found;
}
