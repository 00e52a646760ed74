/**
 * The arguments of calls: checked at once, and copied where the caller could still change them.
 *
 * Lone surrogates can only be seen on this side, since a Rust string cannot hold them.
 */

import type { CallOptions, SetOptions } from "../types.js";
import { BytestowError, invalid, kindOf, shown } from "./error.js";

/** The keys of a call as they cross to wasm: one string, and the length of each in UTF-16 code units. */
export interface KeyBatch {
  joined: string;
  lengths: Uint32Array;
}

/** The pairs of an `mset`: keys, and values that nobody else can change. */
export interface PairBatch extends KeyBatch {
  values: Uint8Array<ArrayBuffer>[];
}

/** The most seconds of a TTL: 2^53 milliseconds. */
const MOST_SECONDS = 9_007_199_254_740;

const loneSurrogate = /\p{Surrogate}/u;

interface MaybeWellFormed {
  isWellFormed?: () => boolean;
}

/** Whether `text` holds no lone surrogate. Safari before 16.4 and Node before 20 lack the method. */
export function isWellFormed(text: string): boolean {
  return (text as MaybeWellFormed).isWellFormed?.() ?? !loneSurrogate.test(text);
}

/** Checks a string argument called `name`. */
export function checkText(text: unknown, name: string): string {
  if (typeof text !== "string") throw invalid(`${name} must be a string, not ${kindOf(text)}`);
  if (!isWellFormed(text)) throw invalid(`${name} is ${shown(text)}: it holds a lone surrogate, which is no Unicode`);
  return text;
}

/** Checks the keys of a call and joins them. */
export function keyBatch(keys: unknown): KeyBatch {
  if (!Array.isArray(keys)) throw invalid(`keys must be an array of strings, not ${kindOf(keys)}`);
  const lengths = new Uint32Array(keys.length);
  for (let at = 0; at < keys.length; at++) {
    const key: unknown = keys[at];
    if (typeof key !== "string" || !isWellFormed(key)) checkText(key, `keys[${at}]`);
    else lengths[at] = key.length;
  }
  return { joined: joined(keys), lengths };
}

/** What a call is about in one string, which has a longest length: 512 MB in V8. */
export function joined(keys: string[], what = "keys"): string {
  try {
    return keys.join("");
  } catch (error) {
    const message = `the ${keys.length} ${what} of the call are together longer than a string can be: make several calls`;
    throw new BytestowError("too_large", message, { cause: error });
  }
}

/**
 * Checks the pairs of a call, joins the keys and copies the values: each into memory of its own, or, where the store packs
 * them into segments of at most `segmentBytes` anyway, there at once.
 */
export function pairBatch(pairs: unknown, segmentBytes = 0): PairBatch {
  if (!Array.isArray(pairs)) throw invalid(`pairs must be an array of [key, value], not ${kindOf(pairs)}`);
  const lengths = new Uint32Array(pairs.length);
  const keys: string[] = [];
  const given: Uint8Array[] = [];
  for (let at = 0; at < pairs.length; at++) {
    const pair: unknown = pairs[at];
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw invalid(`pairs[${at}] must be [key, value], not ${kindOf(pair)}`);
    }
    const key = checkText(pair[0], `pairs[${at}][0]`);
    given.push(checkBytes(pair[1], `pairs[${at}][1]`));
    lengths[at] = key.length;
    keys.push(key);
  }
  return { joined: joined(keys), lengths, values: copies(given, segmentBytes) };
}

/** The arrays, side by side in buffers of at most `most` bytes; each in a buffer of its own that is longer. */
function copies(arrays: Uint8Array[], most: number): Uint8Array<ArrayBuffer>[] {
  const values: Uint8Array<ArrayBuffer>[] = [];
  for (let begin = 0; begin < arrays.length; ) {
    let [end, bytes] = [begin, 0];
    do bytes += (arrays[end++] as Uint8Array).length;
    while (end < arrays.length && bytes + (arrays[end] as Uint8Array).length <= most);
    const buffer = new ArrayBuffer(bytes);
    const all = new Uint8Array(buffer);
    let offset = 0;
    for (; begin < end; begin++) {
      const array = arrays[begin] as Uint8Array;
      all.set(array, offset);
      values.push(new Uint8Array(buffer, offset, array.length));
      offset += array.length;
    }
  }
  return values;
}

/** The bytes of a value in memory of their own: whatever the caller does to the array, the store keeps these. */
export function copyOf(value: unknown, name: string): Uint8Array<ArrayBuffer> {
  // Through the constructor, not slice(): a subclass (Buffer) may have made its slice a view.
  return new Uint8Array(checkBytes(value, name));
}

/** Checks the bytes of a value. */
function checkBytes(value: unknown, name: string): Uint8Array {
  if (!isUint8Array(value)) throw invalid(`${name} must be a Uint8Array, not ${kindOf(value)}`);
  if (value.byteLength === 0) checkAttached(value, name);
  return value;
}

/** By its tag, not by `instanceof`: arrays of other realms (iframes, jsdom) are arrays too. */
function isUint8Array(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && (value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === "Uint8Array";
}

/** A detached array looks empty; only the attempt to view its buffer tells it from an empty one. */
function checkAttached(value: Uint8Array, name: string): void {
  try {
    new Uint8Array(value.buffer, 0, 0);
  } catch {
    throw invalid(`${name} is detached: its buffer was transferred elsewhere`);
  }
}

/** Checks that `options` is an object or left out, and its signal. */
export function checkCallOptions(options: unknown): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null) {
    throw invalid(`options must be an object, not ${kindOf(options)}`);
  }
}

/** The signal of a call. Throws its reason if it is aborted: before the arguments are looked at. */
export function liveSignal(options: CallOptions | undefined): AbortSignal | undefined {
  const signal: unknown = options?.signal;
  if (signal === undefined || signal === null) return undefined;
  if (!isSignal(signal)) throw invalid(`signal must be an AbortSignal, not ${kindOf(signal)}`);
  if (signal.aborted) throw signal.reason;
  return signal;
}

function isSignal(value: unknown): value is AbortSignal {
  return (
    typeof value === "object" &&
    value !== null &&
    "aborted" in value &&
    "addEventListener" in value &&
    "removeEventListener" in value
  );
}

/** Checks a TTL in seconds. */
export function checkTtl(ttl: unknown): number {
  if (typeof ttl !== "number") throw invalid(`ttl must be a number of seconds, not ${kindOf(ttl)}`);
  if (!(ttl > 0 && ttl <= MOST_SECONDS)) {
    throw invalid(`ttl is ${ttl}: it must be a positive number of seconds, at most ${MOST_SECONDS}`);
  }
  return ttl;
}

/** The TTL of a call as it crosses to wasm: NaN for the store's default, infinity for none. */
export function ttlOf(options: SetOptions | undefined): number {
  const ttl = options?.ttl;
  if (ttl === undefined) return Number.NaN;
  return ttl === null ? Number.POSITIVE_INFINITY : checkTtl(ttl);
}
