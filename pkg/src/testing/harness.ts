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
} from "../types.js";

/**
 * A store as the kit sees it. Only the four methods of LangChain's `BaseStore` are needed to be put under the kit; a
 * rule that needs another one fails, and names it, where the store lacks it.
 */
export interface TestedStore extends BaseByteStore {
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

/** The options with which the kit opens a store. The harness hands them on to the store as they are. */
export interface OpenOptions {
  /** Passed by the rules on namespaces. A malformed one must make `open` throw or reject. */
  namespace?: string;
  /** Passed by the rules on TTLs. On a store that cannot expire, it must make `open` throw or reject. */
  ttl?: number;
  /** The kit's clock, in ms since 1970. Passed if, and only if, the harness says `clock: "injected"`. */
  now?: () => number;
  /** Passed by the rule on events. */
  onEvent?: (event: StoreEvent) => void;
}

/** The bounds of a bounded store. */
export interface Bounds {
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
export interface Harness {
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

type Extras = "setIf" | "stat" | "clear" | "close" | "stats" | "capabilities";

/** A store that has all methods of the contract. */
export type WholeStore = TestedStore & Required<Pick<TestedStore, Extras>>;
