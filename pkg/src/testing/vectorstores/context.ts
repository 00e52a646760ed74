import type { BaseByteStore } from "../../types.js";
import { inTime } from "../clock.js";
import { KitModel } from "../embeddings/model.js";
import { MapStore } from "../embeddings/stores.js";
import { fail, outcome } from "../expect.js";
import { Random } from "../random.js";
import type {
  TestedDocument,
  TestedVectorStore,
  VectorStoreClaims,
  VectorStoreHarness,
  VectorStoreOptions,
} from "./harness.js";

/** What a rule on vector stores has in hand: an empty byte store, a model, and noise from the seed. */
export class VectorStoreContext {
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
  readonly notes: string[] = [];
  readonly #backends: string[];
  readonly #opened: TestedVectorStore[] = [];
  readonly #placed = new Map<string, readonly number[]>();

  private constructor(harness: VectorStoreHarness, backend: string, seed: string, store: BaseByteStore) {
    this.harness = harness;
    this.claims = harness.claims;
    this.random = new Random(seed);
    this.modelName = `model-${this.random.word()}`;
    this.model = new KitModel(this.modelName, 6);
    this.model.numbers = (text) => [...(this.#placed.get(text) ?? this.noise(6, text))];
    this.#backends = [backend];
    this.store = store;
  }

  /** Prepares what a rule needs. */
  static async start(harness: VectorStoreHarness, backend: string, seed: string): Promise<VectorStoreContext> {
    return new VectorStoreContext(harness, backend, seed, await below(harness, backend));
  }

  /** Says what could not be checked. */
  note(text: string): void {
    this.notes.push(text);
  }

  /** Whether the store claims something. Where it does not, the result says that `what` was not checked. */
  claimed(claim: keyof VectorStoreClaims, what: string): boolean {
    if (this.claims[claim] === true) return true;
    this.note(`${claim} is not claimed: ${what} is not checked`);
    return false;
  }

  /** Opens a vector store over the rule's byte store, or over another one. */
  async open(options: Partial<VectorStoreOptions> = {}, store: BaseByteStore = this.store): Promise<TestedVectorStore> {
    const fresh = this.claims.shared === true ? { refresh: 0 } : {};
    const all = { model: this.modelName, ...fresh, ...options };
    const opened = await this.harness.open({ model: this.model, store, options: all });
    this.#opened.push(opened);
    return opened;
  }

  /** The vector store, opened anew over the same place. */
  async reopened(options: Partial<VectorStoreOptions> = {}): Promise<TestedVectorStore> {
    return this.open(options, await this.sameStore());
  }

  /** Another handle on the rule's byte store. */
  async sameStore(): Promise<BaseByteStore> {
    return this.harness.store === undefined ? this.store : this.harness.store(this.#backends[0] as string);
  }

  /** One more byte store, empty. */
  async anotherStore(): Promise<BaseByteStore> {
    const backend = `${this.#backends[0]}-${this.#backends.length}`;
    this.#backends.push(backend);
    return below(this.harness, backend);
  }

  /** Says what vector a text has. */
  place(text: string, vector: readonly number[]): void {
    this.#placed.set(text, vector);
  }

  /** A random vector; of a text always the same. */
  noise(dimensions = 6, text = this.random.word(16)): number[] {
    const random = new Random(`${this.modelName}/${text}`);
    return Array.from({ length: dimensions }, () => Math.fround((random.next() - 2 ** 31) / 2 ** 31));
  }

  /** A document of a text, with a metadata of its own. */
  document(pageContent: string, metadata: TestedDocument["metadata"] = {}, id?: string): TestedDocument {
    return { pageContent, metadata, ...(id !== undefined && { id }) };
  }

  /** `count` documents of texts that do not repeat, with their number `n` and ids. */
  documents(count: number, label = "text"): (TestedDocument & { id: string })[] {
    return Array.from({ length: count }, (_, n) => ({
      pageContent: `${label} ${n} ${this.random.word()}, é 漢字 😀`,
      metadata: { n, label },
      id: `${label}-${n}`,
    }));
  }

  /** Removes what the rule has left, whatever state it left it in. */
  async end(): Promise<void> {
    this.model.release();
    const all = async () => {
      for (const store of this.#opened) await outcome(() => store.close?.());
      for (const backend of this.#backends) await outcome(() => this.harness.dispose?.(backend));
    };
    await inTime(5_000, all());
  }
}

/** An empty byte store. */
async function below(harness: VectorStoreHarness, backend: string): Promise<BaseByteStore> {
  return harness.store === undefined ? new MapStore() : harness.store(backend);
}

/** A method that is claimed; ends the rule if it is not there. */
export function method<T extends object, M extends keyof T>(store: T, name: M): NonNullable<T[M]> {
  const found = store[name];
  if (typeof found !== "function") fail(`the store has no ${String(name)}()`);
  return found.bind(store) as NonNullable<T[M]>;
}
