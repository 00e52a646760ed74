/** What each app does with `bytestow/embeddings`, whatever built it: LangChain's class is the app's own, as its model's. */

import { Embeddings } from "@langchain/core/embeddings";

/** A model of the app's, that tells what it was asked for. */
class Model extends Embeddings {
  model = "lengths";
  asked = [];

  async embedDocuments(documents) {
    this.asked.push(documents);
    return documents.map((text) => [text.length, 0.1]);
  }

  async embedQuery(document) {
    this.asked.push(document);
    return [0.1, document.length];
  }
}

/** Embeds over `store`; gives what came of it as JSON can hold it. */
export async function embed(CacheBackedEmbeddings, store) {
  const embeddings = new Model({});
  const cache = new CacheBackedEmbeddings({ embeddings, store });
  const documents = await cache.embedDocuments(["a", "bb", "a"]);
  const query = await cache.embedQuery("a");
  const { hits, misses, joined } = cache.stats();
  return {
    vectors: [...documents, query],
    asked: embeddings.asked,
    stats: [hits, misses, joined],
    isOneLangChain: cache instanceof Embeddings,
  };
}
