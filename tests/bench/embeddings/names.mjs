/** What is called how: the sides, the rows, and what the rows are held to. */

export { OURS } from "../measure.mjs";

export const THEIRS = "LangChain's cache";

export const COUNT = 1000;
export const DIMENSIONS = [384, 1536];

/** What a provider's numbers look like: doubles as they print, and the fewest digits that tell an f32 from the others. */
export const FORMS = { doubles: "long decimals", short: "short decimals" };

/** What the groups' names begin with, by which the report knows its rows. */
const BEGINNING = "Embeddings cache";

/** @param {{ group: string }} row */
export const isOfCaches = ({ group }) => group.startsWith(BEGINNING);

/** The stores that a cache stands over: ours and LangChain's counterpart. */
export const GROUPS = {
  indexedDb: `${BEGINNING}, Chromium: IndexedDB; idb-keyval`,
  chromiumMemory: `${BEGINNING}, Chromium: in memory`,
  nodeMemory: `${BEGINNING}, Node: in memory`,
  upstash: `${BEGINNING}, Node: Upstash, real Redis`,
};

export const STEPS = {
  cold: "cold, less the provider's time",
  warm: "warm",
  typed: "warm, ours typed",
};

/** Rows that are not times of a call. */
export const FIGURES = {
  bytes: "bytes of keys and values",
  disk: "bytes the browser counts",
  wireCold: "bytes on the wire, cold",
  wireWarm: "bytes on the wire, warm",
  task: "longest task of a warm call",
  gap: "longest gap between beats meanwhile",
};

/**
 * @param {number} dimensions
 * @param {keyof FORMS} form
 * @param {string} what One of the above.
 * @returns {string} The label of that row.
 */
export const label = (dimensions, form, what) => `${dimensions}, ${FORMS[form]}: ${what}`;

/**
 * What the product aims at: `times` faster at least, a `share` of the other's bytes at most, or a `limit` of our own
 * figure. Labels are matched by their beginning and end.
 */
export const GOALS = [
  { group: GROUPS.indexedDb, dimensions: 384, what: STEPS.warm, times: 5 },
  { group: GROUPS.indexedDb, dimensions: 1536, what: STEPS.warm, times: 6 },
  { group: GROUPS.indexedDb, dimensions: 384, what: STEPS.cold, times: 6 },
  { group: GROUPS.indexedDb, dimensions: 1536, what: STEPS.cold, times: 6 },
  ...[GROUPS.chromiumMemory, GROUPS.nodeMemory].flatMap((group) =>
    DIMENSIONS.map((dimensions) => ({ group, dimensions, what: STEPS.warm, times: 5 })),
  ),
  { group: GROUPS.indexedDb, dimensions: 1536, what: FIGURES.bytes, share: 1 / 4 },
  { group: GROUPS.upstash, dimensions: 1536, what: FIGURES.bytes, share: 0.28 },
  ...DIMENSIONS.map((dimensions) => ({ group: GROUPS.indexedDb, dimensions, what: FIGURES.task, limit: 50 })),
];
