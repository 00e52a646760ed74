/** `bytestow/testing`, as its types are. Written by write.mjs. */

// biome-ignore-all lint/correctness: as the compiler has written it

import type {
  BaseByteStore,
  CallOptions,
  Capabilities,
  ClearOptions,
  EntryStat,
  SetCondition,
  SetOptions,
  StoreEvent,
  StoreStats,
} from "./index.js";

export {
  type BelowOptions,
  type Bounds,
  byteStoreTests,
  type CacheClaims,
  type CacheContext,
  type CacheKeyEncoder,
  type CacheOptions,
  type CachePrecision,
  type CacheProgress,
  type CacheRuleId,
  type CacheStats,
  type EmbeddingsCacheHarness,
  embeddingsCacheRules,
  embeddingsCacheTests,
  type Harness,
  type OpenOptions,
  type Report,
  type Rule,
  type RuleContext,
  type RuleId,
  type RuleResult,
  type RunOptions,
  rules,
  runEmbeddingsCacheRules,
  runRules,
  runVectorStoreRules,
  type TestedCache,
  type TestedDocument,
  type TestedEmbedOptions,
  type TestedFilter,
  type TestedModel,
  type TestedStore,
  type TestedVectorStore,
  type TestFunction,
  type TestOptions,
  type VectorStoreClaims,
  type VectorStoreContext,
  type VectorStoreHarness,
  type VectorStoreOptions,
  type VectorStoreRuleId,
  vectorStoreRules,
  vectorStoreTests,
};

/** Options of a store below a cache. */
interface BelowOptions {
  /** How long entries live, in seconds. Passed if, and only if, the harness says `expires`. */
  ttl?: number;
  /** The kit's clock, in ms since 1970. Passed if, and only if, the harness says `clock: "injected"`. */
  now?: () => number;
}

/** The bounds of a bounded store. */
interface Bounds {
  /** The most bytes of values that the store may hold. */
  maxBytes?: number;
  /** The most entries that the store may hold. */
  maxEntries?: number;
}

/** The rules on embeddings caches, in their order. An id never changes its meaning. */
declare const CACHE_RULE_TITLES: {
  readonly "C1-documents-cached": "a document is asked of the model once, by this cache and by any other on the same store";
  readonly "C2-queries-cached": "a query is asked once where that is claimed, and each time where it is not";
  readonly "C3-kinds-apart": "a query and a document of the same text never meet, whichever comes first";
  readonly "C4-query-cache-off": "without a cache of queries each query is asked, and none is stored";
  readonly "C5-query-store": "queries with a store of their own are kept there, and documents are not";
  readonly "C6-models-apart": "caches of another model's name never meet, nor do those of other dimensions";
  readonly "C7-duplicates": "a text that stands twice in a call is asked once, and answered twice with arrays of their own";
  readonly "C8-order": "vectors come in the order of the texts, whatever was there before; only what was missing is asked";
  readonly "C9-empty-list": "no documents give no vectors, without the model and without the store";
  readonly "C10-results-owned": "changing a result changes nothing later; results are plain arrays of numbers";
  readonly "C11-input-snapshot": "changing the list after the call changes nothing; the call itself never changes it";
  readonly "S1-many-calls": "of 1,000 calls at once over 100 texts each is right, and each text is asked once where calls share";
  readonly "S2-flights": "what one call is asking for another does not ask for; where calls do not share, none waits for another";
  readonly "S3-overlapping-calls": "calls that overlap ask only for what is nobody's yet; a query never joins a document";
  readonly "S4-failed-flight": "a flight that fails takes nobody along for good: the next call asks again";
  readonly "B1-batch-size": "the model is given at most batchSize texts at once, and each text once";
  readonly "B2-saved-as-they-arrive": "each batch is saved when it arrives; what fails later is all that is asked again";
  readonly "B3-concurrency": "as many batches are under way at once as concurrency allows, and no more";
  readonly "G1-progress": "progress never goes back, and ends at the total; hits are what was not asked of the model";
  readonly "G2-progress-of-a-call": "a call's own onProgress takes the place of the cache's";
  readonly "A1-aborted-before": "a call with an aborted signal rejects with its reason, and asks nobody";
  readonly "A2-aborted-during": "a call that is aborted rejects with the reason at once; the next one works, no listener is left";
  readonly "A3-others-unharmed": "an abort ends one call: another on the same text gets its vector";
  readonly "N1-stats": "stats() counts hits, misses, joined texts, requests of the model and failures of the store";
  readonly "V1-cold-is-warm": "the first call gives what later ones give, bit for bit, at every precision";
  readonly "V2-f64": "f64 keeps every bit: -0, subnormals, the largest and the smallest";
  readonly "V3-f32": "f32 rounds each number once, to the nearest";
  readonly "V4-f16": "f16 is within 5e-4 of each number from 6.1e-5 on, and within 3e-8 below";
  readonly "V5-int8": "int8 is within a 254th of the vector's largest number";
  readonly "V6-typed": "embedDocumentsTyped gives the numbers of embedDocuments as 32-bit floats, over buffers of their own";
  readonly "V7-too-large": "a number too large for the precision is a typed error; nothing is stored";
  readonly "V8-unclaimed-precision": "a precision that is not claimed is refused";
  readonly "M1-too-few": "fewer vectors than texts are corrupt; nothing is stored, and the next call asks again";
  readonly "M2-too-many": "more vectors than texts are corrupt; nothing is stored";
  readonly "M3-ragged": "vectors of different lengths are corrupt, within a batch and across batches";
  readonly "M4-ragged-with-stored": "no call gives vectors of different lengths, also where some were stored before";
  readonly "M5-empty-vectors": "vectors without numbers are corrupt; nothing is stored";
  readonly "M6-not-finite": "NaN and infinities are corrupt; nothing is stored";
  readonly "M7-not-numbers": "text, null, holes and lists in the place of a number are corrupt; nothing is stored";
  readonly "M8-not-vectors": "anything but a list in the place of vectors is corrupt; nothing is stored";
  readonly "M9-model-throws": "what the model throws is thrown on as it is; nothing is stored, and the next call asks again";
  readonly "F1-noise": "an entry of noise is computed again and overwritten, with an event";
  readonly "F2-cut": "an entry cut short or lengthened is computed again and overwritten, with an event";
  readonly "F3-other-version": "an entry of an unknown version or kind is computed again and overwritten, with an event";
  readonly "F4-json-garbage": "an entry of JSON that is no vector is computed again and overwritten, with an event";
  readonly "F5-less-exact": "an entry kept less exactly than it is wanted is computed again and overwritten";
  readonly "F6-json-read": "entries in JSON as LangChain has them, for JavaScript and Python, are read";
  readonly "F7-json-written": 'with valueFormat "json" an entry is the vector in JSON, which LangChain reads';
  readonly "O1-reads-fail": "a store that cannot be read costs the hits and nothing else";
  readonly "O2-writes-fail": "a store that cannot be written costs what is kept and nothing else";
  readonly "O3-all-fails": "a store that fails altogether costs no vector";
  readonly "O4-told-once": "a failing store is told of once, and again after it has worked meanwhile";
  readonly "O5-one-side-fails": "an outage of writes alone is told of once, and so is one of reads, or of the queries' store alone";
  readonly "O6-random-failures": "10 % of failing calls, from the seed, never change a vector";
  readonly "O7-nonsense": "a store that answers nonsense is a store that fails";
  readonly "T1-empty-text": "the empty text is a text";
  readonly "T2-long-text": "a text of 1 MB is embedded and found again; one that differs at its end is another";
  readonly "T3-lone-surrogates": "a lone surrogate is embedded as U+FFFD";
  readonly "T4-forms-apart": "texts that differ in normalisation, case, spaces or U+0000 are different";
  readonly "E1-wrong-arguments": "a wrong argument is invalid_argument and named; nobody is asked; nothing is thrown synchronously";
  readonly "E2-wrong-options": "a wrong option is invalid_argument and named";
  readonly "X1-ttl": "an entry that the store lets expire is asked for again";
  readonly "K1-key-encoders": "each key encoder gives the keys it is named for";
  readonly "K2-queries-beside-langchain": "with LangChain's keys a query still never meets a document";
  readonly "K3-dimensions-beside-langchain": "with LangChain's keys a vector of other dimensions than asked for is never given";
};

