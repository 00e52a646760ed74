/**
 * The search wasm with its scans by themselves: what ours are held to, in time and in what they find.
 *
 * @import { Data } from "./data.mjs"
 */

import { K } from "./names.mjs";

/** Of a call of `add`: 8 MB. */
const NUMBERS = 1_000_000;

/** The bare scan over vectors, and what it finds. */
export class Probed {
  #bench;
  #queries;
  #expected = new Map();

  /**
   * @param {any} wasm Built by `cargo xtask build --probe`.
   * @param {Data} data
   */
  constructor(wasm, { dimensions, queries }) {
    this.#bench = new wasm.Bench(dimensions, true, false);
    this.#queries = queries.length;
    this.#bench.ask(Float64Array.from(queries.flat()));
  }

  /** @param {number[][]} vectors */
  add(vectors) {
    const dimensions = vectors[0].length;
    const size = Math.max(1, Math.floor(NUMBERS / dimensions));
    for (let from = 0; from < vectors.length; from += size) {
      const rows = vectors.slice(from, from + size);
      const flat = new Float64Array(rows.length * dimensions);
      rows.forEach((row, at) => {
        flat.set(row, at * dimensions);
      });
      this.#bench.add(flat);
    }
  }

  /**
   * Searches by the bare scan.
   *
   * @param {number} query Its number.
   * @param {number} [k]
   * @returns {Float64Array} Row and score of each hit.
   */
  scan(query, k = K) {
    this.#bench.prepare(query, 1, k, 100n);
    return this.#bench.exact();
  }

  bare() {
    return this.#bench.bare();
  }

  /** The picks of the most relevant and least alike alone. */
  picks(query, { fetchK, k, lambda }) {
    this.#bench.prepare(query, 1, K, 100n);
    return this.#bench.pick_of(fetchK, k, lambda);
  }

  /**
   * @param {number} query
   * @returns {{ ids: string[], scores: number[] }} What is to be found.
   */
  expected(query) {
    const number = query % this.#queries;
    let known = this.#expected.get(number);
    if (known === undefined) {
      const found = [...this.scan(number)];
      known = {
        ids: found.filter((_, at) => at % 2 === 0).map(String),
        scores: found.filter((_, at) => at % 2 === 1),
      };
      this.#expected.set(number, known);
    }
    return known;
  }

  free() {
    this.#bench.free();
  }
}

/** How much of what is to be found somebody has found, over many searches. */
export class Judge {
  #found = 0;
  #wanted = 0;
  #searches = 0;
  #same = 0;

  /** @param {Probed} probed */
  constructor(probed) {
    this.probed = probed;
  }

  /**
   * @param {number} query
   * @param {string[]} ids
   * @param {number[]} [scores]
   */
  take(query, ids, scores) {
    const expected = this.probed.expected(query);
    const wanted = new Set(expected.ids);
    this.#found += ids.filter((id) => wanted.has(id)).length;
    this.#wanted += wanted.size;
    this.#searches++;
    if (`${ids}` === `${expected.ids}` && (scores === undefined || `${scores}` === `${expected.scores}`)) this.#same++;
  }

  /** @returns {{ recall: number, same: number, searches: number }} `same`: in ids, order and, where there are any, scores. */
  get verdict() {
    return { recall: this.#found / this.#wanted, same: this.#same, searches: this.#searches };
  }
}
