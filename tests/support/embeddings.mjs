/** Models for tests against LangChain's classes, which keep what they are asked; and vectors, bit for bit. */

import { Embeddings } from "@langchain/core/embeddings";

/** A model in LangChain's class. `numbers(text, kind)` gives the vector of a "document" or a "query". */
export class RecordingModel extends Embeddings {
  /** The texts of each call for documents. */
  asked = [];
  /** The queries asked for. */
  queries = [];

  constructor({ numbers = awkward, ...fields } = {}) {
    super({});
    this.numbers = numbers;
    Object.assign(this, fields);
  }

  async embedDocuments(texts) {
    this.asked.push([...texts]);
    return texts.map((text) => this.numbers(text, "document"));
  }

  async embedQuery(text) {
    this.queries.push(text);
    return this.numbers(text, "query");
  }
}

/** A model that is not to be asked. */
export function silent() {
  const numbers = (text) => {
    throw new Error(`the model was asked for ${JSON.stringify(text)}`);
  };
  return new RecordingModel({ numbers });
}

/** Random numbers from 0 to 1 (without it), the same for the same seed: a text. */
export function random(seed) {
  let state = 2_166_136_261;
  for (let at = 0; at < seed.length; at++) state = Math.imul(state ^ seed.charCodeAt(at), 16_777_619);
  // Marsaglia's xorshift: its low bits are as good as any.
  const step = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  state ||= 1;
  return () => (step() * 2 ** 21 + (step() >>> 11)) / 2 ** 53;
}

/** Numbers that a decimal form has to get right; 32 bits hold them, rounded. */
const AWKWARD = [0.1, 1e-5, 1e-7, -1 / 3, 1, -2, 0, 123_456_789.125, 1e16, 3e20, -1.5e-38, 0.30000000000000004];

/** 32 numbers that depend on the whole text and on what it is embedded for, and the awkward ones. */
export function awkward(text, kind) {
  const next = random(`${kind}:${text}`);
  return [...Array.from({ length: 32 }, () => next() * 2 - 1), ...AWKWARD];
}

/** Vectors as the bits of their numbers, so that 0 and -0 differ. */
export function bits(vectors) {
  return vectors.map((vector) => Buffer.from(Float64Array.from(vector).buffer).toString("hex"));
}

/** Vectors as 32 bits keep them. */
export function rounded(vectors) {
  return vectors.map((vector) => vector.map(Math.fround));
}

/** A vector whose angle to others tells how many words the texts have in common: a model that searches find with. */
export function byWords(text) {
  const vector = new Array(256).fill(0);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) vector[Math.floor(random(word)() * 256)] += 1;
  return vector;
}