/**
 * What a cache can beyond what every cache must. Each claim is checked; where something is not claimed, either the
 * opposite is checked, or the result of the rule has a note that says what was left out.
 */
interface CacheClaims {
  /**
   * A text that one call is asking for is not asked for by another one. `false` where calls must not wait for each other,
   * as between the requests of a Worker: then it is checked that none does.
   */
  shares?: boolean;
  /** `embedQuery` is cached too. */
  queries?: boolean;
  /** The option `queryCache`: queries are kept with the documents, in a store of their own, or not at all. */
  queryCache?: boolean;
  /** The option `dimensions` is part of the key. */
  dimensions?: boolean;
  /** The options `batchSize` and `concurrency`. */
  batches?: boolean;
  /** `onProgress`, as an option of the cache and of a call. */
  progress?: boolean;
  /** Calls take a `signal`. */
  signal?: boolean;
  /** The option `onEvent`: `corrupt` and `store_error`. */
  events?: boolean;
  /** There is `stats()`. */
  stats?: boolean;
  /** There is `embedDocumentsTyped()`. */
  typed?: boolean;
  /** What the option `precision` takes. What is not in the list must make `open` throw or reject. */
  precisions?: readonly CachePrecision[];
  /** What the option `keyEncoder` takes. What is not in the list must make `open` throw or reject. */
  keyEncoders?: readonly CacheKeyEncoder[];
  /** LangChain's entries, which are arrays in JSON, are read, and the option `valueFormat` chooses what is written. */
  json?: boolean;
  /** Entries have the header of `bytestow/embeddings`, whose bytes 2 and 3 are the version and the kind of numbers. */
  header?: boolean;
  /** Wrong options make `open` throw or reject with `invalid_argument`, and a message that names the option. */
  checksOptions?: boolean;
  /** What the cache itself calls the option `model`, in that message. */
  modelOption?: string;
}

/** What a rule on caches has in hand: an empty store, a model, and noise from the seed. */
declare class CacheContext {
  #private;
  /** The harness, as it was given. */
  readonly harness: EmbeddingsCacheHarness;
  /** What the cache claims. */
  readonly claims: CacheClaims;
  /** The store, empty at first. */
  readonly store: BaseByteStore;
  /** The model below the caches that the rule opens, unless it gives another one. */
  readonly model: KitModel;
  /** The name of that model. */
  readonly modelName: string;
  /** Noise from the seed. */
  readonly random: Random;
  /** The store's clock: turned by hand where the store takes it. */
  readonly clock: TestClock;
  /** What the rule could not check here, and why. Stands in the result. */
  readonly notes: string[];
  private constructor();
  /** Prepares what a rule needs. */
  static start(harness: EmbeddingsCacheHarness, backend: string, seed: string): Promise<CacheContext>;
  /** Says what could not be checked. */
  note(text: string): void;
  /** Whether the cache claims something. Where it does not, the result says that `what` was not checked. */
  claimed(claim: keyof CacheClaims, what: string): boolean;
  /** Opens a cache over the rule's model and store, or over others. */
  open(
    options?: Partial<CacheOptions>,
    parts?: {
      model?: KitModel;
      store?: BaseByteStore;
    },
  ): Promise<TestedCache>;
  /** One more model. */
  anotherModel(name?: string, size?: number): KitModel;
  /** One more store, empty. */
  anotherStore(options?: BelowOptions): Promise<BaseByteStore>;
  /** The rule's store, or another one, so that its calls are counted and can be failed. */
  watched(store?: BaseByteStore): WatchedStore;
  /** A list for events, and what fills it. */
  events(): {
    events: StoreEvent[];
    onEvent: (event: StoreEvent) => void;
  };
  /** A text. Two calls give two texts. */
  text(label?: string): string;
  /** `count` texts, no two the same. */
  texts(count: number, label?: string): string[];
  /** What is in a store, by key. */
  stored(store?: BaseByteStore): Promise<Map<string, Uint8Array>>;
  /** Removes what the rule has left, whatever state it left it in. */
  end(): Promise<void>;
}

/** How a cache makes keys. */
type CacheKeyEncoder =
  | "sha256"
  | "langchain-js"
  | "langchain-python-sha1"
  | "langchain-python-sha256"
  | "langchain-python-blake2b"
  | "langchain-python-sha512";

/** The options with which the kit opens a cache. None but `model` is passed unless the harness claims it. */
interface CacheOptions {
  /** The model's name. LangChain calls it `namespace`. */
  model: string;
  /** Claimed by `dimensions`. */
  dimensions?: number;
  /** Claimed by `precisions`. */
  precision?: CachePrecision;
  /** Claimed by `keyEncoders`. */
  keyEncoder?: CacheKeyEncoder;
  /** Claimed by `json`. */
  valueFormat?: "binary" | "json";
  /** Claimed by `queryCache`. */
  queryCache?: boolean | BaseByteStore;
  /** Claimed by `batches`. */
  batchSize?: number;
  /** Claimed by `batches`. */
  concurrency?: number;
  /** Claimed by `progress`. */
  onProgress?: (progress: CacheProgress) => void;
  /** Claimed by `events`. */
  onEvent?: (event: StoreEvent) => void;
}

