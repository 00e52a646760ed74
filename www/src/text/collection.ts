/** The texts that are open on the page, and what they are cut into. */
import type { PageChunk } from "../panel.ts";
import { CHUNK_OVERLAP, CHUNK_SIZE, type Chunk, type Cut, splitIntoChunks } from "./chunks.ts";
import type { PageText } from "./files.ts";

/** The texts. */
export class Collection {
  #cut: Cut = { size: CHUNK_SIZE, overlap: CHUNK_OVERLAP };
  readonly #texts = new Map<string, { text: string; chunks: Chunk[] }>();
  #all: PageChunk[] = [];

  get cut(): Cut {
    return this.#cut;
  }

  /** The texts' names with their lengths, in the order they came. */
  get texts(): { name: string; characters: number }[] {
    return [...this.#texts].map(([name, { text }]) => ({ name, characters: text.length }));
  }

  /** All chunks of all texts. */
  get chunks(): readonly PageChunk[] {
    return this.#all;
  }

  /** The first chunks, with what each repeats. */
  first(count: number): Chunk[] {
    const first: Chunk[] = [];
    for (const { chunks } of this.#texts.values()) first.push(...chunks.slice(0, count - first.length));
    return first;
  }

  /** Adds texts; those of the same names that came before are replaced. */
  add(texts: readonly PageText[]): void {
    for (const { name, text } of numbered(texts)) {
      this.#texts.set(name, { text, chunks: splitIntoChunks(text, this.#cut) });
    }
    this.#join();
  }

  remove(name: string): void {
    this.#texts.delete(name);
    this.#join();
  }

  /** Cuts all texts anew. */
  recut(cut: Cut): void {
    this.#cut = cut;
    for (const entry of this.#texts.values()) entry.chunks = splitIntoChunks(entry.text, cut);
    this.#join();
  }

  #join(): void {
    this.#all = [];
    for (const [file, { chunks }] of this.#texts) {
      for (const [at, { text }] of chunks.entries()) this.#all.push({ file, at, text });
    }
  }
}

/** Of texts that come together under one name, out of several folders, all but the first get a number: `notes.txt (2)`. */
function* numbered(texts: readonly PageText[]): Generator<PageText> {
  const taken = new Set(texts.map(({ name }) => name));
  const seen = new Set<string>();
  for (const { name, text } of texts) {
    let own = name;
    for (let number = 2; seen.has(name) && taken.has(own); number += 1) own = `${name} (${number})`;
    taken.add(own);
    seen.add(name);
    yield { name: own, text };
  }
}
