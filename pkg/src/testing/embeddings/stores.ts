import type { BaseByteStore } from "../../types.js";

/** The kit's own store: a `Map` behind LangChain's four methods. */
export class MapStore implements BaseByteStore {
  readonly #map = new Map<string, Uint8Array>();

  async mget(keys: string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.#map.get(key));
  }

  async mset(pairs: [string, Uint8Array][]): Promise<void> {
    for (const [key, value] of pairs) this.#map.set(key, value);
  }

  async mdelete(keys: string[]): Promise<void> {
    for (const key of keys) this.#map.delete(key);
  }

  async *yieldKeys(prefix = ""): AsyncGenerator<string> {
    for (const key of [...this.#map.keys()]) if (key.startsWith(prefix)) yield key;
  }
}

/** Which side of a store fails. */
export type Operation = "read" | "write";

/** A store that counts its calls, and fails them when it is told to. */
export class WatchedStore implements BaseByteStore {
  reads = 0;
  writes = 0;
  /** How many calls were failed. */
  failed = 0;
  /** Whether the next call fails. */
  fails: (operation: Operation) => boolean = () => false;
  /** Takes the place of what a read gives. */
  answer: ((values: (Uint8Array | undefined)[]) => unknown) | undefined;
  readonly #store: BaseByteStore;

  constructor(store: BaseByteStore) {
    this.#store = store;
  }

  async mget(keys: string[]): Promise<(Uint8Array | undefined)[]> {
    this.reads++;
    this.#mayFail("read");
    const values = await this.#store.mget(keys);
    return this.answer === undefined ? values : (this.answer(values) as (Uint8Array | undefined)[]);
  }

  async mset(pairs: [string, Uint8Array][]): Promise<void> {
    this.writes++;
    this.#mayFail("write");
    await this.#store.mset(pairs);
  }

  async mdelete(keys: string[]): Promise<void> {
    this.writes++;
    await this.#store.mdelete(keys);
  }

  yieldKeys(prefix?: string): AsyncGenerator<string, unknown, undefined> {
    return this.#store.yieldKeys(prefix);
  }

  #mayFail(operation: Operation): void {
    if (!this.fails(operation)) return;
    this.failed++;
    throw new Error(`the kit lets this ${operation} fail`);
  }
}