/** How exactly a cache keeps vectors. */
type CachePrecision = "f32" | "f64" | "f16" | "int8";

/** How far a call is, in texts. */
interface CacheProgress {
  /** Those whose vectors are there. */
  done: number;
  /** All of the call. */
  total: number;
  /** Those that did not have to be asked of the model for this call. */
  hits: number;
}

/** The id of a rule on caches. */
type CacheRuleId = keyof typeof CACHE_RULE_TITLES;

/** What a cache has counted; see `EmbeddingsCacheStats` of `bytestow/embeddings`. */
interface CacheStats {
  /** Texts found in the store. */
  hits: number;
  /** Texts asked of the model. */
  misses: number;
  /** Texts asked for already: by another call, or by another place of the same one. */
  joined: number;
  /** Calls of the model. */
  requests: number;
  /** Calls of the store that failed. */
  storeErrors: number;
}

/**
 * How the kit gets at a kind of cache.
 *
 * A cache must give what the kit's model gives, to the last bit, where no precision is asked for: the model's numbers are
 * 32-bit floats then.
 */
interface EmbeddingsCacheHarness {
  /** Names the cache in results. */
  name: string;
  /** Names the runtime in results; the user agent if left out. */
  runtime?: string;
  /** What the cache can. */
  claims: CacheClaims;
  /** Opens a cache. What it throws counts as a rejection. */
  open(parts: { model: TestedModel; store: BaseByteStore; options: CacheOptions }): TestedCache | Promise<TestedCache>;
  /**
   * The store that caches are opened on; a `Map` of the kit's own if left out. A `backend` is a name for a place to store
   * things: one of a new name is empty.
   */
  store?(backend: string, options: BelowOptions): BaseByteStore | Promise<BaseByteStore>;
  /** The store can let entries expire. */
  expires?: boolean;
  /** `"injected"`: the store goes by the kit's clock. Otherwise the kit waits, which is the default. */
  clock?: "injected" | "real";
  /** Removes a backend when its rule is over. */
  dispose?(backend: string): void | Promise<void>;
}

/**
 * How the kit gets at a kind of store.
 *
 * A `backend` is a name for a place to store things: the kit makes up a fresh one for each rule, and expects a backend
 * of a new name to be empty. For IndexedDB it is the name of the database; for a wrapped store the harness keeps a map
 * from the name to the object wrapped; for a store that is its own backend (memory) it means nothing, and `open` makes
 * a new, empty store whenever it is called.
 */
interface Harness {
  /** Names the store in results. */
  name: string;
  /** Names the runtime in results; the user agent if left out. */
  runtime?: string;
  /** `"injected"`: `open` passes `now` on, and the store goes by it. Otherwise the kit waits, which is the default. */
  clock?: "injected" | "real";
  /** `open`, called again with the same backend, shows the same data. `false` unless said. */
  shares?: boolean;
  /** Opens a store. What it throws counts as a rejection. */
  open(backend: string, options?: OpenOptions): TestedStore | Promise<TestedStore>;
  /**
   * A handle on the same backend somewhere else: in another tab, on another connection. Where it is left out and the
   * harness `shares`, the kit opens the backend again.
   */
  other?(backend: string): BaseByteStore | Promise<BaseByteStore>;
  /** The backend without any namespace. Where it is left out and the harness `shares`, `open` without one. */
  physical?(backend: string): BaseByteStore | Promise<BaseByteStore>;
  /** Opens a store with bounds, where this kind of store can be bounded. */
  bounded?(backend: string, bounds: Bounds, options?: OpenOptions): TestedStore | Promise<TestedStore>;
  /** How many requests have reached the backend, where the harness can count them itself: `stats()` may be wrong. */
  requests?(backend: string): number;
  /** Removes a backend when its rule is over, beyond the `clear({ all: true })` and `close()` that the kit calls. */
  dispose?(backend: string): void | Promise<void>;
}

/** What a text is embedded for. */
type Kind = "document" | "query";

/**
 * A model whose vectors depend on the text, the kind and its name alone, that counts what it is asked for, and that does
 * wrong when it is told to.
 */
declare class KitModel implements TestedModel {
  #private;
  /** All calls so far. */
  readonly calls: ModelCall[];
  /** How many numbers a vector has. Not called `dimensions`: a cache may take that for what the model was asked for. */
  size: number;
  /** Whether the numbers need 64 bits; otherwise 32-bit floats hold them. */
  wide: boolean;
  /** Takes the place of the numbers that the text would give. */
  numbers: ((text: string) => number[]) | undefined;
  /** What is wrong with the next answers. */
  spoil: Spoil | undefined;
  /** The most calls that were under way at once. */
  mostAtOnce: number;
  constructor(name: string, size?: number);
  embedDocuments: (documents: string[]) => Promise<number[][]>;
  embedQuery: (document: string) => Promise<number[]>;
  /** What the model gives for a text when nothing is wrong. */
  vector(text: string, kind?: Kind): number[];
  /** The vectors of documents. */
  vectors(texts: readonly string[]): number[][];
  /** The texts that were asked for, of a kind if one is named, as often as they were. */
  asked(kind?: Kind): string[];
  /** Forgets what it was asked for. */
  forget(): void;
  /** From now on no call is answered. */
  hold(): void;
  /** Further calls are answered; what was held stays held. */
  letThrough(): void;
  /** Answers what was held. */
  release(): void;
}

/** A call of the model. */
interface ModelCall {
  readonly kind: Kind;
  readonly texts: readonly string[];
}

/** The options with which the kit opens a store. The harness hands them on to the store as they are. */
interface OpenOptions {
  /** Passed by the rules on namespaces. A malformed one must make `open` throw or reject. */
  namespace?: string;
  /** Passed by the rules on TTLs. On a store that cannot expire, it must make `open` throw or reject. */
  ttl?: number;
  /** The kit's clock, in ms since 1970. Passed if, and only if, the harness says `clock: "injected"`. */
  now?: () => number;
  /** Passed by the rule on events. */
  onEvent?: (event: StoreEvent) => void;
}

/** Which side of a store fails. */
type Operation = "read" | "write";

