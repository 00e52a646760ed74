/** What the page offers to the side that drives it. */

export { embeddingsInIndexedDb } from "../embeddings/indexeddb.mjs";
export { embeddingsInMemory } from "../embeddings/memory.mjs";
export { indexedDbBounds } from "../indexeddb/page/bounds.mjs";
export { indexedDbCalls } from "../indexeddb/page/calls.mjs";
export { compactAgain, fillToCompact, readSingly, stopReading } from "../indexeddb/page/compacting.mjs";
export { fillForDisk } from "../indexeddb/page/filling.mjs";
export { indexedDbLayout } from "../indexeddb/page/layout.mjs";
export { indexedDbListing } from "../indexeddb/page/listing.mjs";
export { loop } from "../indexeddb/page/loops.mjs";
export { fillToOpen, openOnce, openPlain } from "../indexeddb/page/opening.mjs";
export { indexedDbReads } from "../indexeddb/page/reads.mjs";
export { indexedDbRequests } from "../indexeddb/page/requests.mjs";
export { indexedDbTasks } from "../indexeddb/page/tasks.mjs";
export { memory } from "../memory.mjs";
