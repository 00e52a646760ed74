/**
 * Which rows a filter keeps. Rows never change while they have their numbers, so that what is known of them holds until they
 * are numbered anew: of each field that a filter has asked about, its values; and where that is not enough, what a leaf of a
 * filter says of each row. A function may go by anything, and each call asks it anew.
 */

import type { DocumentInterface } from "@langchain/core/documents";
import { invalid } from "../../../core/error.js";
import { type Rows, type SearchEngine, sameNumbers } from "../../../search/engine.js";
import { Answered } from "./answered.js";
import { all, and, Bits, not, or } from "./bits.js";
import type { FilterTree } from "./compile.js";
import type { Corpus } from "./corpus.js";
import { Field } from "./field.js";
import { COMPARISONS, type Leaf } from "./leaf.js";

/** A filter, checked: a tree or a function. */
export type Filter = FilterTree | ((document: DocumentInterface) => boolean);

/** The rows that a filter keeps, of those that there were. */
export interface Mask extends Rows {
  words: Uint32Array;
}

/** A filter of one call, which may ask it several times: about rows that it was asked about it is not asked again. */
export type Asked = (signal: AbortSignal | undefined) => Promise<Mask>;

/** How many fields and leaves are kept, and how many bytes of them. */
const MOST_KNOWN = 256;
const MOST_BYTES = 32 << 20;

/** The rows that a filter keeps, in words. Nothing where it is to be asked anew, as where they have other numbers by now. */
type Words = (rows: Rows, signal: AbortSignal | undefined) => Promise<Uint32Array | undefined>;

/** The masks of an index that is open. */
export class Masks {
  readonly #engine: SearchEngine;
  readonly #corpus: Corpus;
  #rows: Rows | undefined;
  /** Fields and leaves, the least recently used first. */
  readonly #known = new Map<string, Field | Answered>();
  readonly #most: number;

  /** Of what it knows it keeps about `most` bytes. */
  constructor(engine: SearchEngine, corpus: Corpus, most = MOST_BYTES) {
    this.#engine = engine;
    this.#corpus = corpus;
    this.#most = most;
  }

  /** How many bytes of what it knows are kept. */
  get bytes(): number {
    let bytes = 0;
    for (const known of this.#known.values()) bytes += known.bytes;
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
    // Where more are asked about than are kept, fields would be given up as soon as they were read.
    let byField = new Set([...wanted.values()].map(fieldOf)).size <= MOST_KNOWN;
    return async (rows, signal) => {
      if (!sameNumbers(this.#rows, rows)) this.#known.clear();
      this.#rows = rows;
      const known = new Map([...wanted].map(([key, leaf]) => [key, this.#of(leaf, byField)]));
      const used = new Set(known.values());
      const behind = [...used].filter((each) => each.rows < rows.count);
      if (behind.length > 0) {
        const from = Math.min(...behind.map((each) => each.rows));
        const visit = (row: number, document: DocumentInterface | undefined) => {
          // Another call may have been at the same rows, and further.
          for (const each of behind) if (each.rows === row) each.push(document?.metadata);
        };
        if (!(await this.#corpus.visit(rows, from, visit, signal))) return undefined;
        this.#bound(used);
      }
      for (const [key, { operator }] of wanted) if (operator in COMPARISONS) await known.get(key)?.sort();
      // Where a field was given up meanwhile, this call goes leaf by leaf from now on: that ends.
      const isWhole = ![...used].some((each) => each.isGivenUp);
      byField &&= isWhole;
      return isWhole ? combined(tree, known, rows.count) : undefined;
    };
  }

  /** What answers a leaf: its field, if it can. */
  #of(leaf: Leaf, byField: boolean): Field | Answered {
    const most = this.#most / 2;
    const field = byField && leaf.isPlain && this.#used(fieldOf(leaf), () => new Field(leaf.field, most));
    return field && !field.isGivenUp ? field : this.#used(leaf.key, () => new Answered(leaf));
  }

  /** What is known by a key, from now on if need be. What was used lately goes last. */
  #used(key: string, made: () => Field | Answered): Field | Answered {
    const known = this.#known.get(key) ?? made();
    this.#known.delete(key);
    this.#known.set(key, known);
    return known;
  }

  /** Lets go of what was not used for longest; where that is `used` all the same, gives it up. */
  #bound(used: Set<Field | Answered>): void {
    let bytes = this.bytes;
    for (const [key, known] of this.#known) {
      const isFew = this.#known.size <= MOST_KNOWN;
      if (isFew && bytes <= this.#most) return;
      // That it was given up is worth knowing.
      if (isFew && known.isGivenUp) continue;
      bytes -= known.bytes;
      if (known instanceof Field && used.has(known)) known.giveUp();
      else this.#known.delete(key);
    }
  }
}

/** By what the field of a leaf is known; of one that no field answers the leaf. */
function fieldOf({ field, isPlain, key }: Leaf): string {
  return isPlain ? JSON.stringify([field]) : key;
}

function leavesOf(tree: FilterTree, found: Map<string, Leaf>): void {
  if (tree.kind === "leaf") found.set(tree.leaf.key, tree.leaf);
  else if (tree.kind === "not") leavesOf(tree.part, found);
  else for (const part of tree.parts) leavesOf(part, found);
}

/** A set of its own for each call. */
function combined(tree: FilterTree, known: Map<string, Field | Answered>, rows: number): Uint32Array {
  if (tree.kind === "leaf") return (known.get(tree.leaf.key) as Field | Answered).answer(tree.leaf, rows);
  if (tree.kind === "not") {
    const words = combined(tree.part, known, rows);
    not(words, rows);
    return words;
  }
  const [first, ...rest] = tree.parts;
  if (first === undefined) return all(rows);
  const between = tree.kind === "and" && rangeOf(tree.parts, known);
  if (between) return between(rows);
  const words = combined(first, known, rows);
  const join = tree.kind === "and" ? and : or;
  for (const part of rest) join(words, combined(part, known, rows));
  return words;
}

/** Where all parts ask a field what is greater or less, and it has one value a row: what answers them at once. */
function rangeOf(parts: FilterTree[], known: Map<string, Field | Answered>) {
  const leaves = parts.flatMap((part) => (part.kind === "leaf" && part.leaf.operator in COMPARISONS ? part.leaf : []));
  const [first, ...others] = leaves;
  const field = first && known.get(first.key);
  const isOne = leaves.length === parts.length && others.every(({ key }) => known.get(key) === field);
  if (!isOne || !(field instanceof Field && field.isSingle)) return undefined;
  return (rows: number) => field.answer(first as Leaf, rows, others);
}
