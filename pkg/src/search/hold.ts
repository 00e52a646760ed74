/**
 * Holds off writes while somebody reads what must not change meanwhile: those under way end, new ones wait. By the clock and
 * not by a promise: in a Worker who holds may be a request that is over.
 */

import { stillWanted } from "./abort.js";

/** For how long at most, in ms. */
const LONGEST = 1_000;

/** How often a write looks whether it may begin, in ms. */
const LOOK = 5;

/** Whether writes may begin. */
export class Hold {
  #until = 0;

  /** Does `work` while no write begins. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#until = Date.now() + LONGEST;
    try {
      return await work();
    } finally {
      this.#until = 0;
    }
  }

  /** Waits until a write may begin. */
  async over(signal: AbortSignal | undefined): Promise<void> {
    while (Date.now() < this.#until) {
      stillWanted(signal);
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
  }
}
