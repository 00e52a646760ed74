/** `bytestow/embeddings`: a model behind a cache, in LangChain's class. */

import { Embeddings, type EmbeddingsInterface } from "@langchain/core/embeddings";
import { checkCallOptions, checkText, liveSignal } from "../core/arguments.js";
import { invalid } from "../core/error.js";
import { emitter } from "../core/events.js";
import { Handle } from "../core/handle.js";
import { callback, checkOptions, oneOf, wholeNumber } from "../core/options.js";
import { guarded } from "../core/runtime.js";
import { isIsolated } from "../core/source.js";
import { anyStore, inWasm } from "../stores/any.js";
import type { ByteStore } from "../stores/base.js";
import type { BaseByteStore, CallOptions, StoreEvent } from "../types.js";
import { embeddingsCache, type EmbeddingsCache as WasmCache } from "../wasm/bytestow_wasm.js";
import { dimensionsOf, embeddings, nameOf, unnamed } from "./model.js";
import { soundText, textBatch } from "./texts.js";
import { allBoxed, boxed, embedBy, ModelFailure, parseVector, type Typed } from "./vectors.js";

/** Any embeddings of LangChain's, in arrays of either kind. */
type Model = EmbeddingsInterface<ArrayLike<number>>;

/**
 * How exactly vectors are kept.
 *
 * | precision | bytes a number | error |
 * |---|---|---|
 * | `"f32"` | 4 | at most 6e-8 of each number from 1.2e-38 on; none where the provider sends f32, as base64 answers are |
 * | `"f64"` | 8 | none |
 * | `"f16"` | 2 | at most 5e-4 of each number from 6.1e-5 on, below that at most 3e-8 |
 * | `"int8"` | 1 | at most 1/254 of the vector's largest number |
 */
export type VectorPrecisionName = "f32" | "f64" | "f16" | "int8";

/**
 * How a text becomes a key: by SHA-256 over model, dimensions, kind and text (`"sha256"`), or as LangChain's caches in
 * JavaScript and Python do, whose entries are then read, and theirs can read ours (`valueFormat: "json"`).
 */
export type KeyEncoderName =
  | "sha256"
  | "langchain-js"
  | "langchain-python-sha1"
  | "langchain-python-sha256"
  | "langchain-python-blake2b"
  | "langchain-python-sha512";

/** How an entry is written; both are read. `"json"` is LangChain's. */
export type VectorFormatName = "binary" | "json";

/** How far a call is, in texts. */
export interface EmbedProgress {
  /** Those whose vectors are there. */
  done: number;
  /** All of the call. */
  total: number;
  /** Those that did not have to be asked of the model for this call. */
  hits: number;
}

/** Options of `embedDocuments`. */
export interface EmbedOptions extends CallOptions {
  /** Told of progress, after the fact; instead of the cache's own `onProgress`. */
  onProgress?: ((progress: EmbedProgress) => void) | undefined;
}

/** What a cache has counted since it was made, in texts unless said otherwise. */
export interface EmbeddingsCacheStats {
  /** Found in the store. */
  hits: number;
  /** Asked of the model. */
  misses: number;
  /** Asked for already: by another call, or by another place of the same one. */
  joined: number;
  /** Calls of the model. */
  requests: number;
  /** Calls of the store that failed. */
  storeErrors: number;
}

/** Options of `CacheBackedEmbeddings.fromBytesStore`. */
export interface CacheBackedEmbeddingsSettings {
  /**
   * How many numbers a vector has, where the model can be asked for several lengths; `embeddings.dimensions` unless
   * given. Part of the key (not of LangChain's), so that lengths do not meet; an entry of another length is not taken.
   */
  dimensions?: number | undefined;
  /** How exactly vectors are kept, and given: the first call gives what later ones will. `"f32"` unless given. */
  precision?: VectorPrecisionName | undefined;
  /** How a text becomes a key; `"sha256"` unless given. `"langchain-js"` finds what LangChain.js' cache has stored. */
  keyEncoder?: KeyEncoderName | undefined;
  /** How an entry is written; `"binary"` unless given. Both are read. */
  valueFormat?: VectorFormatName | undefined;
  /**
   * Whether queries are cached, apart from documents (`true` unless given, and the model has a name); or a store for
   * queries alone, whose keys are then as the `keyEncoder` makes them of documents: a second handle on the documents' own
   * store makes the two meet, as Python's `query_embedding_cache=True` does.
   */
  queryCache?: boolean | BaseByteStore | undefined;
  /** How many texts the model is given at once, 100 unless given; each batch is saved as it arrives. */
  batchSize?: number | undefined;
  /** How many batches of a call are under way at once, 4 unless given. */
  concurrency?: number | undefined;
  /** Told of the progress of `embedDocuments`, after the fact. */
  onProgress?: ((progress: EmbedProgress) => void) | undefined;
  /** Told of entries that cannot be read (`corrupt`), of a store that fails (`store_error`, once an outage), and of `reset`. */
  onEvent?: ((event: StoreEvent) => void) | undefined;
}

