/** `bytestow/slim/embeddings`, as its types are. Written by write.mjs. */

export {
  CacheBackedEmbeddings,
  type CacheBackedEmbeddingsOptions,
  type CacheBackedEmbeddingsSettings,
  type EmbeddingsCacheStats,
  type EmbedOptions,
  type EmbedProgress,
  type KeyEncoderName,
  type VectorFormatName,
  type VectorPrecisionName,
} from "./embeddings.js";
