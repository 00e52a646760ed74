/** Texts to hash: the same ones each time. */

import { random } from "./embeddings.mjs";

/** Where SHA-2 begins another block of 64 or 128 bytes, and BLAKE2b of 128: one byte to either side as well. */
const EDGES = [0, 55, 56, 63, 64, 111, 112, 119, 120, 127, 128, 239, 240, 255, 256];

/** Code points of one to four bytes in UTF-8; none is a surrogate. */
const RANGES = [[0x20, 0x7e], [0, 0x7f], [0x80, 0x7ff], [0x800, 0xd7ff], [0xe000, 0xffff], [0x1_0000, 0x10_ffff]]; // biome-ignore format: pairs

/** Texts that once were trouble somewhere: another form of the same letter, a mark of byte order, JSON. */
const ODD = [
  "",
  " ",
  "\0",
  "\ufeff",
  "\ufffd",
  "é",
  "e\u0301",
  "漢字",
  "👩‍🚀",
  "ß",
  "SS",
  "\r\n",
  "[1]",
  "null",
  "\u2028",
];

/** `count` different texts of up to 3,000 UTF-16 units, in no order. */
export function randomTexts(count) {
  const next = random("texts");
  const whole = (below) => Math.floor(next() * below);
  const texts = new Set(ODD);
  for (const edge of EDGES) {
    for (const bytes of [edge - 1, edge, edge + 1]) {
      if (bytes < 0) continue;
      texts.add("x".repeat(bytes));
      texts.add("é".repeat(bytes / 2) + "y".repeat(bytes % 2));
    }
  }
  texts.add("z".repeat(3_000));
  while (texts.size < count) {
    const [from, to] = RANGES[whole(RANGES.length)];
    const length = whole(2) ? whole(140) : whole(1_500);
    texts.add(Array.from({ length }, () => String.fromCodePoint(from + whole(to - from + 1))).join(""));
  }
  return [...texts];
}
