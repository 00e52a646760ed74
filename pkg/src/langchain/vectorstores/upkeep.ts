/** Upkeep of an index, behind the writes that make it due: small segments become larger ones, what is dead goes. */

import type { Emit } from "../../core/events.js";
import type { SearchEngine } from "../../search/engine.js";
import { search } from "../../search/source.js";

/** Does upkeep when there is some to do, one step at a time. */
export class Upkeep {
  readonly #engine: SearchEngine;
  readonly #emit: Emit | undefined;
  readonly #waitUntil: ((work: Promise<unknown>) => void) | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(engine: SearchEngine, emit: Emit | undefined, waitUntil: ((work: Promise<unknown>) => void) | undefined) {
    this.#engine = engine;
    this.#emit = emit;
    this.#waitUntil = waitUntil;
  }

  /** After a write. In a Worker only where somebody keeps the request alive for it. */
  begin(): void {
    if (this.#stopped) return;
    if (search.isIsolated) {
      // A promise of this request's, which no other one waits for.
      if (this.#waitUntil !== undefined) this.#waitUntil(this.#work());
      return;
    }
    this.#again = true;
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
    });
  }

  /** All that there is to do, now. */
  async compact(signal?: AbortSignal): Promise<void> {
    await this.#engine.open(signal);
    while (await this.#engine.write<boolean>((engine) => engine.maintain(), signal));
  }

  /** Ends it after the step under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #work(): Promise<void> {
    // Not within the call that has made it due.
    await undefined;
    try {
      do {
        this.#again = false;
        let more = true;
        while (more && !this.#stopped) more = await this.#engine.write<boolean>((engine) => engine.maintain());
      } while (this.#again && !this.#stopped);
    } catch (error) {
      // The next write tries again. Nothing is lost: the index is as it was, or as it was to become. Of a trap `reset` tells.
      const { code = "unavailable", message = String(error) } = error as { code?: string; message?: string };
      if (!this.#stopped && code !== "internal") this.#emit?.({ type: "store_error", code, message });
    }
  }
}
