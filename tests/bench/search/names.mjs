/** What is called how, on all sides: contenders, sizes, tables. */

export { OURS } from "../measure.mjs";

export const BINARY = 'index: "binary"';
export const MEMORY = "MemoryVectorStore";
/** The bare scan of 32-bit floats in our own wasm: no documents, no store, no JavaScript around it. */
export const F32 = "f32 scan";
/** Adds up the same memory, and does nothing else. */
export const BARE = "bare sum";
export const HNSWLIB = "hnswlib-wasm";
export const VOY = "voy-search";
export const ORAMA = "@orama/orama";
export const SQLITE = "sqlite-vec";
export const VECTRA = "vectra";

/** How many are found. */
export const K = 10;

export const SIZES = {
  small: { count: 10_000, dimensions: 384 },
  large: { count: 100_000, dimensions: 384 },
  wide: { count: 100_000, dimensions: 1_536 },
};

/** Calls that are measured beside a single search. */
export const CALLS = {
  eight: "8 searches at once",
  filter: "a filter that keeps 1 %",
  byFunction: "the same as a function",
  mmr: "MMR, the whole call",
  theirMmr: `MMR, ${MEMORY}'s whole call`,
  picks: "MMR, our picks alone",
  helper: "MMR, core's helper",
};

export const AT_ONCE = 8;
export const MMR = { fetchK: 200, k: 20, lambda: 0.5 };

/** Of the filter: one document in so many. */
export const PARTS = 100;

/** How many are added to many. */
export const ADDED = 100;

/** @param {{ count: number, dimensions: number }} size */
export const sizeOf = ({ count, dimensions }) => `${count.toLocaleString("en")} × ${dimensions.toLocaleString("en")}`;