/** Options of `CacheBackedEmbeddings`. */
export interface CacheBackedEmbeddingsOptions extends CacheBackedEmbeddingsSettings {
  /** The model: any embeddings of LangChain. */
  embeddings: Model;
  /** Where vectors are kept: a store of this package, or any object with LangChain's four methods. */
  store: BaseByteStore;
  /** The model's name, which is part of the key; `embeddings.model` unless given. Empty only as `namespace` may be. */
  model?: string | undefined;
}

/** In the order of the binding's list. */
const PRECISIONS = ["f32", "f64", "f16", "int8"] as const;

/** In the order of the binding's list. */
const KEY_ENCODERS = [
  "sha256",
  "langchain-js",
  "langchain-python-sha1",
  "langchain-python-sha256",
  "langchain-python-blake2b",
  "langchain-python-sha512",
] as const;

/** As many of anything as the binding can be told. */
const MOST = 0xffffffff;

/** In the order in which the binding counts. */
const COUNTS = ["hits", "misses", "joined", "requests", "storeErrors"] as const;

/** The options that both ways of making a cache have. */
const checks = {
  dimensions: wholeNumber(1),
  precision: oneOf(...PRECISIONS),
  keyEncoder: oneOf(...KEY_ENCODERS),
  valueFormat: oneOf("binary", "json"),
  queryCache: (value: unknown, name: string) => (typeof value === "boolean" ? value : anyStore(value, name)),
  batchSize: wholeNumber(1),
  concurrency: wholeNumber(1),
  onProgress: callback,
  onEvent: callback,
};

/**
 * A model behind a cache: what is in the store is not embedded again. It stands wherever LangChain takes embeddings.
 *
 * A text that stands twice in a call is asked for once; one that another call is asking for is not asked for again (not
 * in Workers, where no request may wait for another's). A store that fails costs time and nothing else. What the model
 * throws is thrown on as it is.
 *
 * An application that moves over from LangChain.js finds its entries with `keyEncoder: "langchain-js"`.
 */
export class CacheBackedEmbeddings extends Embeddings {
  /** The model's name, as it is part of the keys. */
  readonly model: string;
  /** How many numbers the model is asked for, where that is known; part of the keys likewise. */
  readonly dimensions: number | undefined;
  readonly #handle: Handle<WasmCache>;
  readonly #onProgress: EmbedOptions["onProgress"];
  #counted: Float64Array | undefined;

  /** @throws `invalid_argument` for a bad or unknown option, or without `embeddings`, a `store` and a model's name. */
  constructor(options: CacheBackedEmbeddingsOptions) {
    const checked = checkOptions<CacheBackedEmbeddingsOptions>("CacheBackedEmbeddings", options, {
      embeddings,
      store: anyStore,
      model: checkText,
      ...checks,
    });
    super({});
    const model = embeddings(checked.embeddings, "embeddings");
    this.model = checked.model ?? nameOf(model, "model");
    this.dimensions = checked.dimensions ?? dimensionsOf(model);
    const {
      precision = "f32",
      keyEncoder = "sha256",
      valueFormat = "binary",
      queryCache = this.model !== "",
    } = checked;
    if (this.model === "" && (keyEncoder === "sha256" || queryCache === true)) throw unnamed("model");
    const { batchSize = 100, concurrency = 4, onEvent } = checked;
    const json = valueFormat === "json";
    if (json && precision === "int8") {
      throw invalid('valueFormat "json" does not go with precision "int8": what is read would not be what was given');
    }
    const store = anyStore(checked.store, "store");
    const queries = typeof queryCache === "boolean" ? store : (queryCache as ByteStore);
    this.#onProgress = checked.onProgress;
    const emit = emitter(onEvent);
    const embed = embedBy(model);
    const make = () => {
      const settings = Uint32Array.of(
        Math.min(this.dimensions ?? 0, MOST),
        PRECISIONS.indexOf(precision),
        KEY_ENCODERS.indexOf(keyEncoder),
        Number(json),
        Number(queryCache !== false),
        Math.min(batchSize, MOST),
        Math.min(concurrency, MOST),
        Number(isIsolated()),
      );
      return embeddingsCache(atHand(store), atHand(queries), embed, parseVector, this.model, settings, emit);
    };
    this.#handle = new Handle<WasmCache>(make, (reason) => emit?.({ type: "reset", reason }));
  }

