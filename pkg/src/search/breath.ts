/**
 * No task longer than it must be: work in slices looks here, now and then, whether it is time to let the page have its
 * turn. One clock for all of the package's work, since several calls may stand in one task of the event loop.
 */

import { search } from "./source.js";

/** For how long work may go on, in ms. A slice ends after it: some ms more, and still far from 50. */
const SLICE = 8;

/** How long only what the browser puts first (input, frames) may come between, in ms: then all that waits has its turn. */
const FIRST_ONLY = 32;

let began: number | undefined;
/** When all that waited last had its turn. */
let turned = Number.NEGATIVE_INFINITY;

/** Whether the work of this task has gone on for long enough. */
export function due(): boolean {
  // In a Worker there is no page to have its turn, time stands still meanwhile, and no request may count on another's timer.
  if (search.isIsolated) return false;
  const now = performance.now();
  if (began === undefined) {
    began = now;
    turned = now;
    // Not the very end of this task, but soon after; until then there may be a breath too many, and never one too few.
    setTimeout(() => {
      began = undefined;
    }, 0);
  }
  return now - began > SLICE;
}

interface Host {
  scheduler?: { yield?(): Promise<void> };
  setImmediate?: (callback: () => void) => unknown;
}

/**
 * Lets whatever else waits have its turn. What goes on by `scheduler.yield` comes before timers and messages, time and
 * again: every so often it queues up behind them.
 */
export async function breath(): Promise<void> {
  const { scheduler, setImmediate } = globalThis as Host;
  if (scheduler?.yield !== undefined && performance.now() - turned < FIRST_ONLY) await scheduler.yield();
  else {
    if (setImmediate !== undefined) await new Promise<void>((resolve) => setImmediate(resolve));
    else if (typeof MessageChannel === "function") await messaged();
    else await new Promise((resolve) => setTimeout(resolve, 0));
    turned = performance.now();
  }
  if (began !== undefined) began = performance.now();
}

/** A message to oneself: timers within timers wait 4 ms in a page. A port left open would keep a process alive. */
async function messaged(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  await new Promise<void>((resolve) => {
    port1.onmessage = () => resolve();
    port2.postMessage(undefined);
  });
  port1.close();
}
