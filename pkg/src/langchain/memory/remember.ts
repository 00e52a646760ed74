/** Finds the turns that a text is about. */

import type { Callbacks } from "@langchain/core/callbacks/manager";
import type { DocumentInterface } from "@langchain/core/documents";
import type { VectorStoreRetriever, VectorStoreRetrieverInterface } from "@langchain/core/vectorstores";
import { invalid, kindOf } from "../../core/error.js";
import type { ByteStoreVectorStore } from "../vectorstores/store.js";
import { filters, type Turns } from "./turns.js";

/**
 * What `retriever` finds for `query` that `turns` may find. Over a store that takes this package's filters it is asked for
 * nothing else, so that there are as many as it is asked for; over another one fewer may be left.
 */
export async function remember(
  retriever: VectorStoreRetrieverInterface,
  turns: Turns,
  query: string,
  callbacks?: Callbacks,
): Promise<DocumentInterface[]> {
  const config = callbacks === undefined ? undefined : { callbacks };
  return turns.remembered(await narrowed(retriever, turns).invoke(query, config));
}

function narrowed(retriever: VectorStoreRetrieverInterface, turns: Turns): VectorStoreRetrieverInterface {
  const from = retriever as VectorStoreRetriever<ByteStoreVectorStore>;
  if (!filters(from.vectorStore)) return retriever;
  const filter = turns.narrowed(from.filter);
  if (filter === from.filter) return retriever;
  // The very retriever, whatever its class is, with another filter.
  return Object.create(from, { filter: { value: filter } }) as VectorStoreRetrieverInterface;
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
