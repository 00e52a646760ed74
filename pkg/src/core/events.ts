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
    onEvent(event);
  } catch (error) {
    // As an event listener's exception: reported, and nobody's promise fails. Node would end the process.
    (globalThis as { reportError?: (error: unknown) => void }).reportError?.(error);
  }
}
