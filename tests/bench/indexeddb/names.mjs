/** What is called how, on both sides: contenders, sizes, groups and rows. */

export { OURS } from "../measure.mjs";

export const KEYVAL = "idb-keyval";
export const DEXIE = "dexie";
export const LOCALFORAGE = "localforage";
/** All values of a call as one record of plain IndexedDB: what no layout of several records is faster than. */
export const FLOOR = "one record";

/** Those whose better figure counts. */
export const RIVALS = [KEYVAL, DEXIE];

export const COUNT = 1000;

export const SIZES = [
  { bytes: 1536, size: "1.5 KB" },
  { bytes: 6144, size: "6 KB" },
];

export const CALLS = {
  mset: "mset 1,000 new",
  mget: "mget 1,000",
  missing: "mget 1,000 missing",
  set: "set, one by one",
  get: "get, of those just set one by one",
  old: "get, of those set one by one a round ago",
};

export const READS = {
  one: "one key",
  ten: "ten keys",
  oneFirst: "one key, default memory, first round",
  oneAgain: "one key, default memory, second round",
  tenFirst: "ten keys, default memory, first round",
  tenAgain: "ten keys, default memory, second round",
};

/** Segments of the layout that is only a model, in KiB. */
export const SEGMENTS = [12, 28, 56, 1024];

export const LAYOUT = {
  mset: "write 1,000",
  mget: "read 1,000",
  one: "read one",
  ten: "read ten at random",
};

/** Parts of our calls, done by hand. */
export const BOUNDS = {
  get: "one record",
  news: "what is new",
  newsAndGet: "what is new, and one record",
  newsAndSegment: "what is new, and 56 KiB",
  noRow: "no row",
  oneRow: "one of 85 KB",
  twoRows: "two of 42 KB",
};

/** Calls that are looked at by a profile. */
export const LOOPS = {
  setSmall: "mset 1,000 of 1.5 KB",
  setLarge: "mset 1,000 of 6 KB",
  getSmall: "mget 1,000 of 1.5 KB",
  getLarge: "mget 1,000 of 6 KB",
  missing: "mget 1,000 missing",
  get: "one get, 6 KB",
  theirGet: "one get of idb-keyval's",
  list: "yieldKeys, 20,000 keys",
};

const group = (browser, what) => `IndexedDB, ${browser}, ${what}`;

export const groups = {
  calls: (browser, size) => group(browser, `values of ${size}`),
  reads: (browser) => group(browser, "random reads of 6 KB out of batches of 1,000"),
  layout: (browser, size) => group(browser, `a model of the layout, values of ${size}, by KiB a segment`),
  boundsOfReads: (browser) => group(browser, "reads by hand, a transaction each"),
  boundsOfWrites: (browser) => group(browser, "writes by hand, 1,000 values of 1.5 KB, by the rows for their keys"),
  listing: (browser) => group(browser, "100,000 keys of 110,000, by their prefix"),
  tasks: (browser) => group(browser, "how long the page's thread is held by 1,000 values of 6 KB"),
};

/** How many keys there are, and how many of them have the prefix. */
export const LISTED = { all: 110_000, wanted: 100_000 };

/** What is stored to see what it takes. */
export const DISK = { count: 10_000, bytes: 1536 };

export const TASKS = {
  task: "longest task",
  gap: "longest gap between beats",
};
