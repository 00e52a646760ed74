/** Vectors between a model in JavaScript, wasm, and LangChain's types. */

import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { BytestowError, kindOf } from "../core/error.js";

/** A vector as it leaves wasm: in 64 bits at the precision `"f64"`, else in 32. */
export type Typed = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** Any embeddings of LangChain's, in arrays of either kind. */
type Model = EmbeddingsInterface<ArrayLike<number>>;

/** What a model threw, kept as it is until it is thrown on. */
export class ModelFailure {
  constructor(readonly reason: unknown) {}
}

/** What wasm calls for vectors: never synchronously, so that no code of others runs within wasm. */
export function embedBy(model: Model): (query: boolean, texts: string[]) => Promise<Float64Array[]> {
  return async (query, texts) => rows(await answerOf(model, query, texts));
}

async function answerOf(model: Model, query: boolean, texts: string[]): Promise<unknown> {
  await undefined;
  try {
    return query ? [await model.embedQuery(texts[0] as string)] : await model.embedDocuments(texts);
  } catch (reason) {
    throw new ModelFailure(reason);
  }
}

function rows(answer: unknown): Float64Array[] {
  if (!Array.isArray(answer)) throw wrong(`${kindOf(answer)} instead of an array of vectors`);
  const found: Float64Array[] = [];
  for (let at = 0; at < answer.length; at++) found.push(row(answer[at]));
  return found;
}

/** Element by element: the constructor of an array of floats would take strings, and `null` for 0. */
function row(vector: unknown): Float64Array {
  if (isFloats(vector)) return new Float64Array(vector);
  if (!Array.isArray(vector)) throw wrong(`${kindOf(vector)} instead of a vector`);
  const numbers = new Float64Array(vector.length);
  for (let at = 0; at < vector.length; at++) {
    const number: unknown = vector[at];
    if (typeof number !== "number") throw wrong(`${kindOf(number)} within a vector`);
    numbers[at] = number;
  }
  return numbers;
}

/** By its tag, not by `instanceof`: arrays of other realms (jsdom, iframes) are arrays too. */
function isFloats(vector: unknown): vector is Float32Array | Float64Array {
  const tag = ArrayBuffer.isView(vector) && (vector as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  return tag === "Float32Array" || tag === "Float64Array";
}

function wrong(what: string): BytestowError {
  return new BytestowError("corrupt", `the model gave ${what}: nothing of it is kept`);
}

/** A vector in LangChain's type. A loop: `Array.from` takes several times as long. */
export function boxed(vector: Typed): number[] {
  const numbers = new Array<number>(vector.length);
  for (let at = 0; at < vector.length; at++) numbers[at] = vector[at] as number;
  return numbers;
}

/** How many numbers are boxed in one go: some 5 ms. */
const AT_ONCE = 400_000;

interface Scheduler {
  scheduler?: { yield?(): Promise<void> };
}

/** Vectors in LangChain's type. What takes long lets a page have its turn in between, where it can be asked for. */
export async function allBoxed(vectors: Typed[]): Promise<number[][]> {
  const found: number[][] = [];
  let numbers = 0;
  for (const vector of vectors) {
    numbers += vector.length;
    if (numbers > AT_ONCE) {
      numbers = 0;
      await (globalThis as Scheduler).scheduler?.yield?.();
    }
    found.push(boxed(vector));
  }
  return found;
}

/** The numbers of a JSON array in `bytes`; throws for anything else. */
export function parseVector(bytes: Uint8Array): Float64Array {
  const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  return row(parsed);
}
