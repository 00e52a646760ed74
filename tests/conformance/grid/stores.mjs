// Our stores as the kit opens them, in whatever runtime: nothing here is Node's.

import { IndexedDBByteStore, InMemoryByteStore, WrappedByteStore } from "bytestow";
import { Backing, ReferenceStore } from "../broken/reference.mjs";
import { MapStore } from "./map_store.mjs";

/** Room for whatever the rules write: such a bound must change nothing. */
const GENEROUS = { maxBytes: 2 ** 28, maxEntries: 1_000_000 };

/** @type {Record<string, import("bytestow/testing").Harness>} */
export const harnesses = {
  memory: memory(),
  "memory, bounded": memory(GENEROUS),
  "wrapped Map": wrapped(() => new MapStore()),
  "wrapped reference store": wrapped(() => new ReferenceStore({ backing: new Backing() })),
  "wrapped memory": wrapped(() => new InMemoryByteStore()),
  IndexedDB: indexedDb(),
  "IndexedDB, bounded": indexedDb({ maxBytes: 2 ** 28 }),
  "IndexedDB on fallback: memory": indexedDb({ fallback: "memory" }),
};

/** The harness of a store, named as such. */
export function harnessOf(store, runtime) {
  const harness = harnesses[store];
  if (harness === undefined) throw new TypeError(`no store is called ${store}`);
  return { ...harness, name: store, runtime };
}

function memory(always = {}) {
  return {
    clock: "injected",
    open: (_, options) => new InMemoryByteStore({ ...always, ...options }),
    bounded: (_, bounds, options) => new InMemoryByteStore({ ...options, ...bounds }),
  };
}

/** Each backend is a store made by `make`. What is seen below and counted is this store's side of the matter. */
function wrapped(make) {
  const backends = new Map();
  const below = (backend) => {
    if (!backends.has(backend)) backends.set(backend, new FourMethods(make()));
    return backends.get(backend);
  };
  return {
    shares: true,
    open: (backend, options) => new WrappedByteStore({ ...options, store: below(backend) }),
    physical: below,
    requests: (backend) => below(backend).calls,
    dispose: (backend) => void backends.delete(backend),
  };
}

function indexedDb(always = {}) {
  const open = (name, options) => new IndexedDBByteStore({ name, ...always, ...options });
  return { shares: true, clock: "injected", open, dispose: (name) => open(name).destroy() };
}

/** Shows no more of a store than LangChain's four methods, and counts their calls. */
class FourMethods {
  calls = 0;
  #store;

  constructor(store) {
    this.#store = store;
  }

  mget(keys) {
    this.calls++;
    return this.#store.mget(keys);
  }

  mset(pairs) {
    this.calls++;
    return this.#store.mset(pairs);
  }

  mdelete(keys) {
    this.calls++;
    return this.#store.mdelete(keys);
  }

  yieldKeys(prefix) {
    this.calls++;
    return this.#store.yieldKeys(prefix);
  }
}