/** The rules of the contract, generated from the Rust core's list. */
declare const RULE_TITLES: {
  readonly "P01-three-values": "three distinct values are at hand for the suite";
  readonly "P02-store-is-empty": "a new store answers every key with nothing";
  readonly "P03-set-and-get": "what was set is got, in the order of the keys";
  readonly "P04-still-empty": "a store made for one test sees nothing of another's";
  readonly "P05-delete-values": "a deleted key is gone, its neighbour stays";
  readonly "P06-delete-bulk": "several keys are deleted in one call";
  readonly "P07-delete-missing": "deleting keys that never were is no error";
  readonly "P08-set-is-idempotent": "setting the same pairs twice changes nothing";
  readonly "P09-get-same-value": "the same keys asked twice in one call are answered twice";
  readonly "P10-overwrite": "a key set again has the new value";
  readonly "P11-yield-keys": "yieldKeys is a generator of all keys, or of those with a prefix";
  readonly "O1-check-order": "closed is reported first, then an aborted signal, then bad arguments, then an empty list is fine";
  readonly "O2-call-order": "calls of one handle on one key take effect in call order, awaited or not";
  readonly "O3-empty-lists": "empty lists to mget, mset and mdelete do no I/O and are no error";
  readonly "R1-shape": "mget answers with the length and the order of its keys";
  readonly "R2-duplicate-keys": "a key asked twice is answered twice, each time with bytes of its own";
  readonly "R3-missing": "a missing key is undefined, among keys that are there too";
  readonly "R4-empty-value": "a stored empty value is an empty array, not a missing one";
  readonly "W1-overwrite-length": "a longer and a shorter value replace each other whole";
  readonly "W2-last-wins": "of duplicates in one mset the last wins";
  readonly "W3-read-your-writes": "when mset or mdelete resolves, every later read of the handle sees it";
  readonly "W4-shared-writes": "another handle sees a finished write where the store claims it, and does not where it claims not to";
  readonly "W5-nothing-half-done": "an mset with one bad pair, wherever it stands, writes nothing";
  readonly "W6-too-large": "an mset that cannot fit a bounded store whole is too_large and writes nothing";
  readonly "W7-atomic-batch": "no reader ever sees half of an mset where the store claims atomic batches";
  readonly "W8-concurrent-writers": "concurrent writers of one key leave one of their values, whole";
  readonly "D1-delete-then-set": "a deleted key can be set again";
  readonly "D2-delete-duplicates": "a key that stands twice in mdelete is deleted once, without error";
  readonly "D3-delete-missing": "mdelete of missing keys among present ones deletes the present ones";
  readonly "L1-generator": "yieldKeys returns an async generator, at once and without I/O";
  readonly "L2-prefix-literal": "no character of a prefix means anything: * ? [ ] \\ ^ % _ . / : and the rest";
  readonly "L3-prefix-many": "a prefix finds all its keys and no others, itself included; one that is no key's finds none";
  readonly "L4-exactly-once": "over 10,000 keys come exactly once, however many pages it takes";
  readonly "L5-change-while-iterating": "keys that exist throughout come exactly once while others are written and deleted";
  readonly "L6-break-early": "an iteration left early frees what it held, and the store works on";
  readonly "L7-own-keys-after": "after an iteration the same store lists the same keys again";
  readonly "K1-any-unicode": "keys are any Unicode: empty, U+FFFF, U+0000, emoji, composed and decomposed forms apart";
  readonly "K2-prototype-keys": "__proto__, constructor, toString and length are keys like any other";
  readonly "K3-numeric-keys": "keys that look like numbers, booleans or null stay strings";
  readonly "K4-lone-surrogate": "a key or prefix with a lone surrogate is refused by name, and nothing is written";
  readonly "K5-long-keys": "a long key works up to the store's stated limit; beyond it is too_large with the limit in digits";
  readonly "V1-all-bytes": "all 256 byte values come back as they went in";
  readonly "V2-text-traps": "values that look like text, JSON, a BOM, base64, numbers or nothing come back unchanged";
  readonly "V3-large-value": "values around 64 KiB and of 3 MB come back whole";
  readonly "V4-result-owned": "changing a result changes neither the store nor another result";
  readonly "V5-input-snapshot": "changing an input array after the call, awaited or not, changes nothing stored";
  readonly "V6-transferable": "each result is a Uint8Array over an ArrayBuffer of just its length, transferable alone";
  readonly "V7-views": "a view into a larger buffer, a Buffer or a subclass is stored as its own bytes only";
  readonly "V8-shared-memory": "a view over a SharedArrayBuffer is copied";
  readonly "V9-detached": "a detached array is refused by name, and nothing is written";
  readonly "V10-wrong-types": "keys, pairs and values of wrong types are refused with the position named";
  readonly "N1-layout": "with a namespace the physical key is <namespace>/<key>";
  readonly "N2-isolation": "namespaces do not see each other, be one a text prefix of the other or full of glob characters";
  readonly "N3-clear-namespace": "clear() removes its namespace and nothing else";
  readonly "N4-clear-all": "clear() without a namespace needs { all: true } on a shared backend, and needs it nowhere else";
  readonly "N5-malformed": "a namespace that is empty, begins or ends with / or holds a lone surrogate is refused";
  readonly "T1-expires": "an entry with a TTL is there before its time and missing from then on";
  readonly "T2-default": "the store's ttl holds where a call gives none; a call's own goes before it";
  readonly "T3-null-cancels": "ttl: null stores for ever, whatever the default";
  readonly "T4-hidden-from-list": "an expired key is missing from yieldKeys and stat too";
  readonly "T5-reset": "setting a key again sets its life again, or ends its TTL";
  readonly "T6-no-ttl-refused": "a store that cannot expire refuses ttl as invalid_argument, and writes nothing";
  readonly "T7-bad-ttl": "zero, negative, NaN, infinite and non-numeric TTLs are refused, and nothing is written";
  readonly "A1-aborted-before": "an aborted signal rejects with its reason before any I/O and leaves no listener behind";
  readonly "A2-aborted-during": "an abort under way rejects with the reason; what was written is whole or absent";
  readonly "A3-aborted-iteration": "an abort while iterating rejects the next step";
  readonly "A4-others-go-on": "an abort ends its own call and no other";
  readonly "A5-listeners-freed": "a finished call leaves no abort listener behind";
  readonly "C1-serializable": "the members of LangChain's BaseStore are there";
  readonly "C2-tojson": "toJSON() never throws and holds nothing that was given as an option";
  readonly "E1-typed": "errors are BytestowError with name, code, retryable and a message under 600 characters";
  readonly "E2-rejects": "methods reject and never throw; yieldKeys fails at its first step";
  readonly "E3-no-values": "messages hold no value, and keys cut short";
  readonly "S1-close": "after close() every call is refused as closed; closing twice is fine";
  readonly "S2-stat": "stat gives bytes, remaining TTL and time written where known, undefined for a missing key";
  readonly "S3-stats": "stats() counts hits, misses and bytes of this handle";
  readonly "S4-conditional-set": "a conditional set stores on its condition alone where claimed, and is unsupported elsewhere";
  readonly "S6-dispose": "Symbol.asyncDispose closes, where the runtime has it";
  readonly "S7-events": "onEvent hears of what happens and cannot break the store by throwing or by calling it";
  readonly "S8-plain-methods": "methods do what they do when taken as LangChain calls them, with one argument";
};

