/** The keys of one database: values, expiry by a clock given from outside, and an order that SCAN's cursors live by. */

/** Bytes of a key as the string the maps hold: one character for each byte. */
export const keyOf = (bytes) => bytes.latin1Slice(0, bytes.length);
/** Bytes of a key from what {@link keyOf} gave. */
export const bytesOf = (key) => Buffer.from(key, "latin1");

export class Keyspace {
  #entries = new Map();
  /** Entries by age; a removed one stays, marked dead, until there are many. Ages only grow, so cursors keep. */
  #order = [];
  #dead = 0;
  #lastAge = 0;
  #now;

  /** @param {() => number} now milliseconds */
  constructor(now) {
    this.#now = now;
  }

  /** Milliseconds, as Redis counts them: whole. */
  now() {
    return Math.trunc(this.#now());
  }

  /** The living entry of `key`; one whose time has passed is removed. */
  find(key) {
    const entry = this.#entries.get(key);
    if (entry === undefined || !this.#expired(entry)) return entry;
    this.remove(key);
    return undefined;
  }

  /** Puts `value` (a Buffer, or an array for a list) at `key`, to live until `expireAt`. */
  put(key, value, expireAt = Infinity) {
    const entry = this.find(key);
    if (entry !== undefined) {
      entry.value = value;
      entry.expireAt = expireAt;
      return entry;
    }
    this.#lastAge += 1;
    const made = { key, value, expireAt, age: this.#lastAge, dead: false };
    this.#entries.set(key, made);
    this.#order.push(made);
    return made;
  }

  /** Removes `key`; says whether it lived. */
  remove(key) {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    const lived = !this.#expired(entry);
    this.#entries.delete(key);
    entry.dead = true;
    this.#dead += 1;
    if (this.#dead > 64 && this.#dead * 2 > this.#order.length) {
      this.#order = this.#order.filter(({ dead }) => !dead);
      this.#dead = 0;
    }
    return lived;
  }

  clear() {
    this.#entries.clear();
    this.#order = [];
    this.#dead = 0;
  }

  /** All living keys. */
  keys() {
    return [...this.#entries.values()].filter((entry) => !this.#expired(entry)).map(({ key }) => key);
  }

  get size() {
    return this.keys().length;
  }

  /**
   * One page of at most `count` living entries older than the entry of age `before` (0: from the newest), newest first.
   * What is added meanwhile is never reached, so a scan ends; what lives throughout comes, whatever is removed.
   * @returns {{ page: object[], next: number, seen: object[] }} `seen`: some that a page before this one gave
   */
  page(before, count) {
    let at = before === 0 ? this.#order.length - 1 : this.#indexBelow(before);
    const seen = before === 0 ? [] : this.#order.slice(at + 1, at + 4);
    const page = [];
    for (; at >= 0 && page.length < count; at--) {
      if (this.#lives(this.#order[at])) page.push(this.#order[at]);
    }
    return { page, next: at < 0 ? 0 : this.#order[at + 1].age, seen: seen.filter((entry) => this.#lives(entry)) };
  }

  /** The last index of an entry younger in number than `age`. */
  #indexBelow(age) {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#order[middle].age < age) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #lives(entry) {
    return !entry.dead && !this.#expired(entry);
  }

  /** As Redis has it: in the last millisecond of its time a key still lives. */
  #expired({ expireAt }) {
    return expireAt !== Infinity && this.now() > expireAt;
  }
}
