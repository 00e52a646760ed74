/**
 * What wasm sees of a store that we did not write. Nothing that comes from one is trusted: answers are checked for
 * their shape, bytes are copied (the store may keep the array that it hands out), keys that are not of the prefix or
 * come twice are left out. Whatever a foreign object does while it is looked at ends as a rejection here; thrown through
 * wasm it would count as a trap, and cost other stores their data.
 */

import type { BaseByteStore } from "../types.js";
import { copyOf, isWellFormed } from "./arguments.js";
import { BytestowError, invalid, kindOf } from "./error.js";

/** The shape that `src/web/js_store.rs` asks for. */
export interface ForeignStore {
  mget(keys: string[]): Promise<(Uint8Array<ArrayBuffer> | undefined)[]>;
  mset(pairs: [string, Uint8Array][]): Promise<void>;
  mdelete(keys: string[]): Promise<void>;
  list(prefix: string): ForeignListing;
}

/** A listing under way. */
export interface ForeignListing {
  /** At most `limit` further keys, and whether there may be more. */
  next(limit: number): Promise<[keys: string[], more: boolean]>;
  /** Leaves it early. */
  end(): void;
}

/** Registered: the entries of the package are bundles of their own, and know each other's stores. */
const GIVES = Symbol.for("bytestow.gives");

/** Says of the stores of a class that the bytes they answer with are the caller's: nobody changes them, or takes them away. */
export function tellGiven(prototype: object): void {
  Object.defineProperty(prototype, GIVES, { value: true });
}

/** Whether the bytes that `store` answers with are the caller's. Who has them of another store copies them at once. */
export function gives(store: BaseByteStore): boolean {
  return (store as { [GIVES]?: boolean })[GIVES] === true;
}

/** An object with the four methods. `name` is the option's, for the error. */
export function baseStore(value: unknown, name: string): BaseByteStore {
  if (typeof value !== "object" || value === null) throw invalid(`${name} must be a store, not ${kindOf(value)}`);
  for (const method of ["mget", "mset", "mdelete", "yieldKeys"]) {
    if (typeof (value as Record<string, unknown>)[method] !== "function") {
      throw invalid(`${name} must be a store: it has no method ${method}`);
    }
  }
  return value as BaseByteStore;
}

/** `store` as wasm sees it. */
export function foreign(store: BaseByteStore): ForeignStore {
  return {
    async mget(keys) {
      // The array of keys is the store's from now on, to change too.
      const count = keys.length;
      const answer: unknown = await store.mget(keys);
      if (!Array.isArray(answer) || answer.length !== count) {
        throw corrupt("mget did not answer with an array of as many values as there were keys");
      }
      return Array.from(answer, (value: unknown) => (value === undefined || value === null ? undefined : bytes(value)));
    },
    async mset(pairs) {
      await store.mset(pairs);
    },
    async mdelete(keys) {
      await store.mdelete(keys);
    },
    list: (prefix) => listing(store, prefix),
  };
}

function listing(store: BaseByteStore, prefix: string): ForeignListing {
  let iterator: AsyncIterator<unknown> | undefined;
  let done = false;
  // Stores that repeat a key (a Redis SCAN may) must not make us repeat it.
  const seen = new Set<string>();
  return {
    async next(limit) {
      iterator ??= iterate(store.yieldKeys(prefix));
      const keys: string[] = [];
      while (keys.length < limit) {
        // An iteration that fails is over.
        done = true;
        const step: unknown = await iterator.next();
        if (typeof step !== "object" || step === null) throw corrupt("a step of yieldKeys is no object");
        done = Boolean((step as IteratorResult<unknown>).done);
        if (done) break;
        const key: unknown = (step as IteratorResult<unknown>).value;
        if (typeof key !== "string") throw corrupt("yieldKeys gave a key that is not a string");
        if (!isWellFormed(key)) throw corrupt("yieldKeys gave a key with a lone surrogate");
        if (key.startsWith(prefix) && !seen.has(key)) {
          seen.add(key);
          keys.push(key);
        }
      }
      return [keys, !done];
    },
    end() {
      if (done) return;
      done = true;
      // Nobody waits for it, so that nobody but us can take its failure.
      (async () => iterator?.return?.())().catch(() => undefined);
    },
  };
}

function iterate(keys: unknown): AsyncIterator<unknown> {
  const begin = (keys as Partial<AsyncIterable<unknown>> | undefined | null)?.[Symbol.asyncIterator];
  const iterator: unknown = typeof begin === "function" ? begin.call(keys as AsyncIterable<unknown>) : undefined;
  if (typeof (iterator as Partial<AsyncIterator<unknown>> | undefined | null)?.next !== "function") {
    throw corrupt("yieldKeys did not give an async iterator");
  }
  return iterator as AsyncIterator<unknown>;
}

function bytes(value: unknown): Uint8Array<ArrayBuffer> {
  try {
    return copyOf(value, "a value");
  } catch (error) {
    throw corrupt(`mget gave something else than bytes: ${(error as Error).message}`);
  }
}

function corrupt(message: string): BytestowError {
  return new BytestowError("corrupt", `the wrapped store broke the contract: ${message}`);
}
