// The Worker of the grid. Each request does one thing: a rule on a store, or a step of a test across requests.

import {
  IndexedDBByteStore,
  InMemoryByteStore,
  TieredByteStore,
  UpstashRedisByteStore,
  WrappedByteStore,
} from "bytestow";
import { runRules } from "bytestow/testing";
import { MapStore } from "./map_store.mjs";
import { refusals } from "./refusals.mjs";
import { remotes } from "./remote.mjs";
import { upstash } from "./servers.js";
import { harnessOf } from "./stores.mjs";

/** Each instance of wasm, by how it was made: counted from before the first call on. */
const instances = { synchronous: 0, asynchronous: 0 };
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(target, args) {
    instances.synchronous++;
    return Reflect.construct(target, args);
  },
});
WebAssembly.instantiate = new Proxy(WebAssembly.instantiate, {
  apply(target, self, args) {
    instances.asynchronous++;
    return Reflect.apply(target, self, args);
  },
});

/** Answers each call by a timer of the request that it was made in. */
class TimedMapStore extends MapStore {
  #msOfWrites;

  constructor(msOfWrites = 50) {
    super();
    this.#msOfWrites = msOfWrites;
  }

  async mget(keys) {
    await scheduler.wait(50);
    return super.mget(keys);
  }

  async mset(pairs) {
    await scheduler.wait(this.#msOfWrites);
    return super.mset(pairs);
  }

  async mdelete(keys) {
    await scheduler.wait(50);
    return super.mdelete(keys);
  }

  async *yieldKeys(prefix) {
    await scheduler.wait(50);
    yield* super.yieldKeys(prefix);
  }
}

/** What a store must not have in a Worker: a promise that all requests await. */
let flight;

/** Stores of the module: every request of the isolate has the same. */
const stores = {
  memory: new InMemoryByteStore(),
  "wrapped Map": new WrappedByteStore({ store: new MapStore() }),
  "wrapped store that takes time": new WrappedByteStore({ store: new TimedMapStore() }),
  "IndexedDB on fallback: memory": new IndexedDBByteStore({ name: "of the module", fallback: "memory" }),
  ...(upstash && storesOn(upstash)),
};

/** What a write-back goes to, slowly. */
const written = new TimedMapStore(300);
const local = new WrappedByteStore({ store: written });

function storesOn(options) {
  const over = (local, more) => new TieredByteStore({ local, remote: new UpstashRedisByteStore(options), ...more });
  return {
    Upstash: new UpstashRedisByteStore(options),
    "tiered: memory, Upstash": over(new InMemoryByteStore()),
    "tiered: store that takes time, Upstash": over(new TimedMapStore()),
    // As where a Worker has forgotten to hand it to its request.
    "tiered, its write-backs dropped": over(new TimedMapStore(), { waitUntil: () => {} }),
  };
}

const value = new Uint8Array([1, 2, 3]);
const calls = {
  mget: (store) => store.mget(["k"]),
  mset: (store) => store.mset([["k", value]]),
  mdelete: (store) => store.mdelete(["another"]),
  stat: (store) => store.stat(["k"]),
  yieldKeys: (store) => Array.fromAsync(store.yieldKeys()),
  clear: (store) => store.clear({ all: true }),
  capabilities: (store) => store.capabilities(),
  close: (store) => store.close(),
};

const steps = {
  async rule({ store, rule, seed, runtime, kind, server }) {
    const harness = server ? { ...remotes[kind](server), name: store, runtime } : harnessOf(store, runtime);
    const { passed, failed } = await runRules(harness, { seed, only: [rule] });
    return [...passed, ...failed][0];
  },
  /** What has been instantiated so far. */
  instances: () => instances,
  /** Makes a call and counts instances before anything is awaited. */
  async firstCall({ store }) {
    const before = { ...instances };
    const call = calls.mget(stores[store]);
    const after = { ...instances };
    await call;
    return { before, after, inTheEnd: instances };
  },
  /** Makes a call and answers the request at once: nobody awaits the call, and its request is over. */
  leave({ store, call }) {
    calls[call](stores[store]).catch(() => {});
    return "left";
  },
  async settle({ store, call }) {
    const result = await calls[call](stores[store]);
    return { result: result === undefined ? "nothing" : result };
  },
  async setAndGet({ store }) {
    await stores[store].mset([["k", value]]);
    const [got] = await stores[store].mget(["k"]);
    return got && [...got];
  },
  /** Starts the promise that is everyone's, and answers the request at once. */
  leaveFlight() {
    flight = scheduler.wait(50);
    return "left";
  },
  async joinFlight() {
    await flight;
    return "joined";
  },
  /** Reads what is remote alone, and says whether it was local when the read was done. */
  async readThrough({ handed }, context) {
    const waitUntil = handed ? (work) => context.waitUntil(work) : undefined;
    const remote = new UpstashRedisByteStore(upstash);
    await remote.mset([["k", value]]);
    const [got] = await new TieredByteStore({ local, remote, waitUntil }).mget(["k"]);
    return { got: [...got], local: written.has("k") };
  },
  isLocal: () => written.has("k"),
  refusals,
};

export default {
  async fetch(request, _, context) {
    const { step, ...given } = await request.json();
    try {
      return Response.json({ value: (await steps[step](given, context)) ?? null });
    } catch (error) {
      return Response.json({ error: `${error?.name} ${error?.code ?? ""}: ${error?.message}` });
    }
  },
};
