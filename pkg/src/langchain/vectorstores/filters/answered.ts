/** What a leaf says of rows, a bit each. */

import { Bits } from "./bits.js";
import type { Leaf } from "./leaf.js";

/** A leaf that was asked of each row. It has what a field has. */
export class Answered {
  readonly isGivenUp = false;
  readonly #leaf: Leaf;
  readonly #bits = new Bits();

  /** Of this leaf. */
  constructor(leaf: Leaf) {
    this.#leaf = leaf;
  }

  /** How many rows it knows of. */
  get rows(): number {
    return this.#bits.rows;
  }

  /** What it takes, in bytes. */
  get bytes(): number {
    return this.#bits.bytes;
  }

  /** Makes the next row known, by its metadata if it lives. */
  push(metadata: object | undefined): void {
    this.#bits.push(metadata !== undefined && this.#leaf.holds(metadata));
  }

  /** There is nothing to sort. */
  async sort(): Promise<void> {}

  /** Which of `rows` rows answer yes. */
  answer(_: Leaf, rows: number): Uint32Array {
    return this.#bits.take(rows);
  }
}
