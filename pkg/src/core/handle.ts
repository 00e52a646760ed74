/** A store's object in wasm, made when first needed and made anew on a fresh instance. */

import { closed } from "./error.js";
import { currentEpoch, enter, guarded, isAlive, lastTrap, whenReady } from "./runtime.js";

/** Keeps the recipe of a wasm object, and the object while its instance lives. */
export class Handle<T extends { free(): void }> {
  readonly #make: () => T;
  readonly #onReset: (reason: string) => void;
  #object: T | undefined;
  #epoch = 0;
  /** Calls that have not ended. */
  #running = 0;
  #released = false;
  #last: ((object: T) => void) | undefined;

  /** `make` runs in wasm; `onReset` hears that an object was lost with its instance. */
  constructor(make: () => T, onReset: (reason: string) => void) {
    this.#make = make;
    this.#onReset = onReset;
  }

  /** The object if it is there. */
  get current(): T | undefined {
    return isAlive(this.#epoch) ? this.#object : undefined;
  }

  /**
   * Runs `work` on the object, in the order of the calls. The first call of all waits for wasm to load; with a signal
   * that is aborted meanwhile, `work` does not run.
   */
  run<R>(work: (object: T) => unknown, signal?: AbortSignal): Promise<R> {
    this.#running++;
    const result = Promise.resolve(whenReady(() => enter<R>(() => work(this.ready()), signal), signal));
    const ended = () => {
      this.#running--;
      this.#freeIfLast();
    };
    result.then(ended, ended);
    return result;
  }

  /**
   * Runs `work` on the object if there is one, or will be when the calls before have begun, and lets it go: `last` hears of
   * it before it is freed, when all calls have ended. In Workers of an older date nothing else would free it.
   */
  async release(work: (object: T) => unknown, last: (object: T) => void): Promise<void> {
    this.#last = last;
    try {
      if (this.#running > 0 && this.current === undefined)
        await Promise.resolve(whenReady(() => undefined)).catch(() => {});
      const object = this.current;
      if (object !== undefined) await enter(() => work(object));
    } finally {
      this.#released = true;
      this.#freeIfLast();
    }
  }

  #freeIfLast(): void {
    const object = this.current;
    if (!this.#released || this.#running > 0 || object === undefined) return;
    this.#object = undefined;
    // Nobody waits for it: where it traps, the next call to wasm is told.
    try {
      this.#last?.(object);
      guarded(() => object.free());
    } catch {
      // The instance is given up, and the object with it.
    }
  }

  /** The object, made if need be. Only when there is an instance. */
  ready(): T {
    if (this.#released) throw closed();
    if (this.#object === undefined || this.#epoch !== currentEpoch()) {
      const lost = this.#object !== undefined;
      this.#object = this.#make();
      this.#epoch = currentEpoch();
      if (lost) this.#onReset(lastTrap() ?? "unknown");
    }
    return this.#object;
  }
}

let objectOf: (store: object) => object | undefined = () => undefined;

/** Told by the stores' class how to look into its stores. */
export function giveWasmObjects(look: (store: object) => object | undefined): void {
  objectOf = look;
}

/** The object in wasm of a store that is one of this copy of the package. Only when there is an instance. */
export function wasmObjectOf<T extends object>(store: object): T | undefined {
  return objectOf(store) as T | undefined;
}
