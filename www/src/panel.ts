/** What a panel of the page is given. */
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type { IndexedDBByteStore, TieredByteStore } from "bytestow";

/** A chunk of a text, as it is embedded and searched. */
export interface PageChunk {
  /** The text's name: a file's, or the sample's. */
  file: string;
  /** Which of its chunks, from 0. */
  at: number;
  text: string;
}

/** What the panels share. */
export interface PanelContext {
  /** Where this browser keeps the vectors. */
  readonly browser: IndexedDBByteStore;
  /** Whether it does: a browser that gives the page no storage has it keep them in memory. */
  readonly isKept: boolean;
  /** The same with the remote tier behind it, where there is one. */
  readonly store: IndexedDBByteStore | TieredByteStore;
  /** The embedder chosen, through the cache; `model` names it and all that decides its vectors. */
  embeddings(): { readonly model: string; readonly cached: EmbeddingsInterface<number[]> };
  /** The chunks of all texts that are open on the page. */
  chunks(): readonly PageChunk[];
  /** Calls `listener` when chunks, embedder, or what is kept have changed, here or in another tab. */
  onChange(listener: (what: "chunks" | "embedder" | "kept") => void): void;
  /** Empties memory and this browser's storage. */
  clearBrowser(): Promise<void>;
  /** Tells this tab's panels and other tabs that what is kept has changed. */
  changed(): void;
  /** Says what is going on, politely. */
  status(text: string): void;
  /** Says what failed and what to do; `undefined` takes it back. */
  trouble(error: unknown): void;
}
