/** The cache in a CommonJS program, over a model whose types are those that LangChain has for `require`. */

import type { Embeddings } from "@langchain/core/embeddings";
import type { BaseByteStore } from "bytestow" with { "resolution-mode": "import" };

async function open(embeddings: Embeddings, store: BaseByteStore): Promise<number[]> {
  const { CacheBackedEmbeddings } = await import("bytestow/embeddings");
  // @ts-expect-error: no such option
  if (store === undefined) new CacheBackedEmbeddings({ embeddings, store, cache: true });
  return CacheBackedEmbeddings.fromBytesStore(embeddings, store, { namespace: "m" }).embedQuery("a");
}

export = open;
