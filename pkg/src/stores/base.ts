import { checkCallOptions, checkText, keyBatch, liveSignal, pairBatch, ttlOf } from "../core/arguments.js";
import { closed, invalid, kindOf } from "../core/error.js";
import { emitter } from "../core/events.js";
import { tellGiven } from "../core/foreign.js";
import { giveWasmObjects, Handle } from "../core/handle.js";
import { currentEpoch, guarded, isAlive, lostWithInstance } from "../core/runtime.js";
import { stepwise } from "../core/stepwise.js";
import type {
  Bytes,
  CallOptions,
  Capabilities,
  ClearOptions,
  EntryStat,
  SetCondition,
  SetOptions,
  StoreOptions,
  StoreStats,
  StoreUsage,
} from "../types.js";
import { Operation, type Store as WasmStore } from "../wasm/bytestow_wasm.js";

/**
 * How many keys a listing fetches at first; at most, where the store itself knows them all, and by what each page is then
 * larger than the one before.
 */
const FIRST_PAGE = 1_000;
const LARGEST_PAGE = 16_000;
const PAGE_GROWTH = 4;

const NO_KEYS = new Uint32Array(0);

const NOTHING_COUNTED: StoreStats = {
  hits: 0,
  misses: 0,
  bytesRead: 0,
  bytesWritten: 0,
  requests: 0,
  evictions: 0,
};

type RawStat = [bytes: number, ttl: number | null | undefined, written: number | undefined];

/** `Symbol.asyncDispose`, for compilers whose library knows of it. */
type DisposeKey = SymbolConstructor extends { readonly asyncDispose: infer Key extends symbol } ? Key : never;

/** The method of `await using`, where there is such a symbol; nothing elsewhere, so that older libraries compile. */
export type AsyncDisposeMethod = { [Key in DisposeKey]: () => Promise<void> };

/** Deletes the whole backend of a store whose class can do that, and closes the store. For that class alone. */
export let destroyBackend: (store: ByteStore) => Promise<void>;

/** What the backend of a store holds whose class can tell. For that class alone. */
export let usageOfBackend: (store: ByteStore) => Promise<StoreUsage>;

export interface ByteStore extends AsyncDisposeMethod {}

