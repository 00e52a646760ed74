/**
 * The documents of an index in the order of its rows, for filters: each is read and parsed once, and kept up to a bound;
 * what is beyond it is read anew each time.
 */

import { Document } from "@langchain/core/documents";
import { stillWanted, untilAborted } from "../../../search/abort.js";
import { breath, due } from "../../../search/breath.js";
import { type Rows, type SearchEngine, sameNumbers } from "../../../search/engine.js";
import { search } from "../../../search/source.js";
import { parsed } from "../stored.js";
import { has } from "./bits.js";

/** What `documents` of the binding gives: which rows live, and the bytes of their documents. */
type Read = [live: Uint32Array, bytes: Uint8Array, lengths: Uint32Array];

/** How many rows are read at first, how many times as many next, and at most; in between as many as are about so many bytes. */
const FIRST = 16;
const TIMES = 8;
const MOST = 4_096;
const BYTES = 1 << 20;

/** How many bytes of documents are kept parsed; parsed they take some three times as much. */
const MOST_KEPT = 32 << 20;

/** Called with each row and its document, in order; without one where the row is dead. */
export type Visit = (row: number, document: Document | undefined) => void;

/** Documents of rows that follow one another. Nothing where the rows have other numbers by now. */
type Stretch = (Document | undefined)[] | undefined;

/** The documents, and which rows they belong to. */
export class Corpus {
  readonly #engine: SearchEngine;
  readonly #mostKept: number;
  #rows: Rows | undefined;
  /** The documents of the first rows. */
  #kept: (Document | undefined)[] = [];
  #bytes = 0;
  #atOnce = FIRST;
  /** What is being read, by its first row: who wants it too waits for the same. */
  readonly #flights = new Map<number, Promise<Stretch>>();

  constructor(engine: SearchEngine, mostKept = MOST_KEPT) {
    this.#engine = engine;
    this.#mostKept = mostKept;
  }

  /** How many bytes the documents have that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The documents that are kept, of the first of these rows. */
  kept(rows: Rows): readonly (Document | undefined)[] {
    return sameNumbers(this.#rows, rows) ? this.#kept : [];
  }

  /** Visits the rows from `from` to the last. Gives false where they have other numbers by now: what was visited is void. */
  async visit(rows: Rows, from: number, visit: Visit, signal?: AbortSignal): Promise<boolean> {
    if (!sameNumbers(this.#rows, rows)) this.#begin(rows);
    // Another call may begin with other rows meanwhile; what was kept of these stays what it was.
    const kept = this.#kept;
    for (let row = from; row < rows.count; ) {
      stillWanted(signal);
      const begun = row;
      let stretch: Stretch = kept;
      if (row >= kept.length) stretch = await untilAborted(this.#stretch(rows, row), signal);
      if (stretch === undefined) return false;
      const first = stretch === kept ? 0 : begun;
      for (; row < rows.count && row - first < stretch.length; row++) {
        if (row % 16 === 15 && due()) {
          await breath();
          stillWanted(signal);
        }
        visit(row, stretch[row - first]);
      }
    }
    return true;
  }

  #begin(rows: Rows): void {
    this.#rows = rows;
    this.#kept = [];
    this.#bytes = 0;
    this.#flights.clear();
  }

  #stretch(rows: Rows, from: number): Promise<Stretch> {
    // In a Worker nothing of one request may wait for another's; and what others have begun is about other rows.
    if (search.isIsolated || !sameNumbers(this.#rows, rows)) return this.#read(rows, from);
    const flight = this.#flights.get(from) ?? this.#read(rows, from).finally(() => this.#end(from, flight));
    this.#flights.set(from, flight);
    return flight;
  }

  #end(from: number, flight: Promise<Stretch>): void {
    if (this.#flights.get(from) === flight) this.#flights.delete(from);
  }

  /** Reads rows, and keeps what follows on what is kept. For several calls, so that no signal ends it. */
  async #read(rows: Rows, from: number): Promise<Stretch> {
    const count = Math.min(this.#atOnce, rows.count - from);
    const [live, bytes, lengths] = await this.#engine.run<Read>(
      (engine) => engine.documents(from, count),
      undefined,
      rows.born,
    );
    if (!sameNumbers(this.#engine.rows(), rows)) return undefined;
    const each = Math.max(1, bytes.length / Math.max(1, lengths.length));
    this.#atOnce = Math.min(MOST, Math.max(1, Math.floor(BYTES / each)), count * TIMES);
    const documents: (Document | undefined)[] = [];
    let begin = 0;
    for (let at = 0; at < lengths.length; at++) {
      if (due()) await breath();
      const end = begin + (lengths[at] as number);
      documents.push(has(live, at) ? frozen(bytes.subarray(begin, end), from + at) : undefined);
      begin = end;
    }
    this.#keep(rows, from, documents, bytes.length);
    return documents;
  }

  /** Keeps what follows on what is kept, while there is room. */
  #keep(rows: Rows, from: number, documents: (Document | undefined)[], bytes: number): void {
    const follows = from <= this.#kept.length && from + documents.length > this.#kept.length;
    if (!follows || !sameNumbers(this.#rows, rows) || this.#bytes + bytes > this.#mostKept) return;
    this.#bytes += bytes;
    for (const document of documents.slice(this.#kept.length - from)) this.#kept.push(document);
  }
}

/** A document that nobody can change: a filter is given it again. */
function frozen(bytes: Uint8Array, row: number): Document {
  const { pageContent, metadata, id } = parsed(bytes, () => `the document of row ${row}`);
  return Object.freeze(new Document({ pageContent, metadata: freeze(metadata), id }));
}

function freeze<T extends object>(value: T): T {
  for (const each of Object.values(value) as unknown[]) if (typeof each === "object" && each !== null) freeze(each);
  return Object.freeze(value);
}
