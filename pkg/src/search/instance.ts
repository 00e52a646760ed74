/**
 * The search wasm's instance: instantiated by the first call, given up when it traps, replaced by the next call.
 *
 * Nothing runs in it of itself: it has no promises, no timers and no callbacks but the clock. What it wants done outside
 * it says when it is asked (`Engine.pump`), so that a trap always comes out of a call that is made here.
 */

import { BytestowError } from "../core/error.js";
import { internalError, meant, refused } from "../core/failure.js";
import type { WasmInput } from "../core/source.js";
import * as wasm from "../wasm/bytestow_search.js";
import { search } from "./source.js";

let epoch = 0;
let ready = false;
let trapReason: string | undefined;
let booting: Promise<void> | undefined;
/** Who is to hear of a trap: the engines with calls under way. */
const listeners = new Set<(error: BytestowError) => void>();

/** Makes sure that there is an instance: at once (`undefined`) or soon. */
export function boot(): Promise<void> | undefined {
  if (ready) return undefined;
  if (trapReason !== undefined) {
    begin();
    return undefined;
  }
  const { source } = search;
  if (source?.module !== undefined && source.shareable) {
    try {
      wasm.initSync({ module: source.module });
    } catch (error) {
      throw refused(error);
    }
    begin();
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

async function instantiate(input: WasmInput | Promise<WasmInput> | undefined): Promise<void> {
  if (input === undefined) {
    const message = "bytestow/slim/vectorstores has no wasm yet: call initSearchWasm(url or bytes) first";
    throw new BytestowError("invalid_argument", message);
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
  epoch++;
  ready = true;
}

/** Counts instances: what was made on an earlier one is gone. */
export function currentEpoch(): number {
  return epoch;
}

/** Whether the instance number `born` is there and sound. */
export function isAlive(born: number): boolean {
  return ready && born === epoch;
}

/** Why the last instance was given up, if one was. */
export function lastTrap(): string | undefined {
  return trapReason;
}

/** The error of a call that belonged to an instance which is gone. */
export function lostWithInstance(): BytestowError {
  return internalError(trapReason);
}

/** Enters wasm. Throws the errors that it means; a trap ends the instance, and whatever was under way in it. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw meant(error) ?? trapped(error);
  }
}

/** Has `listener` told of a trap; gives what ends that. */
export function onTrap(listener: (error: BytestowError) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function trapped(cause: unknown): BytestowError {
  const error = internalError(cause);
  if (ready) {
    ready = false;
    trapReason = String(cause).slice(0, 500);
    // At once, and not by the next call: objects of the old instance are still collected, and must not enter it again.
    wasm.__wbg_reset_state();
    for (const listener of [...listeners]) listener(error);
  }
  return error;
}
