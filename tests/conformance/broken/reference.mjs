// A store that keeps the whole contract, in plain JavaScript and as small as can be: what the broken stores are broken
// variants of. It keeps each decision in a method of its own, so that a defect is one method overridden.

import { BytestowError } from "bytestow";

/** Where a reference store keeps its entries. Handles on the same one share them. */
export class Backing {
  /** @type {Map<string, { bytes: Uint8Array<ArrayBuffer>, expires: number | null, written: number }>} */
  entries = new Map();
  requests = 0;
}

const ALL_CLAIMS = {
  atomicBatch: true,
  sharedWrites: true,
  ttl: true,
  exactTtl: true,
  conditionalSet: true,
  sharedBackend: true,
  persistent: true,
  maxKeyBytes: null,
};

const PAGE = 500;
const encoder = new TextEncoder();

export function invalid(message) {
  return new BytestowError("invalid_argument", message);
}

function shown(text) {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}

export class ReferenceStore {
  lc_serializable = false;
  lc_kwargs = {};
  lc_namespace = ["bytestow", "tests"];
  lc_secrets = undefined;
  lc_attributes = undefined;
  lc_aliases = undefined;
  lc_serializable_keys = undefined;
  #closed = false;
  /** The end of the last call: the next one begins behind it. */
  #last = Promise.resolve();

  constructor({
    backing = new Backing(),
    claims = {},
    delay,
    maxBytes,
    maxEntries,
    namespace,
    ttl,
    now,
    onEvent,
  } = {}) {
    this.claims = { ...ALL_CLAIMS, ...claims };
    if (namespace !== undefined) this.checkNamespace(namespace);
    if (ttl !== undefined) this.checkTtl(ttl);
    // Not enumerable: nothing of it may stand in a JSON form, should toJSON ever be taken away.
    Object.defineProperties(this, {
      backing: { value: backing },
      prefix: { value: namespace === undefined ? "" : `${namespace}/`, configurable: true },
      options: { value: { delay, maxBytes, maxEntries, namespace, ttl, now: now ?? Date.now, onEvent } },
      counts: { value: { hits: 0, misses: 0, bytesRead: 0, bytesWritten: 0, requests: 0, evictions: 0 } },
    });
  }

  // --- LangChain's members

  static lc_name() {
    return "ReferenceStore";
  }

  get lc_id() {
    return [...this.lc_namespace, "ReferenceStore"];
  }

  toJSON() {
    return this.toJSONNotImplemented();
  }

  toJSONNotImplemented() {
    return { lc: 1, type: "not_implemented", id: this.lc_id };
  }

  // --- The methods

  async mget(keys, options) {
    const signal = this.enter(options);
    const list = this.checkKeys(keys);
    if (list.length === 0) return [];
    return this.inTurn("mget", list.length, signal, () => this.read(list));
  }

  async mset(pairs, options) {
    const signal = this.enter(options);
    const list = this.checkPairs(pairs);
    const ttl = this.ttlOf(options);
    if (list.length === 0) return;
    this.checkFits(list);
    await this.inTurn("mset", list.length, signal, () => this.write(list, ttl));
  }

  async mdelete(keys, options) {
    const signal = this.enter(options);
    const list = this.checkKeys(keys);
    if (list.length === 0) return;
    await this.inTurn("mdelete", list.length, signal, () => this.remove(list));
  }

  async *yieldKeys(prefix = "", options) {
    const signal = this.enter(options);
    this.checkText(prefix, "prefix");
    let page = { keys: [], after: undefined, more: true };
    while (page.more) {
      this.enter({ signal });
      page = await this.inTurn("yieldKeys", 0, signal, () => this.page(prefix, page.after));
      for (const key of page.keys) {
        yield key;
        this.enter({ signal });
      }
    }
  }

  async stat(keys, options) {
    const signal = this.enter(options);
    const list = this.checkKeys(keys);
    if (list.length === 0) return [];
    return this.inTurn("stat", list.length, signal, () => list.map((key) => this.statOf(this.live(this.prefix + key))));
  }

