/** What a page of the killed browser works with: a cache over IndexedDB, and a model that hangs from some batch on. */

import { IndexedDBByteStore } from "bytestow";
import { CacheBackedEmbeddings } from "bytestow/embeddings";

/** Each call of the model. */
const batches = [];

const vector = (text) => [text.length, Number(/\d+/u.exec(text)?.[0])];

/** A model that answers `most` calls, each after some ms, and no other. */
function modelOf(most) {
  return {
    async embedDocuments(texts) {
      batches.push(texts);
      await new Promise((resolve) => {
        if (batches.length <= most) setTimeout(resolve, 10);
      });
      return texts.map(vector);
    },
    embedQuery: async (text) => vector(text),
  };
}

function cacheOn(embeddings, batchSize) {
  const store = new IndexedDBByteStore({ name: "embeddings" });
  return new CacheBackedEmbeddings({ embeddings, store, model: "slow", batchSize, concurrency: 1 });
}

globalThis.asked = () => batches;
globalThis.start = (texts, batchSize, most) => {
  cacheOn(modelOf(most), batchSize)
    .embedDocuments(texts)
    .catch(() => {});
};
globalThis.again = async (texts) => {
  const vectors = await cacheOn(modelOf(Number.POSITIVE_INFINITY), 1_000).embedDocuments(texts);
  return { vectors, asked: batches.flat() };
};
globalThis.ready = true;
