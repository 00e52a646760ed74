/** What each app does with `bytestow/vectorstores` and `bytestow/memory`, whatever built it. */

import { Embeddings } from "@langchain/core/embeddings";
import { VectorStore } from "@langchain/core/vectorstores";

/** A model of the app's, that tells what it was asked for: how often a text has an "a", and how often a "b". */
class Model extends Embeddings {
  asked = [];

  async embedDocuments(documents) {
    return Promise.all(documents.map((text) => this.embedQuery(text)));
  }

  async embedQuery(document) {
    this.asked.push(document);
    return ["a", "b"].map((letter) => document.split(letter).length - 1);
  }
}

/** Adds three documents to an index over `store` where none is yet, and searches; gives what came of it as JSON can hold it. */
export async function find({ ByteStoreVectorStore, VectorStoreRetrieverMemory }, store) {
  const embeddings = new Model({});
  const vectors = new ByteStoreVectorStore(embeddings, { store, model: "letters" });
  const documents = ["aaa", "b", "aaabbbb"].map((pageContent) => ({
    pageContent,
    metadata: { of: pageContent.length },
  }));
  const { length } = await vectors.getByIds(["first"]);
  if (length === 0) await vectors.addDocuments(documents, { ids: ["first", "second", "third"] });
  const found = await vectors.similaritySearchWithScore("b", 3);
  const filtered = await vectors.similaritySearch("b", 3, { of: { $gt: 1 } });
  const memory = new VectorStoreRetrieverMemory({ vectorStoreRetriever: vectors.asRetriever(1) });
  return {
    found: found.map(([{ id, pageContent, metadata }, score]) => [id, pageContent, metadata.of, Math.fround(score)]),
    filtered: filtered.map(({ id }) => id),
    remembered: await memory.loadMemoryVariables({ input: "a" }),
    asked: embeddings.asked,
    isOneLangChain: vectors instanceof VectorStore,
  };
}
