/** Reading the arguments of commands. */

import { notAnInteger, RedisError, syntaxError } from "./replies.mjs";

const [LEAST, MOST] = [-(2n ** 63n), 2n ** 63n - 1n];

/** A whole number of 64 bits as Redis writes them: no plus, no leading zero, no spaces. */
export function bigInteger(bytes, error = notAnInteger) {
  const text = bytes.length > 20 ? "" : bytes.toString("latin1");
  if (!/^(0|-?[1-9]\d*)$/.test(text)) throw error();
  const number = BigInt(text);
  if (number < LEAST || number > MOST) throw error();
  return number;
}

export const integer = (bytes, error) => Number(bigInteger(bytes, error));

/** An argument that is a word of the syntax, in capitals. */
export const word = (bytes) => (bytes.length > 32 ? "" : bytes.toString("latin1").toUpperCase());

const UNITS = { EX: 1000n, PX: 1n, EXAT: 1000n, PXAT: 1n };

/** The moment that `amount` of `unit` (EX, PX, EXAT, PXAT) means; it must lie after the epoch. */
export function moment(unit, amount, now, name) {
  const number = bigInteger(amount);
  const invalid = () => new RedisError(`ERR invalid expire time in '${name}' command`);
  if (number <= 0n) throw invalid();
  const base = unit.endsWith("AT") ? 0n : BigInt(now);
  const at = number * UNITS[unit] + base;
  if (at > MOST) throw invalid();
  return Number(at);
}

/**
 * Reads the options behind SET's and MSETEX's pairs. Flags that exclude one another are errors; of one that
 * comes again, the last counts.
 * @param {Buffer[]} args
 * @param {string[]} flags those allowed besides NX, XX, KEEPTTL and the expiries
 * @param {number} now milliseconds
 * @param {string} name of the command, for errors
 */
export function setOptions(args, flags, now, name) {
  const options = { condition: undefined, keepTtl: false, expireAt: Infinity, get: false };
  let expiry;
  for (let at = 0; at < args.length; at++) {
    const option = word(args[at]);
    if (option === "NX" || option === "XX") {
      if (options.condition !== undefined && options.condition !== option) throw syntaxError();
      options.condition = option;
    } else if (option === "KEEPTTL") {
      if (expiry !== undefined) throw syntaxError();
      options.keepTtl = true;
    } else if (option === "GET" && flags.includes("GET")) {
      options.get = true;
    } else if (option in UNITS && at + 1 < args.length) {
      if ((expiry !== undefined && expiry.unit !== option) || options.keepTtl) throw syntaxError();
      expiry = { unit: option, amount: args[++at] };
    } else {
      throw syntaxError();
    }
  }
  if (expiry !== undefined) options.expireAt = moment(expiry.unit, expiry.amount, now, name);
  return options;
}
