/**
 * Values of the embeddings cache, read back into numbers: the format is written down in `features::embeddings::codec` of
 * the crate, byte by byte. The package decodes them inside the cache alone, so this is the page's own reader.
 */

/** How the numbers of a vector are kept. */
export type NumberKind = "float32" | "float64" | "float16" | "int8" | "JSON";

/** A vector, with what is known of it at a glance. */
export interface StoredVector {
  kind: NumberKind;
  numbers: Float64Array;
  /** Its Euclidean length. */
  norm: number;
  smallest: number;
  largest: number;
}

/** The kinds by their tag, with the bytes of a number. */
const KINDS = new Map<number, [kind: NumberKind, each: number]>([
  [1, ["float32", 4]],
  [2, ["float64", 8]],
  [3, ["float16", 2]],
  [4, ["int8", 1]],
]);
const HEADER = 8;
/** Of int8: by what each byte is to be multiplied. */
const SCALE = 4;
const MAGIC = 0xbec7;
const VERSION = 1;
const BRACKET = "[".charCodeAt(0);

/** The vector that `bytes` hold; `undefined` if they hold none. */
export function readVector(bytes: Uint8Array): StoredVector | undefined {
  const read = bytes[0] === BRACKET ? readJson(bytes) : readBinary(bytes);
  if (read === undefined || read.numbers.length === 0) return undefined;
  let [squares, smallest, largest] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const number of read.numbers) {
    squares += number * number;
    smallest = Math.min(smallest, number);
    largest = Math.max(largest, number);
  }
  return { ...read, norm: Math.sqrt(squares), smallest, largest };
}

function readBinary(bytes: Uint8Array): { kind: NumberKind; numbers: Float64Array } | undefined {
  if (bytes.length < HEADER) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [kind, each] = KINDS.get(view.getUint8(3)) ?? [];
  if (view.getUint16(0) !== MAGIC || view.getUint8(2) !== VERSION || kind === undefined || each === undefined) {
    return undefined;
  }
  const count = view.getUint32(4, true);
  const begin = HEADER + (kind === "int8" ? SCALE : 0);
  if (begin + count * each !== bytes.length) return undefined;
  const numberAt = reader(kind, view);
  const numbers = new Float64Array(count);
  for (let at = 0; at < count; at += 1) numbers[at] = numberAt(begin + at * each);
  return { kind, numbers };
}

function reader(kind: NumberKind, view: DataView): (offset: number) => number {
  if (kind === "float32") return (offset) => view.getFloat32(offset, true);
  if (kind === "float64") return (offset) => view.getFloat64(offset, true);
  if (kind === "float16") return (offset) => half(view.getUint16(offset, true));
  const scale = view.getFloat32(HEADER, true);
  return (offset) => view.getInt8(offset) * scale;
}

/** A float of 16 bits; `DataView` reads them in the newest browsers alone. */
function half(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** As LangChain's own caches write vectors. */
function readJson(bytes: Uint8Array): { kind: NumberKind; numbers: Float64Array } | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const areNumbers = Array.isArray(parsed) && parsed.every((number) => typeof number === "number");
    return areNumbers ? { kind: "JSON", numbers: Float64Array.from(parsed as number[]) } : undefined;
  } catch {
    return undefined;
  }
}
