/** What is kept under a prefix, with what the store knows of each entry without reading its value. */
import type { ByteStore } from "bytestow";
import { nextTask } from "../breath.ts";

/** An entry, but for its value. */
export interface Entry {
  key: string;
  /** Length of its value. */
  bytes: number;
  /** When it was written, in ms since 1970, where that is known. */
  written: number | undefined;
  /** When it expires, in ms since 1970; `null` if it does not. */
  expires: number | null;
}

/** What entries can be put in order by. */
export const ORDERS = ["key", "bytes", "written", "expires"] as const;

/** One of them. */
export type Order = (typeof ORDERS)[number];

/** How many entries are asked about in one call, and how many keys are taken before the page has its turn. */
const AT_ONCE = 2_000;

/** The entries whose keys begin with `prefix`, as the store lists them. */
export async function list(store: ByteStore, prefix: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  let keys: string[] = [];
  const look = async () => {
    const stats = await store.stat(keys);
    const now = Date.now();
    for (const [at, key] of keys.entries()) {
      const stat = stats[at];
      // Gone since it was listed.
      if (stat === undefined) continue;
      const expires = typeof stat.ttl === "number" ? now + stat.ttl * 1000 : null;
      entries.push({ key, bytes: stat.bytes, written: stat.written, expires });
    }
    keys = [];
    await nextTask();
  };
  for await (const key of store.yieldKeys(prefix)) {
    keys.push(key);
    if (keys.length === AT_ONCE) await look();
  }
  await look();
  return entries;
}

/** Puts entries in order, equal ones by key. What is not known, or never comes, is last going up. */
export function sort(entries: Entry[], order: Order, descending: boolean): void {
  const sign = descending ? -1 : 1;
  const byKey = (one: Entry, other: Entry) => (one.key < other.key ? -1 : Number(one.key > other.key));
  const value = (entry: Entry) => (order === "key" ? 0 : (entry[order] ?? Number.MAX_VALUE));
  entries.sort((one, other) => sign * (value(one) - value(other) || byKey(one, other)));
}
