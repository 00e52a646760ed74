import type { BaseByteStore, Capabilities } from "../types.js";
import { inTime, TestClock } from "./clock.js";
import { check, fail, firstStep, outcome, same } from "./expect.js";
import type { Bounds, Harness, OpenOptions, TestedStore, WholeStore } from "./harness.js";
import { Random } from "./random.js";

/** What a rule has in hand: a fresh backend with a store on it, a clock, and noise from the seed. */
export class RuleContext {
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
  readonly notes: string[] = [];
  readonly #stores: BaseByteStore[] = [];
  readonly #backends: string[];

  private constructor(harness: Harness, backend: string, seed: string, store: TestedStore, clock: TestClock) {
    this.harness = harness;
    this.backend = backend;
    this.random = new Random(seed);
    this.clock = clock;
    this.store = store;
    this.#stores.push(store);
    this.#backends = [backend];
  }

  /** Opens the store of a rule. */
  static async start(harness: Harness, backend: string, seed: string): Promise<RuleContext> {
    const random = new Random(`${seed}/clock`);
    // In the year 2100: nothing of it has expired to handles on the same backend that go by the real time.
    const clock = new TestClock(harness.clock === "injected", 4_102_444_800_000 + random.below(1_000_000_000));
    const store = await harness.open(backend, clock.injected ? { now: clock.now } : {});
    return new RuleContext(harness, backend, seed, store, clock);
  }

  /** Says what could not be checked. */
  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }

  /** Opens a further handle, on the rule's own backend unless told otherwise. */
  async open(options: OpenOptions = {}, backend: string = this.backend): Promise<TestedStore> {
    const store = await this.harness.open(backend, this.#timed(options));
    this.#stores.push(store);
    return store;
  }

  /** Opens a bounded store on a backend of its own, or tells that this kind of store has no bounds. */
  async bounded(bounds: Bounds, options: OpenOptions = {}): Promise<TestedStore | undefined> {
    const store = await this.harness.bounded?.(this.freshBackend(), bounds, this.#timed(options));
    if (store !== undefined) this.#stores.push(store);
    return store;
  }

  /** Another handle on the rule's backend, if the harness has one to give. */
  async other(): Promise<BaseByteStore | undefined> {
    if (this.harness.other === undefined) return this.harness.shares ? this.open() : undefined;
    const store = await this.harness.other(this.backend);
    this.#stores.push(store);
    return store;
  }

  /** The rule's backend without a namespace, if it can be seen. */
  async physical(): Promise<BaseByteStore | undefined> {
    if (this.harness.physical === undefined) return this.harness.shares ? this.open() : undefined;
    const store = await this.harness.physical(this.backend);
    this.#stores.push(store);
    return store;
  }

  /** The name of one more empty backend. */
  freshBackend(): string {
    const backend = `${this.backend}-${this.#backends.length}`;
    this.#backends.push(backend);
    return backend;
  }

  /** The claims of a store, of the one under test unless told otherwise. */
  async claims(store: TestedStore = this.store): Promise<Capabilities> {
    const { capabilities } = store;
    check(typeof capabilities === "function", "the store has no capabilities(), so nothing is known of its claims");
    return capabilities.call(store);
  }

  /** Runs `work` and ends the rule if it made a request of the backend, as far as anyone counts them. */
  async quietly(store: TestedStore, what: string, work: () => unknown): Promise<void> {
    const count = () => [this.harness.requests?.(this.backend), store.stats?.().requests];
    const before = count();
    await work();
    const after = count();
    same(after[0], before[0], `${what}, requests that reached the backend`);
    same(after[1], before[1], `${what}, stats().requests`);
  }

  /** A harmless key. Two calls give two keys. */
  key(label = "key"): string {
    return `${label}-${this.random.word()}`;
  }

  /** `count` keys, no two the same. */
  keys(count: number, label = "key"): string[] {
    return Array.from({ length: count }, (_, i) => `${label}-${i}-${this.random.word(4)}`);
  }

  /** Noise, never twice the same. */
  value(length: number = 16 + this.random.below(48)): Uint8Array<ArrayBuffer> {
    return this.random.bytes(length);
  }

  /** Each key with a value of its own. */
  pairs(keys: readonly string[], length?: number): [string, Uint8Array<ArrayBuffer>][] {
    return keys.map((key) => [key, this.value(length)]);
  }

  /** Removes what the rule has left, whatever state it left it in. Never fails: S1, N3 and N4 are about that. */
  async end(): Promise<void> {
    const finish = async (store: TestedStore) => {
      await outcome(() => store.clear?.({ all: true }));
      await outcome(() => store.close?.());
    };
    const all = async () => {
      for (const store of this.#stores) await finish(store as TestedStore);
      // The handles may have been closed, or show a namespace only.
      if (this.harness.shares) {
        for (const backend of this.#backends) await outcome(async () => finish(await this.harness.open(backend)));
      }
      for (const backend of this.#backends) await outcome(() => this.harness.dispose?.(backend));
    };
    await inTime(5_000, all());
  }

  #timed(options: OpenOptions): OpenOptions {
    return this.clock.injected ? { ...options, now: this.clock.now } : options;
  }
}

/** The store, if it has all methods of the contract. */
export function whole(store: TestedStore): WholeStore {
  return having(store, "setIf", "stat", "clear", "close", "stats", "capabilities") as WholeStore;
}

/** The store, if it has these methods beyond the four. */
export function having<M extends keyof TestedStore>(
  store: TestedStore,
  ...methods: M[]
): TestedStore & Required<Pick<TestedStore, M>> {
  const missing = methods.filter((method) => typeof store[method] !== "function");
  if (missing.length > 0) fail(`the store has no ${missing.map((method) => `${method}()`).join(", no ")}`);
  return store as TestedStore & Required<Pick<TestedStore, M>>;
}

/** A call of each method, to be made with the same options. */
export interface NamedCall {
  name: string;
  run(): Promise<unknown>;
}

/** Calls of all methods that do something, on one key. Good arguments unless `bad`. */
export function everyCall(store: WholeStore, key: string, options: { signal?: AbortSignal }, bad = false): NamedCall[] {
  // What stands here for a wrong argument is wrong for each method: no list, no text.
  const keys = (bad ? 7 : [key]) as string[];
  const pairs = (bad ? 7 : [[key, new Uint8Array([1])]]) as [string, Uint8Array][];
  const prefix = (bad ? 7 : key) as string;
  return [
    { name: "mget", run: () => store.mget(keys, options) },
    { name: "mset", run: () => store.mset(pairs, options) },
    { name: "mdelete", run: () => store.mdelete(keys, options) },
    { name: "yieldKeys", run: () => firstStep(store.yieldKeys(prefix, options)) },
    { name: "stat", run: () => store.stat(keys, options) },
    { name: "setIf", run: () => store.setIf(pairs, "absent", options) },
    { name: "clear", run: () => store.clear(bad ? options : { all: true, ...options }) },
  ];
}
