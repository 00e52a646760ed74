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
  type Bounds,
  byteStoreTests,
  type Harness,
  type OpenOptions,
  type Report,
  type Rule,
  type RuleContext,
  type RuleId,
  type RuleResult,
  type RunOptions,
  rules,
  runRules,
  type TestedStore,
  type TestFunction,
  type TestOptions,
};

/** The bounds of a bounded store. */
interface Bounds {
  /** The most bytes of values that the store may hold. */
  maxBytes?: number;
  /** The most entries that the store may hold. */
  maxEntries?: number;
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
interface Report {
  /** Give this to {@link runRules} again to get the same keys and values. */
  readonly seed: string;
  /** The harness's name for the store. */
  readonly store: string;
  /** The harness's name for the runtime, else the user agent. */
  readonly runtime: string;
  /** The rules that the store keeps. */
  readonly passed: readonly RuleResult[];
  /** The rules that it breaks. */
  readonly failed: readonly RuleResult[];
}

/** A rule of the contract, ready to run. */
interface Rule {
  /** Its id, which never changes its meaning: `"R4-empty-value"`. */
  readonly id: RuleId;
  /** What it says. */
  readonly title: string;
  /** Checks it, and throws if the store breaks it. */
  run(context: RuleContext): Promise<void>;
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
interface RuleResult {
  /** Which rule: `"R4-empty-value"`. */
  readonly id: RuleId;
  /** What the rule says. */
  readonly title: string;
  /** Whether the store keeps it. */
  readonly ok: boolean;
  /** Where the rule is broken: `seed=... rule=... store=... runtime=...: what happened`. Empty where it holds. */
  readonly message: string;
  /** What could not be checked in this runtime or on this store, and why. Part of the result: show it. */
  readonly notes: readonly string[];
  /** How long it took, in ms. */
  readonly ms: number;
}

/** Options of a run. */
interface RunOptions {
  /** Where all keys and values come from; made from the time if left out. */
  seed?: string | number;
  /** The rules to run, by id or by the part before the first hyphen (`"R4"`); all if left out. */
  only?: readonly string[];
  /** Told of each result as it comes. */
  onResult?: (result: RuleResult) => void;
  /** The most that a rule may take, in ms; 60,000 unless said. A rule that takes longer is broken. */
  timeout?: number;
}

/** The clock of one rule: turned by hand where the store takes it, the real one otherwise. */
declare class TestClock {
  #private;
  /** Whether the clock is turned by hand. */
  readonly injected: boolean;
  constructor(injected: boolean, start: number);
  /** The time in ms since 1970. To be handed to stores, hence no method. */
  readonly now: () => number;
  /** Goes on by `ms`: at once where the clock is turned by hand, by waiting where it is not. */
  advance(ms: number): Promise<void>;
}

/** The `test` function of a runner, as far as the kit needs it: of node:test, Vitest, Jest, Bun or Deno. */
type TestFunction = (name: string, body: () => Promise<void>) => unknown;

/** Options of {@link byteStoreTests}. */
interface TestOptions {
  /** Where all keys and values come from; made from the time if left out. A failing test names it. */
  seed?: string | number;
  /** The most that a rule may take, in ms; 60,000 unless said. The runner's own limit may be shorter. */
  timeout?: number;
  /** Told of each result. Without it, notes (what could not be checked) go to the console. */
  onResult?: (result: RuleResult) => void;
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

/** The contract, rule by rule, in its order. */
declare const rules: readonly Rule[];

/**
 * Holds a store against the contract. Rejects only if the call itself is wrong (`only` names no rule): a broken rule
 * stands in the report, with a message that says how to repeat it.
 */
declare function runRules(harness: Harness, options?: RunOptions): Promise<Report>;
