/** What is kept goes out into a file, and comes in from one. */
import type { ByteStore } from "bytestow";
import { PageError } from "../errors.ts";
import * as format from "../format.ts";
import { isOfSearch } from "../search/names.ts";
import type { ArchiveEntry } from "./archive/format.ts";
import { check, read } from "./archive/read.ts";
import { ArchiveWriter } from "./archive/write.ts";

/** Told how far it has come, from 0 to 1. */
export type Progress = (done: number) => void;

/** What went out or came in. */
export interface Transferred {
  entries: number;
  /** Bytes of their values. */
  bytes: number;
}

/** How many keys are looked at in one call, and how many bytes are read or written in one. */
const KEYS = 500;
const BYTES = 1 << 20;

/** All that is kept but the index of the search, which is made of the rest, as a file. */
export async function exportAll(store: ByteStore, onProgress: Progress): Promise<Transferred & { file: Blob }> {
  const keys: string[] = [];
  for await (const key of store.yieldKeys()) if (!isOfSearch(key)) keys.push(key);
  const writer = new ArchiveWriter();
  const done = { entries: 0, bytes: 0 };
  for (let from = 0; from < keys.length; from += KEYS) {
    for (const batch of await cut(store, keys.slice(from, from + KEYS))) {
      const entries = await readEntries(store, batch);
      await writer.add(entries);
      done.entries += entries.length;
      for (const { value } of entries) done.bytes += value.length;
    }
    onProgress((from + KEYS) / keys.length);
  }
  return { ...done, file: writer.finish() };
}

/** A key, and when what stands there expires. */
interface Wanted {
  key: string;
  expires: number;
}

/** Cuts `keys` into batches of about as many bytes as are read at once; those that are gone are left out. */
async function cut(store: ByteStore, keys: string[]): Promise<Wanted[][]> {
  const batches: Wanted[][] = [];
  let room = 0;
  const stats = await store.stat(keys);
  const now = Date.now();
  for (const [at, key] of keys.entries()) {
    const stat = stats[at];
    if (stat === undefined) continue;
    // Rounded up: nothing is to be gone before its time.
    const expires = typeof stat.ttl === "number" ? Math.ceil(now / 1000 + stat.ttl) : 0;
    if (batches.length === 0 || stat.bytes > room) {
      batches.push([]);
      room = BYTES;
    }
    batches.at(-1)?.push({ key, expires });
    room -= stat.bytes;
  }
  return batches;
}

async function readEntries(store: ByteStore, batch: Wanted[]): Promise<ArchiveEntry[]> {
  const values = await store.mget(batch.map(({ key }) => key));
  return batch.flatMap((wanted, at) => {
    const value = values[at];
    return value === undefined ? [] : [{ ...wanted, value }];
  });
}

/** Brings in what `file` holds, once all of it was found to be as it was written. */
export async function importFrom(store: ByteStore, file: Blob, onProgress: Progress): Promise<Transferred> {
  const size = Math.max(file.size, 1);
  const { entries } = await check(file, (at) => onProgress(at / size / 2));
  const done = { entries: 0, bytes: 0 };
  for await (const { batch, bytes, end } of batches(file)) {
    try {
      const [first] = batch;
      const ttl = first && first.expires > 0 ? first.expires - Date.now() / 1000 : null;
      const pairs = batch.map(({ key, value }): [string, Uint8Array] => [key, value]);
      // What expires while it waits here is as good as gone.
      if (ttl === null || ttl > 0) await store.mset(pairs, { ttl });
    } catch (error) {
      throw done.entries === 0 ? error : stopped(error, done.entries, entries);
    }
    done.entries += batch.length;
    done.bytes += bytes;
    onProgress((1 + end / size) / 2);
  }
  return done;
}

/** What is to be written in one call: entries that expire at the same time, if they do. */
interface Batch {
  batch: ArchiveEntry[];
  /** Bytes of their values. */
  bytes: number;
  /** Where they end in the file. */
  end: number;
}

async function* batches(file: Blob): AsyncGenerator<Batch, void, undefined> {
  let next: Batch = { batch: [], bytes: 0, end: 0 };
  for await (const { end, ...entry } of read(file)) {
    if (isOver(entry) || isOfSearch(entry.key)) continue;
    const { batch, bytes } = next;
    const full = batch.length === KEYS || bytes + entry.value.length > BYTES || batch[0]?.expires !== entry.expires;
    if (batch.length > 0 && full) {
      yield next;
      next = { batch: [], bytes: 0, end };
    }
    next.batch.push(entry);
    next.bytes += entry.value.length;
    next.end = end;
  }
  if (next.batch.length > 0) yield next;
}

function isOver({ expires }: ArchiveEntry): boolean {
  return expires > 0 && expires * 1000 <= Date.now();
}

/** What was written stays: the same keys have the same vectors wherever they come from. */
function stopped(error: unknown, done: number, all: number): PageError {
  const reason = error instanceof Error ? error.message : String(error);
  return new PageError(
    `${format.count(done)} of ${format.count(all)} entries came in, then it stopped: ${reason}`,
    "What came in is sound and stays. Make room on this device or clear what is not needed, then import the file again.",
  );
}
