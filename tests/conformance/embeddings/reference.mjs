// A correct embeddings cache in plain JavaScript, to be broken: each of its methods is one decision. What it claims is
// below; it knows nothing of the package.

/** What the reference claims. */
export const CLAIMS = {
  shares: true,
  queries: true,
  queryCache: true,
  dimensions: true,
  batches: true,
  progress: true,
  signal: true,
  events: true,
  stats: true,
  typed: true,
  precisions: ["f32", "f64"],
  checksOptions: true,
};

const OPTIONS = ["model", "dimensions", "precision", "queryCache", "batchSize", "concurrency", "onProgress", "onEvent"];

/** An error as the kit knows it: by its members. */
export const typed = (code, message) => Object.assign(new Error(message), { name: "BytestowError", code });

export class ReferenceCache {
  counts = { hits: 0, misses: 0, joined: 0, requests: 0, storeErrors: 0 };
  flights = new Map();
  /** Which sides of which store are failing. */
  failing = new Map();

  constructor({ model, store, options, shares }) {
    this.checkOptions(options);
    const { queryCache = true, precision = "f32", batchSize = 100, concurrency = 4 } = options;
    Object.assign(this, { model, store, queryCache, precision, batchSize, concurrency, shares });
    this.scope = JSON.stringify([options.model, options.dimensions ?? 0]);
    this.onProgress = options.onProgress;
    this.onEvent = options.onEvent;
  }

  checkOptions(options) {
    const whole = (value) => Number.isSafeInteger(value) && value > 0;
    const called = (value) => typeof value === "function";
    const fine = {
      model: (value) => typeof value === "string" && value !== "",
      dimensions: whole,
      precision: (value) => CLAIMS.precisions.includes(value),
      queryCache: (value) => typeof value === "boolean" || typeof value?.mget === "function",
      batchSize: whole,
      concurrency: whole,
      onProgress: called,
      onEvent: called,
    };
    for (const [name, value] of Object.entries(options)) {
      if (!OPTIONS.includes(name)) throw typed("invalid_argument", `there is no option ${name}`);
      if (value !== undefined && !fine[name](value)) throw typed("invalid_argument", `${name} is wrong`);
    }
  }

  async embedDocuments(documents, options = {}) {
    const vectors = await this.documents(documents, options);
    return vectors.map((vector) => this.given(vector));
  }

  async embedDocumentsTyped(documents, options = {}) {
    const vectors = await this.documents(documents, options);
    return vectors.map((vector) => new Float32Array(vector));
  }

  async embedQuery(document, { signal } = {}) {
    this.checkSignal(signal);
    const [vector] = await this.until(signal, this.embed("query", [this.sound(document, "document")]));
    return this.given(vector);
  }

  stats() {
    return { ...this.counts };
  }

  async documents(documents, { signal, onProgress = this.onProgress }) {
    this.checkSignal(signal);
    if (!Array.isArray(documents)) throw typed("invalid_argument", "documents must be an array");
    const texts = Array.from(documents, (text, at) => this.sound(text, `documents[${at}]`));
    if (onProgress !== undefined && typeof onProgress !== "function") throw typed("invalid_argument", "onProgress");
    if (texts.length === 0) return [];
    return this.until(signal, this.embed("document", texts, onProgress));
  }

  /** A vector as the caller gets it: an array of its own. */
  given(vector) {
    return [...vector];
  }

  sound(text, name) {
    if (typeof text !== "string") throw typed("invalid_argument", `${name} must be a string`);
    return text.replace(/\p{Surrogate}/gu, "\ufffd");
  }

  checkSignal(signal) {
    if (signal === undefined) return;
    if (!(signal instanceof AbortSignal)) throw typed("invalid_argument", "signal must be an AbortSignal");
    if (signal.aborted) throw signal.reason;
  }

