/** What the page knows of embedders: LangChain's interface, and what it takes to run one. */
import type { EmbeddingsInterface } from "@langchain/core/embeddings";

/** Who asks an embedder. Of each call, since a run and a search may ask one embedder side by side. */
export interface Asking {
  /** Ends what is under way. */
  signal?: AbortSignal | undefined;
  /** Told when the embedder is to be left alone for so many seconds. */
  onWait?: ((seconds: number) => void) | undefined;
}

/** Turns texts into vectors; asked, through the cache, for what no tier has. */
export interface PageEmbedder extends EmbeddingsInterface<ArrayLike<number>> {
  /** Names the model and all that decides its vectors; part of every key, and of the name of a search's index. */
  readonly model: string;
  /** How it is called on the page. */
  readonly label: string;
  /** How many numbers are asked for, where that can be chosen. */
  readonly dimensions?: number | undefined;
  /** How many batches may be under way at once. */
  readonly concurrency: number;
  embedQuery(text: string, asking?: Asking): Promise<ArrayLike<number>>;
  embedDocuments(texts: readonly string[], asking?: Asking): Promise<ArrayLike<number>[]>;
}
