import type { BaseByteStore, StoreEvent } from "../../types.js";
import { inTime, sleep, TestClock } from "../clock.js";
import { collect, fail, outcome } from "../expect.js";
import { Random } from "../random.js";
import type { BelowOptions, CacheClaims, CacheOptions, EmbeddingsCacheHarness, TestedCache } from "./harness.js";
import { KitModel } from "./model.js";
import { MapStore, WatchedStore } from "./stores.js";

/** What a rule on caches has in hand: an empty store, a model, and noise from the seed. */
export class CacheContext {
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
  readonly notes: string[] = [];
  readonly #backends: string[];
  readonly #models: KitModel[];

  private constructor(
    harness: EmbeddingsCacheHarness,
    backend: string,
    seed: string,
    clock: TestClock,
    store: BaseByteStore,
  ) {
    this.harness = harness;
    this.claims = harness.claims;
    this.random = new Random(seed);
    this.clock = clock;
    this.modelName = `model-${this.random.word()}`;
    this.model = new KitModel(this.modelName);
    this.#models = [this.model];
    this.#backends = [backend];
    this.store = store;
  }

  /** Prepares what a rule needs. */
  static async start(harness: EmbeddingsCacheHarness, backend: string, seed: string): Promise<CacheContext> {
    const random = new Random(`${seed}/clock`);
    const clock = new TestClock(harness.clock === "injected", 4_102_444_800_000 + random.below(1_000_000_000));
    return new CacheContext(harness, backend, seed, clock, await below(harness, clock, backend, {}));
  }

  /** Says what could not be checked. */
  note(text: string): void {
    this.notes.push(text);
  }

  /** Whether the cache claims something. Where it does not, the result says that `what` was not checked. */
  claimed(claim: keyof CacheClaims, what: string): boolean {
    if (this.claims[claim] === true) return true;
    this.note(`${claim} is not claimed: ${what} is not checked`);
    return false;
  }

  /** Opens a cache over the rule's model and store, or over others. */
  async open(
    options: Partial<CacheOptions> = {},
    parts: { model?: KitModel; store?: BaseByteStore } = {},
  ): Promise<TestedCache> {
    const { model = this.model, store = this.store } = parts;
    return this.harness.open({ model, store, options: { model: this.modelName, ...options } });
  }

  /** One more model. */
  anotherModel(name = `model-${this.random.word()}`, size?: number): KitModel {
    const model = new KitModel(name, size);
    this.#models.push(model);
    return model;
  }

  /** One more store, empty. */
  async anotherStore(options: BelowOptions = {}): Promise<BaseByteStore> {
    const backend = `${this.#backends[0]}-${this.#backends.length}`;
    this.#backends.push(backend);
    return below(this.harness, this.clock, backend, options);
  }

  /** The rule's store, or another one, so that its calls are counted and can be failed. */
  watched(store: BaseByteStore = this.store): WatchedStore {
    return new WatchedStore(store);
  }

  /** A list for events, and what fills it. */
  events(): { events: StoreEvent[]; onEvent: (event: StoreEvent) => void } {
    const events: StoreEvent[] = [];
    return { events, onEvent: (event) => void events.push(event) };
  }

  /** A text. Two calls give two texts. */
  text(label = "text"): string {
    return `${label} ${this.random.word()}, é 漢字 😀`;
  }

  /** `count` texts, no two the same. */
  texts(count: number, label = "text"): string[] {
    return Array.from({ length: count }, (_, at) => this.text(`${label} ${at}`));
  }

  /** What is in a store, by key. */
  async stored(store: BaseByteStore = this.store): Promise<Map<string, Uint8Array>> {
    const keys = await collect(store.yieldKeys());
    const values = await store.mget(keys);
    const entries = new Map<string, Uint8Array>();
    keys.forEach((key, at) => {
      const value = values[at];
      if (value !== undefined) entries.set(key, value.slice());
    });
    return entries;
  }

  /** Removes what the rule has left, whatever state it left it in. */
  async end(): Promise<void> {
    for (const model of this.#models) model.release();
    const all = async () => {
      for (const backend of this.#backends) await outcome(() => this.harness.dispose?.(backend));
    };
    await inTime(5_000, all());
  }
}

/** An empty store. */
async function below(
  harness: EmbeddingsCacheHarness,
  clock: TestClock,
  backend: string,
  { ttl }: BelowOptions,
): Promise<BaseByteStore> {
  if (harness.store === undefined) return new MapStore();
  return harness.store(backend, { ...(ttl !== undefined && { ttl }), ...(clock.injected && { now: clock.now }) });
}

/** Waits until something is so, as it soon must be. */
export async function until(so: () => boolean | Promise<boolean>, what: string, ms = 10_000): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(2)) if (await so()) return;
  fail(`${what}: not within ${ms} ms`);
}

/** Lets everything happen that is about to: microtasks, tasks, and what goes to a store and back. */
export function settle(): Promise<void> {
  return sleep(20);
}
