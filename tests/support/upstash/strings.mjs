/** Commands on values: GET, SET and their kin, and the two on lists that make errors of type possible. */

import { integer, moment, setOptions } from "./args.mjs";
import { keyOf } from "./keyspace.mjs";
import { OK, RedisError, wrongArity, wrongType } from "./replies.mjs";

/** The bytes at a key, or undefined; a list is an error. */
function bytesAt(keys, key) {
  const entry = keys.find(keyOf(key));
  if (entry === undefined) return undefined;
  if (Array.isArray(entry.value)) throw wrongType();
  return entry.value;
}

function listAt(keys, key) {
  const entry = keys.find(keyOf(key));
  if (entry !== undefined && !Array.isArray(entry.value)) throw wrongType();
  return entry?.value;
}

const first = (args) => [args[1]];
const rest = (args) => args.slice(1);
const everyOther = (args) => args.filter((_, at) => at % 2 === 1);

/** A place in something of `length`, counted from its end when negative. */
const place = (length, at) => (at < 0 ? length + at : at);
const fromStart = (at) => Math.max(at, 0);

function set(keys, [, key, value, ...args]) {
  const { condition, keepTtl, expireAt, get } = setOptions(args, ["GET"], keys.now(), "set");
  const name = keyOf(key);
  const before = get ? (bytesAt(keys, key) ?? null) : undefined;
  const entry = keys.find(name);
  if (condition !== undefined && (entry === undefined) !== (condition === "NX")) return get ? before : null;
  keys.put(name, value, keepTtl ? entry?.expireAt : expireAt);
  return get ? before : OK;
}

function mset(keys, args) {
  if (args.length % 2 === 0) throw wrongArity("mset");
  for (let at = 1; at < args.length; at += 2) keys.put(keyOf(args[at]), args[at + 1]);
  return OK;
}

/** How many arguments hold MSETEX's pairs, after the number of them. */
function pairsOf(args) {
  const invalid = () => new RedisError("ERR invalid numkeys value");
  const count = integer(args[1], invalid);
  if (count < 1) throw invalid();
  if (count * 2 > args.length - 2) throw new RedisError("ERR wrong number of key-value pairs");
  return args.slice(2, 2 + count * 2);
}

function msetex(keys, args) {
  const pairs = pairsOf(args);
  const { condition, keepTtl, expireAt } = setOptions(args.slice(2 + pairs.length), [], keys.now(), "msetex");
  const names = pairs.filter((_, at) => at % 2 === 0).map(keyOf);
  const refused = (name) => (keys.find(name) === undefined) !== (condition === "NX");
  if (condition !== undefined && names.some(refused)) return 0;
  names.forEach((name, at) => {
    keys.put(name, pairs[at * 2 + 1], keepTtl ? keys.find(name)?.expireAt : expireAt);
  });
  return 1;
}

/** Grows in place within a buffer that has room, so that many pieces are not copied again and again. */
function append(keys, [, key, piece]) {
  const value = bytesAt(keys, key);
  if (value === undefined) return keys.put(keyOf(key), piece).value.length;
  const entry = keys.find(keyOf(key));
  const length = value.length + piece.length;
  if (entry.room === undefined || entry.room.length < length || entry.room.buffer !== value.buffer) {
    entry.room = Buffer.allocUnsafeSlow(length * 2);
    entry.room.set(value);
  }
  entry.room.set(piece, value.length);
  entry.value = entry.room.subarray(0, length);
  return length;
}

export const strings = {
  get: { arity: 2, keys: first, run: (keys, [, key]) => bytesAt(keys, key) ?? null },
  set: { arity: -3, write: true, keys: first, run: set },
  mget: {
    arity: -2,
    keys: rest,
    run: (keys, [, ...wanted]) =>
      wanted.map((key) => {
        const value = keys.find(keyOf(key))?.value;
        return value === undefined || Array.isArray(value) ? null : value;
      }),
  },
  mset: { arity: -3, write: true, keys: everyOther, run: mset },
  msetex: {
    arity: -4,
    write: true,
    keys: (args) => pairsOf(args).filter((_, at) => at % 2 === 0),
    run: msetex,
  },
  setex: {
    arity: 4,
    write: true,
    keys: first,
    run(keys, [, key, seconds, value]) {
      keys.put(keyOf(key), value, moment("EX", seconds, keys.now(), "setex"));
      return OK;
    },
  },
  strlen: { arity: 2, keys: first, run: (keys, [, key]) => bytesAt(keys, key)?.length ?? 0 },
  append: { arity: 3, write: true, keys: first, run: append },
  getrange: {
    arity: 4,
    keys: first,
    run(keys, [, key, from, to]) {
      const [start, end] = [integer(from), integer(to)];
      const value = bytesAt(keys, key) ?? Buffer.alloc(0);
      if (start < 0 && end < 0 && start > end) return value.subarray(0, 0);
      // An end before the start of the value means its first byte: so Redis has it.
      return value.subarray(fromStart(place(value.length, start)), fromStart(place(value.length, end)) + 1);
    },
  },
  lpush: {
    arity: -3,
    write: true,
    keys: first,
    run(keys, [, key, ...items]) {
      const list = listAt(keys, key) ?? keys.put(keyOf(key), []).value;
      list.unshift(...items.reverse());
      return list.length;
    },
  },
  lrange: {
    arity: 4,
    keys: first,
    run(keys, [, key, from, to]) {
      const [start, end] = [integer(from), integer(to)];
      const list = listAt(keys, key) ?? [];
      return list.slice(fromStart(place(list.length, start)), fromStart(place(list.length, end) + 1));
    },
  },
};
