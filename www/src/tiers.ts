/**
 * Where vectors are kept: in this browser's IndexedDB and, where the page's server offers a way to one, in a Redis behind
 * it. The page holds no token: the server adds it.
 */
import {
  BytestowError,
  type ErrorCode,
  IndexedDBByteStore,
  type StoreEvent,
  type StoreStats,
  TieredByteStore,
  UpstashRedisByteStore,
} from "bytestow";
import type { ByteCache } from "./cache.ts";
import { remoteUrl } from "./settings.ts";

/** What is known of the remote tier; `code` is that of the error it failed with last. */
export type RemoteState = { is: "sought" | "absent" | "answers" | "retried" } | { is: "down"; code: string };

/** What each store has counted since the page was opened. */
export interface Counted {
  browser: StoreStats;
  /** `undefined` where there is none. */
  remote: StoreStats | undefined;
  /** The two as one; `undefined` where there is but one. */
  tiered: StoreStats | undefined;
}

/** What was asked of one tier. */
export interface TierUse {
  /** Keys that it answered. */
  hits: number;
  requests: number;
  /** Bytes of the values read from it. */
  bytesRead: number;
  /** Bytes of the values given to it. */
  bytesWritten: number;
}

/** How many vectors each tier keeps; `undefined` where there is none, or none that answers. */
export interface Kept {
  browser: number | undefined;
  remote: number | undefined;
}

/** Told of requests to the remote tier: how many keys one was about, 0 when it is to be made again. */
export type OnRemote = (keys: number) => void;

const NAMESPACE = "hash-768";
/** The Redis may be shared with others. */
const REMOTE_NAMESPACE = `bytestow-demo/${NAMESPACE}`;
/** Nobody should wait longer to learn how many keys there are, in ms. */
const COUNTING_MS = 5_000;

/** The tiers. */
export class Tiers implements ByteCache {
  /** What the browser's storage failed with while the remote tier went on. */
  trouble: BytestowError | undefined;

  readonly #onRemote: OnRemote;
  readonly #browser = new IndexedDBByteStore({ name: "bytestow-demo", namespace: NAMESPACE, onEvent: report });
  #remote: UpstashRedisByteStore | undefined;
  #tiered: TieredByteStore | undefined;
  #state: RemoteState = { is: "sought" };

  constructor(onRemote: OnRemote) {
    this.#onRemote = onRemote;
  }

  get state(): RemoteState {
    return this.#state;
  }

  get #store(): IndexedDBByteStore | TieredByteStore {
    return this.#tiered ?? this.#browser;
  }

  /** Asks the page's server for a remote tier, and puts it behind the browser's storage if there is one. */
  async connect(): Promise<void> {
    const url = await remoteUrl();
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
      local: this.#browser,
      remote: this.#remote,
      onEvent: (event) => this.#heardOfTiers(event),
    });
  }

  async mget(keys: string[]): Promise<(Uint8Array<ArrayBuffer> | undefined)[]> {
    this.trouble = undefined;
    return this.#watched(() => this.#store.mget(keys));
  }

  /**
   * A write to two tiers is done when the remote one has it. This page would rather keep its vectors in this browser
   * alone than not at all.
   */
  async mset(pairs: [string, Uint8Array][]): Promise<void> {
    try {
      await this.#watched(() => this.#store.mset(pairs));
    } catch (error) {
      if (!isOfRemote(error)) throw error;
      await this.#browser.mset(pairs);
    }
  }

  /** Empties the browser's storage; what the remote tier keeps is not touched. */
  clearBrowser(): Promise<void> {
    return this.#browser.clear();
  }

  /** Empties all tiers. */
  clearBoth(): Promise<void> {
    return this.#watched(() => this.#store.clear());
  }

  /** Counts what each tier keeps, by listing its keys; `trouble` is what the browser's storage failed with. */
  async count(): Promise<Kept & { trouble?: unknown }> {
    const [browser, remote] = await Promise.allSettled([this.#countBrowser(), this.#countRemote()]);
    return {
      browser: browser.status === "fulfilled" ? browser.value : undefined,
      // If the remote tier has failed, its state says so.
      remote: remote.status === "fulfilled" ? remote.value : undefined,
      ...(browser.status === "rejected" && { trouble: browser.reason }),
    };
  }

  counted(): Counted {
    return { browser: this.#browser.stats(), remote: this.#remote?.stats(), tiered: this.#tiered?.stats() };
  }

  /** What was asked of each tier since `before`. */
  since(before: Counted): { browser: TierUse; remote: TierUse | null } {
    const { browser, remote } = this.counted();
    return {
      browser: difference(browser, before.browser),
      remote: remote && before.remote ? difference(remote, before.remote) : null,
    };
  }

  async #countBrowser(): Promise<number> {
    let keys = 0;
    for await (const _ of this.#browser.yieldKeys()) keys += 1;
    return keys;
  }

  #countRemote(): Promise<number | undefined> {
    const remote = this.#remote;
    if (remote === undefined) return Promise.resolve(undefined);
    return this.#watched(async () => {
      let keys = 0;
      for await (const _ of remote.yieldKeys("", { signal: AbortSignal.timeout(COUNTING_MS) })) keys += 1;
      return keys;
    });
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
    if (event.type === "request") this.#onRemote(event.keys);
    if (event.type !== "retry") return;
    this.#state = { is: "retried" };
    this.#onRemote(0);
  }

  #heardOfTiers(event: StoreEvent): void {
    if (event.type === "remote_error") this.#state = { is: "down", code: event.code };
    if (event.type === "local_error") {
      const { code, message } = event;
      this.trouble = new BytestowError(code as ErrorCode, message);
    }
  }
}

/** Whether it is the remote tier that failed: only errors of servers tell how often they were asked, or a status. */
export function isOfRemote(error: unknown): boolean {
  if (error instanceof DOMException) return error.name === "TimeoutError";
  return error instanceof BytestowError && (error.attempts !== undefined || error.status !== undefined);
}

function difference(now: StoreStats, before: StoreStats): TierUse {
  return {
    hits: now.hits - before.hits,
    requests: now.requests - before.requests,
    bytesRead: now.bytesRead - before.bytesRead,
    bytesWritten: now.bytesWritten - before.bytesWritten,
  };
}

function codeOf(error: unknown): string {
  return error instanceof BytestowError ? error.code : "timeout";
}

/** What the browser's store tells of itself beyond the usual; the rest is in its counters. */
function report(event: StoreEvent): void {
  if ("reason" in event) console.warn(`bytestow: ${event.type}: ${event.reason}`);
}
