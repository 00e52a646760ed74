/** The embedder behind the cache: `CacheBackedEmbeddings` over the tiers, as any app would have it. */
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { BytestowError, type ErrorCode, type StoreEvent } from "bytestow";
import { CacheBackedEmbeddings } from "bytestow/embeddings";
import type { PageEmbedder } from "../embedders/model.ts";
import type { Tiers } from "../stores/tiers.ts";
import type { Gate } from "./gate.ts";

/** Texts that the embedder is given at once. Each batch is kept as it arrives. */
const BATCH = 64;

/** Told of what the embedder does. */
export interface Watch {
  gate: Gate;
  /** A batch is begun. */
  begun(): void;
  /** A batch has ended, well or not. */
  ended(): void;
}

/** An embedder through the cache. */
export class Cached {
  readonly cached: CacheBackedEmbeddings;
  /** Who watches the embedder at work; without one nobody does. */
  watch: Watch | undefined;

  /** `onTrouble` is told when the tiers fail; embedding goes on without them. */
  constructor(embedder: PageEmbedder, tiers: Tiers, onTrouble: (error: BytestowError) => void) {
    const watched: EmbeddingsInterface<ArrayLike<number>> = {
      embedQuery: (text) => embedder.embedQuery(text),
      embedDocuments: async (texts) => {
        const { watch } = this;
        await watch?.gate.pass();
        watch?.begun();
        try {
          return await embedder.embedDocuments(texts);
        } finally {
          watch?.ended();
        }
      },
    };
    this.cached = CacheBackedEmbeddings.fromBytesStore(watched, tiers.front, {
      namespace: embedder.model,
      dimensions: embedder.dimensions,
      batchSize: BATCH,
      concurrency: embedder.concurrency,
      onEvent: (event: StoreEvent) => {
        if (event.type === "store_error") onTrouble(new BytestowError(event.code as ErrorCode, event.message));
      },
    });
  }
}
