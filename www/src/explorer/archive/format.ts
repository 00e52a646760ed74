/**
 * What is kept, as one file. All numbers are little-endian.
 *
 * | bytes | what |
 * |---|---|
 * | 0 to 7 | `B7 62 73 74 6F 77 0D 0A`: no text in UTF-8 begins so, and what changes line ends is noticed |
 * | 8, 9 | the version of the format: 1 |
 * | then | entries, one after the other |
 * | then | the end |
 *
 * An entry:
 *
 * | bytes | what |
 * |---|---|
 * | 0 | 1 |
 * | 1 to 4 | how many bytes its key has, as `u32` |
 * | 5 to 8 | how many bytes its value has, as `u32` |
 * | 9 to 12 | when it expires, in whole seconds since 1970, as `u32`; 0 if it does not |
 * | from 13 | the key in UTF-8, and the value |
 *
 * The end, with which the file ends:
 *
 * | bytes | what |
 * |---|---|
 * | 0 | 0 |
 * | 1 to 4 | how many entries there are, as `u32` |
 * | 5 to 8 | the CRC-32 (IEEE 802.3) of all bytes before it, as `u32` |
 */

/** What a file begins with. */
export const MAGIC = Uint8Array.of(0xb7, 0x62, 0x73, 0x74, 0x6f, 0x77, 0x0d, 0x0a);
/** The version that is written, and read. */
export const VERSION = 1;
/** Bytes before the first entry. */
export const HEADER = MAGIC.length + 2;
/** Bytes of an entry before its key. */
export const ENTRY_HEADER = 13;
/** Bytes of the end. */
export const END = 9;
/** The first byte of an entry, and of the end. */
export const TAG = { entry: 1, end: 0 } as const;

/** An entry of a file. */
export interface ArchiveEntry {
  key: string;
  value: Uint8Array<ArrayBuffer>;
  /** In whole seconds since 1970; 0 if it does not expire. */
  expires: number;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1;
  return sum;
});

/** A CRC-32 that goes on from `before`, that of the bytes before; 0 at the beginning. */
export function crc32(bytes: Uint8Array, before: number): number {
  let sum = ~before;
  for (let at = 0; at < bytes.length; at += 1) {
    sum = (TABLE[(sum ^ (bytes[at] as number)) & 255] as number) ^ (sum >>> 8);
  }
  return ~sum >>> 0;
}
