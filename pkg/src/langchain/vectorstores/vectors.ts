/** Vectors of a call on their way to wasm. What is wrong with their numbers wasm says; what is no number it cannot see. */

import { BytestowError, invalid, kindOf } from "../../core/error.js";
import { stillWanted } from "../../search/abort.js";
import { breath, due } from "../../search/breath.js";

/** How many numbers go into wasm at once: some milliseconds. */
const NUMBERS = 200_000;

/** How many are copied before a call first waits: some milliseconds, too. */
const AT_CALL = 250_000;

/** Vectors that nobody else can change, one after the other. */
export interface Vectors {
  dimensions: number;
  /** How many there are in each part but the last. */
  each: number;
  parts: Float64Array[];
}

/**
 * Checks that `vectors` are `count` lists of numbers, all of one length, and copies them: at once the first quarter
 * of a million numbers, what is beyond them in slices. `first` is the number of the first one, for the errors.
 */
export async function vectorsOf(vectors: unknown, count: number, first = 0, signal?: AbortSignal): Promise<Vectors> {
  const dimensions = checkVectors(vectors, count, first);
  const given = [...(vectors as ArrayLike<number>[])];
  const each = Math.max(1, Math.floor(NUMBERS / dimensions));
  const parts: Float64Array[] = [];
  for (let from = 0; from < given.length; from += each) {
    if (from * dimensions > AT_CALL && due()) {
      await breath();
      stillWanted(signal);
    }
    const to = Math.min(given.length, from + each);
    const numbers = new Float64Array(dimensions * (to - from));
    for (let at = from; at < to; at++) {
      copyTo(numbers, (at - from) * dimensions, given[at] as ArrayLike<number>, "vectors", first + at);
    }
    parts.push(numbers);
  }
  return { dimensions, each, parts };
}

function checkVectors(vectors: unknown, count: number, first: number): number {
  if (!Array.isArray(vectors)) throw invalid(`vectors must be an array of vectors, not ${kindOf(vectors)}`);
  if (vectors.length !== count) {
    throw invalid(`there are ${vectors.length} vectors for ${count} documents: there must be one for each`);
  }
  let dimensions = 0;
  for (let at = 0; at < vectors.length; at++) {
    const vector: unknown = vectors[at];
    const name = `vectors[${first + at}]`;
    if (!isNumbers(vector)) throw invalid(`${name} must be an array of numbers, not ${kindOf(vector)}`);
    if (vector.length === 0) throw invalid(`${name} is empty`);
    if (at === 0) dimensions = vector.length;
    else if (vector.length !== dimensions) {
      throw invalid(`${name} has ${vector.length} dimensions, and vectors[${first}] has ${dimensions}`);
    }
  }
  return dimensions;
}

/** The numbers of one vector. */
export function single(vector: unknown, name: string): Float64Array {
  if (!isNumbers(vector)) throw invalid(`${name} must be an array of numbers, not ${kindOf(vector)}`);
  const numbers = new Float64Array(vector.length);
  copyTo(numbers, 0, vector, name);
  return numbers;
}

/** Element by element: a typed array would take strings, and `null` for 0. */
function copyTo(
  numbers: Float64Array,
  offset: number,
  vector: ArrayLike<unknown>,
  name: string,
  number?: number,
): void {
  if (ArrayBuffer.isView(vector)) {
    numbers.set(vector as unknown as Float32Array, offset);
    return;
  }
  const { length } = vector;
  for (let at = 0; at < length; at++) {
    const each = vector[at];
    if (typeof each !== "number") {
      const place = number === undefined ? name : `${name}[${number}]`;
      throw invalid(`${place}[${at}] must be a number, not ${kindOf(each)}`);
    }
    numbers[offset + at] = each;
  }
}

/** By its tag, not by `instanceof`: arrays of other realms (jsdom, iframes) are arrays too. */
function isNumbers(vector: unknown): vector is ArrayLike<number> {
  if (Array.isArray(vector)) return true;
  const tag = ArrayBuffer.isView(vector) && (vector as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  return tag === "Float32Array" || tag === "Float64Array";
}

/** What a model gave for as many texts, the first of which is number `first` of the call: that is none of the caller's. */
export async function answerOf(
  vectors: unknown,
  count: number,
  first: number,
  signal: AbortSignal | undefined,
): Promise<Vectors> {
  if (!Array.isArray(vectors)) throw wrong(`${kindOf(vectors)} instead of an array of vectors`);
  if (vectors.length !== count) throw wrong(`${vectors.length} vectors for ${count} texts`);
  try {
    return await vectorsOf(vectors, count, first, signal);
  } catch (cause) {
    throw cause instanceof BytestowError ? wrong(`vectors that are none: ${cause.message}`, cause) : cause;
  }
}

/** The error of what a model gave. */
export function wrong(what: string, cause?: unknown): BytestowError {
  return new BytestowError("corrupt", `the model gave ${what}; nothing of it is kept`, { cause });
}
