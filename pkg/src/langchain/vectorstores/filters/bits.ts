/** Sets of rows, a bit each: in words of 32, as the wasm takes them. */

/** How many words `rows` need. */
export function wordsFor(rows: number): number {
  return (rows + 31) >>> 5;
}

/** `words`, or a copy with room for more, where `at` is beyond them. */
export function roomy(words: Uint32Array<ArrayBuffer>, at: number): Uint32Array<ArrayBuffer> {
  if (at < words.length) return words;
  const more = new Uint32Array(at * 2);
  more.set(words);
  return more;
}

/** A set that grows. */
export class Bits {
  #words = new Uint32Array(32);
  /** How many rows it knows of. */
  rows = 0;

  /** What it takes, in bytes. */
  get bytes(): number {
    return this.#words.byteLength;
  }

  /** Makes the next row known. */
  push(isIn: boolean): void {
    const word = this.rows >>> 5;
    this.#words = roomy(this.#words, word);
    if (isIn) this.#words[word] = (this.#words[word] as number) | (1 << (this.rows & 31));
    this.rows++;
  }

  /** A copy for `rows` rows. */
  take(rows: number): Uint32Array {
    const words = new Uint32Array(wordsFor(rows));
    words.set(this.#words.subarray(0, Math.min(words.length, this.#words.length)));
    clearBehind(words, rows);
    return words;
  }
}

/** Changes `into` to what is in both. */
export function and(into: Uint32Array, other: Uint32Array): void {
  for (let at = 0; at < into.length; at++) into[at] = (into[at] as number) & (other[at] as number);
}

/** Changes `into` to what is in either. */
export function or(into: Uint32Array, other: Uint32Array): void {
  for (let at = 0; at < into.length; at++) into[at] = (into[at] as number) | (other[at] as number);
}

/** Turns `words` round, as far as there are rows. */
export function not(words: Uint32Array, rows: number): void {
  for (let at = 0; at < words.length; at++) words[at] = ~(words[at] as number);
  clearBehind(words, rows);
}

/** All of `rows` rows. */
export function all(rows: number): Uint32Array {
  const words = new Uint32Array(wordsFor(rows)).fill(0xffffffff);
  clearBehind(words, rows);
  return words;
}

function clearBehind(words: Uint32Array, rows: number): void {
  const rest = rows & 31;
  if (rest !== 0) words[words.length - 1] = (words[words.length - 1] as number) & ((1 << rest) - 1);
}

/** Whether a row is in. */
export function has(words: Uint32Array, row: number): boolean {
  return (((words[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 1;
}
