/** What the page knows of embedders: LangChain's interface, and what it takes to run one. */
import type { EmbeddingsInterface } from "@langchain/core/embeddings";

/** Turns texts into vectors; asked, through the cache, for what no tier has. */
export interface PageEmbedder extends EmbeddingsInterface<ArrayLike<number>> {
  /** Names the model and all that decides its vectors; part of every key. */
  readonly model: string;
  /** How it is called on the page. */
  readonly label: string;
  /** How many numbers are asked for, where that can be chosen. */
  readonly dimensions?: number | undefined;
  /** How many batches may be under way at once. */
  readonly concurrency: number;
  /** Ends what is under way. */
  signal: AbortSignal | undefined;
}
