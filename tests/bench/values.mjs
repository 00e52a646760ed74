/**
 * Keys and values to measure with, and the check that what was read is what was written.
 *
 * @typedef {object} Batch
 * @property {string[]} keys
 * @property {Uint8Array[]} values
 * @property {[string, Uint8Array][]} pairs The same once more, for those who take pairs.
 */

/** Makes batches that never repeat a key. The same seed gives the same bytes on every machine. */
export class Source {
  #state;

  /** @param {number} seed Not 0. */
  constructor(seed) {
    this.#state = seed >>> 0 || 1;
  }

  /** The next 32 bits of xorshift32: they need not be good, only incompressible, as embeddings are. */
  #next() {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /**
   * @param {number} count
   * @returns {string[]} Keys of 64 hexadecimal digits, as caches of embeddings make them from a digest of the text.
   */
  keys(count) {
    const word = () => this.#next().toString(16).padStart(8, "0");
    return Array.from({ length: count }, () => Array.from({ length: 8 }, word).join(""));
  }

  /**
   * @param {number} count
   * @param {number} below
   * @returns {number[]} Different numbers, each below that, in no order.
   */
  picks(count, below) {
    const picked = new Set();
    while (picked.size < count) picked.add(this.#next() % below);
    return [...picked];
  }

  /**
   * @param {number} count
   * @param {number} bytes Length of each value, a multiple of 4.
   * @returns {Batch} Each value over a buffer of just its length: most peers store the whole buffer behind a view.
   */
  batch(count, bytes) {
    const keys = this.keys(count);
    const values = keys.map(() => {
      const words = new Uint32Array(bytes / 4);
      for (let i = 0; i < words.length; i++) words[i] = this.#next();
      return new Uint8Array(words.buffer);
    });
    return { keys, values, pairs: keys.map((key, i) => [key, values[i]]) };
  }
}

/**
 * @param {Batch} batch
 * @param {number} from
 * @param {number} to
 * @returns {Batch} That part of the batch.
 */
export function part(batch, from, to) {
  return { keys: batch.keys.slice(from, to), values: batch.values.slice(from, to), pairs: batch.pairs.slice(from, to) };
}

/**
 * Throws unless each value has the length it should have and, at every 61st byte and the last, its bytes.
 *
 * @param {string} what For the message.
 * @param {unknown[]} got
 * @param {(Uint8Array | undefined)[]} wanted `undefined` where the key is missing; peers may say `null` then.
 */
export function check(what, got, wanted) {
  if (got.length !== wanted.length) throw new Error(`${what}: ${got.length} results instead of ${wanted.length}`);
  wanted.forEach((value, i) => {
    const read = got[i] ?? undefined;
    if (value === undefined || !(read instanceof Uint8Array)) {
      if (read !== value) throw new Error(`${what}: result ${i} is not ${value === undefined ? "missing" : "bytes"}`);
      return;
    }
    if (read.length !== value.length) throw new Error(`${what}: result ${i} has ${read.length} bytes`);
    for (let at = 0; at < value.length; at = Math.min(at + 61, Math.max(at + 1, value.length - 1))) {
      if (read[at] !== value[at]) throw new Error(`${what}: result ${i} differs at byte ${at}`);
    }
  });
}
