/**
 * The calls on an index in the search wasm. The wasm asks for nothing by itself: whoever has a call under way pumps: takes out
 * what is done, and what it wants of the store; answers; pumps again. Calls that are made at once share a pump, and with it a
 * pass over the vectors.
 */

import { BytestowError } from "../core/error.js";
import { meant } from "../core/failure.js";
import type { Engine } from "../wasm/bytestow_search.js";
import { untilAborted } from "./abort.js";
import { breath, due } from "./breath.js";
import { guarded, lostWithInstance } from "./instance.js";
import { type Ask, type Port, storeFailure } from "./port.js";
import { search } from "./source.js";

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

/** Runs tasks of the wasm to their ends, over a store. */
export class Pump {
  readonly #port: Port;
  readonly #current: () => Engine | undefined;
  readonly #onOutage: (failure: { code: string; message: string }) => void;
  /** Whether somebody pumps, and whether there is need to again. */
  #turning = false;
  #again = false;
  readonly #tasks = new Map<number, Task>();
  readonly #requests = new Map<number, Request>();

  /**
   * @param current gives the object in wasm, if it is there
   * @param onOutage is told, once an outage, that the store cannot be asked and searches go on with what is known
   */
  constructor(
    port: Port,
    current: () => Engine | undefined,
    onOutage: (failure: { code: string; message: string }) => void,
  ) {
    this.#port = port;
    this.#current = current;
    this.#onOutage = onOutage;
  }

  /** Begins a task, and gives what comes of it. */
  run<T>(engine: Engine, begin: (engine: Engine) => number, signal: AbortSignal | undefined): Promise<T> {
    return search.isIsolated ? this.#alone<T>(engine, begin, signal) : this.#together<T>(engine, begin, signal);
  }

  /** Forgets what the store is still at for an instance that is gone: it is nobody's, and its numbers are given again. */
  forget(): void {
    this.#requests.clear();
  }

  /** Ends all calls: the instance is gone. */
  lose(error: BytestowError): void {
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
        while (this.#again && this.#current() === engine) {
          if (due()) await breath();
          // A fresh instance may have been asked while this took its breath: its need to be pumped stays.
          if (this.#current() !== engine) break;
          this.#again = false;
          this.#takeOut(engine);
          for (const [id, request] of this.#requests) {
            if (request.since === undefined) void this.#serve(engine, id, request).then(() => this.#turn(engine));
          }
        }
      } catch {
        // It was a trap, which has ended all calls.
      } finally {
        this.#turning = false;
        // A fresh instance may have been asked meanwhile.
        const current = this.#current();
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
        if (this.#current() === engine) this.#takeOut(engine);
        if (end !== undefined) break;
        if (this.#current() !== engine) throw lostWithInstance();
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
  #takeOut(engine: Engine): void {
    for (const out of guarded(() => engine.pump()) as unknown[][]) {
      const [kind, id, what] = out as [number, number, unknown];
      if (kind <= 1) this.#settle(id, kind === 0, what);
      else if (kind === 6) {
        // The scan may go on; whether it is time for a breath is looked at before.
        guarded(() => engine.answer(id, true, undefined));
        this.#again = true;
      } else if (kind === 7) this.#onOutage(what as { code: string; message: string });
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
    if (this.#current() !== engine || this.#requests.get(id) !== request) return;
    this.#requests.delete(id);
    try {
      guarded(() => engine.answer(id, ok, value));
    } catch {
      // It was a trap, which has ended all calls.
    }
  }

  #cancel(engine: Engine, id: number): void {
    this.#tasks.delete(id);
    if (this.#current() !== engine) return;
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
