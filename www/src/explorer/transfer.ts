/** What is kept goes out into a file, and comes in from one. */
import type { ByteStore } from "bytestow";
import { PageError } from "../errors.ts";
import * as format from "../format.ts";
import { isOfSearch } from "../search/names.ts";
import type { ArchiveEntry } from "./archive/format.ts";
import { check, read } from "./archive/read.ts";
import { ArchiveWriter } from "./archive/write.ts";
import { type Entry, list } from "./listing.ts";

/** Told how far it has come, from 0 to 1. */
export type Progress = (done: number) => void;

/** What went out or came in. */
export interface Transferred {
  entries: number;
  /** Bytes of their values. */
  bytes: number;
}

/** How many entries, and about how many bytes of them, are read or written in one call. */
const ENTRIES = 500;
const BYTES = 1 << 19;

/** All that is kept but the index of the search, which is made of the rest, as a file. */
export async function exportAll(store: ByteStore, onProgress: Progress): Promise<Transferred & { file: Blob }> {
  const all = (await list(store, "")).filter(({ key }) => !isOfSearch(key));
  // What was written together lies together, and is read in one go.
  all.sort((one, other) => (one.written ?? 0) - (other.written ?? 0));
  const writer = new ArchiveWriter();
  const done = { entries: 0, bytes: 0 };
  for (const batch of cut(all)) {
    const entries = await readEntries(store, batch);
    await writer.add(entries);
    done.entries += entries.length;
    for (const { value } of entries) done.bytes += value.length;
    onProgress(done.entries / all.length);
  }
  return { ...done, file: writer.finish() };
}

/** Cuts entries into batches that are read in one call. */
function cut(entries: readonly Entry[]): Entry[][] {
  const batches: Entry[][] = [];
  let [batch, room]: [Entry[], number] = [[], BYTES];
  for (const entry of entries) {
    if (batch.length === ENTRIES || (batch.length > 0 && entry.bytes > room)) {
      batches.push(batch);
      [batch, room] = [[], BYTES];
    }
    batch.push(entry);
    room -= entry.bytes;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

/** What stands under the keys of `batch`; those that are gone are left out. */
async function readEntries(store: ByteStore, batch: readonly Entry[]): Promise<ArchiveEntry[]> {
  const values = await store.mget(batch.map(({ key }) => key));
  return batch.flatMap(({ key, expires }, at) => {
    const value = values[at];
    // Rounded up: nothing is to be gone before its time.
    return value === undefined ? [] : [{ key, value, expires: Math.ceil((expires ?? 0) / 1000) }];
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
    const full = batch.length === ENTRIES || bytes + entry.value.length > BYTES || batch[0]?.expires !== entry.expires;
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