/**
 * A batched byte store: any Unicode string to any bytes. Every store of this package is one, keeps the same contract
 * (`bytestow/testing`), and goes wherever LangChain.js wants a `BaseStore<string, Uint8Array>`.
 *
 * Methods reject with a `BytestowError` and never throw. Calls of one store on one key take effect in call order,
 * awaited or not.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: below, the method is put on the prototype where it can be
export abstract class ByteStore {
  /** Never: a store is not revived from JSON. */
  readonly lc_serializable: boolean = false;
  /** Nothing: options may hold secrets. */
  readonly lc_kwargs: Record<string, never> = {};
  /** Where LangChain's serialisation files the class. */
  readonly lc_namespace: string[] = ["bytestow", "storage"];

  readonly #handle: Handle<WasmStore>;
  readonly #segmentBytes: number;
  #closed = false;
  /** What was counted by an object in wasm that is no more. */
  #counted = NOTHING_COUNTED;

  /**
   * `make` makes the store's object in wasm; it runs again if the wasm instance has to be replaced. `segmentBytes` is for a
   * store that packs the values of a call into segments of that length.
   */
  protected constructor(make: () => object, options: StoreOptions, segmentBytes = 0) {
    this.#segmentBytes = segmentBytes;
    const emit = emitter(options.onEvent);
    // The wasm object's type stays out of the public declarations.
    this.#handle = new Handle(make as () => WasmStore, (reason) => emit?.({ type: "reset", reason }));
  }

  /** What only modules of this package may do with a store. */
  static {
    tellGiven(ByteStore.prototype);
    giveWasmObjects((store) => {
      if (!(#handle in store)) return undefined;
      store.#checkOpen();
      return store.#handle.ready();
    });
    destroyBackend = (store) =>
      store.#call(undefined, () => {
        store.#closed = true;
        const done = store.#handle.run<void>((object) => object.call(Operation.Destroy, "", NO_KEYS, null, 0));
        return done.finally(() => store.#handle.release(() => undefined, store.#count));
      });
    usageOfBackend = (store) =>
      store.#call(undefined, async () => {
        const ask = (object: WasmStore) => object.call(Operation.Usage, "", NO_KEYS, null, 0);
        const [keys, bytes, storedBytes] = await store.#handle.run<[number, number, number]>(ask);
        return { keys, bytes, storedBytes };
      });
  }

  /** The class's name in LangChain's serialisation; a literal in each class, since minifiers rename classes. */
  static lc_name(): string {
    return "ByteStore";
  }

  /**
   * The values of `keys`, in their order; `undefined` for a missing key. Each result is the caller's own.
   *
   * @throws `invalid_argument`, `closed`, and what the backend says.
   */
  mget(keys: string[], options?: CallOptions): Promise<(Bytes | undefined)[]> {
    return this.#call(options, (signal) => {
      const { joined, lengths } = keyBatch(keys);
      if (lengths.length === 0) return Promise.resolve([]);
      return this.#handle.run((store) => store.call(Operation.Get, joined, lengths, null, 0), signal);
    });
  }

  /**
   * Stores `keyValuePairs`; of a key that stands twice the last wins. The values are copied at the call.
   *
   * @throws `invalid_argument`, `too_large`, `quota_exceeded`, `closed`, and what the backend says.
   */
  mset(keyValuePairs: [string, Uint8Array][], options?: SetOptions): Promise<void> {
    return this.#call(options, (signal) => {
      const { joined, lengths, values } = pairBatch(keyValuePairs, this.#segmentBytes);
      const ttl = ttlOf(options);
      if (lengths.length === 0) return Promise.resolve();
      return this.#handle.run((store) => store.call(Operation.Set, joined, lengths, values, ttl), signal);
    });
  }

  /**
   * Deletes `keys`; missing ones are fine.
   *
   * @throws `invalid_argument`, `closed`, and what the backend says.
   */
  mdelete(keys: string[], options?: CallOptions): Promise<void> {
    return this.#call(options, (signal) => {
      const { joined, lengths } = keyBatch(keys);
      if (lengths.length === 0) return Promise.resolve();
      return this.#handle.run((store) => store.call(Operation.Delete, joined, lengths, null, 0), signal);
    });
  }

  /**
   * The keys that begin with `prefix`, taken literally. Every key that exists throughout comes exactly once, whatever
   * is written meanwhile; leaving early frees what the iteration held. Fails at its first step, not at the call.
   *
   * @throws `invalid_argument`, `closed`, and what the backend says.
   */
  yieldKeys(prefix = "", options?: CallOptions): AsyncGenerator<string, void, undefined> {
    const live: { signal?: AbortSignal | undefined } = {};
    return stepwise(this.#pages(prefix, options, live), () => {
      // Between two steps the store may have been closed, or the signal aborted.
      this.#checkOpen();
      if (live.signal?.aborted) throw live.signal.reason;
    });
  }

  async *#pages(
    prefix: string,
    options: CallOptions | undefined,
    live: { signal?: AbortSignal | undefined },
  ): AsyncGenerator<Iterator<string>, void, undefined> {
    this.#checkOpen();
    checkCallOptions(options);
    const signal = liveSignal(options);
    live.signal = signal;
    const beginning = checkText(prefix, "prefix");
    const listing = await this.#handle.run<ReturnType<WasmStore["list"]>>((store) => store.list(beginning), signal);
    const epoch = currentEpoch();
    try {
      let more = true;
      // Nobody else is asked for more keys than may be wanted.
      const largest = this.#segmentBytes > 0 ? LARGEST_PAGE : FIRST_PAGE;
      for (let page = FIRST_PAGE; more; page = Math.min(page * PAGE_GROWTH, largest)) {
        const [joined, lengths, goesOn] = await this.#handle.run<[string, Uint32Array, boolean]>(() => {
          if (epoch !== currentEpoch()) throw lostWithInstance();
          return listing.next(page);
        }, signal);
        more = goesOn;
        yield cut(joined, lengths);
      }
    } finally {
      // An instance that trapped took the listing with it.
      if (isAlive(epoch)) guarded(() => listing.free());
    }
  }

  /**
   * Stores each pair whose key is missing (`"absent"`) or there (`"present"`) at that moment; says which it stored.
   *
   * @throws `unsupported` on stores whose `capabilities()` have no `conditionalSet`; else as `mset`.
   */
  setIf(pairs: [string, Uint8Array][], condition: SetCondition, options?: SetOptions): Promise<boolean[]> {
    return this.#call(options, (signal) => {
      const { joined, lengths, values } = pairBatch(pairs, this.#segmentBytes);
      if (condition !== "absent" && condition !== "present") {
        throw invalid(`condition must be "absent" or "present", not ${kindOf(condition)}`);
      }
      const ttl = ttlOf(options);
      const operation = condition === "present" ? Operation.SetPresent : Operation.SetAbsent;
      return this.#handle.run((store) => store.call(operation, joined, lengths, values, ttl), signal);
    });
  }

  /**
   * What is known of `keys` without their values; `undefined` for a missing key.
   *
   * @throws `invalid_argument`, `closed`, and what the backend says.
   */
  stat(keys: string[], options?: CallOptions): Promise<(EntryStat | undefined)[]> {
    return this.#call(options, async (signal) => {
      const { joined, lengths } = keyBatch(keys);
      if (lengths.length === 0) return [];
      const stats = await this.#handle.run<(RawStat | undefined)[]>(
        (store) => store.call(Operation.Stat, joined, lengths, null, 0),
        signal,
      );
      return stats.map((stat) => stat && { bytes: stat[0], ttl: stat[1], written: stat[2] });
    });
  }

  /**
   * Removes every key of the store's namespace; without a namespace every key of the backend, which a backend that
   * others may share demands to be asked for by `{ all: true }`.
   *
   * @throws `invalid_argument`, `closed`, and what the backend says.
   */
  clear(options?: ClearOptions): Promise<void> {
    return this.#call(options, (signal) => {
      const all = options?.all ?? false;
      if (typeof all !== "boolean") throw invalid(`all must be true or false, not ${kindOf(all)}`);
      const operation = all ? Operation.ClearAll : Operation.Clear;
      return this.#handle.run((store) => store.call(operation, "", NO_KEYS, null, 0), signal);
    });
  }

  /**
   * Lets go of what the store holds. Calls made before still end; later ones are refused as `closed`. What is stored
   * stays where the backend is persistent. Closing twice is fine.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.release((store) => store.call(Operation.Close, "", NO_KEYS, null, 0), this.#count);
  }

  /** Counts of this object since it was made; they begin anew if the wasm instance had to be replaced. */
  stats(): StoreStats {
    const store = this.#handle.current;
    return store === undefined ? { ...this.#counted } : (guarded(() => store.stats()) as StoreStats);
  }

  /** What the store promises beyond the common rules. Opens the backend, which may turn out to be another. */
  capabilities(): Promise<Capabilities> {
    return this.#call(undefined, () =>
      this.#handle.run((store) => store.call(Operation.Capabilities, "", NO_KEYS, null, 0)),
    );
  }

  /** The class's place in LangChain's serialisation. */
  get lc_id(): string[] {
    return [...this.lc_namespace, (this.constructor as typeof ByteStore).lc_name()];
  }

  /** None: `toJSON` holds no option at all. */
  get lc_secrets(): Record<string, string> | undefined {
    return undefined;
  }

  /** None. */
  get lc_attributes(): undefined {
    return undefined;
  }

  /** None. */
  get lc_aliases(): Record<string, string> | undefined {
    return undefined;
  }

  /** None. */
  get lc_serializable_keys(): string[] | undefined {
    return undefined;
  }

  /** What LangChain's tracing shows of a store: its class, never an option. */
  toJSON(): { lc: number; type: "not_implemented"; id: string[] } {
    return this.toJSONNotImplemented();
  }

  /** See `toJSON`. */
  toJSONNotImplemented(): { lc: number; type: "not_implemented"; id: string[] } {
    return { lc: 1, type: "not_implemented", id: this.lc_id };
  }

  /** Keeps the counts of an object in wasm that is about to go. */
  #count = (store: WasmStore) => {
    this.#counted = guarded(() => store.stats()) as StoreStats;
  };

  /** Refuses calls on a closed store. */
  #checkOpen(): void {
    if (this.#closed) throw closed();
  }

  /** Runs a method: closed first, then the signal, then what `work` checks; what is thrown becomes a rejection. */
  #call<T>(options: CallOptions | undefined, work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    try {
      this.#checkOpen();
      checkCallOptions(options);
      return work(liveSignal(options));
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

const asyncDispose: symbol | undefined = (Symbol as { asyncDispose?: symbol }).asyncDispose;

// Where the runtime has the symbol: `await using store = …` closes it.
if (asyncDispose !== undefined) {
  Object.defineProperty(ByteStore.prototype, asyncDispose, {
    configurable: true,
    writable: true,
    value(this: ByteStore) {
      return this.close();
    },
  });
}

/** The strings of which `joined` is made, which have so many units each. */
function cut(joined: string, lengths: Uint32Array): Iterator<string> {
  let at = 0;
  let begin = 0;
  return {
    next() {
      const length = lengths[at++];
      if (length === undefined) return { value: undefined, done: true };
      const value = joined.slice(begin, begin + length);
      begin += length;
      return { value, done: false };
    },
  };
}
