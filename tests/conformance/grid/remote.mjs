// Our stores on a server of Upstash's protocol, as the kit opens them, in whatever runtime: nothing here is Node's.

import { IndexedDBByteStore, InMemoryByteStore, TieredByteStore, UpstashRedisByteStore } from "bytestow";

/**
 * Where the servers are, as data, so that it can be told to a page or a Worker.
 *
 * @typedef {object} Server
 * @property {string} url
 * @property {string | null} token null where a proxy adds it
 * @property {"token" | "path" | "number" | "chosen"} databases what chooses the database, which is each backend's own:
 *   `<token>:<backend>`, `<url>/<backend>`, or `<url>/<number>` where there are 1,024 of them; or it has been chosen
 * @property {string} row tells apart those that use one server: the kit's backends may have one name in two of them
 */

/** The numbers that are in use, by the place that has one. Of the module: all rows and rules take from it. */
const numbers = new Map();

function numberOf(place) {
  if (!numbers.has(place)) {
    const taken = new Set(numbers.values());
    let free = 0;
    while (taken.has(free)) free++;
    numbers.set(place, free);
  }
  return numbers.get(place);
}

/** The name of a backend's database: of what may stand in a token and in a path. */
const placeOf = ({ row }, backend) => `${row.replaceAll(/\W+/gu, "-")}-${backend}`;

/** The server as another realm is told of it, for one backend. */
export const chosen = (server, backend) => ({ ...server, ...databaseOf(server, backend), databases: "chosen" });

/** The options that reach the database of `backend`. */
function databaseOf(server, backend) {
  const { url, token, databases } = server;
  if (databases === "chosen") return { url, token };
  const place = placeOf(server, backend);
  if (databases === "token") return { url, token: `${token}:${place}` };
  return { url: `${url}/${databases === "path" ? place : numberOf(place)}`, token };
}

/** Empties the database of `backend`, without the store under test, and lets another backend have it. */
async function flush(server, backend) {
  const { url, token } = databaseOf(server, backend);
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(url, { method: "POST", headers, body: '["FLUSHDB"]' });
  if (!response.ok) throw new Error(`FLUSHDB of ${backend}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
  numbers.delete(placeOf(server, backend));
}

/**
 * The kinds of stores, each as a function that gives the harness of a server. `always` are options that Upstash's store
 * is opened with besides.
 *
 * @type {Record<string, (server: Server, always?: object) => import("bytestow/testing").Harness>}
 */
export const remotes = {
  Upstash: upstash,
  "tiered: memory, Upstash": memoryBeforeUpstash,
  "tiered: IndexedDB, Upstash": indexedDbBeforeUpstash,
};

/** `UpstashRedisByteStore`; `always` are options that it is opened with besides. */
function upstash(server, always = {}) {
  return {
    shares: true,
    open: (backend, { now, ...options } = {}) => upstashOn(server, backend, { ...always, ...options }),
    dispose: (backend) => flush(server, backend),
  };
}

function upstashOn(server, backend, options) {
  return new UpstashRedisByteStore({ ...databaseOf(server, backend), ...options });
}

/**
 * `TieredByteStore` over memory and Upstash. A store in memory is one object's, and one of another namespace is another
 * object: the kit's handles share them by backend and namespace.
 */
function memoryBeforeUpstash(server) {
  const backends = new Map();
  const localOf = (backend, namespace, now) => {
    if (!backends.has(backend)) backends.set(backend, new Map());
    const locals = backends.get(backend);
    if (!locals.has(namespace)) locals.set(namespace, new InMemoryByteStore({ namespace, now }));
    return locals.get(namespace);
  };
  return {
    shares: true,
    open(backend, { now, namespace, ttl, onEvent } = {}) {
      const remote = upstashOn(server, backend, { namespace, ttl });
      return new TieredByteStore({ local: localOf(backend, namespace, now), remote, onEvent });
    },
    physical: (backend) => new BelowBoth(upstashOn(server, backend), backends.get(backend)),
    async dispose(backend) {
      backends.delete(backend);
      await flush(server, backend);
    },
  };
}

/** `TieredByteStore` over IndexedDB and Upstash. */
function indexedDbBeforeUpstash(server) {
  return {
    shares: true,
    open(backend, { namespace, ttl, onEvent } = {}) {
      const remote = upstashOn(server, backend, { namespace, ttl });
      return new TieredByteStore({
        local: new IndexedDBByteStore({ name: placeOf(server, backend), namespace }),
        remote,
        onEvent,
      });
    },
    async dispose(backend) {
      await new IndexedDBByteStore({ name: placeOf(server, backend) }).destroy();
      await flush(server, backend);
    },
  };
}

/** Both tiers of a backend without a namespace, where the local one is a store for each: a write reaches both. */
class BelowBoth {
  #remote;
  #locals;

  constructor(remote, locals) {
    this.#remote = remote;
    this.#locals = locals;
  }

  mget(keys) {
    return this.#remote.mget(keys);
  }

  yieldKeys(prefix) {
    return this.#remote.yieldKeys(prefix);
  }

  async mset(pairs) {
    await this.#remote.mset(pairs);
    await this.#forget(pairs.map(([key]) => key));
  }

  async mdelete(keys) {
    await this.#remote.mdelete(keys);
    await this.#forget(keys);
  }

  async #forget(keys) {
    for (const [namespace, local] of this.#locals) {
      const prefix = namespace === undefined ? "" : `${namespace}/`;
      const own = keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
      await local.mdelete(own);
    }
  }
}
