/**
 * Values that say for themselves whose they are: the key, who wrote them, and the number of that write. All other bytes
 * follow from these, so that no byte of another value, and none that is damaged, goes unnoticed.
 */

import { hashOf } from "./random.mjs";

/** The key's hash, the writer, the number, the length: four bytes each. */
const HEAD = 16;

/** The value of `key` by the write `number` of `writer`; of a length between `least` and `most`. */
export function makeValue(key, writer, number, [least, most]) {
  const length = Math.max(HEAD, least) + (hashOf(`${key} ${number}`) % (most - least + 1));
  const words = new Uint32Array(Math.ceil(length / 4));
  words.set([hashOf(key), writer, number, length]);
  fill(words);
  return new Uint8Array(words.buffer).subarray(0, length);
}

/**
 * Who wrote `value`, and as which of their writes.
 * @throws It is not, whole, a value that was written under `key`.
 */
export function readValue(key, value) {
  const words = new Uint32Array(Math.ceil(value.length / 4));
  new Uint8Array(words.buffer).set(value);
  const [hash, writer, number, length] = words;
  if (hash !== hashOf(key)) throw new Error(`${key} holds the bytes of another key`);
  if (length !== value.length) throw new Error(`${key} has ${value.length} bytes, not ${length}`);
  const expected = new Uint32Array(words.length);
  expected.set(words.subarray(0, HEAD / 4));
  fill(expected);
  // What stands behind the last byte is no part of the value.
  const unused = expected.length * 4 - length;
  if (unused > 0) expected[expected.length - 1] &= 0xffff_ffff >>> (8 * unused);
  if (expected.some((word, at) => word !== words[at])) throw new Error(`${key} holds damaged bytes`);
  return { writer, number };
}

function fill(words) {
  let state = (words[0] ^ Math.imul(words[1], 0x9e3779b1) ^ Math.imul(words[2], 0x85ebca6b) ^ words[3]) | 1;
  for (let at = HEAD / 4; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
}
