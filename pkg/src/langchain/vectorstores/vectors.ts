/** Vectors of a call on their way to wasm. What is wrong with their numbers wasm says; what is no number it cannot see. */

import { BytestowError, invalid, kindOf } from "../../core/error.js";

/** Checks that `vectors` are as many lists of numbers, all of one length; gives that length. */
export function checkVectors(vectors: unknown, count: number, name: string): number {
  if (!Array.isArray(vectors)) throw invalid(`${name} must be an array of vectors, not ${kindOf(vectors)}`);
  if (vectors.length !== count) {
    throw invalid(`there are ${vectors.length} ${name} for ${count} documents: there must be one for each`);
  }
  let dimensions = 0;
  for (let at = 0; at < vectors.length; at++) {
    const vector: unknown = vectors[at];
    if (!isNumbers(vector)) throw invalid(`${name}[${at}] must be an array of numbers, not ${kindOf(vector)}`);
    if (vector.length === 0) throw invalid(`${name}[${at}] is empty`);
    if (at === 0) dimensions = vector.length;
    else if (vector.length !== dimensions) {
      throw invalid(`${name}[${at}] has ${vector.length} dimensions, and ${name}[0] has ${dimensions}`);
    }
  }
  return dimensions;
}

/** The numbers of `vectors` from `from` to `to`, one vector after the other. */
export function flat(vectors: readonly ArrayLike<number>[], from: number, to: number, name: string): Float64Array {
  const dimensions = vectors[from]?.length ?? 0;
  const numbers = new Float64Array(dimensions * (to - from));
  for (let at = from; at < to; at++) copyTo(numbers, (at - from) * dimensions, vectors[at], `${name}[${at}]`);
  return numbers;
}

/** The numbers of one vector. */
export function single(vector: unknown, name: string): Float64Array {
  if (!isNumbers(vector)) throw invalid(`${name} must be an array of numbers, not ${kindOf(vector)}`);
  const numbers = new Float64Array(vector.length);
  copyTo(numbers, 0, vector, name);
  return numbers;
}

/** Element by element: a typed array would take strings, and `null` for 0. */
function copyTo(numbers: Float64Array, offset: number, vector: ArrayLike<unknown> | undefined, name: string): void {
  if (ArrayBuffer.isView(vector)) {
    numbers.set(vector as unknown as Float32Array, offset);
    return;
  }
  const { length = 0 } = vector ?? {};
  for (let at = 0; at < length; at++) {
    const number: unknown = vector?.[at];
    if (typeof number !== "number") throw invalid(`${name}[${at}] must be a number, not ${kindOf(number)}`);
    numbers[offset + at] = number;
  }
}

/** By its tag, not by `instanceof`: arrays of other realms (jsdom, iframes) are arrays too. */
function isNumbers(vector: unknown): vector is ArrayLike<number> {
  if (Array.isArray(vector)) return true;
  const tag = ArrayBuffer.isView(vector) && (vector as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  return tag === "Float32Array" || tag === "Float64Array";
}

/** Checks what a model gave for as many texts. */
export function checkAnswer(vectors: unknown, count: number): ArrayLike<number>[] {
  if (!Array.isArray(vectors)) throw wrong(`${kindOf(vectors)} instead of an array of vectors`);
  if (vectors.length !== count) throw wrong(`${vectors.length} vectors for ${count} texts`);
  return vectors;
}

function wrong(what: string): BytestowError {
  return new BytestowError("corrupt", `the model gave ${what}: nothing of it is kept`);
}
