/** The cache, required. Its model's types are those that LangChain has for `require`; the class it extends, those for `import`. */

import langchain = require("@langchain/core/embeddings");
import bytestow = require("bytestow");
import cached = require("bytestow/embeddings");

async function embed(embeddings: langchain.Embeddings, texts: string[]): Promise<cached.EmbeddingsCacheStats> {
  const options: cached.CacheBackedEmbeddingsSettings = { precision: "int8" };
  const store = new bytestow.InMemoryByteStore();
  const cache = cached.CacheBackedEmbeddings.fromBytesStore(embeddings, store, { ...options, namespace: "m" });
  const again: langchain.EmbeddingsInterface = cache;
  // @ts-expect-error: an array of texts
  await again.embedDocuments(texts[0]);
  return cache.stats();
}

export = embed;
