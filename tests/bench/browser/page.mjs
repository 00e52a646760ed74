/** What the page offers to the side that drives it. */

export { embeddingsInIndexedDb } from "../embeddings/indexeddb.mjs";
export { embeddingsInMemory } from "../embeddings/memory.mjs";
export { memory } from "../memory.mjs";
export { indexeddb } from "./indexeddb.mjs";
