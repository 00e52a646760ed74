/** What is stored: vectors as embedding models give them, and the short texts that they are made of. */

import { createHash } from "node:crypto";

export const COUNT = 1000;
export const DIMENSIONS = 1536;

/** Numbers in [0, 1) that follow from a seed: mulberry32. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * @returns {number[][]} Of length 1, normally distributed, in double precision: so models compute, and their digits are
 * those of real ones.
 */
function doubles() {
  const next = random(41);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Array.from({ length: COUNT }, () => {
    const vector = Array.from({ length: DIMENSIONS }, normal);
    const length = Math.hypot(...vector);
    return vector.map((x) => x / length);
  });
}

/**
 * The same vectors as the numbers that providers give out.
 *
 * @typedef {"f32" | "f64" | "short"} Form
 * `f32`: what base64 of f32 decodes to (OpenAI's default); `f64`: doubles as printed in JSON; `short`: the fewest digits
 * that stand for the f32.
 *
 * @returns {Record<Form, number[][]>}
 */
export function vectors() {
  const f64 = doubles();
  const f32 = f64.map((vector) => vector.map(Math.fround));
  return { f32, f64, short: f32.map((vector) => vector.map(shortest)) };
}

/** The shortest decimal that is nearest to `x` among the f32. */
function shortest(x) {
  for (let digits = 6; digits < 9; digits++) {
    const decimal = Number(x.toPrecision(digits));
    if (Math.fround(decimal) === x) return decimal;
  }
  return Number(x.toPrecision(9));
}

const WORDS =
  `the of a store that keeps bytes when nobody looks is small and fast but not for ever because every entry has its
price in memory or on disk while requests over network take time and money we measure both before claiming anything`.split(
    /\s+/u,
  );

/** What is in texts besides plain words: quotes, line breaks, letters beyond ASCII. */
const SPICE = ['"so to say"', "line\nbreak", "Größe", "naïve", "日本語", "🙂"];

/** @returns {string[]} Texts of 70 to 90 bytes, all different; one in six has something that JSON or UTF-8 makes longer. */
export function texts() {
  const next = random(97);
  const pick = (list) => list[Math.floor(next() * list.length)];
  return Array.from({ length: COUNT }, (_, at) => {
    let text = at % 6 === 0 ? `${at}: ${pick(SPICE)}` : `${at}:`;
    while (Buffer.byteLength(text) < 72) text += ` ${pick(WORDS)}`;
    return text;
  });
}

/** @returns {string} The key of a text, as caches make it. */
export const keyOf = (text) => createHash("sha256").update(text).digest("hex");

/**
 * @param {number} bytes
 * @returns {Uint8Array} Bytes that are no text.
 */
export function noise(bytes) {
  const next = random(7);
  return new Uint8Array(Uint32Array.from({ length: bytes / 4 }, () => next() * 2 ** 32).buffer);
}

/**
 * @param {number} bytes
 * @returns {string} Text of that many bytes.
 */
export function prose(bytes) {
  const all = Buffer.from(texts().join("\n"));
  const text = Buffer.alloc(bytes, all).toString();
  // What was cut within a character at the end is made whole with blanks.
  const whole = text.replace(/\uFFFD$/u, "");
  return whole + " ".repeat(bytes - Buffer.byteLength(whole));
}
