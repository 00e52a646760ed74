/** What adds to an index: in stages, which nobody sees before they are committed whole. */

import { joined, type KeyBatch } from "../../core/arguments.js";
import { breath, due } from "../../search/breath.js";
import type { SearchEngine } from "../../search/engine.js";
import type { Model } from "../model.js";
import type { Batch } from "./documents.js";
import { checkAnswer, checkVectors, flat } from "./vectors.js";

/** How many texts the model is given at once: their vectors are let go of before the next ones come. */
const TEXTS = 1_000;

/** How many numbers go into wasm at once: some milliseconds. */
const NUMBERS = 200_000;

/** Adds `batch`, its vectors being those of its texts. */
export async function addTexts(engine: SearchEngine, model: Model, batch: Batch, signal?: AbortSignal): Promise<void> {
  await staged(engine, signal, async (born, stage) => {
    for (let from = 0; from < batch.texts.length; from += TEXTS) {
      const texts = batch.texts.slice(from, from + TEXTS);
      const vectors = checkAnswer(await model.embedDocuments(texts), texts.length);
      if (signal?.aborted) throw signal.reason;
      await put(engine, born, stage, batch, vectors, from);
    }
  });
}

/** Adds `batch` with vectors of the caller's, as many as there are documents. */
export async function addVectors(
  engine: SearchEngine,
  vectors: readonly ArrayLike<number>[],
  batch: Batch,
  signal?: AbortSignal,
): Promise<void> {
  await staged(engine, signal, (born, stage) => put(engine, born, stage, batch, vectors, 0));
}

/** Fills a stage by `work`, and commits it; nothing of it stays if that fails. */
async function staged(
  engine: SearchEngine,
  signal: AbortSignal | undefined,
  work: (born: number, stage: number) => Promise<void>,
): Promise<void> {
  const born = await engine.open(signal);
  const stage = engine.newStage();
  try {
    await work(born, stage);
    await engine.run((index) => index.commit(stage), signal, born);
  } catch (error) {
    engine.discard(stage, born);
    throw error;
  }
}

/** Puts vectors into a stage, and the documents that they belong to, from number `first` on. */
async function put(
  engine: SearchEngine,
  born: number,
  stage: number,
  batch: Batch,
  vectors: readonly ArrayLike<number>[],
  first: number,
): Promise<void> {
  const dimensions = checkVectors(vectors, vectors.length, "vectors");
  const atOnce = Math.max(1, Math.floor(NUMBERS / dimensions));
  for (let from = 0; from < vectors.length; from += atOnce) {
    if (due()) await breath();
    const to = Math.min(vectors.length, from + atOnce);
    const numbers = flat(vectors, from, to, "vectors");
    const ids = together(batch.ids.slice(first + from, first + to));
    const documents = sideBySide(batch.encoded.slice(first + from, first + to));
    engine.stage(born, (index) =>
      index.stage(stage, ids.joined, ids.lengths, numbers, dimensions, documents.bytes, documents.lengths),
    );
  }
}

/** Ids as they cross to wasm. */
export function together(ids: string[]): KeyBatch {
  return { joined: joined(ids, "ids"), lengths: Uint32Array.from(ids, (id) => id.length) };
}

function sideBySide(arrays: Uint8Array[]): { bytes: Uint8Array; lengths: Uint32Array } {
  const lengths = Uint32Array.from(arrays, (array) => array.length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  for (const array of arrays) {
    bytes.set(array, offset);
    offset += array.length;
  }
  return { bytes, lengths };
}
