// Harnesses over a class of stores: the kinds of store that there are, told apart by what they claim.

import { Backing, ReferenceStore } from "./reference.mjs";

/**
 * A kind of store.
 *
 * - `shared`: like IndexedDB: many handles on one backend, everything claimed.
 * - `slow`: the same, each request taking a task, so that calls can be caught under way.
 * - `own`: like memory: each handle its own backend, can be bounded.
 * - `plain`: like a wrapped store: nothing claimed, keys limited.
 */
const KINDS = {
  shared: { shares: true, claims: { sharedBackend: false } },
  slow: { shares: true, claims: { sharedBackend: false }, delay: 4 },
  own: { shares: false, claims: { sharedWrites: false, sharedBackend: false, persistent: false } },
  plain: {
    shares: true,
    claims: {
      atomicBatch: false,
      sharedWrites: false,
      ttl: false,
      exactTtl: false,
      conditionalSet: false,
      persistent: false,
      maxKeyBytes: 400,
    },
  },
};

/**
 * A harness for a class that is made as {@link ReferenceStore} is.
 *
 * @param {string} name
 * @param {keyof typeof KINDS} kind
 * @returns {import("bytestow/testing").Harness}
 */
export function harnessOf(name, kind, Store = ReferenceStore, claims = {}) {
  const { shares, delay, claims: claimed } = KINDS[kind];
  const backings = new Map();
  const backingOf = (backend) => {
    if (!shares) return new Backing();
    if (!backings.has(backend)) backings.set(backend, new Backing());
    return backings.get(backend);
  };
  const open = (backend, bounds, options) =>
    new Store({ ...options, ...bounds, backing: backingOf(backend), claims: { ...claimed, ...claims }, delay });
  return {
    name,
    clock: "injected",
    shares,
    open: (backend, options) => open(backend, {}, options),
    ...(kind === "own" ? { bounded: open } : {}),
    ...(shares ? { requests: (backend) => backingOf(backend).requests } : {}),
    dispose: (backend) => void backings.delete(backend),
  };
}
