/** `bytestow/vectorstores`: a vector store over any byte store, in LangChain's class. */

export type { FilterConditions, FilterLogic, MetadataFilter, VectorStoreFilter } from "./filters/types.js";
export type {
  AddDocumentsOptions,
  ByteStoreVectorStoreOptions,
  DeleteParams,
  SearchOptions,
  VectorStoreMemory,
  VectorStoreStats,
} from "./options.js";
export { ByteStoreVectorStore } from "./store.js";
