/** Passes events on to `onEvent`, after the fact: the store is at work when it tells of one. */

import type { StoreEvent } from "../types.js";

/** What a store calls with an event. */
export type Emit = (event: StoreEvent) => void;

/** A function that hands events to `onEvent` in a microtask of their own, or nothing where there is no `onEvent`. */
export function emitter(onEvent: Emit | undefined): Emit | undefined {
  return onEvent && ((event) => queueMicrotask(() => tell(onEvent, event)));
}

function tell(onEvent: Emit, event: StoreEvent): void {
  try {
    // A listener may be asynchronous, whatever its type says.
    Promise.resolve(onEvent(event) as unknown).catch(report);
  } catch (error) {
    report(error);
  }
}

/**
 * Makes an exception of a listener known, as an event target would; nobody's promise fails of it. Not by `reportError`
 * where that is a process's end, as in Deno, or its failure, as in Bun; Node has none.
 */
function report(error: unknown): void {
  const host = globalThis as { process?: { versions?: { node?: string } }; reportError?: (error: unknown) => void };
  if (host.process?.versions?.node !== undefined) console.error(error);
  else host.reportError?.(error);
}