  async setIf(pairs, condition, options) {
    const signal = this.enter(options);
    if (!this.claims.conditionalSet) throw new BytestowError("unsupported", "this store has no conditional set");
    const list = this.checkPairs(pairs);
    const ttl = this.ttlOf(options);
    if (condition !== "absent" && condition !== "present") throw invalid('the condition must be "absent" or "present"');
    if (list.length === 0) return [];
    this.checkFits(list);
    return this.inTurn("setIf", list.length, signal, () => list.map((pair) => this.writeIf(pair, condition, ttl)));
  }

  async clear(options) {
    const signal = this.enter(options);
    this.checkClear(options);
    await this.inTurn("clear", 0, signal, () => {
      for (const key of [...this.backing.entries.keys()]) if (this.clears(key)) this.backing.entries.delete(key);
    });
  }

  async close() {
    this.#closed = true;
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  stats() {
    return { ...this.counts };
  }

  async capabilities() {
    return { ...this.claims };
  }

  // --- Checks, in their order

  enter(options) {
    this.checkOpen();
    const signal = options?.signal;
    if (signal?.aborted) throw signal.reason;
    return signal;
  }

  checkOpen() {
    if (this.#closed) throw new BytestowError("closed", "the store was closed");
  }

  checkKeys(keys) {
    if (!Array.isArray(keys)) throw invalid("keys must be an array of strings");
    return Array.from(keys, (key, i) => this.checkKey(key, `keys[${i}]`));
  }

  checkPairs(pairs) {
    if (!Array.isArray(pairs)) throw invalid("pairs must be an array of [key, value]");
    return Array.from(pairs, (pair, i) => {
      if (!Array.isArray(pair) || pair.length !== 2) throw invalid(`pairs[${i}] must be [key, value]`);
      return [this.checkKey(pair[0], `pairs[${i}][0]`), this.take(pair[1], `pairs[${i}][1]`)];
    });
  }

  checkKey(key, name) {
    this.checkText(key, name);
    const { maxKeyBytes } = this.claims;
    if (maxKeyBytes !== null && encoder.encode(this.prefix + key).length > maxKeyBytes) {
      throw new BytestowError("too_large", `${name} is longer than ${maxKeyBytes} bytes`);
    }
    return key;
  }

  checkText(text, name) {
    if (typeof text !== "string") throw invalid(`${name} must be a string`);
    if (!text.isWellFormed()) throw invalid(`${name} is ${shown(text)}: it holds a lone surrogate`);
  }

  checkNamespace(namespace) {
    this.checkText(namespace, "namespace");
    if (/^$|^\/|\/$/.test(namespace)) throw invalid("namespace must not be empty, nor begin or end with /");
  }

  checkTtl(ttl) {
    if (typeof ttl !== "number" || !(ttl > 0 && ttl < 2 ** 53 / 1_000)) {
      throw invalid("ttl must be a positive number of seconds");
    }
    if (!this.claims.ttl) throw invalid("ttl: this store cannot expire entries");
  }

  checkFits(pairs) {
    const { maxBytes = Infinity, maxEntries = Infinity } = this.options;
    const last = new Map(pairs);
    const bytes = [...last.values()].reduce((sum, value) => sum + value.length, 0);
    if (bytes > maxBytes) throw new BytestowError("too_large", `${bytes} bytes do not fit into maxBytes ${maxBytes}`);
    if (last.size > maxEntries)
      throw new BytestowError("too_large", `${last.size} entries, but maxEntries ${maxEntries}`);
  }

  checkClear(options) {
    if (this.claims.sharedBackend && this.prefix === "" && options?.all !== true) {
      throw invalid("clear() without a namespace needs { all: true }");
    }
  }

  ttlOf(options) {
    const ttl = options?.ttl;
    if (ttl === undefined) return this.options.ttl ?? null;
    if (ttl !== null) this.checkTtl(ttl);
    return ttl;
  }

  // --- Values on their way in and out

  take(value, name) {
    if (Object.prototype.toString.call(value) !== "[object Uint8Array]") throw invalid(`${name} must be a Uint8Array`);
    try {
      return new Uint8Array(value);
    } catch {
      throw invalid(`${name} is detached`);
    }
  }

  give(bytes) {
    return new Uint8Array(bytes);
  }

  // --- The work, each piece at one moment

  /** Does `work` when all calls before it are done, unless `signal` comes first. */
  inTurn(operation, keys, signal, work) {
    let dropped = false;
    const started = Date.now();
    const done = this.#last.then(async () => {
      if (this.options.delay !== undefined) await new Promise((go) => setTimeout(go, this.options.delay));
      if (dropped) return;
      this.request();
      this.tell({ type: "request", operation, keys, ms: Date.now() - started });
      return work();
    });
    this.#last = done.then(
      () => {},
      () => {},
    );
    if (signal === undefined) return done;
    return new Promise((resolve, reject) => {
      const abort = () => {
        dropped = true;
        reject(signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
      done.then(resolve, reject).finally(() => this.unlisten(signal, abort));
    });
  }

  unlisten(signal, listener) {
    signal.removeEventListener("abort", listener);
  }

  request() {
    this.backing.requests++;
    this.counts.requests++;
  }

  read(keys) {
    return keys.map((key) => this.answer(this.lookUp(key)));
  }

  lookUp(key) {
    const entry = this.live(this.prefix + key);
    if (entry === undefined) {
      this.counts.misses++;
      return undefined;
    }
    this.counts.hits++;
    this.counts.bytesRead += entry.bytes.length;
    return this.give(entry.bytes);
  }

  answer(value) {
    return value;
  }

  write(pairs, ttl) {
    for (const [key, bytes] of pairs) this.put(this.prefix + key, bytes, ttl);
    this.makeRoom(pairs);
  }

  put(key, bytes, ttl) {
    const now = this.options.now();
    this.counts.bytesWritten += bytes.length;
    this.backing.entries.delete(key);
    this.backing.entries.set(key, { bytes, expires: ttl === null ? null : now + ttl * 1_000, written: now });
  }

  writeIf([key, bytes], condition, ttl) {
    const there = this.live(this.prefix + key) !== undefined;
    if (there !== (condition === "present")) return false;
    this.write([[key, bytes]], ttl);
    return true;
  }

  remove(keys) {
    for (const key of keys) this.backing.entries.delete(this.prefix + key);
  }

  makeRoom(pairs) {
    const { maxBytes = Infinity, maxEntries = Infinity } = this.options;
    const { entries } = this.backing;
    const kept = new Set(pairs.map(([key]) => this.prefix + key));
    let bytes = [...entries.values()].reduce((sum, entry) => sum + entry.bytes.length, 0);
    for (const [key, entry] of entries) {
      if (bytes <= maxBytes && entries.size <= maxEntries) break;
      if (kept.has(key)) continue;
      entries.delete(key);
      bytes -= entry.bytes.length;
      this.counts.evictions++;
      this.tell({ type: "evict", keys: 1, bytes: entry.bytes.length });
    }
  }

  live(key) {
    const entry = this.backing.entries.get(key);
    return entry === undefined || this.expired(entry) ? undefined : entry;
  }

  expired({ expires }) {
    return expires !== null && this.options.now() >= expires;
  }

  statOf(entry) {
    if (entry === undefined) return undefined;
    const ttl = entry.expires === null ? null : (entry.expires - this.options.now()) / 1_000;
    return { bytes: entry.bytes.length, ttl: this.claims.ttl ? ttl : undefined, written: entry.written };
  }

  page(prefix, after) {
    const rest = this.listed(prefix)
      .filter((key) => after === undefined || key > after)
      .sort();
    const keys = rest.slice(0, PAGE);
    return { keys, after: keys.at(-1), more: rest.length > PAGE };
  }

  /** All keys with a prefix, namespace taken off. */
  listed(prefix) {
    const keys = [];
    for (const [key, entry] of this.backing.entries) {
      if (!key.startsWith(this.prefix) || this.expired(entry)) continue;
      const own = key.slice(this.prefix.length);
      if (this.matches(own, prefix)) keys.push(own);
    }
    return keys;
  }

  matches(key, prefix) {
    return key.startsWith(prefix);
  }

  clears(key) {
    return key.startsWith(this.prefix);
  }

  tell(event) {
    const { onEvent } = this.options;
    if (onEvent === undefined) return;
    queueMicrotask(() => {
      try {
        onEvent(event);
      } catch {
        // The contract lets a store report it; here nobody would look.
      }
    });
  }
}
