/**
 * The wasm instance: instantiated by the first call, watched while it works, replaced when it traps.
 *
 * A panic in wasm is a trap, and a trapped instance cannot be trusted. So every entry into wasm goes through here: a
 * trap rejects what is in flight with the code `internal`, and the next call gets a fresh instance of the same module
 * (`__wbg_reset_state`), on which the stores rebuild themselves from their options.
 *
 * Events and promises that the old instance waited for still come, and its objects are still collected; the build has seen
 * to it that wasm-bindgen's callbacks do nothing once the instance was given up.
 *
 * A call that is not done at once is a task: wasm gives its id, and this side keeps the promise. Nothing of it is
 * shared between two calls, so that it holds in Workers too, where one request must not await another's promise.
 */

import * as wasm from "../wasm/bytestow_wasm.js";
import { BytestowError } from "./error.js";
import { internalError, meant, refused } from "./failure.js";
import { stores, type WasmInput } from "./source.js";

interface Task {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

const tasks = new Map<number, Task>();
let epoch = 0;
let ready = false;
let trapReason: string | undefined;
let booting: Promise<void> | undefined;
/** Calls that wait for `booting` and have not gone on yet, though it may have settled. */
let queued = 0;

/**
 * Runs `work` when there is an instance: at once, or in the order of the calls when it is there. A call made in the
 * moment between does not overtake those that waited: all of them hang on one promise. If the signal is aborted
 * meanwhile, `work` does not run.
 */
export function whenReady<T>(work: () => T | Promise<T>, signal?: AbortSignal): T | Promise<T> {
  const waiting = queued > 0 ? (booting ?? boot()) : boot();
  if (waiting === undefined) return work();
  queued++;
  const turn = waiting.then(
    () => {
      queued--;
      if (signal?.aborted) throw signal.reason;
      return work();
    },
    (error: unknown) => {
      queued--;
      throw error;
    },
  );
  return untilAborted(turn, signal);
}

/** `promise`, or the reason of the signal if that comes first. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Makes sure that there is an instance: at once (`undefined`) or soon. */
function boot(): Promise<void> | undefined {
  if (ready) return undefined;
  if (trapReason !== undefined) {
    wasm.__wbg_reset_state();
    begin();
    return undefined;
  }
  const source = stores.source;
  if (source?.module !== undefined && source.shareable) {
    instantiateNow(source.module);
    return undefined;
  }
  if (source?.shareable === false) return instantiate(source.module ?? source.load?.());
  booting ??= instantiate(source?.load?.()).catch((error: unknown) => {
    // Forgotten, so that the next call tries again: the network may be back.
    booting = undefined;
    throw error;
  });
  return booting;
}

/** Counts instances: what was made on an earlier one is gone. */
export function currentEpoch(): number {
  return epoch;
}

/** Whether the instance number `born` is there and sound. */
export function isAlive(born: number): boolean {
  return ready && born === epoch;
}

/** The error of a call that belonged to an instance which is gone. */
export function lostWithInstance(): BytestowError {
  return internalError(trapReason);
}

/** Why the last instance was given up, if one was. */
export function lastTrap(): string | undefined {
  return trapReason;
}

/**
 * Enters wasm. What is ready comes back at once; what is not, as a promise. An abort drops the task, and with it what
 * it had not done yet.
 */
export function enter<T>(work: () => unknown, signal?: AbortSignal): T | Promise<T> {
  const result = guarded(work);
  // A number is the id of a task: no result is one.
  return typeof result === "number" ? pending<T>(result, signal) : (result as T);
}

/** Enters wasm for something that is no task. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw failureOf(error);
  }
}

function pending<T>(id: number, signal: AbortSignal | undefined): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => {
      tasks.delete(id);
      guarded(() => wasm.cancel(id));
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const done = () => signal?.removeEventListener("abort", onAbort);
    tasks.set(id, {
      resolve: (value) => {
        done();
        resolve(value as T);
      },
      reject: (error) => {
        done();
        reject(error);
      },
    });
  });
}

function instantiateNow(module: WebAssembly.Module): void {
  try {
    wasm.initSync({ module });
  } catch (error) {
    throw refused(error);
  }
  begin();
}

async function instantiate(input: WasmInput | Promise<WasmInput> | undefined): Promise<void> {
  if (input === undefined) {
    throw new BytestowError("invalid_argument", "bytestow/slim has no wasm yet: call initWasm(url or bytes) first");
  }
  try {
    const given = await input;
    const source = typeof given === "string" || given instanceof URL ? await fetch(given) : given;
    await wasm.default({ module_or_path: source });
  } catch (error) {
    throw refused(error);
  }
  if (!ready) begin();
}

function begin(): void {
  const born = ++epoch;
  ready = true;
  wasm.start(
    (id: number) =>
      queueMicrotask(() => {
        if (born !== epoch || !ready) return;
        try {
          wasm.poll(id);
        } catch (error) {
          trapped(error);
        }
      }),
    (id: number, ok: boolean, value: unknown) => {
      const task = tasks.get(id);
      tasks.delete(id);
      if (ok) task?.resolve(value);
      else task?.reject(failureOf(value));
    },
    (id: number, waitUntil: (done: Promise<void>) => void) => {
      const done = pending<void>(id, undefined).catch(() => undefined);
      try {
        waitUntil(done);
      } catch {
        // The work goes on all the same; whoever gave the function has been told by it.
      }
    },
    (message: string) => trapped(new Error(message)),
  );
}

/** What wasm threw: the plain object of an error that it means, or a trap. */
function failureOf(thrown: unknown): unknown {
  return meant(thrown) ?? trapped(thrown);
}

/** Gives the instance up: what is in flight is rejected, the next call makes a fresh one. */
function trapped(cause: unknown): BytestowError {
  if (ready) {
    ready = false;
    wasm.__wbg_give_up();
    trapReason = String(cause).slice(0, 500);
    const lost = [...tasks.values()];
    tasks.clear();
    for (const task of lost) task.reject(internalError(cause));
  }
  return internalError(cause);
}
