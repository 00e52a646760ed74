/** Finds the turns that a text is about. */

import type { Callbacks } from "@langchain/core/callbacks/manager";
import type { DocumentInterface } from "@langchain/core/documents";
import { VectorStoreRetriever, type VectorStoreRetrieverInterface } from "@langchain/core/vectorstores";
import { invalid, kindOf } from "../../core/error.js";
import type { VectorStoreFilter } from "../vectorstores/filters/types.js";
import { ThresholdRetriever } from "../vectorstores/retriever.js";
import type { ByteStoreVectorStore } from "../vectorstores/store.js";
import { filters, type Turns } from "./turns.js";

/**
 * What `retriever` finds for `query` that `turns` may find. Of a store that takes this package's filters it asks for nothing
 * else, so that there are as many as it is asked for. Of another store, or where a class of its own retrieves, fewer may be
 * left.
 */
export async function remember(
  retriever: VectorStoreRetrieverInterface,
  turns: Turns,
  query: string,
  callbacks?: Callbacks,
): Promise<DocumentInterface[]> {
  const config = callbacks === undefined ? undefined : { callbacks };
  const expired = turns.expired();
  const narrow = narrowing(retriever);
  if (narrow === undefined) return turns.remembered(await retriever.invoke(query, config), expired);
  const found = await narrow((filter) => turns.narrowed(filter, turns.about(expired))).invoke(query, config);
  const left = turns.remembered(found, expired);
  if (left.length === found.length) return left;
  // What has only just expired stood in the way of others.
  return narrow((filter) => turns.narrowed(filter, expired)).invoke(query, config);
}

type Narrow = (
  narrowed: (filter: VectorStoreFilter | undefined) => VectorStoreFilter | undefined,
) => VectorStoreRetrieverInterface;

/** What makes the same retriever with another filter. A copy: others have the retriever too, and may have it at work. */
function narrowing(retriever: VectorStoreRetrieverInterface): Narrow | undefined {
  const from = retriever as VectorStoreRetriever<ByteStoreVectorStore>;
  const hasThreshold = retrievesAs(from, ThresholdRetriever.prototype);
  if (!hasThreshold && !retrievesAs(from, VectorStoreRetriever.prototype)) return undefined;
  if (!filters(from.vectorStore)) return undefined;
  return (narrowed) => {
    const filter = narrowed(from.filter);
    if (filter === from.filter) return retriever;
    const { vectorStore, k, searchType, searchKwargs, callbacks, tags, metadata, verbose } = from;
    const given = Object.entries({ k, searchType, searchKwargs, callbacks, tags, metadata, verbose, filter });
    const fields = { ...Object.fromEntries(given.filter(([, value]) => value !== undefined)), vectorStore };
    if (!hasThreshold) return new VectorStoreRetriever(fields);
    const { scoreThreshold } = retriever as ThresholdRetriever<ByteStoreVectorStore>;
    return new ThresholdRetriever({ ...fields, scoreThreshold });
  };
}

/** Whether a retriever does what is done by those of a class, whatever else its own class has. */
function retrievesAs(retriever: VectorStoreRetriever, prototype: VectorStoreRetriever): boolean {
  const { invoke, _getRelevantDocuments } = prototype;
  return retriever.invoke === invoke && retriever._getRelevantDocuments === _getRelevantDocuments;
}

/** An object with the two methods that a memory needs. */
export function retriever(value: unknown, name: string): VectorStoreRetrieverInterface {
  if (typeof value !== "object" || value === null) throw invalid(`${name} must be a retriever, not ${kindOf(value)}`);
  for (const method of ["invoke", "addDocuments"]) {
    if (typeof (value as Record<string, unknown>)[method] !== "function") {
      throw invalid(`${name} must be a vector store's retriever: it has no method ${method}`);
    }
  }
  return value as VectorStoreRetrieverInterface;
}
