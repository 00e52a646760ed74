/** Reads a file of `format`, slice by slice: what is wrong with it is said before anything of it is used. */
import { PageError } from "../../errors.ts";
import { type ArchiveEntry, crc32, END, ENTRY_HEADER, HEADER, MAGIC, TAG, VERSION } from "./format.ts";

/** How many bytes are read at once, but for an entry that is longer. */
const SLICE = 1 << 18;

/** What a file was found to hold. */
export interface Checked {
  entries: number;
  /** Bytes of their values. */
  bytes: number;
}

/** Reads `file` to its end, and throws unless all of it is as it was written. */
export async function check(file: Blob, onProgress: (done: number) => void): Promise<Checked> {
  const checked = { entries: 0, bytes: 0 };
  for await (const { value, end } of read(file)) {
    checked.entries += 1;
    checked.bytes += value.length;
    onProgress(end);
  }
  return checked;
}

/** The entries of `file`, each with where it ends there. */
export async function* read(file: Blob): AsyncGenerator<ArchiveEntry & { end: number }, void, undefined> {
  const bytes = new Slices(file);
  const header = await bytes.take(Math.min(HEADER, file.size));
  if (header.length < MAGIC.length || MAGIC.some((byte, at) => header[at] !== byte)) throw notOne();
  if (header.length < HEADER) throw cutShort();
  const version = viewOf(header).getUint16(MAGIC.length, true);
  if (version !== VERSION) throw another(version);
  for (let entries = 0; ; entries += 1) {
    const tag = await bytes.peek();
    if (tag === TAG.end) return finish(bytes, entries);
    if (tag !== TAG.entry) throw tag === undefined ? cutShort() : damaged();
    yield { ...(await entryOf(bytes)), end: bytes.position };
  }
}

async function entryOf(bytes: Slices): Promise<ArchiveEntry> {
  const view = viewOf(await bytes.take(ENTRY_HEADER));
  const key = await bytes.take(view.getUint32(1, true));
  const value = await bytes.take(view.getUint32(5, true));
  try {
    return {
      key: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(key),
      value,
      expires: view.getUint32(9, true),
    };
  } catch {
    throw damaged();
  }
}

async function finish(bytes: Slices, entries: number): Promise<void> {
  const view = viewOf(await bytes.take(END - 4));
  const sum = bytes.sum;
  const told = viewOf(await bytes.take(4)).getUint32(0, true);
  if (view.getUint32(1, true) !== entries || told !== sum || bytes.left > 0) throw damaged();
}

/** The bytes of a file in order, with their sum so far. */
class Slices {
  readonly #file: Blob;
  #slice = new Uint8Array(0);
  #at = 0;
  /** Where the slice ends in the file. */
  #end = 0;
  /** The CRC-32 of what was taken. */
  sum = 0;

  constructor(file: Blob) {
    this.#file = file;
  }

  /** How many bytes there are still. */
  get left(): number {
    return this.#file.size - this.position;
  }

  /** How many bytes were taken. */
  get position(): number {
    return this.#end - (this.#slice.length - this.#at);
  }

  /** The next byte, which stays; `undefined` at the end. */
  async peek(): Promise<number | undefined> {
    if (this.left > 0) await this.#have(1);
    return this.#slice[this.#at];
  }

  /** The next `length` bytes, a copy. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (length > this.left) throw cutShort();
    await this.#have(length);
    const taken = this.#slice.slice(this.#at, this.#at + length);
    this.#at += length;
    this.sum = crc32(taken, this.sum);
    return taken;
  }

  async #have(length: number): Promise<void> {
    if (this.#slice.length - this.#at >= length) return;
    const begin = this.position;
    const end = Math.min(begin + Math.max(length, SLICE), this.#file.size);
    try {
      this.#slice = new Uint8Array(await this.#file.slice(begin, end).arrayBuffer());
    } catch {
      throw new PageError(
        "The file could not be read to its end.",
        "It may have been moved or changed: choose it again.",
      );
    }
    this.#at = 0;
    this.#end = end;
  }
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const NOTHING_DONE = "Nothing was brought in.";

function notOne(): PageError {
  return new PageError(
    "This is not a file of kept vectors.",
    `${NOTHING_DONE} Choose one that this page has exported; its name ends in “.bytestow”.`,
  );
}

function cutShort(): PageError {
  return new PageError(
    "The file is cut short.",
    `${NOTHING_DONE} Fetch or copy it again, or export it anew where it came from.`,
  );
}

function damaged(): PageError {
  return new PageError(
    "The file is damaged: it is not as it was written.",
    `${NOTHING_DONE} Fetch or copy it again, or export it anew where it came from.`,
  );
}

function another(version: number): PageError {
  return new PageError(
    `The file is of version ${version}, and this page reads version ${VERSION}.`,
    `${NOTHING_DONE} Open it with the page that wrote it, or with a newer one than this.`,
  );
}
