/** What a run needs, in a chunk of its own: the cache with LangChain's classes, and the results. */
export { Cached } from "./cache.ts";
export { showCounted, showRuns } from "./results.ts";
export { run } from "./run.ts";
