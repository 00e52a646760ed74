/** What adds to an index: in stages, which nobody sees before they are committed whole. */

import { joined, type KeyBatch } from "../../core/arguments.js";
import { BytestowError } from "../../core/error.js";
import { stillWanted, untilAborted } from "../../search/abort.js";
import { breath, due } from "../../search/breath.js";
import type { SearchEngine } from "../../search/engine.js";
import type { Model } from "../model.js";
import type { Batch } from "./documents.js";
import { answerOf, type Vectors, wrong } from "./vectors.js";

/** How many texts the model is given at once: their vectors are let go of before the next ones come. */
const TEXTS = 1_000;

/** How many bytes of documents go into wasm at once, or one document: some milliseconds. */
const BYTES = 1 << 20;

/** Adds `batch`, its vectors being those of its texts. */
export async function addTexts(engine: SearchEngine, model: Model, batch: Batch, signal?: AbortSignal): Promise<void> {
  await staged(engine, signal, async (born, stage) => {
    for (let from = 0; from < batch.texts.length; from += TEXTS) {
      const texts = batch.texts.slice(from, from + TEXTS);
      stillWanted(signal);
      const given: unknown = await untilAborted(model.embedDocuments(texts), signal);
      const vectors = await answerOf(given, texts.length, from, signal);
      try {
        await put(engine, born, stage, batch, vectors, from, signal);
      } catch (error) {
        throw modelsOwn(error, vectors);
      }
    }
  });
}

/** Adds `batch` with vectors of the caller's, as many as there are documents. */
export async function addVectors(
  engine: SearchEngine,
  vectors: Vectors,
  batch: Batch,
  signal?: AbortSignal,
): Promise<void> {
  await staged(engine, signal, (born, stage) => put(engine, born, stage, batch, vectors, 0, signal));
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
    await engine.write((index) => index.commit(stage), signal, born);
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
  { dimensions, each, parts }: Vectors,
  first: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const [part, numbers] of parts.entries()) {
    const begin = first + part * each;
    const end = begin + numbers.length / dimensions;
    for (let from = begin; from < end; ) {
      if (due()) await breath();
      stillWanted(signal);
      let [to, bytes] = [from, 0];
      do bytes += (batch.encoded[to++] as Uint8Array).length;
      while (to < end && bytes + (batch.encoded[to] as Uint8Array).length <= BYTES);
      const vectors = numbers.subarray((from - begin) * dimensions, (to - begin) * dimensions);
      const ids = together(batch.ids.slice(from, to));
      const documents = sideBySide(batch.encoded.slice(from, to));
      engine.stage(born, (index) =>
        index.stage(stage, ids.joined, ids.lengths, vectors, dimensions, documents.bytes, documents.lengths),
      );
      from = to;
    }
  }
}

/** Numbers that wasm refuses are the model's fault, where it gave them; their count is for whoever says what there is. */
function modelsOwn(error: unknown, { parts }: Vectors): unknown {
  if (!(error instanceof BytestowError) || error.code !== "invalid_argument") return error;
  const finite = parts.every((numbers) => numbers.every(Number.isFinite));
  return finite ? error : wrong(`numbers that are none: ${error.message}`, error);
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
