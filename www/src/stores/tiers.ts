/**
 * Where vectors are kept: in memory, in this browser's IndexedDB and, where the page's server offers a way to one, in a
 * Redis behind it. The page holds no token: the server adds it.
 */
import {
  type BaseByteStore,
  type ByteStore,
  BytestowError,
  type ErrorCode,
  IndexedDBByteStore,
  InMemoryByteStore,
  type StoreEvent,
  TieredByteStore,
  UpstashRedisByteStore,
} from "bytestow";
import { codeOf, isOfRemote, type RemoteState } from "./remote.ts";
import type { Counted } from "./use.ts";

/** What the tiers tell of. */
export interface TiersListener {
  /** Another request to the remote tier has ended, or its state has changed. */
  remote(): void;
  /** What this browser keeps was changed by another tab. */
  elsewhere(): void;
  /** Storage has failed, and the page goes on without. */
  trouble(error: BytestowError): void;
}

/** The database of the page. */
export const DATABASE = "bytestow-demo";
const NAMESPACE = "embeddings";
/** The Redis may be shared with others. */
const REMOTE_NAMESPACE = `${DATABASE}/${NAMESPACE}`;
/** A vector's key; other things that are kept beside the vectors are not counted as such. */
const KEY = /^[0-9a-f]{64}$/u;
/** Memory beyond which what was used least recently goes. */
const MEMORY_BYTES = 64_000_000;
/** Nobody should wait longer to learn how many keys there are, in ms. */
const COUNTING_MS = 5_000;

/** The tiers. */
export class Tiers {
  readonly browser: IndexedDBByteStore;
  readonly #listener: TiersListener;
  readonly #memory = new InMemoryByteStore({ maxBytes: MEMORY_BYTES });
  #remote: UpstashRedisByteStore | undefined;
  #tiered: TieredByteStore | undefined;
  #front: TieredByteStore | undefined;
  #state: RemoteState = { is: "sought" };
  /** Whether the remote tier has failed in this run: then it is not waited for again and again. */
  #isSpared = false;
  /** Ends the count of what the remote tier keeps. */
  #counting: AbortController | undefined;

  constructor(listener: TiersListener) {
    this.#listener = listener;
    this.browser = new IndexedDBByteStore({
      name: DATABASE,
      namespace: NAMESPACE,
      fallback: "memory",
      onEvent: (event) => this.#heardOfBrowser(event),
    });
  }

  get state(): RemoteState {
    return this.#state;
  }

  /** The browser's storage with the remote tier behind it, where there is one. */
  get store(): IndexedDBByteStore | TieredByteStore {
    return this.#tiered ?? this.browser;
  }

