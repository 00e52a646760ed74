/**
 * What is embedded, and a provider that answers as providers do: with decimal numbers in JSON. It runs in Node and in the
 * page, and keeps its own time, which is no cache's.
 *
 * @typedef {object} Load
 * @property {string[]} texts
 * @property {Float64Array[]} vectors What the provider's numbers are once parsed.
 * @property {Map<string, string>} bodies A provider's answer for each batch, by the batch's first text.
 */

import { COUNT } from "./names.mjs";

/** Texts to a request: what our cache asks for at once, and LangChain's clients cut what they are given to. */
const BATCH = 100;

const CHARACTERS = 800;

const WORDS =
  `the of a store that keeps bytes when nobody looks is small and fast but not for ever because every entry has its
price in memory or on disk while requests over network take time and money we measure both before claiming anything`.split(
    /\s+/u,
  );

/** Numbers in [0, 1) that follow from a seed: mulberry32. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns {string[]} Chunks of about 800 characters, all different. */
function chunks() {
  const next = random(97);
  return Array.from({ length: COUNT }, (_, at) => {
    const words = [`${at}:`];
    for (let length = 0; length < CHARACTERS; length += words.at(-1).length + 1) {
      words.push(WORDS[Math.floor(next() * WORDS.length)]);
    }
    // Joined at once: what is put together bit by bit stays in bits, unlike a text that was read.
    return words.join(" ");
  });
}

/** The shortest decimal that is nearest to `x` among the f32. */
function shortest(x) {
  for (let digits = 6; digits < 9; digits++) {
    const decimal = Number(x.toPrecision(digits));
    if (Math.fround(decimal) === x) return decimal;
  }
  return Number(x.toPrecision(9));
}

/** Numbers in the form that a provider computes them in. */
const FORM = { doubles: (x) => x, short: (x) => shortest(Math.fround(x)) };

/**
 * @param {number} dimensions
 * @param {keyof FORM} form
 * @returns {Load} Vectors of length 1, normally distributed, as models give them.
 */
export function load(dimensions, form) {
  const texts = chunks();
  const next = random(41);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const vectors = texts.map(() => {
    const vector = Float64Array.from({ length: dimensions }, normal);
    const length = Math.hypot(...vector);
    return vector.map((x) => FORM[form](x / length));
  });
  const bodies = new Map();
  for (let at = 0; at < COUNT; at += BATCH) {
    const data = vectors
      .slice(at, at + BATCH)
      .map((vector, index) => ({ object: "embedding", index, embedding: [...vector] }));
    bodies.set(texts[at], JSON.stringify({ object: "list", data }));
  }
  return { texts, vectors, bodies };
}

/** LangChain's embeddings over one load. The answers lie ready; parsing them is what it does, each time anew. */
export class Provider {
  #bodies;
  #ms = 0;

  /** @param {Load} load */
  constructor({ bodies }) {
    this.#bodies = bodies;
  }

  /**
   * @param {string[]} texts
   * @returns {Promise<number[][]>}
   */
  async embedDocuments(texts) {
    const vectors = [];
    for (let at = 0; at < texts.length; at += BATCH) {
      const body = this.#bodies.get(texts[at]);
      // Nothing else comes in between: what the clock shows is the provider's alone.
      const start = performance.now();
      const { data } = JSON.parse(body);
      for (const { embedding } of data) vectors.push(embedding);
      this.#ms += performance.now() - start;
      // As an answer from afar is awaited.
      await undefined;
    }
    if (vectors.length !== texts.length) throw new Error(`asked for ${texts.length} texts, in batches of its own`);
    return vectors;
  }

  /** @returns {Promise<number[]>} */
  async embedQuery() {
    throw new Error("no query is measured");
  }

  /** @returns {number} What it has taken since this was last asked, in ms. */
  taken() {
    const ms = this.#ms;
    this.#ms = 0;
    return ms;
  }
}
