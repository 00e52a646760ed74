/** The embedder that needs neither a model nor a network. */
import { nextTask } from "../breath.ts";
import type { Asking, PageEmbedder } from "./model.ts";

type Vector = Float32Array<ArrayBuffer>;

/**
 * Feature hashing. Word uni-, bi- and trigrams and the character 3- to 5-grams of every word are hashed into a fixed
 * number of signed dimensions, and the sum is scaled to length 1. Texts that share wording come out close together. It
 * knows nothing of meaning, but its work is real.
 */
export class HashingEmbedder implements PageEmbedder {
  readonly label = "Local hashing";
  readonly model: string;
  readonly dimensions: number;
  /** It is this thread that computes. */
  readonly concurrency = 1;

  constructor(dimensions: number = 768) {
    this.dimensions = dimensions;
    this.model = `hash-w123-c345-${dimensions}-v1`;
  }

  async embedQuery(text: string): Promise<Vector> {
    return this.#embedOne(text);
  }

  async embedDocuments(texts: readonly string[], { signal }: Asking = {}): Promise<Vector[]> {
    const vectors: Vector[] = [];
    let pause = performance.now() + SLICE_MS;
    for (const text of texts) {
      vectors.push(this.#embedOne(text));
      if (performance.now() < pause) continue;
      await nextTask();
      signal?.throwIfAborted();
      pause = performance.now() + SLICE_MS;
    }
    return vectors;
  }

  #embedOne(text: string): Vector {
    const vector = new Float32Array(this.dimensions);
    let beforeLast = 0;
    let last = 0;
    let count = 0;
    for (const [word] of text.toLowerCase().matchAll(WORD)) {
      const hash = hashUnits(word, WORD_SEED);
      this.#add(vector, hash);
      if (count >= 1) this.#add(vector, combine(last, hash));
      if (count >= 2) this.#add(vector, combine(combine(beforeLast, last), hash));
      this.#addCharacters(vector, `<${word}>`);
      beforeLast = last;
      last = hash;
      count += 1;
    }
    return normalise(vector);
  }

  /** Each n-gram's hash is that of the one before it, a unit longer, so one pass from every start gives all lengths. */
  #addCharacters(vector: Vector, word: string): void {
    for (let start = 0; start + MIN_CHARACTERS <= word.length; start += 1) {
      const end = Math.min(start + MAX_CHARACTERS, word.length);
      let hash = CHARACTER_SEED;
      for (let at = start; at < end; at += 1) {
        hash = step(hash, word.charCodeAt(at));
        if (at - start + 1 >= MIN_CHARACTERS) this.#add(vector, hash);
      }
    }
  }

  /** One bit of the hash is the sign, so that features which collide cancel out on average instead of piling up. */
  #add(vector: Vector, hash: number): void {
    const mixed = mix(hash);
    const index = (mixed >>> 1) % this.dimensions;
    vector[index] = (vector[index] ?? 0) + ((mixed & 1) === 0 ? 1 : -1);
  }
}

/** Longest stretch of work before the page gets to paint and to answer, in ms. */
const SLICE_MS = 16;
const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu;
const MIN_CHARACTERS = 3;
const MAX_CHARACTERS = 5;
/** Different seeds keep the word `ing` and the characters `ing` apart. */
const WORD_SEED = 0x811c9dc5;
const CHARACTER_SEED = 0x2f0b4c47;

/** FNV-1a over UTF-16 units. */
function hashUnits(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1) hash = step(hash, text.charCodeAt(at));
  return hash;
}

function step(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

/** Joins two hashes to one that depends on their order. */
function combine(first: number, second: number): number {
  return Math.imul(mix(first), 31) ^ second;
}

/** MurmurHash3's finaliser: FNV's low bits alone are too regular to pick a dimension by. */
function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function normalise(vector: Vector): Vector {
  let sum = 0;
  for (const value of vector) sum += value * value;
  if (sum === 0) return vector;
  const scale = 1 / Math.sqrt(sum);
  for (let at = 0; at < vector.length; at += 1) vector[at] = (vector[at] ?? 0) * scale;
  return vector;
}
