/**
 * Vectors, queries and documents to measure with. Synthetic ones are the same on every machine.
 *
 * @typedef {object} Data
 * @property {string} kind `"hard"`, `"easy"`, or `"real"` where they were given.
 * @property {number} count
 * @property {number} dimensions
 * @property {number[][]} queries
 * @property {(size: number) => Generator<number[][]>} chunks All vectors, so many at a time.
 */

import { PARTS } from "./names.mjs";

/** How many queries go round. */
const QUERIES = 256;

/** How many latent dimensions a dimension mixes. */
const MIXED = 16;

/** Latent dimensions, clusters, and how wide these are. */
const KINDS = { easy: [96, 200, 0.5], hard: [256, 1_000, 1] };

/** Mulberry32. */
class Random {
  #state;

  constructor(seed) {
    this.#state = seed;
  }

  /** From 0 up to 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  below(n) {
    return Math.floor(this.next() * n);
  }

  /** Near enough to a normal distribution of variance 1. */
  normal() {
    return (this.next() + this.next() + this.next() - 1.5) * 2;
  }
}

/** Clusters in a space of fewer dimensions, each dimension a mixture of some of those; a middle that is not 0. */
class Clusters {
  constructor(kind, dimensions, random) {
    const [latent, clusters, wide] = KINDS[kind];
    const normals = (n) => Float64Array.from({ length: n }, () => random.normal());
    this.wide = wide;
    this.latent = new Float64Array(latent);
    this.centres = Array.from({ length: clusters }, () => normals(latent));
    this.middle = normals(dimensions);
    this.from = Uint16Array.from({ length: dimensions * MIXED }, () => random.below(latent));
    this.weights = normals(dimensions * MIXED);
  }

  /** Of length 1, its numbers those of 32-bit floats, as models give them. */
  draw(random) {
    const { wide, latent, centres, middle, from, weights } = this;
    const centre = centres[random.below(centres.length)];
    for (let at = 0; at < latent.length; at++) latent[at] = centre[at] + wide * random.normal();
    const vector = new Float64Array(middle.length);
    let squares = 0;
    for (let at = 0; at < vector.length; at++) {
      let sum = middle[at];
      for (let part = at * MIXED; part < (at + 1) * MIXED; part++) sum += latent[from[part]] * weights[part];
      vector[at] = sum;
      squares += sum * sum;
    }
    const length = Math.sqrt(squares);
    return Array.from(vector, (number) => Math.fround(number / length));
  }
}

/**
 * @param {"hard" | "easy"} kind
 * @param {{ count: number, dimensions: number }} size
 * @returns {Data}
 */
export function synthetic(kind, { count, dimensions }) {
  const clusters = new Clusters(kind, dimensions, new Random(7));
  const random = new Random(11);
  return {
    ...{ kind, count, dimensions },
    queries: Array.from({ length: QUERIES }, () => clusters.draw(random)),
    *chunks(size) {
      const random = new Random(13);
      for (let from = 0; from < count; from += size) {
        yield Array.from({ length: Math.min(size, count - from) }, () => clusters.draw(random));
      }
    },
  };
}

/**
 * @param {Uint8Array} bytes Floats of 16 bits, the lower byte first.
 * @param {number} dimensions
 * @returns {number[][]}
 */
export function rowsOf(bytes, dimensions) {
  const halves = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 0 || bytes.length % (2 * dimensions) !== 0) {
    throw new Error(`${bytes.length} bytes are not rows of ${dimensions} floats of 16 bits`);
  }
  const number = (at) => {
    const bits = halves.getUint16(at * 2, true);
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    return bits & 0x8000 ? -size : size;
  };
  return Array.from({ length: bytes.length / 2 / dimensions }, (_, row) =>
    Array.from({ length: dimensions }, (_, at) => number(row * dimensions + at)),
  );
}

/**
 * @param {{ vectors: Uint8Array, queries: Uint8Array, dimensions: number }} given Files of floats of 16 bits.
 * @returns {Data}
 */
export function real({ vectors, queries, dimensions }) {
  const rows = rowsOf(vectors, dimensions);
  return {
    ...{ kind: "real", count: rows.length, dimensions },
    queries: rowsOf(queries, dimensions),
    *chunks(size) {
      for (let from = 0; from < rows.length; from += size) yield rows.slice(from, from + size);
    },
  };
}

const TEXT = "What was said of it, how it was meant, and by whom it was written down, as far as anybody knows. ".repeat(
  2,
);

/**
 * @param {number} from
 * @param {number} count
 * @returns {{ id: string, pageContent: string, metadata: object }[]} Documents of those numbers.
 */
export const documents = (from, count) =>
  Array.from({ length: count }, (_, at) => {
    const number = from + at;
    const metadata = { source: `files/${number >> 5}.md`, number, part: number % PARTS };
    return { id: String(number), pageContent: `Passage ${number}. ${TEXT}`, metadata };
  });
