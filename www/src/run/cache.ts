/** The embedder behind the cache: `CacheBackedEmbeddings` over the tiers, as any app would have it. */
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { BytestowError, type ErrorCode, type StoreEvent } from "bytestow";
import { CacheBackedEmbeddings, type EmbedProgress } from "bytestow/embeddings";
import type { Asking, PageEmbedder } from "../embedders/model.ts";
import { PageError } from "../errors.ts";
import type { Tiers } from "../stores/tiers.ts";

/** Texts that the embedder is given at once. Each batch is kept as it arrives. */
const BATCH = 64;

/** Has a batch embedded, at its time, and notes how long that takes. */
export type Around = <T>(batch: () => Promise<T>) => Promise<T>;

/** An embedder through the cache, for one run or one search: whatever ends the one leaves the other alone. */
export class Cached implements EmbeddingsInterface<number[]> {
  readonly #cache: CacheBackedEmbeddings;
  readonly #signal: AbortSignal | undefined;

  /** `onTrouble` is told when the tiers fail; embedding goes on without them. */
  constructor(
    embedder: PageEmbedder,
    tiers: Pick<Tiers, "front">,
    onTrouble: (error: BytestowError) => void,
    asking: Asking,
    around: Around = (batch) => batch(),
  ) {
    this.#signal = asking.signal;
    const asked: EmbeddingsInterface<ArrayLike<number>> = {
      embedQuery: (text) => embedder.embedQuery(text, asking),
      embedDocuments: (texts) => around(() => embedder.embedDocuments(texts, asking)),
    };
    this.#cache = CacheBackedEmbeddings.fromBytesStore(asked, tiers.front, {
      namespace: embedder.model,
      dimensions: embedder.dimensions,
      batchSize: BATCH,
      concurrency: embedder.concurrency,
      onEvent: (event: StoreEvent) => {
        if (event.type === "store_error") onTrouble(new BytestowError(event.code as ErrorCode, event.message));
      },
    });
  }

  embedQuery(text: string): Promise<number[]> {
    return inWords(this.#cache.embedQuery(text, { signal: this.#signal }));
  }

  embedDocuments(texts: string[]): Promise<number[][]> {
    return inWords(this.#cache.embedDocuments(texts, { signal: this.#signal }));
  }

  /** The same without boxing the numbers. */
  async embedTyped(texts: string[], onProgress: (progress: EmbedProgress) => void): Promise<void> {
    await inWords(this.#cache.embedDocumentsTyped(texts, { signal: this.#signal, onProgress }));
  }

  /** Lets go of the cache; the tiers stay as they are. */
  close(): void {
    void this.#cache.close();
  }
}

/** To the cache `corrupt` is an answer of the model's: what is kept and cannot be read it takes as missing. */
async function inWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof BytestowError && error.code === "corrupt")) throw error;
    throw new PageError(
      `The embedder’s answer cannot be right: ${error.message}.`,
      "Check the model’s name and the dimensions, and that it is one model that answers there, then try again. What was " +
        "kept before is sound.",
      "bad_vectors",
    );
  }
}
