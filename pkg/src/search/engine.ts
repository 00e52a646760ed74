/**
 * An index in the search wasm, made when first needed and made anew on a fresh instance: what was acknowledged is in the
 * store, from which it opens again.
 */

import { closed } from "../core/error.js";
import type { BaseByteStore } from "../types.js";
import { Engine } from "../wasm/bytestow_search.js";
import { stillWanted, untilAborted } from "./abort.js";
import { Hold } from "./hold.js";
import { boot, currentEpoch, guarded, isAlive, lastTrap, lostWithInstance, onTrap } from "./instance.js";
import { Port } from "./port.js";
import { Pump } from "./pump.js";

/** What an index is made of. */
export interface Recipe {
  /** Where it is kept. */
  store: BaseByteStore;
  /** What its keys begin with. */
  prefix: string;
  /** The name of the model whose vectors these are. */
  model: string;
  /** As the binding has them: dimensions or 0, kind, most bytes resident, refresh in ms, whether stale if error. */
  settings: readonly number[];
  /** The clock. */
  now: () => number;
  /** Told that an instance was lost. */
  onReset(reason: string): void;
  /** Told, once an outage, that the store cannot be asked and searches go on with what is known. */
  onOutage(failure: { code: string; message: string }): void;
}

/** The rows of an index, and by which numbering: another one where they were numbered anew, and in each instance. */
export interface Rows {
  /** The number of the instance. */
  born: number;
  /** The numbering within it. */
  generation: number;
  /** How many there are, dead ones included. */
  count: number;
}

/** Whether two know the same rows by the same numbers. */
export function sameNumbers(one: Rows | undefined, other: Rows): boolean {
  return one !== undefined && one.born === other.born && one.generation === other.generation;
}

/** An index, and the calls on it. */
export class SearchEngine {
  /** Holds writes off. */
  readonly hold = new Hold();
  /** When the index was last read as a whole, by its clock. */
  openedAt = Number.NEGATIVE_INFINITY;
  readonly #recipe: Recipe;
  readonly #port: Port;
  readonly #pump: Pump;
  #engine: Engine | undefined;
  #epoch = 0;
  #opened = false;
  #closed = false;
  #running = 0;
  #stages = 0;
  #unlisten: (() => void) | undefined;

  constructor(recipe: Recipe) {
    this.#recipe = recipe;
    this.#port = new Port(recipe.store, recipe.prefix);
    this.#pump = new Pump(this.#port, () => this.current, recipe.onOutage);
  }

  /** What was asked of the store. */
  get counts(): Readonly<Port["counts"]> {
    return this.#port.counts;
  }

  /** The object in wasm, if it is there. */
  get current(): Engine | undefined {
    return isAlive(this.#epoch) ? this.#engine : undefined;
  }

  /** Makes sure that the index is open. Gives the number of the instance that it is open in. */
  async open(signal?: AbortSignal): Promise<number> {
    if (this.#closed) throw closed();
    if (!this.#opened || this.current === undefined) {
      await untilAborted(boot(), signal);
      await this.run((engine) => engine.open(), signal);
      if (!this.#opened) this.openedAt = this.#recipe.now();
      this.#opened = true;
    }
    return this.#epoch;
  }

  /** Runs a task on the index that `open` has opened, in the instance number `born` if one is named. */
  async run<T>(begin: (engine: Engine) => number, signal?: AbortSignal, born?: number): Promise<T> {
    stillWanted(signal);
    const engine = this.ready(born);
    // While there are calls, and no longer: who listens is not collected, and a store that nobody closes would stay for good.
    if (this.#running++ === 0) this.#unlisten = onTrap((error) => this.#pump.lose(error));
    try {
      return await this.#pump.run<T>(engine, begin, signal);
    } finally {
      if (--this.#running === 0) this.#unlisten?.();
      this.#freeIfLast();
    }
  }

  /** Runs a task that writes, once writes are not held off. */
  async write<T>(begin: (engine: Engine) => number, signal?: AbortSignal, born?: number): Promise<T> {
    await this.hold.over(signal);
    return this.run<T>(begin, signal, born);
  }

  /** The rows of the index that is open. */
  rows(): Rows {
    const engine = this.ready();
    if (!this.#opened) throw lostWithInstance();
    const [generation = 0, count = 0] = guarded(() => engine.rows());
    return { born: this.#epoch, generation, count };
  }

  /** The object in wasm, made if need be. Only when there is an instance. */
  ready(born?: number): Engine {
    if (this.#closed) throw closed();
    if (born !== undefined && !isAlive(born)) throw lostWithInstance();
    if (this.#engine === undefined || !isAlive(this.#epoch)) {
      if (!isAlive(currentEpoch())) throw lostWithInstance();
      const lost = this.#engine !== undefined;
      const { prefix, model, settings, now, onReset } = this.#recipe;
      const random = crypto.getRandomValues(new Uint8Array(32));
      this.#engine = guarded(() => new Engine(prefix, model, Float64Array.from(settings), now, random));
      this.#epoch = currentEpoch();
      this.#opened = false;
      this.#pump.forget();
      if (lost) onReset(lastTrap() ?? "unknown");
    }
    return this.#engine;
  }

  /** What the index takes in memory, in the binding's order. */
  memory(): Float64Array {
    const engine = this.ready();
    return guarded(() => engine.memory());
  }

  /** Puts something into a stage, in the instance number `born`. */
  stage(born: number, work: (engine: Engine) => void): void {
    const engine = this.ready(born);
    guarded(() => work(engine));
  }

  /** Forgets a stage; that it is gone with its instance is as good. */
  discard(stage: number, born: number): void {
    const engine = this.current;
    if (engine === undefined || !isAlive(born)) return;
    try {
      guarded(() => engine.discard(stage));
    } catch {
      // It was a trap: the stage is gone with the instance.
    }
  }

  /** The number of a stage that nobody has. */
  newStage(): number {
    return this.#stages++;
  }

  /** Refuses further calls, and lets the index go when those under way have ended. */
  close(): void {
    this.#closed = true;
    this.#freeIfLast();
  }

  #freeIfLast(): void {
    const engine = this.current;
    if (!this.#closed || this.#running > 0 || engine === undefined) return;
    this.#engine = undefined;
    try {
      guarded(() => engine.free());
    } catch {
      // The instance is given up, and the object with it.
    }
  }
}
