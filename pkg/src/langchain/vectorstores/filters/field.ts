/**
 * What a field says in which rows: each value with its rows, so that what is asked of it costs its answer, and not a look at
 * every row. It grows as rows come. Objects and arrays are not among the values; what asks for one is no matter of this.
 */

import { breath, due } from "../../../search/breath.js";
import { Bits, roomy, wordsFor } from "./bits.js";
import { COMPARISONS, type Leaf, type Reach, reachOf } from "./leaf.js";

/** How many values are sorted together: few enough for no breath, and many enough that few such runs are searched. */
const RUN = 2_048;

/** What a value takes beside its characters, in bytes, and its place in a run. */
const VALUE = 72;
const PLACE = 8;

/** No row. */
const NOWHERE = 0xffffffff;

/** Values of a type in runs that are sorted, and those that are not yet enough for one; by their numbers. */
interface Ordered {
  runs: number[][];
  rest: number[];
}

const NONE: Ordered = { runs: [], rest: [] };

/** See the module. */
export class Field {
  readonly #reach: Reach;
  readonly #most: number;
  #there = new Bits();
  /** The values, each with its number, which is its place among `#values`. */
  #numbers = new Map<unknown, number>();
  #values: unknown[] = [];
  /** Of each value its last entry. An entry is two words: its row, and the value's entry before, which is none if it is 0. */
  #last = new Uint32Array(16);
  #entries = new Uint32Array(128).fill(NOWHERE, 0, 1);
  #end = 2;
  #valued = 0;
  #ordered: Record<string, Ordered> = {};
  #sorted = 0;
  #isSingle = true;
  #isGivenUp = false;

  /** Of this name. It is given up when it takes more than `most` bytes. */
  constructor(name: string, most: number) {
    this.#reach = reachOf(name);
    this.#most = most;
  }

  /** Whether no row says more than one thing: what is greater than this and less than that is one value then. */
  get isSingle(): boolean {
    return this.#isSingle;
  }

  /** How many rows it knows of. */
  get rows(): number {
    return this.#there.rows;
  }

  /** What it takes, in bytes. */
  get bytes(): number {
    if (this.#isGivenUp) return 0;
    return this.#there.bytes + this.#valued + this.#last.byteLength + this.#entries.byteLength + this.#sorted * PLACE;
  }

  /** Whether it has become too much. It answers nothing then. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Lets go of all it knows. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#there = new Bits();
    this.#numbers = new Map();
    this.#values = [];
    this.#last = this.#entries = new Uint32Array();
    this.#ordered = {};
  }

  /** Makes the next row known, by its metadata if it lives. */
  push(metadata: object | undefined): void {
    if (this.#isGivenUp) return;
    let isThere = false;
    if (metadata !== undefined) {
      this.#reach(metadata, (value) => {
        isThere = true;
        if (Array.isArray(value)) for (const item of value) this.#note(item);
        else this.#note(value);
        return false;
      });
    }
    this.#there.push(isThere);
    if (this.bytes > this.#most) this.giveUp();
  }

  #note(value: unknown): void {
    if (typeof value === "object" && value !== null) return;
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.#values.push(value) - 1;
      this.#numbers.set(value, number);
      this.#last = roomy(this.#last, number);
      this.#valued += VALUE + (typeof value === "string" ? 2 * value.length : 0);
    }
    const last = this.#last[number] as number;
    // An array may say the same twice.
    if (this.#entries[last] === this.rows) return;
    const entry = this.#end;
    if (this.#entries[entry - 2] === this.rows) this.#isSingle = false;
    this.#end += 2;
    this.#entries = roomy(this.#entries, entry);
    this.#entries[entry] = this.rows;
    this.#entries[entry + 1] = last;
    this.#last[number] = entry;
  }

  /** Sorts what there is, before it is asked what is greater or less. */
  async sort(): Promise<void> {
    while (this.#sorted < this.#values.length) {
      const number = this.#sorted++;
      const type = typeof this.#values[number];
      this.#ordered[type] ??= { runs: [], rest: [] };
      const ordered = this.#ordered[type];
      if (ordered.rest.push(number) < RUN) continue;
      const values = ordered.rest.map((each) => this.#values[each]) as number[];
      values.sort(type === "number" ? (a, b) => a - b : undefined);
      ordered.runs.push(values.map((each) => this.#numbers.get(each) as number));
      ordered.rest = [];
      if (due()) await breath();
    }
  }

  /** Which of `rows` rows answer yes; to `others` too, which ask what is greater or less, as the first does then. */
  answer({ operator, wanted }: Leaf, rows: number, others: readonly Leaf[] = []): Uint32Array {
    if (operator === "$exists") return this.#there.take(rows);
    const words = new Uint32Array(wordsFor(rows));
    if (operator === "$eq") this.#put(words, rows, this.#numbers.get(wanted));
    else if (operator === "$in")
      for (const each of wanted as unknown[]) this.#put(words, rows, this.#numbers.get(each));
    else this.#putBetween(words, rows, typeof wanted, [{ operator, wanted }, ...others]);
    return words;
  }

  /** Puts in the rows of a value. */
  #put(words: Uint32Array, rows: number, number: number | undefined): void {
    if (number === undefined) return;
    const entries = this.#entries;
    for (let entry = this.#last[number] as number; entry !== 0; entry = entries[entry + 1] as number) {
      const row = entries[entry] as number;
      if (row < rows) words[row >>> 5] = (words[row >>> 5] as number) | (1 << (row & 31));
    }
  }

  /** Puts in the rows of the values that are greater, or less, than all that is wanted. */
  #putBetween(words: Uint32Array, rows: number, type: string, leaves: Pick<Leaf, "operator" | "wanted">[]): void {
    const { runs, rest } = this.#ordered[type] ?? NONE;
    if (leaves.some(({ wanted }) => typeof wanted !== type)) return;
    const asks = leaves.map(({ operator, wanted }) => {
      const compare = COMPARISONS[operator] as (a: number, b: number) => boolean;
      return (number: number | undefined) => compare(this.#values[number as number] as number, wanted as number);
    });
    for (const run of runs) {
      let [first, end] = [0, run.length];
      for (const holds of asks) {
        // Either those from the first on, or those up to the last.
        const isFirst = holds(run[0]);
        let [from, to] = [0, run.length];
        while (from < to) {
          const middle = (from + to) >>> 1;
          if (holds(run[middle]) === isFirst) from = middle + 1;
          else to = middle;
        }
        if (isFirst) end = Math.min(end, from);
        else first = Math.max(first, from);
      }
      for (; first < end; first++) this.#put(words, rows, run[first]);
    }
    for (const number of rest) if (asks.every((holds) => holds(number))) this.#put(words, rows, number);
  }
}