/** A small generator of repeatable noise (sfc32). The kit knows no other source of chance. */
declare class Random {
  #private;
  /** Equal seeds give equal noise. */
  constructor(seed: string);
  /** A whole number from 0 to 2^32 - 1. */
  next(): number;
  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number;
  /** `length` bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
  /** A harmless word: letters and digits, no two of which look alike. */
  word(length?: number): string;
  /** The items in another order. */
  shuffled<T>(items: readonly T[]): T[];
}

/** How all rules went. */
interface Report<Id extends string = RuleId> {
  /** Give this to another run to get the same keys, texts and values. */
  readonly seed: string;
  /** The harness's name for what was held to the rules. */
  readonly store: string;
  /** The harness's name for the runtime, else the user agent. */
  readonly runtime: string;
  /** The rules that are kept. */
  readonly passed: readonly RuleResult<Id>[];
  /** The rules that are broken. */
  readonly failed: readonly RuleResult<Id>[];
}

/** A rule, ready to run. */
interface Rule<Id extends string = RuleId, Context = RuleContext> {
  /** Its id, which never changes its meaning: `"R4-empty-value"`. */
  readonly id: Id;
  /** What it says. */
  readonly title: string;
  /** Checks it, and throws if it is broken. */
  run(context: Context): Promise<void>;
}

/** What a rule has in hand: a fresh backend with a store on it, a clock, and noise from the seed. */
declare class RuleContext {
  #private;
  /** The store under test, opened without options on an empty backend. */
  readonly store: TestedStore;
  /** The harness, as it was given. */
  readonly harness: Harness;
  /** The name of the rule's own backend. */
  readonly backend: string;
  /** Noise from the seed. */
  readonly random: Random;
  /** The clock: turned by hand where the store takes it. */
  readonly clock: TestClock;
  /** What the rule could not check here, and why. Stands in the result. */
  readonly notes: string[];
  private constructor();
  /** Opens the store of a rule. */
  static start(harness: Harness, backend: string, seed: string): Promise<RuleContext>;
  /** Says what could not be checked. */
  note(text: string): void;
  /** Opens a further handle, on the rule's own backend unless told otherwise. */
  open(options?: OpenOptions, backend?: string): Promise<TestedStore>;
  /** Opens a bounded store on a backend of its own, or tells that this kind of store has no bounds. */
  bounded(bounds: Bounds, options?: OpenOptions): Promise<TestedStore | undefined>;
  /** Another handle on the rule's backend, if the harness has one to give. */
  other(): Promise<BaseByteStore | undefined>;
  /** The rule's backend without a namespace, if it can be seen. */
  physical(): Promise<BaseByteStore | undefined>;
  /** The name of one more empty backend. */
  freshBackend(): string;
  /** The claims of a store, of the one under test unless told otherwise. */
  claims(store?: TestedStore): Promise<Capabilities>;
  /** Runs `work` and ends the rule if it made a request of the backend, as far as anyone counts them. */
  quietly(store: TestedStore, what: string, work: () => unknown): Promise<void>;
  /** A harmless key. Two calls give two keys. */
  key(label?: string): string;
  /** `count` keys, no two the same. */
  keys(count: number, label?: string): string[];
  /** Noise, never twice the same. */
  value(length?: number): Uint8Array<ArrayBuffer>;
  /** Each key with a value of its own. */
  pairs(keys: readonly string[], length?: number): [string, Uint8Array<ArrayBuffer>][];
  /** Removes what the rule has left, whatever state it left it in. Never fails: S1, N3 and N4 are about that. */
  end(): Promise<void>;
}

/** The id of a rule. */
type RuleId = keyof typeof RULE_TITLES;

/** How one rule went. */
interface RuleResult<Id extends string = RuleId> {
  /** Which rule: `"R4-empty-value"`. */
  readonly id: Id;
  /** What the rule says. */
  readonly title: string;
  /** Whether it is kept. */
  readonly ok: boolean;
  /** Where the rule is broken: `seed=... rule=... store=... runtime=...: what happened`. Empty where it holds. */
  readonly message: string;
  /** What could not be checked here, and why. Part of the result: show it. */
  readonly notes: readonly string[];
  /** How long it took, in ms. */
  readonly ms: number;
}

/** Options of a run. */
interface RunOptions<Id extends string = RuleId> {
  /** Where all keys, texts and values come from; made from the time if left out. */
  seed?: string | number;
  /** The rules to run, by id or by the part before the first hyphen (`"R4"`); all if left out. */
  only?: readonly string[];
  /** Told of each result as it comes. */
  onResult?: (result: RuleResult<Id>) => void;
  /** The most that a rule may take, in ms; 60,000 unless said. A rule that takes longer is broken. */
  timeout?: number;
}

/** Changes what the model answers, or throws: documents have a list of vectors, a query has one. */
type Spoil = (right: number[][] | number[], call: ModelCall, nth: number) => unknown;

/** The clock of one rule: turned by hand where the store takes it, the real one otherwise. */
declare class TestClock {
  #private;
  /** Whether the clock is turned by hand. */
  readonly injected: boolean;
  /** How many ms it was to go on by, in all. */
  advanced: number;
  constructor(injected: boolean, start: number);
  /** The time in ms since 1970. To be handed to stores, hence no method. */
  readonly now: () => number;
  /** Goes on by `ms`: at once where the clock is turned by hand, by waiting where it is not. */
  advance(ms: number): Promise<void>;
}

/** The `test` function of a runner, as far as the kit needs it: of node:test, Vitest, Jest, Bun or Deno. */
type TestFunction = (name: string, body: () => Promise<void>) => unknown;

/** Options of {@link byteStoreTests}, and of the other functions that register rules as tests. */
interface TestOptions<Id extends string = RuleId> {
  /** Where all keys, texts and values come from; made from the time if left out. A failing test names it. */
  seed?: string | number;
  /** The most that a rule may take, in ms; 60,000 unless said. The runner's own limit may be shorter. */
  timeout?: number;
  /** Told of each result. Without it, notes (what could not be checked) go to the console. */
  onResult?: (result: RuleResult<Id>) => void;
}

/**
 * A cache as the kit sees it. LangChain's two methods are all that is needed to be put under the kit; what the harness
 * does not claim is not called.
 */
