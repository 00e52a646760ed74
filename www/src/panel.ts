/** What a panel of the page is given. */
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type { IndexedDBByteStore } from "bytestow";
import type { Asking } from "./embedders/model.ts";

/** A chunk of a text, as it is embedded and searched. */
export interface PageChunk {
  /** The text's name: a file's, or the sample's. */
  file: string;
  /** Which of its chunks, from 0. */
  at: number;
  text: string;
}

/** An embedder through the cache, for as long as a panel needs it. */
export interface PanelEmbeddings {
  /** Names the embedder and all that decides its vectors. */
  readonly model: string;
  readonly cached: EmbeddingsInterface<number[]>;
  /** Lets go of it. */
  close(): void;
}

/** What the panels share. */
export interface PanelContext {
  /** Where this browser keeps the vectors. */
  readonly browser: IndexedDBByteStore;
  /** Whether it does: a browser that gives the page no storage has it keep them in memory. */
  readonly isKept: boolean;
  /** The embedder that is chosen now, through the cache. */
  embeddings(asking: Asking): Promise<PanelEmbeddings>;
  /** The chunks of all texts that are open on the page. */
  chunks(): readonly PageChunk[];
  /** Calls `listener` when chunks, embedder, or what is kept have changed, here or in another tab. */
  onChange(listener: (what: "chunks" | "embedder" | "kept") => void): void;
  /** Empties memory and this browser's storage. */
  clearBrowser(): Promise<void>;
  /** Tells this tab's panels and other tabs that what is kept has changed: deleted, or written anew. */
  changed(): void;
  /** Tells this tab's panels that more is kept than before, and nothing else. Other tabs hear that from the store. */
  added(): void;
}
