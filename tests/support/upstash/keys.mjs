/** Commands on keys and on the connection. */

import { bigInteger, integer, word } from "./args.mjs";
import { glob } from "./glob.mjs";
import { bytesOf, keyOf } from "./keyspace.mjs";
import { OK, RedisError, Status, syntaxError, wrongArity } from "./replies.mjs";

const first = (args) => [args[1]];
const rest = (args) => args.slice(1);

const count = (keys, wanted, test) => wanted.filter((key) => test(keys, keyOf(key))).length;
const removing = {
  arity: -2,
  write: true,
  keys: rest,
  run: (keys, [, ...wanted]) => count(keys, wanted, (all, key) => all.remove(key)),
};

/** Milliseconds a key has left: -1 if it lives for ever, -2 if there is none. */
function left(keys, key) {
  const entry = keys.find(keyOf(key));
  if (entry === undefined) return -2;
  return entry.expireAt === Infinity ? -1 : entry.expireAt - keys.now();
}

const typeOf = (entry) => (entry === undefined ? "none" : Array.isArray(entry.value) ? "list" : "string");

/** EXPIRE and PEXPIRE: a moment that has passed removes the key at once. */
function expire(name, unit) {
  const run = (keys, [, key, amount, ...options]) => {
    const flags = options.map(word);
    const unknown = flags.findIndex((flag) => !["NX", "XX", "GT", "LT"].includes(flag));
    if (unknown >= 0) throw new RedisError(`ERR Unsupported option ${options[unknown]}`);
    if (flags.includes("NX") && flags.some((flag) => flag !== "NX")) {
      throw new RedisError("ERR NX and XX, GT or LT options at the same time are not compatible");
    }
    if (flags.includes("GT") && flags.includes("LT")) {
      throw new RedisError("ERR GT and LT options at the same time are not compatible");
    }
    const at = bigInteger(amount) * unit + BigInt(keys.now());
    if (at < -(2n ** 63n) || at > 2n ** 63n - 1n) throw new RedisError(`ERR invalid expire time in '${name}' command`);
    const entry = keys.find(keyOf(key));
    if (entry === undefined) return 0;
    const [until, forever] = [Number(at), entry.expireAt === Infinity];
    const refused = {
      NX: !forever,
      XX: forever,
      GT: until <= entry.expireAt,
      LT: until >= entry.expireAt,
    };
    if (flags.some((flag) => refused[flag])) return 0;
    if (until <= keys.now()) keys.remove(entry.key);
    else entry.expireAt = until;
    return 1;
  };
  return { arity: -3, write: true, keys: first, run };
}

/** Cursors lie above 2^53, where a client that reads them as a number goes astray. */
const CURSORS = 2n ** 60n;
/** Pages given so far: SCAN may repeat keys, and here every second page does. */
let pages = 0;

function scan(keys, [, cursorBytes, ...options]) {
  const cursor = /^\d{1,20}$/.test(cursorBytes.toString("latin1")) ? BigInt(cursorBytes.toString()) : -1n;
  if (cursor < 0n || cursor >= 2n ** 64n) throw new RedisError("ERR invalid cursor");
  const wanted = { MATCH: undefined, COUNT: 10, TYPE: undefined };
  for (let at = 0; at < options.length; at += 2) {
    const option = word(options[at]);
    if (!(option in wanted) || at + 1 === options.length) throw syntaxError();
    wanted[option] = option === "COUNT" ? integer(options[at + 1]) : keyOf(options[at + 1]);
  }
  if (wanted.COUNT < 1) throw syntaxError();
  const { page, next, seen } = keys.page(Number(cursor > CURSORS ? cursor - CURSORS : cursor), wanted.COUNT);
  pages += 1;
  const repeated = pages % 2 === 0 ? [...seen, ...page.slice(0, 1)] : [];
  const fits = wanted.MATCH === undefined ? () => true : glob(wanted.MATCH);
  const type = wanted.TYPE?.toLowerCase();
  const found = [...page, ...repeated].filter(
    (entry) => fits(entry.key) && (type === undefined || typeOf(entry) === type),
  );
  const cursorAfter = next === 0 ? "0" : String(CURSORS + BigInt(next));
  return [Buffer.from(cursorAfter), found.map(({ key }) => bytesOf(key))];
}

export const keyCommands = {
  del: removing,
  unlink: removing,
  exists: {
    arity: -2,
    keys: rest,
    run: (keys, [, ...wanted]) => count(keys, wanted, (all, key) => all.find(key) !== undefined),
  },
  pttl: { arity: 2, keys: first, run: (keys, [, key]) => left(keys, key) },
  ttl: {
    arity: 2,
    keys: first,
    run(keys, [, key]) {
      const ms = left(keys, key);
      return ms < 0 ? ms : Math.floor((ms + 500) / 1000);
    },
  },
  expire: expire("expire", 1000n),
  pexpire: expire("pexpire", 1n),
  type: { arity: 2, keys: first, run: (keys, [, key]) => new Status(typeOf(keys.find(keyOf(key)))) },
  rename: {
    arity: 3,
    write: true,
    keys: rest,
    run(keys, [, from, to]) {
      const entry = keys.find(keyOf(from));
      if (entry === undefined) throw new RedisError("ERR no such key");
      if (keyOf(from) === keyOf(to)) return OK;
      keys.remove(entry.key);
      keys.put(keyOf(to), entry.value, entry.expireAt);
      return OK;
    },
  },
  scan: { arity: -2, scans: true, run: scan },
  keys: {
    arity: 2,
    scans: true,
    run: (keys, [, pattern]) =>
      keys
        .keys()
        .filter(glob(keyOf(pattern)))
        .map(bytesOf),
  },
  dbsize: { arity: 1, run: (keys) => keys.size },
  flushdb: {
    arity: -1,
    write: true,
    run(keys, [, how, ...more]) {
      if (more.length > 0 || (how !== undefined && !["ASYNC", "SYNC"].includes(word(how)))) throw syntaxError();
      keys.clear();
      return OK;
    },
  },
  ping: {
    arity: -1,
    run(_, args) {
      if (args.length > 2) throw wrongArity("ping");
      return args[1] ?? new Status("PONG");
    },
  },
  echo: { arity: 2, run: (_, [, text]) => text },
};