interface TestedCache {
  /** The vectors of `documents`, in their order. Shape: `[documents, dimensions]`. */
  embedDocuments(documents: string[], options?: TestedEmbedOptions): Promise<number[][]>;
  /** The vector of a text to find documents by. Shape: `[dimensions]`. */
  embedQuery(document: string, options?: CallOptions): Promise<number[]>;
  /** Claimed by `typed`. */
  embedDocumentsTyped?(documents: string[], options?: TestedEmbedOptions): Promise<Float32Array[]>;
  /** Claimed by `stats`. */
  stats?(): CacheStats;
}

/** A document as the kit has it: LangChain's `DocumentInterface`. */
interface TestedDocument {
  /** Its text. */
  pageContent: string;
  /** What is known of it. */
  metadata: Record<string, unknown>;
  /** Its id, where it has one. */
  id?: string | undefined;
}

/** Options of `embedDocuments`. */
interface TestedEmbedOptions extends CallOptions {
  /** Told of progress, after the fact. */
  onProgress?: ((progress: CacheProgress) => void) | undefined;
}

/** A filter as the kit passes it. */
type TestedFilter = object | ((document: TestedDocument) => boolean);

/** A model as the kit makes it: LangChain's `EmbeddingsInterface`. */
interface TestedModel {
  /** The vectors of `documents`. Shape: `[documents, dimensions]`. */
  embedDocuments(documents: string[]): Promise<number[][]>;
  /** The vector of a text to find documents by. Shape: `[dimensions]`. */
  embedQuery(document: string): Promise<number[]>;
}

/**
 * A store as the kit sees it. Only the four methods of LangChain's `BaseStore` are needed to be put under the kit; a
 * rule that needs another one fails, and names it, where the store lacks it.
 */
interface TestedStore extends BaseByteStore {
  mget(keys: string[], options?: CallOptions): Promise<(Uint8Array | undefined)[]>;
  mset(pairs: [string, Uint8Array][], options?: SetOptions): Promise<void>;
  mdelete(keys: string[], options?: CallOptions): Promise<void>;
  yieldKeys(prefix?: string, options?: CallOptions): AsyncGenerator<string, unknown, undefined>;
  /** Stores each pair whose condition holds. */
  setIf?(pairs: [string, Uint8Array][], condition: SetCondition, options?: SetOptions): Promise<boolean[]>;
  /** What the store knows of entries. */
  stat?(keys: string[], options?: CallOptions): Promise<(EntryStat | undefined)[]>;
  /** Removes everything that the store shows. */
  clear?(options?: ClearOptions): Promise<void>;
  /** Ends the handle. */
  close?(): Promise<void>;
  /** What the handle has counted. */
  stats?(): StoreStats;
  /** What the store promises; the kit tests each claim and each non-claim. */
  capabilities?(): Promise<Capabilities>;
}

/**
 * A vector store as the kit sees it: LangChain's `VectorStore`. What stands with a question mark is called where it is
 * claimed.
 */
interface TestedVectorStore {
  /** Embeds documents and adds them; gives their ids. */
  addDocuments(documents: TestedDocument[], options?: object): Promise<unknown>;
  /** Adds documents with vectors that are known; gives their ids. */
  addVectors(vectors: number[][], documents: TestedDocument[], options?: object): Promise<unknown>;
  /** Deletes by ids, by a filter, or everything. */
  delete(params?: object): Promise<void>;
  /** The documents most similar to a text. */
  similaritySearch(query: string, k?: number, filter?: TestedFilter): Promise<TestedDocument[]>;
  /** The same with scores. */
  similaritySearchWithScore(query: string, k?: number, filter?: TestedFilter): Promise<[TestedDocument, number][]>;
  /** The same by a vector. */
  similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: TestedFilter,
    options?: object,
  ): Promise<[TestedDocument, number][]>;
  /** Claimed by `mmr`. */
  maxMarginalRelevanceSearch?(query: string, options: object, callbacks: undefined): Promise<TestedDocument[]>;
  /** A retriever over the store. */
  asRetriever(fields?: number | object): {
    k: number;
    invoke(query: string): Promise<TestedDocument[]>;
  };
  /** Claimed by `getByIds`. */
  getByIds?(ids: string[]): Promise<TestedDocument[]>;
  /** Claimed by `compacts`. */
  compact?(): Promise<void>;
  /** Claimed by `closes`. */
  close?(): Promise<void>;
}

/**
 * The rules on vector stores, in their order. An id never changes its meaning. P1 to P12 are the cases of Python's
 * `VectorStoreIntegrationTests`.
 */
