/**
 * An index in the search wasm, made when first needed and made anew on a fresh instance: what was acknowledged is in the
 * store, from which it opens again.
 *
 * The wasm asks for nothing by itself. Whoever has a call under way pumps: takes out what is done, and what it wants of
 * the store; answers; pumps again. Calls that are made at once share a pump, and with it a pass over the vectors.
 */

import { BytestowError, closed } from "../core/error.js";
import { meant } from "../core/failure.js";
import type { BaseByteStore } from "../types.js";
import { Engine } from "../wasm/bytestow_search.js";
import { stillWanted, untilAborted } from "./abort.js";
import { breath, due } from "./breath.js";
import { Hold } from "./hold.js";
import { boot, currentEpoch, guarded, isAlive, lastTrap, lostWithInstance, onTrap } from "./instance.js";
import { type Ask, Port, storeFailure } from "./port.js";
import { search } from "./source.js";

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

/** A call that has not ended: in Workers it is looked at, elsewhere it is told. */
interface Task {
  settle(ok: boolean, value: unknown): void;
}

/** Something that the wasm wants of the store, and whether somebody is at it. */
interface Request {
  ask: Ask;
  /** Since when, in ms since 1970; nobody is at it if `undefined`. */
  since: number | undefined;
}

/** How long a call in a Worker waits for what another request's call is at, in ms: that request may be over. */
const PATIENCE = { read: 1_000, write: 30_000 };

/** How often it looks, in ms. */
const LOOK = 5;

/** An index, and the calls on it. */
export class SearchEngine {
  /** Holds writes off. */
  readonly hold = new Hold();
  /** When the index was last read as a whole, by its clock. */
  openedAt = Number.NEGATIVE_INFINITY;
  readonly #recipe: Recipe;
  readonly #port: Port;
  #engine: Engine | undefined;
  #epoch = 0;
  #opened = false;
  #closed = false;
  #running = 0;
  #stages = 0;
  /** Whether somebody pumps, and whether there is need to again. */
  #turning = false;
  #again = false;
  #unlisten: (() => void) | undefined;
  readonly #tasks = new Map<number, Task>();
  readonly #requests = new Map<number, Request>();

  constructor(recipe: Recipe) {
    this.#recipe = recipe;
    this.#port = new Port(recipe.store, recipe.prefix);
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
    if (this.#running++ === 0) this.#unlisten = onTrap((error) => this.#lose(error));
    try {
      return await (search.isIsolated
        ? this.#alone<T>(engine, begin, signal)
        : this.#together<T>(engine, begin, signal));
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
      // What the store is still at is nobody's any more, and its numbers are given again.
      this.#requests.clear();
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

  /** Ends all calls: the instance is gone. */
  #lose(error: BytestowError): void {
    const lost = [...this.#tasks.values()];
    this.#tasks.clear();
    this.#requests.clear();
    for (const task of lost) task.settle(false, error);
  }

  /** A call where calls may wait for one another: whoever pumps resolves its promise. */
  #together<T>(engine: Engine, begin: (engine: Engine) => number, signal: AbortSignal | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const id = guarded(() => begin(engine));
      const onAbort = () => {
        this.#cancel(engine, id);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#tasks.set(id, {
        settle: (ok, value) => {
          signal?.removeEventListener("abort", onAbort);
          if (ok) resolve(value as T);
          else reject(value);
        },
      });
      this.#turn(engine);
    });
  }

