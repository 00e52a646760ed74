/**
 * Which rows a filter keeps. What stands at the leaves of a filter of metadata is answered once for each row: rows never
 * change while they have their numbers, so that an answer holds until they are numbered anew. A function may go by anything,
 * and each call asks it anew.
 */

import type { DocumentInterface } from "@langchain/core/documents";
import { invalid } from "../../../core/error.js";
import { type Rows, type SearchEngine, sameNumbers } from "../../../search/engine.js";
import { all, and, Bits, not, or } from "./bits.js";
import type { FilterTree } from "./compile.js";
import type { Corpus } from "./corpus.js";
import type { Leaf } from "./leaf.js";

/** A filter, checked: a tree or a function. */
export type Filter = FilterTree | ((document: DocumentInterface) => boolean);

/** The rows that a filter keeps, of those that there were. */
export interface Mask extends Rows {
  words: Uint32Array;
}

/** A filter of one call, which may ask it several times: about rows that it was asked about it is not asked again. */
export type Asked = (signal: AbortSignal | undefined) => Promise<Mask>;

/** How many leaves are kept, and how many bytes of bits. */
const MOST_LEAVES = 256;
const MOST_BYTES = 4 << 20;

/** The rows that a filter keeps, in words. Nothing where they have other numbers by now. */
type Words = (rows: Rows, signal: AbortSignal | undefined) => Promise<Uint32Array | undefined>;

/** The masks of an index that is open. */
export class Masks {
  readonly #engine: SearchEngine;
  readonly #corpus: Corpus;
  #rows: Rows | undefined;
  /** The answers of leaves, the least recently used first. */
  readonly #leaves = new Map<string, Bits>();

  constructor(engine: SearchEngine, corpus: Corpus) {
    this.#engine = engine;
    this.#corpus = corpus;
  }

  /** How many bytes the answers take that are kept. */
  get bytes(): number {
    let bytes = 0;
    for (const bits of this.#leaves.values()) bytes += bits.bytes;
    return bytes;
  }

  /** What gives the rows that `filter` keeps, of those that there are when it begins. */
  asked(filter: Filter): Asked {
    const words = typeof filter === "function" ? this.#byFunction(filter) : this.#byTree(filter);
    return async (signal) => {
      for (;;) {
        const rows = this.#engine.rows();
        const kept = await words(rows, signal);
        if (kept !== undefined) return { ...rows, words: kept };
      }
    };
  }

  #byFunction(filter: (document: DocumentInterface) => unknown): Words {
    let [known, bits] = [undefined as Rows | undefined, new Bits()];
    const visit = (_: number, document: DocumentInterface | undefined) => {
      const answer = document !== undefined && filter(document);
      // A promise is true, whatever it will say.
      if (typeof (answer as { then?: unknown } | null)?.then === "function") {
        throw invalid("filter must answer at once: it gave a promise");
      }
      bits.push(Boolean(answer));
    };
    return async (rows, signal) => {
      if (!sameNumbers(known, rows)) [known, bits] = [rows, new Bits()];
      return (await this.#corpus.visit(rows, bits.rows, visit, signal)) ? bits.take(rows.count) : undefined;
    };
  }

  #byTree(tree: FilterTree): Words {
    const wanted = new Map<string, Leaf>();
    leavesOf(tree, wanted);
    return async (rows, signal) => {
      if (!sameNumbers(this.#rows, rows)) this.#leaves.clear();
      this.#rows = rows;
      const answers = new Map<string, Bits>();
      for (const key of wanted.keys()) {
        const bits = this.#leaves.get(key) ?? new Bits();
        // What was used lately goes last.
        this.#leaves.delete(key);
        this.#leaves.set(key, bits);
        answers.set(key, bits);
      }
      const behind = [...answers].filter(([, bits]) => bits.rows < rows.count);
      if (behind.length > 0) {
        const from = Math.min(...behind.map(([, bits]) => bits.rows));
        const visit = (row: number, document: DocumentInterface | undefined) => {
          for (const [key, bits] of behind) {
            // Another call may have been at the same rows, and further.
            if (bits.rows === row)
              bits.push(document !== undefined && (wanted.get(key) as Leaf).holds(document.metadata));
          }
        };
        if (!(await this.#corpus.visit(rows, from, visit, signal))) return undefined;
        this.#bound();
      }
      return combined(tree, answers, rows.count);
    };
  }

  /** Lets go of what was not used for longest. */
  #bound(): void {
    let bytes = this.bytes;
    for (const [key, bits] of this.#leaves) {
      if (this.#leaves.size <= MOST_LEAVES && bytes <= MOST_BYTES) return;
      this.#leaves.delete(key);
      bytes -= bits.bytes;
    }
  }
}

function leavesOf(tree: FilterTree, found: Map<string, Leaf>): void {
  if (tree.kind === "leaf") found.set(tree.leaf.key, tree.leaf);
  else if (tree.kind === "not") leavesOf(tree.part, found);
  else for (const part of tree.parts) leavesOf(part, found);
}

/** A set of its own for each call. */
function combined(tree: FilterTree, answers: Map<string, Bits>, rows: number): Uint32Array {
  if (tree.kind === "leaf") return (answers.get(tree.leaf.key) as Bits).take(rows);
  if (tree.kind === "not") {
    const words = combined(tree.part, answers, rows);
    not(words, rows);
    return words;
  }
  const [first, ...rest] = tree.parts;
  if (first === undefined) return all(rows);
  const words = combined(first, answers, rows);
  const join = tree.kind === "and" ? and : or;
  for (const part of rest) join(words, combined(part, answers, rows));
  return words;
}