declare const VECTOR_STORE_RULE_TITLES: {
  readonly "P1-empty": "a search of an empty store finds nothing";
  readonly "P2-add": "what was added is found, the most similar first, with its id; there is no cut-off";
  readonly "P3-still-empty": "a store on another backend is empty";
  readonly "P4-delete": "what is deleted by its id is not found, and the ids given are the ids returned";
  readonly "P5-delete-bulk": "several are deleted by one call";
  readonly "P6-delete-missing": "deleting unknown ids is no error";
  readonly "P7-same-ids": "documents added twice under the same ids are there once";
  readonly "P8-mutation": "a document added again under its id replaces text, metadata and vector";
  readonly "P9-get-by-ids": "documents are given by their ids";
  readonly "P10-get-missing": "ids that are unknown are given nothing for, and are no error";
  readonly "P11-ids-made": "documents without an id get one, no two the same, by which they are given";
  readonly "P12-ids-kept": "a document's own id is kept, beside others that get one";
  readonly "M1-relevance": "maximal marginal relevance with lambda 1 goes by similarity alone";
  readonly "M2-diversity": "with lambda 0 it goes by difference alone, after the first";
  readonly "M3-balance": "the balance tips where it must: at lambda 25/71 and 27/71";
  readonly "M4-fetch": "it chooses among the fetchK most similar, k of them at most, 20 and 0.5 unless said";
  readonly "M5-nothing": "of an empty store, or k 0, it gives nothing; a vector of zeros is as different as can be";
  readonly "V1-not-finite": "a number that is NaN or infinite is refused, by index and dimension; nothing is added";
  readonly "V2-wrong-length": "a vector or query of another length is refused, naming both; nothing is added";
  readonly "V3-zero": "a vector of zeros is kept, and scores 0; to a query of zeros all are equal";
  readonly "V4-scale": "a vector's length does not matter, from 1e-300 to 1e300";
  readonly "V5-scores": "scores are cosine similarities, from -1 to 1, higher first, to 1e-6";
  readonly "V6-ties": "equal scores come in the order of insertion, at every k";
  readonly "V7-counts": "as many vectors as documents, or it is refused";
  readonly "V8-not-embedded": "adding vectors and searching by a vector ask the model for nothing";
  readonly "S1-k": "k 0 finds nothing, more than there is finds all, and without k there are four";
  readonly "S2-alike": "searches by text, with scores and by vector agree";
  readonly "S3-exact": "of 300 random documents the best ten are those of a plain search, at 50 queries";
  readonly "S4-at-once": "of 20 searches at once each is right";
  readonly "S5-threshold": "what is less similar than a threshold is not found, whoever sets it";
  readonly "S6-retriever": "a retriever passes k, filter and kind of search on; k 0 is 0";
  readonly "S7-during-add": "a search during an add sees all of it or nothing";
  readonly "F1-function": "a function keeps the documents it says yes to, and sees text, metadata and id";
  readonly "F2-equality": "a value keeps what equals it, an array what equals one of it; objects are equal by content";
  readonly "F3-comparisons": "$gt, $gte, $lt and $lte compare numbers with numbers and texts with texts";
  readonly "F4-lists": "$in, $nin, $eq and $ne";
  readonly "F5-logic": "$and, $or and $not, and several fields, of which all must hold";
  readonly "F6-paths": "dots lead into objects, and into those of an array; a field whose name has dots is found too";
  readonly "F7-missing": "a missing field meets $ne, $nin and $exists: false, and nothing else";
  readonly "F8-unknown": "an unknown operator is refused, and named, as is a filter that is none";
  readonly "F9-before": "filters come before the best k: there are min(k, matches) results, always the best ones";
  readonly "F10-follows": "a filter follows what is added, replaced and deleted";
  readonly "F11-anew": "a function is asked anew each time; what it throws is thrown on";
  readonly "F12-everywhere": "all kinds of search take filters";
  readonly "F13-during-upsert": "a filtered search beside an upsert finds what matches before it and after it";
  readonly "D1-by-filter": "a filter deletes what it keeps, and nothing that has been replaced since";
  readonly "D2-all": "deleteAll deletes all, and the store goes on";
  readonly "D3-arguments": "delete is told what to delete by one of ids, filter and deleteAll, or refuses";
  readonly "D4-during-upsert": "a delete by a filter beside an upsert deletes nothing that does not match";
  readonly "I1-inputs-kept": "documents, metadata, ids and vectors are not changed by a call";
  readonly "I2-inputs-later": "changing what was given changes nothing that is stored";
  readonly "I3-results-owned": "changing a result changes no later one";
  readonly "I4-json": "metadata and texts come back as JSON has them: nested, Unicode, empty; a Date as its text";
  readonly "I5-not-json": "metadata that JSON cannot hold is refused, naming the document; nothing is added or embedded";
  readonly "I6-ids": "ids as an option, as an array, as the documents' own; wrong ones are refused before anything is embedded";
  readonly "I7-duplicates": "of documents with the same id in one call the last one stays";
  readonly "I8-empty": "no documents: no ids, and the model is not asked";
  readonly "R1-reopen": "what is opened again gives the same results, ids and scores, to the last bit; the model is not asked";
  readonly "R2-model": "an index of another model is refused, naming both models";
  readonly "R3-dimensions": "an index of other dimensions is refused, naming both";
  readonly "R4-compaction": "compaction changes no result, here and after it is opened again";
  readonly "R5-two-handles": "a handle finds what another one has added, replaced and deleted";
  readonly "R6-two-writers": "two handles that write at once lose nothing, and end in the same state";
  readonly "R7-names": "indexes of two names in one store do not meet";
  readonly "R8-costs": "adding 100 documents writes at most twice their bytes and 64 KB; deleting one at most 4 KB";
  readonly "C1-failing-store": "a store that fails its n-th call, for every n, leaves the old state or the new one, and the next call works";
  readonly "C2-unanswered": "a store whose n-th write is done and not answered, for every n, leaves the old state or the new one";
  readonly "C3-failing-model": "a model that fails adds nothing, what it throws is thrown on, and the next call works";
  readonly "C4-wrong-model": "a model that answers with too few, too many or ragged vectors adds nothing";
  readonly "H1-history": "after 1,000 random operations, with compactions and reopenings, the store equals a plain one";
  readonly "A1-aborted-before": "a call with an aborted signal rejects with its reason, and asks nobody";
  readonly "A2-aborted-during": "an add that is aborted while its texts are embedded adds nothing, and a filter that aborts its call ends it";
  readonly "E1-wrong-arguments": "wrong arguments are refused as invalid_argument, by a rejection that names them";
  readonly "E2-wrong-options": "wrong options are refused as invalid_argument, and named";
  readonly "E3-closed": "a store that was closed refuses, and calls made before still end; its JSON holds no secret, before and after";
};

/**
 * What a vector store can beyond what every one must. Each claim is checked; where something is not claimed, the result of
 * the rule has a note that says what was left out.
 */
interface VectorStoreClaims {
  /** There is `getByIds()`. */
  getByIds?: boolean;
  /** There is `maxMarginalRelevanceSearch()`. */
  mmr?: boolean;
  /** Filters may be objects, with the operators of MongoDB. */
  objectFilters?: boolean;
  /** `delete` takes `filter` and `deleteAll`. */
  deletesMore?: boolean;
  /** What is opened again over the same byte store is the same index. */
  persistent?: boolean;
  /** Several handles on one byte store see each other's writes, and lose none. */
  shared?: boolean;
  /** The model's name and the dimensions stand in the index. */
  models?: boolean;
  /** The option `name` keeps indexes apart within a byte store. */
  names?: boolean;
  /** There is `compact()`. */
  compacts?: boolean;
  /** Adding and deleting write little. */
  frugal?: boolean;
  /** The option `scoreThreshold` of the store, of searches and of retrievers. */
  threshold?: boolean;
  /** Calls take a `signal`. */
  signal?: boolean;
  /** There is `close()`. */
  closes?: boolean;
  /** Wrong arguments and options are refused with `invalid_argument`, and a message that names them. */
  checks?: boolean;
}