  /**
   * As LangChain's class of this name makes one: a changed import suffices. `namespace` stands for the model's name;
   * without it `embeddings.model` does. What LangChain.js has stored is found with `keyEncoder: "langchain-js"`.
   *
   * @throws `invalid_argument` for a bad or unknown option, and where neither names the model.
   */
  static fromBytesStore(
    underlyingEmbeddings: Model,
    documentEmbeddingStore: BaseByteStore,
    options?: CacheBackedEmbeddingsSettings & {
      /**
       * What tells this model's vectors from others'. Empty only for what LangChain has kept without one, by its
       * `keyEncoder`s.
       */
      namespace?: string | undefined;
    },
  ): CacheBackedEmbeddings {
    type Options = NonNullable<typeof options>;
    const { namespace, ...rest } = checkOptions<Options>("CacheBackedEmbeddings.fromBytesStore", options ?? {}, {
      namespace: checkText,
      ...checks,
    });
    const model = namespace ?? nameOf(embeddings(underlyingEmbeddings, "underlyingEmbeddings"), "namespace");
    if (model === "" && (rest.keyEncoder ?? "sha256") === "sha256") throw unnamed("namespace");
    // By `this`: a subclass makes its own, as one of LangChain's does.
    return new this({
      ...rest,
      embeddings: underlyingEmbeddings,
      store: anyStore(documentEmbeddingStore, "documentEmbeddingStore"),
      model,
    });
  }

  /**
   * The vectors of `documents`, in their order. Shape: `[documents, dimensions]`. An abort (`signal`) keeps the batches
   * that have arrived; what is under way is lost, and asked for again by another call that waited for it.
   *
   * @throws What the model throws, when the batches under way beside it have ended; `corrupt` where it answers with too
   * few, too many, ragged or non-finite vectors, of which none is kept; `invalid_argument`.
   */
  override async embedDocuments(documents: string[], options?: EmbedOptions): Promise<number[][]> {
    return allBoxed(await this.#documents(documents, options));
  }

  /**
   * As `embedDocuments`, without boxing: arrays of 32-bit floats, to which the precision `"f64"` is rounded. Shape:
   * `[documents, dimensions]`.
   *
   * @throws As `embedDocuments`.
   */
  async embedDocumentsTyped(documents: string[], options?: EmbedOptions): Promise<Float32Array<ArrayBuffer>[]> {
    const vectors = await this.#documents(documents, options);
    const found: Float32Array<ArrayBuffer>[] = [];
    for (const vector of vectors) found.push(vector instanceof Float32Array ? vector : new Float32Array(vector));
    return found;
  }

  /**
   * The vector of a text to find documents by. Shape: `[dimensions]`.
   *
   * @throws As `embedDocuments`.
   */
  override async embedQuery(document: string, options?: CallOptions): Promise<number[]> {
    checkCallOptions(options);
    const signal = liveSignal(options);
    const text = soundText(document, "document");
    const [vector] = await this.#run((cache) => cache.call(true, text, Uint32Array.of(text.length), null), signal);
    return boxed(vector as Typed);
  }

  /** Counts of this object since it was made; they begin anew if the wasm instance had to be replaced. */
  stats(): EmbeddingsCacheStats {
    const cache = this.#handle.current;
    const counted = cache === undefined ? this.#counted : guarded(() => cache.stats());
    const stats = {} as EmbeddingsCacheStats;
    COUNTS.forEach((name, at) => {
      stats[name] = counted?.[at] ?? 0;
    });
    return stats;
  }

  /**
   * Lets go of the cache, and of the model; its stores stay open. Calls made before still end, later ones are refused as
   * `closed`. For Workers that make a cache for each request: those of a date before mid-2025 free it no other way.
   */
  async close(): Promise<void> {
    await this.#handle.release(() => undefined, this.#count);
  }

  #count = (cache: WasmCache) => {
    this.#counted = guarded(() => cache.stats());
  };

  async #documents(documents: string[], options: EmbedOptions | undefined): Promise<Typed[]> {
    checkCallOptions(options);
    const signal = liveSignal(options);
    const { joined, lengths } = textBatch(documents, "documents");
    if (options?.onProgress !== undefined) callback(options.onProgress, "onProgress");
    const watch = watcher(options?.onProgress ?? this.#onProgress);
    if (lengths.length === 0) return [];
    return this.#run((cache) => cache.call(false, joined, lengths, watch), signal);
  }

  async #run(work: (cache: WasmCache) => unknown, signal: AbortSignal | undefined): Promise<Typed[]> {
    try {
      return await this.#handle.run<Typed[]>(work, signal);
    } catch (error) {
      const cause = (error as { cause?: unknown } | null | undefined)?.cause;
      throw cause instanceof ModelFailure ? cause.reason : error;
    }
  }
}

/** A store's object in wasm. Of a store that was closed one that fails at each call: the cache goes on without it. */
function atHand(store: ByteStore): ReturnType<typeof inWasm> {
  try {
    return inWasm(store);
  } catch (error) {
    const fails = () => Promise.reject(error);
    return inWasm(anyStore({ mget: fails, mset: fails, mdelete: fails, yieldKeys: fails }, "store"));
  }
}

/** Passes progress on in a microtask of its own: the cache is at work when it tells of it. */
function watcher(onProgress: EmbedOptions["onProgress"]) {
  const emit = emitter(onProgress as ((event: object) => void) | undefined);
  return emit && ((done: number, total: number, hits: number) => emit({ done, total, hits } as never));
}
