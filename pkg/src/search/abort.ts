/** Signals: looked at where a call goes on, and listened to where it waits. */

/** Throws the reason of a signal that is aborted. */
export function stillWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

/** `promise`, or the reason of the signal if that comes first. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T>;
export async function untilAborted<T>(
  promise: Promise<T> | undefined,
  signal: AbortSignal | undefined,
): Promise<T | undefined>;
export async function untilAborted<T>(
  promise: Promise<T> | undefined,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  if (promise === undefined || signal === undefined) return promise;
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    // What is not waited for any more may fail unheard: the race has heard it.
    return await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