/** What a rule on vector stores has in hand: an empty byte store, a model, and noise from the seed. */
declare class VectorStoreContext {
  #private;
  /** The harness, as it was given. */
  readonly harness: VectorStoreHarness;
  /** What the vector store claims. */
  readonly claims: VectorStoreClaims;
  /** The byte store, empty at first. */
  readonly store: BaseByteStore;
  /** The model: a text's vector is what `place` says, else noise of six numbers, the same for queries. */
  readonly model: KitModel;
  /** The name of that model. */
  readonly modelName: string;
  /** Noise from the seed. */
  readonly random: Random;
  /** What the rule could not check here, and why. Stands in the result. */
  readonly notes: string[];
  private constructor();
  /** Prepares what a rule needs. */
  static start(harness: VectorStoreHarness, backend: string, seed: string): Promise<VectorStoreContext>;
  /** Says what could not be checked. */
  note(text: string): void;
  /** Whether the store claims something. Where it does not, the result says that `what` was not checked. */
  claimed(claim: keyof VectorStoreClaims, what: string): boolean;
  /** Opens a vector store over the rule's byte store, or over another one. */
  open(options?: Partial<VectorStoreOptions>, store?: BaseByteStore): Promise<TestedVectorStore>;
  /** The vector store, opened anew over the same place. */
  reopened(options?: Partial<VectorStoreOptions>): Promise<TestedVectorStore>;
  /** Another handle on the rule's byte store. */
  sameStore(): Promise<BaseByteStore>;
  /** One more byte store, empty. */
  anotherStore(): Promise<BaseByteStore>;
  /** Says what vector a text has. */
  place(text: string, vector: readonly number[]): void;
  /** A random vector; of a text always the same. */
  noise(dimensions?: number, text?: string): number[];
  /** A document of a text, with a metadata of its own. */
  document(pageContent: string, metadata?: TestedDocument["metadata"], id?: string): TestedDocument;
  /** `count` documents of texts that do not repeat, with their number `n` and ids. */
  documents(
    count: number,
    label?: string,
  ): (TestedDocument & {
    id: string;
  })[];
  /** Removes what the rule has left, whatever state it left it in. */
  end(): Promise<void>;
}

/** How the kit gets at a kind of vector store. */
interface VectorStoreHarness {
  /** Names the vector store in results. */
  name: string;
  /** Names the runtime in results; the user agent if left out. */
  runtime?: string;
  /** What the vector store can. */
  claims: VectorStoreClaims;
  /** Opens one. What it throws counts as a rejection. */
  open(parts: {
    model: TestedModel;
    store: BaseByteStore;
    options: VectorStoreOptions;
  }): TestedVectorStore | Promise<TestedVectorStore>;
  /**
   * The byte store that vector stores are opened on; a `Map` of the kit's own if left out. A `backend` is a name for a place
   * to store things: one of a new name is empty. Called twice with one name, it gives handles on the same place.
   */
  store?(backend: string): BaseByteStore | Promise<BaseByteStore>;
  /** Removes a backend when its rule is over. */
  dispose?(backend: string): void | Promise<void>;
  /**
   * How many operations the history of H1 has, 1,000 unless said. To be said where each is a request over a network: then C1
   * and C2, which are thousands of them, fail the calls of a `Map` of the kit's own.
   */
  operations?: number;
}

/** The options with which the kit opens a vector store. None but `model` is passed unless the harness claims it. */
interface VectorStoreOptions {
  /** The model's name. */
  model: string;
  /** Claimed by `names`. */
  name?: string;
  /** Claimed by `models`. */
  dimensions?: number;
  /** Claimed by `threshold`. */
  scoreThreshold?: number;
  /** Claimed by `shared`, and passed as 0: each search is to see what other handles have written. */
  refresh?: number;
}

/** The id of a rule on vector stores. */
type VectorStoreRuleId = keyof typeof VECTOR_STORE_RULE_TITLES;

/** A store that counts its calls, and fails them when it is told to. */
declare class WatchedStore implements BaseByteStore {
  #private;
  reads: number;
  writes: number;
  /** How many calls were failed. */
  failed: number;
  /** Whether the next call fails. */
  fails: (operation: Operation) => boolean;
  /** Takes the place of what a read gives. */
  answer: ((values: (Uint8Array | undefined)[]) => unknown) | undefined;
  constructor(store: BaseByteStore);
  mget(keys: string[]): Promise<(Uint8Array | undefined)[]>;
  mset(pairs: [string, Uint8Array][]): Promise<void>;
  mdelete(keys: string[]): Promise<void>;
  yieldKeys(prefix?: string): AsyncGenerator<string, unknown, undefined>;
}

/**
 * Registers each rule of the contract as a test of the runner whose `test` function is given.
 *
 * ```js
 * import test from "node:test"; // or: import { test } from "vitest"
 * import { byteStoreTests } from "bytestow/testing";
 *
 * byteStoreTests(test, { name: "my store", open: () => new MyStore() });
 * ```
 */
declare function byteStoreTests(test: TestFunction, harness: Harness, options?: TestOptions): void;

/** What every embeddings cache must do, and what it must do that claims more, rule by rule. */
declare const embeddingsCacheRules: readonly Rule<CacheRuleId, CacheContext>[];

/**
 * Registers each rule on embeddings caches as a test of the runner whose `test` function is given.
 *
 * ```js
 * import test from "node:test"; // or: import { test } from "vitest"
 * import { embeddingsCacheTests } from "bytestow/testing";
 *
 * embeddingsCacheTests(test, {
 *   name: "my cache",
 *   claims: { shares: true, queries: true },
 *   open: ({ model, store, options }) => new MyCache(model, store, options.model),
 * });
 * ```
 */
declare function embeddingsCacheTests(
  test: TestFunction,
  harness: EmbeddingsCacheHarness,
  options?: TestOptions<CacheRuleId>,
): void;

/** The contract, rule by rule, in its order. */
declare const rules: readonly Rule[];

/** Holds an embeddings cache to the rules. Rejects only if the call itself is wrong (`only` names no rule). */
declare function runEmbeddingsCacheRules(
  harness: EmbeddingsCacheHarness,
  options?: RunOptions<CacheRuleId>,
): Promise<Report<CacheRuleId>>;

/**
 * Holds a store against the contract. Rejects only if the call itself is wrong (`only` names no rule): a broken rule
 * stands in the report, with a message that says how to repeat it.
 */
declare function runRules(harness: Harness, options?: RunOptions): Promise<Report>;

/** Holds a vector store to the rules. Rejects only if the call itself is wrong (`only` names no rule). */
declare function runVectorStoreRules(
  harness: VectorStoreHarness,
  options?: RunOptions<VectorStoreRuleId>,
): Promise<Report<VectorStoreRuleId>>;

/** What every vector store must do, and what it must do that claims more, rule by rule. */
declare const vectorStoreRules: readonly Rule<VectorStoreRuleId, VectorStoreContext>[];

/**
 * Registers each rule on vector stores as a test of the runner whose `test` function is given.
 *
 * ```js
 * import test from "node:test"; // or: import { test } from "vitest"
 * import { vectorStoreTests } from "bytestow/testing";
 *
 * vectorStoreTests(test, {
 *   name: "my vector store",
 *   claims: { getByIds: true, mmr: true },
 *   open: ({ model }) => new MyVectorStore(model),
 * });
 * ```
 */
declare function vectorStoreTests(
  test: TestFunction,
  harness: VectorStoreHarness,
  options?: TestOptions<VectorStoreRuleId>,
): void;
