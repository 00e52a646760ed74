/** Writes what is kept into a file, slice by slice: see `format` for what it looks like. */
import { nextTask } from "../../breath.ts";
import { type ArchiveEntry, crc32, END, ENTRY_HEADER, HEADER, MAGIC, TAG, VERSION } from "./format.ts";

/** How many bytes are summed up before the page has its turn: a few milliseconds. */
const AT_ONCE = 1 << 20;

const encoder = new TextEncoder();

/** A file in the making. */
export class ArchiveWriter {
  readonly #parts: Blob[] = [];
  #sum = 0;
  #entries = 0;

  constructor() {
    const header = new Uint8Array(HEADER);
    header.set(MAGIC);
    new DataView(header.buffer).setUint16(MAGIC.length, VERSION, true);
    this.#sum = crc32(header, 0);
    this.#parts.push(new Blob([header]));
  }

  /** Adds entries. What was added is the browser's to keep, on the disk if it likes. */
  async add(entries: readonly ArchiveEntry[]): Promise<void> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (const { key, value, expires } of entries) {
      const name = encoder.encode(key);
      const head = new Uint8Array(ENTRY_HEADER + name.length);
      const view = new DataView(head.buffer);
      view.setUint8(0, TAG.entry);
      view.setUint32(1, name.length, true);
      view.setUint32(5, value.length, true);
      view.setUint32(9, expires, true);
      head.set(name, ENTRY_HEADER);
      pieces.push(head, value);
    }
    await this.#sumUp(pieces);
    this.#entries += entries.length;
    this.#parts.push(new Blob(pieces));
  }

  /** The file. */
  finish(): Blob {
    const end = new Uint8Array(END);
    const view = new DataView(end.buffer);
    view.setUint8(0, TAG.end);
    view.setUint32(1, this.#entries, true);
    view.setUint32(5, crc32(end.subarray(0, 5), this.#sum), true);
    return new Blob([...this.#parts, end], { type: "application/octet-stream" });
  }

  async #sumUp(pieces: readonly Uint8Array[]): Promise<void> {
    let since = 0;
    for (const piece of pieces) {
      for (let from = 0; from < piece.length; from += AT_ONCE) {
        const slice = piece.subarray(from, from + AT_ONCE);
        this.#sum = crc32(slice, this.#sum);
        since += slice.length;
        if (since < AT_ONCE) continue;
        since = 0;
        await nextTask();
      }
    }
  }
}
