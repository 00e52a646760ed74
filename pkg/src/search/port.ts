/**
 * What the search wasm asks of the user's store. What an index consists of never changes under its key, so tiers may serve
 * it from near. Which of it counts does change, by others too: that is asked of the store that has the truth, and so is which
 * keys there are. Nothing that comes from one is trusted: answers are checked for their shape; bytes are copied, since wasm
 * reads them block by block and the store may use its array again; keys that are not of the prefix or come twice are left
 * out.
 */

import { isWellFormed } from "../core/arguments.js";
import { BytestowError } from "../core/error.js";
import { gives } from "../core/foreign.js";
import { truthOf } from "../core/truth.js";
import type { BaseByteStore } from "../types.js";

/** What the wasm wants done, as `pump` gives it. */
export type Ask =
  | { kind: "get"; keys: string[] }
  | { kind: "set"; pairs: [string, Uint8Array][] }
  | { kind: "delete"; keys: string[] }
  | { kind: "list"; prefix: string };

/** What a store was asked for, counted. */
export interface PortCounts {
  /** Calls of the store. */
  requests: number;
  /** Bytes of values that came. */
  bytesRead: number;
  /** Bytes of values that went. */
  bytesWritten: number;
}

/** A store, as the search wasm sees it. */
export class Port {
  readonly counts: PortCounts = { requests: 0, bytesRead: 0, bytesWritten: 0 };
  readonly #store: BaseByteStore;
  readonly #truth: BaseByteStore;
  /** The key of the directory. Those of manifests begin with it, and no others do. */
  readonly #head: string;

  constructor(store: BaseByteStore, prefix: string) {
    this.#store = store;
    this.#truth = truthOf(store);
    this.#head = `${prefix}/m`;
  }

  /** Does what is asked; gives the answer. Never throws: what goes wrong is a rejection. */
  async perform(ask: Ask): Promise<unknown> {
    this.counts.requests++;
    switch (ask.kind) {
      case "get":
        return this.#get(ask.keys);
      case "set":
        await this.#store.mset(ask.pairs);
        for (const [, value] of ask.pairs) this.counts.bytesWritten += value.length;
        return undefined;
      case "delete":
        await this.#store.mdelete(ask.keys);
        return undefined;
      case "list":
        return this.#list(ask.prefix);
    }
  }

  async #get(keys: string[]): Promise<(Uint8Array | undefined)[]> {
    // The array of keys is the store's from now on, to change too.
    const count = keys.length;
    const isHead = keys.every((key) => key === this.#head || key.startsWith(`${this.#head}/`));
    const store = isHead ? this.#truth : this.#store;
    const answer: unknown = await store.mget(keys);
    if (!Array.isArray(answer) || answer.length !== count) {
      throw corrupt("mget did not answer with an array of as many values as there were keys");
    }
    return Array.from(answer, (value: unknown) => {
      if (value === undefined || value === null) return undefined;
      if (!isBytes(value)) throw corrupt("mget gave something else than bytes");
      this.counts.bytesRead += value.length;
      return gives(store) ? value : new Uint8Array(value);
    });
  }

  async #list(prefix: string): Promise<string[]> {
    // Stores that repeat a key (a Redis SCAN may) must not make us repeat it.
    const keys = new Set<string>();
    for await (const key of this.#truth.yieldKeys(prefix) as AsyncIterable<unknown>) {
      if (typeof key !== "string") throw corrupt("yieldKeys gave a key that is not a string");
      if (key.startsWith(prefix) && isWellFormed(key)) keys.add(key);
    }
    return [...keys];
  }
}

/** By its tag, not by `instanceof`: arrays of other realms (iframes, jsdom) are arrays too. */
function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && (value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === "Uint8Array";
}

/** What a store failed with, as it goes into wasm and comes out again with the call that it fails. */
export function storeFailure(error: unknown): object {
  const { name, code, message, ...known } = fieldsOf(error);
  if (name === "BytestowError" && typeof code === "string") return { ...known, code, message, cause: error };
  return { code: "unavailable", message: `the store failed: ${message}`, retryable: false, cause: error };
}

function fieldsOf(error: unknown): Record<string, unknown> & { message: string } {
  const fields = typeof error === "object" && error !== null ? (error as Record<string, unknown>) : {};
  const { name, code, retryable, status, redisError, limit, actual, attempts, elapsed } = fields;
  const message = typeof fields.message === "string" ? fields.message : String(error);
  return { name, code, message, retryable: retryable === true, status, redisError, limit, actual, attempts, elapsed };
}

function corrupt(message: string): BytestowError {
  return new BytestowError("corrupt", `the store broke the contract: ${message}`);
}