  /** Has the engine pumped, soon: calls that are made at once join. */
  #turn(engine: Engine): void {
    this.#again = true;
    if (this.#turning) return;
    this.#turning = true;
    queueMicrotask(async () => {
      try {
        while (this.#again && this.current === engine) {
          if (due()) await breath();
          // A fresh instance may have been asked while this took its breath: its need to be pumped stays.
          if (this.current !== engine) break;
          this.#again = false;
          this.#pump(engine);
          for (const [id, request] of this.#requests) {
            if (request.since === undefined) void this.#serve(engine, id, request).then(() => this.#turn(engine));
          }
        }
      } catch {
        // It was a trap, which has ended all calls.
      } finally {
        this.#turning = false;
        // A fresh instance may have been asked meanwhile.
        const current = this.current;
        if (this.#again && current !== undefined && current !== engine) this.#turn(current);
      }
    });
  }

  /**
   * A call in a Worker, where nothing of one request may wait for another's, which may be over at any time: it pumps for
   * itself, and asks the store for whatever the wasm wants and nobody is at, or was at for too long.
   */
  async #alone<T>(engine: Engine, begin: (engine: Engine) => number, signal: AbortSignal | undefined): Promise<T> {
    const id = guarded(() => begin(engine));
    let end: { ok: boolean; value: unknown } | undefined;
    this.#tasks.set(id, {
      settle: (ok, value) => {
        end = { ok, value };
      },
    });
    const flights = new Set<Promise<void>>();
    try {
      for (;;) {
        if (this.current === engine) this.#pump(engine);
        if (end !== undefined) break;
        if (this.current !== engine) throw lostWithInstance();
        for (const [request, wanted] of this.#requests) {
          if (!this.#isMine(engine, request, wanted)) continue;
          const flight = this.#serve(engine, request, wanted).then(() => {
            flights.delete(flight);
          });
          flights.add(flight);
        }
        if (!this.#again) await untilAborted(Promise.race([...flights, later(flights.size > 0 ? 200 : LOOK)]), signal);
        this.#again = false;
      }
    } catch (error) {
      this.#cancel(engine, id);
      throw error;
    }
    const { ok, value } = end as { ok: boolean; value: unknown };
    if (!ok) throw value;
    return value as T;
  }

  /** Whether a call in a Worker has to see to a request of the wasm itself. */
  #isMine(engine: Engine, id: number, { ask, since }: Request): boolean {
    if (since === undefined) return true;
    const waited = Date.now() - since;
    if (ask.kind === "get" || ask.kind === "list") return waited > PATIENCE.read;
    // What was to be written may still be on its way: not again, lest it come after something newer. It counts as unanswered.
    if (waited > PATIENCE.write && this.#requests.delete(id)) {
      const message = "the request that was writing has ended: what it wrote may or may not be there";
      guarded(() => engine.answer(id, false, storeFailure(new BytestowError("unavailable", message))));
      this.#again = true;
    }
    return false;
  }

  /** Takes out of the wasm what is done and what it wants. */
  #pump(engine: Engine): void {
    for (const out of guarded(() => engine.pump()) as unknown[][]) {
      const [kind, id, what] = out as [number, number, unknown];
      if (kind <= 1) this.#settle(id, kind === 0, what);
      else if (kind === 6) {
        // The scan may go on; whether it is time for a breath is looked at before.
        guarded(() => engine.answer(id, true, undefined));
        this.#again = true;
      } else if (kind === 7) this.#recipe.onOutage(what as { code: string; message: string });
      else this.#requests.set(id, { ask: askOf(kind, what), since: undefined });
    }
  }

  #settle(id: number, ok: boolean, value: unknown): void {
    const task = this.#tasks.get(id);
    this.#tasks.delete(id);
    task?.settle(ok, ok ? value : (meant(value) ?? value));
  }

  /** Does what the wasm wants of the store, and tells it. */
  async #serve(engine: Engine, id: number, request: Request): Promise<void> {
    request.since = Date.now();
    let [ok, value]: [boolean, unknown] = [true, undefined];
    try {
      value = await this.#port.perform(request.ask);
    } catch (error) {
      [ok, value] = [false, storeFailure(error)];
    }
    // Somebody else may have been quicker, or the instance is gone, and its numbers with it.
    if (this.current !== engine || this.#requests.get(id) !== request) return;
    this.#requests.delete(id);
    try {
      guarded(() => engine.answer(id, ok, value));
    } catch {
      // It was a trap, which has ended all calls.
    }
  }

  #cancel(engine: Engine, id: number): void {
    this.#tasks.delete(id);
    if (this.current !== engine) return;
    guarded(() => engine.cancel(id));
    // What waited for it may go on.
    if (!search.isIsolated) this.#turn(engine);
  }
}

function askOf(kind: number, what: unknown): Ask {
  if (kind === 2) return { kind: "get", keys: what as string[] };
  if (kind === 3) return { kind: "set", pairs: what as [string, Uint8Array][] };
  if (kind === 4) return { kind: "delete", keys: what as string[] };
  return { kind: "list", prefix: what as string };
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
