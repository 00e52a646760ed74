/** The calls of a store, counted: what they work on goes when the last one that was made before `close` has ended. */

import { checkCallOptions, liveSignal } from "../../core/arguments.js";
import { closed } from "../../core/error.js";
import type { CallOptions } from "../../types.js";

/** Calls under way. */
export class Calls {
  readonly #end: () => void;
  #under = 0;
  #closed = false;

  /** `end` is called once no call is under way, and none will be. */
  constructor(end: () => void) {
    this.#end = end;
  }

  /** Makes a call of `options`, unless it is too late: closed first, then the signal. */
  async run<T>(
    options: CallOptions | undefined,
    work: (signal: AbortSignal | undefined) => T | Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw closed();
    checkCallOptions(options);
    const signal = liveSignal(options);
    this.#under++;
    try {
      return await work(signal);
    } finally {
      if (--this.#under === 0 && this.#closed) this.#end();
    }
  }

  /** Lets no further call in. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#under === 0) this.#end();
  }
}
