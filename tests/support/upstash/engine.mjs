/** An in-memory Redis of the commands a byte store and its tests use, with Redis' own words for errors. */

import { keyCommands } from "./keys.mjs";
import { bytesOf, Keyspace, keyOf } from "./keyspace.mjs";
import { RedisError, wrongArity } from "./replies.mjs";
import { strings } from "./strings.mjs";

const COMMANDS = new Map(Object.entries({ ...strings, ...keyCommands }));
/** Upstash's limit, in bytes. */
const KEY_LIMIT = 32 * 1024;

/** The arguments as Redis repeats them to who sent an unknown command: 128 bytes of them, each up to its first NUL. */
function echoed(args) {
  let text = "";
  for (const arg of args) {
    if (text.length >= 128) break;
    const piece = arg.subarray(0, 128 - text.length).toString("latin1");
    text += `'${piece.split("\0", 1)[0]}' `;
  }
  return text;
}

function unknown([name, ...args]) {
  const said = name.subarray(0, 128).toString("latin1").split("\0", 1)[0];
  const text = `ERR unknown command '${said}', with args beginning with: ${echoed(args)}`;
  return new RedisError(Buffer.from(text.replaceAll(/[\r\n]/g, " "), "latin1").toString());
}

/** One database: what commands run on, and what tests look into. Keys are strings (as UTF-8) or bytes. */
export class Database {
  #keys;
  #writes = 0;

  constructor(now) {
    this.#keys = new Keyspace(now);
  }

  /**
   * What is known of a command before it runs; throws what Redis answers before it runs one.
   * @param {Buffer[]} args the command's name first
   * @param {{ lacks?: string[] }} [options] commands this server does not know
   */
  static check(args, { lacks = [] } = {}) {
    const name = args[0].toString("latin1").toLowerCase();
    const command = lacks.includes(name) ? undefined : COMMANDS.get(name);
    if (command === undefined) throw unknown(args);
    const { arity } = command;
    if (arity < 0 ? args.length < -arity : args.length !== arity) throw wrongArity(name);
    for (const key of command.keys?.(args) ?? []) {
      if (key.length > KEY_LIMIT) {
        throw new RedisError(`ERR max key size exceeded. Limit: ${KEY_LIMIT} bytes, Actual: ${key.length} bytes`);
      }
    }
    return { name, write: command.write === true, scans: command.scans === true, run: command.run };
  }

  /** Runs a command that {@link Database.check} let through. */
  run(command, args) {
    const reply = command.run(this.#keys, args);
    if (command.write) this.#writes += 1;
    return reply;
  }

  /** Grows with each write: a number in base 32. */
  get syncToken() {
    return this.#writes.toString(32);
  }

  /** The bytes at `key`, or undefined; an array of them for a list. */
  get(key) {
    return this.#keys.find(keyOf(Buffer.from(key)))?.value;
  }

  /** Puts bytes (or text) at `key` behind every client's back. */
  put(key, value, expireAt) {
    this.#keys.put(keyOf(Buffer.from(key)), Buffer.from(value), expireAt);
  }

  delete(key) {
    return this.#keys.remove(keyOf(Buffer.from(key)));
  }

  /** When `key` ends, by the server's clock; Infinity for never, undefined if there is none. */
  expireAt(key) {
    return this.#keys.find(keyOf(Buffer.from(key)))?.expireAt;
  }

  /** All keys, as bytes. */
  keys() {
    return this.#keys.keys().map(bytesOf);
  }

  get size() {
    return this.#keys.size;
  }

  clear() {
    this.#keys.clear();
  }
}
