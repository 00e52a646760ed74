/** What the page offers to the side that drives it. */

export { memory } from "../memory.mjs";
export { indexeddb } from "./indexeddb.mjs";
