/** A signal that knows who listens to it. */
export interface WatchedSignal {
  /** The real signal of a real controller. */
  readonly signal: AbortSignal;
  /** Aborts it. */
  abort(reason?: unknown): void;
  /** How many listeners are attached at the moment. */
  listening(): number;
}

/** Makes a signal whose listeners are counted, by standing in front of its own two methods. */
export function watchedSignal(): WatchedSignal {
  const controller = new AbortController();
  const { signal } = controller;
  /** Each listener, and whether it goes by itself when it has fired. */
  const listeners = new Map<unknown, boolean>();
  const add = signal.addEventListener.bind(signal) as EventTarget["addEventListener"];
  const remove = signal.removeEventListener.bind(signal) as EventTarget["removeEventListener"];
  const fired = () => {
    for (const [listener, once] of listeners) if (once) listeners.delete(listener);
  };
  add("abort", fired, { once: true });
  Object.defineProperty(signal, "addEventListener", {
    value: (type: string, listener: EventListener | null, options?: boolean | AddEventListenerOptions) => {
      if (listener !== null) {
        const { once = false, signal: until } = typeof options === "object" ? options : {};
        listeners.set(listener, once);
        until?.addEventListener("abort", () => listeners.delete(listener), { once: true });
      }
      add(type, listener, options);
    },
  });
  Object.defineProperty(signal, "removeEventListener", {
    value: (type: string, listener: EventListener | null, options?: boolean | EventListenerOptions) => {
      listeners.delete(listener);
      remove(type, listener, options);
    },
  });
  return {
    signal,
    abort: (reason) => controller.abort(reason),
    listening: () => listeners.size + (typeof signal.onabort === "function" ? 1 : 0),
  };
}

/** A signal that has been aborted with `reason`, its listeners counted. */
export function abortedSignal(reason?: unknown): WatchedSignal {
  const watched = watchedSignal();
  watched.abort(reason);
  return watched;
}
