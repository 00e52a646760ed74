/** `bytestow/memory`: what was said, found again by what it is about, over any vector store. */

export {
  VectorStoreRetrieverMemory,
  type VectorStoreRetrieverMemoryOptions,
  type VectorStoreRetrieverMemoryParams,
} from "./classic.js";
export { MemoryRetriever, type MemoryRetrieverOptions, type TurnSide } from "./retriever.js";
export type { TurnsOptions } from "./turns.js";
