/**
 * The cached way to embed: ask the store for every chunk in one call, compute what it lacks, store that in one call.
 */
import type { Embedder, Vector } from "./embedder.ts";
import { sha256 } from "./hash.ts";

/** The two methods that caching needs: any store of the package has them. */
export interface ByteCache {
  mget(keys: string[]): Promise<(Uint8Array<ArrayBuffer> | undefined)[]>;
  mset(pairs: [string, Uint8Array][]): Promise<void>;
}

/** What is going on, for the person who waits. */
export type Phase = "keys" | "read" | "embed" | "write";

/** How long each phase took, in ms. */
export type PhaseTimes = Record<Phase, number>;

/** A run's vectors and what they cost. */
export interface Embedded {
  /** One for each text, in order. */
  vectors: Vector[];
  /** Texts whose vector the store had. */
  hits: number;
  /** Texts whose vector it had not. */
  misses: number;
  /** Bytes of the values read from the store. */
  bytesRead: number;
  /** Bytes of the values given to the store. */
  bytesWritten: number;
  times: PhaseTimes;
  /** From the first to the last step, in ms. */
  total: number;
}

/** Told when a phase begins, and how far embedding has come. */
export type Progress = (phase: Phase, done: number, of: number) => void;

/** Embeds `texts`, reading from and adding to `store`. */
export async function embedCached(
  store: ByteCache,
  embedder: Embedder,
  texts: readonly string[],
  onProgress: Progress,
): Promise<Embedded> {
  const started = performance.now();

  onProgress("keys", 0, texts.length);
  const keys = await Promise.all(texts.map((text) => cacheKey(embedder, text)));
  const hashed = performance.now();

  onProgress("read", 0, texts.length);
  const stored = await store.mget(keys);
  const vectors = new Array<Vector>(texts.length);
  // A text that comes twice is embedded once.
  const missing = new Map<string, { text: string; places: number[] }>();
  let bytesRead = 0;
  let misses = 0;
  for (const [at, key] of keys.entries()) {
    const bytes = stored[at];
    bytesRead += bytes?.byteLength ?? 0;
    const vector = bytes && toVector(bytes, embedder.dimensions);
    if (vector) {
      vectors[at] = vector;
      continue;
    }
    misses += 1;
    const before = missing.get(key);
    if (before) before.places.push(at);
    else missing.set(key, { text: texts[at] ?? "", places: [at] });
  }
  const read = performance.now();

  // With nothing missing there is no such phase, and no time of one.
  let embedded = read;
  let written = read;
  let bytesWritten = 0;
  if (missing.size > 0) {
    onProgress("embed", 0, missing.size);
    const wanted = [...missing.values()].map(({ text }) => text);
    const computed = await embedder.embed(wanted, (done) => onProgress("embed", done, missing.size));
    const pairs: [string, Uint8Array][] = [];
    for (const [key, { places }] of missing) {
      const vector = computed[pairs.length];
      if (vector === undefined)
        throw new Error(`the embedder gave ${computed.length} vectors for ${missing.size} texts`);
      for (const at of places) vectors[at] = vector;
      pairs.push([key, toBytes(vector)]);
      bytesWritten += vector.byteLength;
    }
    embedded = performance.now();

    onProgress("write", 0, pairs.length);
    await store.mset(pairs);
    written = performance.now();
  }

  return {
    vectors,
    hits: texts.length - misses,
    misses,
    bytesRead,
    bytesWritten,
    times: { keys: hashed - started, read: read - hashed, embed: embedded - read, write: written - embedded },
    total: written - started,
  };
}

/** Another model, another length or another text gives another key; JSON keeps the three apart. */
function cacheKey(embedder: Embedder, text: string): Promise<string> {
  return sha256(JSON.stringify([embedder.id, embedder.dimensions, text]));
}

/** The vector's bytes as they lie in memory: little-endian on every machine that has a browser. */
function toBytes(vector: Vector): Uint8Array<ArrayBuffer> {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** The vector that the bytes hold, without a copy; `undefined` if they hold none of this length. */
function toVector(bytes: Uint8Array<ArrayBuffer>, dimensions: number): Vector | undefined {
  if (bytes.byteLength !== dimensions * Float32Array.BYTES_PER_ELEMENT) return undefined;
  return new Float32Array(bytes.buffer, bytes.byteOffset, dimensions);
}
