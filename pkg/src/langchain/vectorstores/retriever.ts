/** A retriever with a score threshold, which LangChain's own does not know. */

import type { CallbackManagerForRetrieverRun } from "@langchain/core/callbacks/manager";
import type { DocumentInterface } from "@langchain/core/documents";
import { VectorStoreRetriever, type VectorStoreRetrieverInput } from "@langchain/core/vectorstores";
import type { ByteStoreVectorStore } from "./store.js";

/** Retrieves what is at least as similar as its threshold. */
export class ThresholdRetriever<V extends ByteStoreVectorStore> extends VectorStoreRetriever<V> {
  /** The class's name in LangChain's serialisation. */
  static override lc_name(): string {
    return "ThresholdRetriever";
  }

  /** The least similarity. */
  readonly scoreThreshold: number | null;

  constructor(fields: VectorStoreRetrieverInput<V> & { scoreThreshold: number | null }) {
    super(fields);
    this.scoreThreshold = fields.scoreThreshold;
  }

  override _getRelevantDocuments(
    query: string,
    runManager?: CallbackManagerForRetrieverRun,
  ): Promise<DocumentInterface[]> {
    const { k, filter, scoreThreshold } = this;
    const callbacks = runManager?.getChild("vectorstore");
    if (this.searchType === "mmr") {
      const options = { k, ...(filter !== undefined && { filter }), ...this.searchKwargs };
      return this.vectorStore.maxMarginalRelevanceSearch(query, options, callbacks, { scoreThreshold });
    }
    return this.vectorStore.similaritySearch(query, k, filter, callbacks, { scoreThreshold });
  }
}