  /** What `work` comes to, unless `signal` ends the wait before. */
  async until(signal, work) {
    if (signal === undefined) return work;
    let stop;
    const aborted = new Promise((_, reject) => {
      stop = () => reject(signal.reason);
      signal.addEventListener("abort", stop);
    });
    try {
      return await Promise.race([work, aborted]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async embed(kind, texts, onProgress) {
    const unique = this.unique(texts);
    this.counts.joined += texts.length - unique.length;
    const call = { kind, texts, unique, vectors: new Map(), hits: new Set(), dimensions: undefined, onProgress };
    const { own, joined } = this.board(call);
    await this.fetch(call, own);
    for (const [text, flight] of joined) {
      this.arrived(call, [[text, await flight.promise]], true);
      this.counts.joined++;
    }
    await this.askForOthers(call);
    return texts.map((text) => call.vectors.get(text));
  }

  /** What is stored at another length than the model's is another model's. */
  async askForOthers(call) {
    const others = call.unique.filter((text) => call.vectors.get(text).length !== call.dimensions);
    if (call.dimensions === undefined || others.length === 0) return;
    for (const text of others) {
      call.vectors.delete(text);
      call.hits.delete(text);
    }
    await this.embedMissing(
      call,
      others.map((text) => ({ text, resolve() {} })),
    );
  }

  unique(texts) {
    return [...new Set(texts)];
  }

  key(kind, text) {
    return JSON.stringify([this.scope, kind, text]);
  }

  /** The texts that this call has to fetch, and those that another one fetches. */
  board({ kind, unique }) {
    const [own, joined] = [[], []];
    for (const text of unique) {
      const flight = this.shares ? this.flights.get(this.key(kind, text)) : undefined;
      if (flight === undefined) own.push(this.fly(kind, text));
      else joined.push([text, flight]);
    }
    return { own, joined };
  }

  fly(kind, text) {
    const flight = { text };
    flight.promise = new Promise((resolve, reject) => Object.assign(flight, { resolve, reject }));
    flight.promise.catch(() => {});
    if (this.shares) this.flights.set(this.key(kind, text), flight);
    return flight;
  }

  land(kind, { text }) {
    this.flights.delete(this.key(kind, text));
  }

  async fetch(call, own) {
    try {
      const found = await this.lookUp(call.kind, own);
      const missing = [];
      for (const [at, flight] of own.entries()) {
        const vector = found[at];
        if (vector === undefined) missing.push(flight);
        else {
          this.counts.hits++;
          flight.resolve(vector);
          this.arrived(call, [[flight.text, vector]], true);
        }
      }
      await this.embedMissing(call, missing);
    } catch (error) {
      for (const flight of own) flight.reject(error);
      throw error;
    } finally {
      for (const flight of own) this.land(call.kind, flight);
    }
  }

  async embedMissing(call, missing) {
    const batches = [];
    for (let at = 0; at < missing.length; at += this.batchSize) batches.push(missing.slice(at, at + this.batchSize));
    const work = async () => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) await this.batch(call, batch);
    };
    await Promise.all(Array.from({ length: Math.min(this.concurrency, batches.length) }, work));
  }

  async batch(call, batch) {
    const answer = await this.ask(
      call,
      batch.map(({ text }) => text),
    );
    const kept = answer.map((vector) => this.encode(vector));
    const vectors = kept.map((bytes, at) => this.rounded(answer[at], bytes));
    for (const [at, flight] of batch.entries()) flight.resolve(vectors[at]);
    await this.save(call.kind, batch, kept);
    this.arrived(
      call,
      batch.map(({ text }, at) => [text, vectors[at]]),
      false,
    );
  }

  /** What the first call gives: what later ones will. */
  rounded(_, bytes) {
    return this.decode(bytes);
  }

  async ask(call, texts) {
    this.counts.requests++;
    this.counts.misses += texts.length;
    const answer =
      call.kind === "query" ? [await this.model.embedQuery(texts[0])] : await this.model.embedDocuments(texts);
    this.checkAnswer(call, answer, texts.length);
    return answer;
  }

  checkAnswer(call, answer, asked) {
    if (!Array.isArray(answer) || answer.length !== asked)
      throw typed("corrupt", "the model gave no vector for each text");
    for (const vector of answer) {
      if (!Array.isArray(vector) || vector.length === 0) throw typed("corrupt", "the model gave no vector");
      if (![...vector].every((number) => Number.isFinite(this.fits(number)))) {
        throw typed("corrupt", "the model gave what is no finite number");
      }
      this.checkLength(call, vector);
    }
  }

  fits(number) {
    return this.precision === "f32" && typeof number === "number" ? Math.fround(number) : number;
  }

  checkLength(call, vector) {
    call.dimensions ??= vector.length;
    if (call.dimensions !== vector.length) throw typed("corrupt", "vectors have different lengths");
  }

  /** Ours begin with a byte for the precision, and no JSON or noise of the kit does. */
  encode(vector) {
    const numbers = this.precision === "f32" ? new Float32Array(vector) : new Float64Array(vector);
    return Uint8Array.of(0xf0 + numbers.BYTES_PER_ELEMENT, vector.length & 0xff, ...new Uint8Array(numbers.buffer));
  }

  decode(bytes) {
    const each = this.precision === "f32" ? 4 : 8;
    const whole = bytes[0] === 0xf0 + each && (bytes.length - 2) % each === 0 && bytes.length > 2;
    const count = (bytes.length - 2) / each;
    if (!whole || (count & 0xff) !== bytes[1]) throw new Error("it is no vector");
    const { buffer } = bytes.slice(2);
    return [...(each === 4 ? new Float32Array(buffer) : new Float64Array(buffer))];
  }

  storeOf(kind) {
    if (kind === "document" || this.queryCache === true) return this.store;
    return this.queryCache === false ? undefined : this.queryCache;
  }

  async lookUp(kind, own) {
    const keys = own.map(({ text }) => this.key(kind, text));
    const store = this.storeOf(kind);
    if (store === undefined || keys.length === 0) return [];
    const values = await this.tried(store, "read", async () => {
      const found = await store.mget(keys);
      if (!Array.isArray(found) || found.length !== keys.length)
        throw new Error("mget gave too few or too many values");
      for (const value of found) {
        if (value !== undefined && !(value instanceof Uint8Array)) throw new Error("mget gave what are no bytes");
      }
      return found;
    });
    return (values ?? []).map((value, at) => value && this.read(keys[at], value));
  }

  read(key, value) {
    try {
      return this.decode(value);
    } catch (error) {
      this.tell({ type: "corrupt", key, reason: error.message });
      return undefined;
    }
  }

  async save(kind, batch, kept) {
    const store = this.storeOf(kind);
    const pairs = batch.map(({ text }, at) => [this.key(kind, text), kept[at]]);
    if (store !== undefined) await this.tried(store, "write", () => store.mset(pairs));
  }

  /** What a call of the store gives; nothing where it fails. */
  async tried(store, side, work) {
    const sides = this.failing.get(store) ?? { read: false, write: false };
    this.failing.set(store, sides);
    try {
      const result = await work();
      this.worked(sides, side);
      return result;
    } catch (error) {
      this.counts.storeErrors++;
      this.failed(sides, side, error);
      return undefined;
    }
  }

  worked(sides, side) {
    sides[side] = false;
  }

  failed(sides, side, error) {
    // A store that fails on both sides is told of once.
    const known = sides.read || sides.write;
    sides[side] = true;
    if (!known) this.tell({ type: "store_error", code: "unavailable", message: error.message });
  }

  tell(event) {
    queueMicrotask(() => this.onEvent?.(event));
  }

  arrived(call, pairs, hit) {
    for (const [text, vector] of pairs) {
      call.vectors.set(text, vector);
      if (hit) call.hits.add(text);
    }
    const count = (among) => call.texts.filter((text) => among.has(text)).length;
    const progress = { done: count(call.vectors), total: call.texts.length, hits: count(call.hits) };
    queueMicrotask(() => call.onProgress?.(progress));
  }
}