  /** All tiers, for the embeddings cache: memory first. */
  get front(): TieredByteStore {
    this.#front ??= new TieredByteStore({
      local: this.#memory,
      remote: this.#tiered === undefined ? this.browser : this.#forgiving(this.#tiered),
    });
    return this.#front;
  }

  /** Puts the remote tier that is at `url` behind the browser's storage; without one there is none. */
  connect(url: string | undefined): void {
    if (url === undefined) {
      this.#state = { is: "absent" };
      return;
    }
    this.#remote = new UpstashRedisByteStore({
      url,
      token: null,
      namespace: REMOTE_NAMESPACE,
      // Somebody waits, and can do without.
      retries: 2,
      onEvent: (event) => this.#heardOfRemote(event),
    });
    this.#tiered = new TieredByteStore({
      local: this.browser,
      remote: this.#remote,
      onEvent: (event) => this.#heardOfTiers(event),
    });
  }

  /** A run begins: the remote tier is asked again, however it did before. */
  begin(): void {
    this.#counting?.abort();
    this.#isSpared = false;
  }

  /** Lets go of what memory holds: it was changed behind it. */
  forget(): Promise<void> {
    return this.#memory.clear();
  }

  /** Empties memory and the browser's storage; what the remote tier keeps is not touched. */
  async clearBrowser(): Promise<void> {
    await this.forget();
    await this.#emptied(() => this.browser.clear());
  }

  /** Empties all tiers. */
  async clearAll(): Promise<void> {
    await this.forget();
    await this.#emptied(() => this.#watched(() => this.store.clear()));
  }

  /** Does `clear`; where this browser has no room to write down what is gone, its whole database goes instead. */
  async #emptied(clear: () => Promise<void>): Promise<void> {
    try {
      await clear();
    } catch (error) {
      if (isOfRemote(error) || codeOf(error) !== "quota_exceeded") throw error;
      await new IndexedDBByteStore({ name: DATABASE }).destroy();
    }
  }

  /** Counts what memory and this browser keep, by listing their keys; `trouble` is what the latter failed with. */
  async count(): Promise<{ memory: number | undefined; browser: number | undefined; trouble?: unknown }> {
    const [memory, browser] = await Promise.allSettled([vectorsIn(this.#memory), vectorsIn(this.browser)]);
    return {
      memory: memory.status === "fulfilled" ? memory.value : undefined,
      browser: browser.status === "fulfilled" ? browser.value : undefined,
      ...(browser.status === "rejected" && { trouble: browser.reason }),
    };
  }

  /**
   * Counts what the remote tier keeps: `undefined` if there is none, or it fails, as its state then says. `null` if a run
   * began before this had ended, among whose requests these would be.
   */
  async countRemote(): Promise<number | undefined | null> {
    const counting = new AbortController();
    this.#counting = counting;
    const remote = this.#remote;
    if (remote === undefined) return undefined;
    const late = setTimeout(() => counting.abort(new DOMException("too late", "TimeoutError")), COUNTING_MS);
    try {
      return await this.#watched(() => vectorsIn(remote, counting.signal));
    } catch (error) {
      return isOfRemote(error) || !counting.signal.aborted ? undefined : null;
    } finally {
      clearTimeout(late);
    }
  }

  counted(): Counted {
    return { memory: this.#memory.stats(), browser: this.browser.stats(), remote: this.#remote?.stats() };
  }

  /**
   * A write to two tiers is done when the remote one has it. This page would rather keep its vectors in this browser
   * alone than not at all.
   */
  #forgiving(tiered: TieredByteStore): BaseByteStore {
    const store = () => (this.#isSpared ? this.browser : tiered);
    const watched = async <T>(work: () => Promise<T>): Promise<T> => {
      const before = this.#state;
      try {
        return await this.#watched(work);
      } finally {
        if (this.#state !== before && this.#state.is === "down") this.#isSpared = true;
      }
    };
    return {
      mget: (keys) => watched(() => store().mget(keys)),
      mset: async (pairs) => {
        try {
          await watched(() => store().mset(pairs));
        } catch (error) {
          if (!isOfRemote(error)) throw error;
          await this.browser.mset(pairs);
        }
      },
      mdelete: (keys) => watched(() => store().mdelete(keys)),
      yieldKeys: (prefix) => store().yieldKeys(prefix),
    };
  }

  /** Does `work`, and learns from it whether the remote tier answers. */
  async #watched<T>(work: () => Promise<T>): Promise<T> {
    const requests = this.#remote?.stats().requests;
    const before = this.#state;
    try {
      const result = await work();
      // A read goes on without the remote tier, and then its state has changed.
      const failed = this.#state.is === "down" && this.#state !== before;
      if (!failed && this.#remote?.stats().requests !== requests) this.#state = { is: "answers" };
      return result;
    } catch (error) {
      if (isOfRemote(error)) this.#state = { is: "down", code: codeOf(error) };
      throw error;
    }
  }

  #heardOfRemote(event: StoreEvent): void {
    if (event.type !== "request" && event.type !== "retry") return;
    if (event.type === "retry") this.#state = { is: "retried" };
    this.#listener.remote();
  }

  #heardOfTiers(event: StoreEvent): void {
    if (event.type === "remote_error") this.#state = { is: "down", code: event.code };
    if (event.type === "local_error") {
      this.#listener.trouble(new BytestowError(event.code as ErrorCode, event.message));
    }
  }

  #heardOfBrowser(event: StoreEvent): void {
    if (event.type === "fallback") {
      this.#listener.trouble(new BytestowError("unavailable", `this browser keeps nothing: ${event.reason}`));
    } else if (event.type === "change") {
      if (event.more || event.keys.some((key) => key.startsWith(`${NAMESPACE}/`))) this.#listener.elsewhere();
    } else if ("reason" in event) {
      // The rest of what it tells is in its counters.
      console.warn(`bytestow: ${event.type}: ${event.reason}`);
    }
  }
}

async function vectorsIn(store: ByteStore, signal?: AbortSignal): Promise<number> {
  let keys = 0;
  for await (const key of store.yieldKeys("", { signal })) if (KEY.test(key)) keys += 1;
  return keys;
}
