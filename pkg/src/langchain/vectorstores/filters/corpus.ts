/**
 * The documents of an index in the order of its rows, for filters: each is read and parsed once, and kept up to a bound;
 * what is beyond it is read anew each time.
 */

import { Document } from "@langchain/core/documents";
import { breath, due } from "../../../search/breath.js";
import type { SearchEngine } from "../../../search/engine.js";
import { parsed } from "../documents.js";
import { has } from "./bits.js";

/** What `documents` of the binding gives: which rows live, and the bytes of their documents. */
type Read = [live: Uint32Array, bytes: Uint8Array, lengths: Uint32Array];

/** How many rows are read at once. */
const AT_ONCE = 512;

/** How many bytes of documents are kept parsed; parsed they take some three times as much. */
const MOST_KEPT = 32 << 20;

/** Called with each row and its document, in order; without one where the row is dead. */
export type Visit = (row: number, document: Document | undefined) => void;

/** The documents, and which generation of rows they belong to. */
export class Corpus {
  readonly #engine: SearchEngine;
  readonly #mostKept: number;
  #generation = -1;
  /** The documents of the first rows. */
  #kept: (Document | undefined)[] = [];
  #bytes = 0;

  constructor(engine: SearchEngine, mostKept = MOST_KEPT) {
    this.#engine = engine;
    this.#mostKept = mostKept;
  }

  /** Visits the rows from `from` to `to`. Gives false where the rows are others by now, and what was visited is void. */
  async visit(generation: number, from: number, to: number, visit: Visit, signal?: AbortSignal): Promise<boolean> {
    if (generation !== this.#generation) this.#begin(generation);
    for (let row = from; row < to; ) {
      if (due()) await breath();
      if (signal?.aborted) throw signal.reason;
      const end = Math.min(to, row + AT_ONCE);
      if (end <= this.#kept.length && generation === this.#generation) {
        for (; row < end; row++) visit(row, this.#kept[row]);
        continue;
      }
      const read = await this.read(generation, row, end - row, signal);
      if (read === undefined) return false;
      let bytes = 0;
      for (const [at, document] of read.documents.entries()) {
        bytes += read.lengths[at] as number;
        visit(row + at, document);
      }
      this.#keep(generation, row, read.documents, bytes);
      row = end;
    }
    return true;
  }

  /** Reads rows from the index, whatever is kept: what is dead by now is `undefined`. Nothing where the rows are others. */
  async read(generation: number, from: number, count: number, signal?: AbortSignal) {
    const read = await this.#engine.run<Read>((engine) => engine.documents(from, count), signal);
    if (this.#engine.current?.rows()[0] !== generation) return undefined;
    const [live, bytes, lengths] = read;
    const documents: (Document | undefined)[] = [];
    let begin = 0;
    for (let at = 0; at < lengths.length; at++) {
      const end = begin + (lengths[at] as number);
      documents.push(has(live, at) ? frozen(bytes.subarray(begin, end), from + at) : undefined);
      begin = end;
    }
    return { documents, lengths };
  }

  #begin(generation: number): void {
    this.#generation = generation;
    this.#kept = [];
    this.#bytes = 0;
  }

  /** Keeps what follows on what is kept, while there is room. */
  #keep(generation: number, from: number, documents: (Document | undefined)[], bytes: number): void {
    const follows = from <= this.#kept.length && from + documents.length > this.#kept.length;
    if (generation !== this.#generation || !follows || this.#bytes + bytes > this.#mostKept) return;
    this.#bytes += bytes;
    this.#kept.push(...documents.slice(this.#kept.length - from));
  }
}

/** A document that nobody can change: a filter is given it again. */
function frozen(bytes: Uint8Array, row: number): Document {
  const { pageContent, metadata, id } = parsed(bytes, `the document of row ${row}`);
  return Object.freeze(new Document({ pageContent, metadata: freeze(metadata), id }));
}

function freeze<T extends object>(value: T): T {
  for (const each of Object.values(value) as unknown[]) if (typeof each === "object" && each !== null) freeze(each);
  return Object.freeze(value);
}
