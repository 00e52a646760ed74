// Defects in TTLs, signals and aborts.

import { ReferenceStore } from "./reference.mjs";

export const time = [
  {
    name: "ttl-ignored",
    about: "claims ttl, and lets nothing expire",
    Store: class extends ReferenceStore {
      expired() {
        return false;
      }
    },
  },
  {
    name: "a-millisecond-late",
    about: "claims exactTtl, and shows an entry in the millisecond of its end",
    Store: class extends ReferenceStore {
      expired({ expires }) {
        return expires !== null && this.options.now() > expires;
      }
    },
  },
  {
    name: "whole-seconds",
    about: "rounds TTLs up to whole seconds",
    Store: class extends ReferenceStore {
      put(key, bytes, ttl) {
        super.put(key, bytes, ttl === null ? null : Math.ceil(ttl));
      }
    },
  },
  {
    name: "no-default-ttl",
    about: "takes the option ttl, and does not use it",
    Store: class extends ReferenceStore {
      ttlOf(options) {
        return super.ttlOf(options?.ttl === undefined ? { ttl: null } : options);
      }
    },
  },
  {
    name: "default-goes-first",
    about: "uses the store's ttl where a call gives one of its own",
    Store: class extends ReferenceStore {
      ttlOf(options) {
        const ttl = super.ttlOf(options);
        return ttl === null ? null : (this.options.ttl ?? ttl);
      }
    },
  },
  {
    name: "null-is-undefined",
    about: "takes ttl: null for no ttl given",
    Store: class extends ReferenceStore {
      ttlOf(options) {
        return super.ttlOf({ ttl: options?.ttl ?? undefined });
      }
    },
  },
  {
    name: "lists-the-expired",
    about: "lists expired keys",
    Store: class extends ReferenceStore {
      listed(prefix) {
        const own = [...this.backing.entries.keys()].filter((key) => key.startsWith(this.prefix));
        return own.map((key) => key.slice(this.prefix.length)).filter((key) => this.matches(key, prefix));
      }
    },
  },
  {
    name: "stat-shows-the-expired",
    about: "tells of expired entries",
    Store: class extends ReferenceStore {
      async stat(keys, options) {
        const stats = await super.stat(keys, options);
        return stats.map((stat, i) => stat ?? this.statOf(this.backing.entries.get(this.prefix + keys[i])));
      }
    },
  },
  {
    name: "first-life-holds",
    about: "keeps the end that an entry was first given when it is set again",
    Store: class extends ReferenceStore {
      put(key, bytes, ttl) {
        const old = this.live(key)?.expires;
        super.put(key, bytes, ttl);
        if (old) this.backing.entries.get(key).expires = old;
      }
    },
  },
  {
    name: "ttl-survives-overwrite",
    about: "keeps the TTL of an entry that is set again without one",
    Store: class extends ReferenceStore {
      put(key, bytes, ttl) {
        const old = this.live(key)?.expires ?? null;
        super.put(key, bytes, ttl);
        this.backing.entries.get(key).expires ??= old;
      }
    },
  },
  {
    name: "ttl-silently-dropped",
    about: "cannot expire, and takes a ttl without a word",
    kind: "plain",
    Store: class extends ReferenceStore {
      ttlOf() {
        return null;
      }
    },
  },
  {
    name: "refuses-null-ttl",
    about: "cannot expire, and refuses to store for ever",
    kind: "plain",
    Store: class extends ReferenceStore {
      ttlOf(options) {
        if (options?.ttl === null) this.checkTtl(1);
        return super.ttlOf(options);
      }
    },
  },
  {
    name: "any-ttl",
    about: "takes anything for a TTL",
    Store: class extends ReferenceStore {
      checkTtl() {}
    },
  },
  {
    name: "ttl-of-text",
    about: "takes a text of digits for a TTL",
    Store: class extends ReferenceStore {
      checkTtl(ttl) {
        super.checkTtl(typeof ttl === "string" ? Number(ttl) : ttl);
      }
    },
  },
  {
    name: "ignores-aborted-signals",
    about: "does not look whether a signal is aborted when it is called",
    Store: class extends ReferenceStore {
      enter(options) {
        this.checkOpen();
        return options?.signal;
      }
    },
  },
  {
    name: "own-abort-error",
    about: "rejects with an error of its own instead of the signal's reason",
    Store: class extends ReferenceStore {
      enter(options) {
        try {
          return super.enter(options);
        } catch (error) {
          if (options?.signal?.aborted && error.code !== "closed") throw new DOMException("aborted", "AbortError");
          throw error;
        }
      }
    },
  },
  {
    name: "listens-to-aborted-signals",
    about: "leaves a listener on a signal that is aborted already",
    Store: class extends ReferenceStore {
      enter(options) {
        if (options?.signal?.aborted) options.signal.addEventListener("abort", () => {}, { once: true });
        return super.enter(options);
      }
    },
  },
  {
    name: "asks-although-aborted",
    about: "makes a request before it looks at the signal",
    Store: class extends ReferenceStore {
      enter(options) {
        if (options?.signal?.aborted) this.request();
        return super.enter(options);
      }
    },
  },
  {
    name: "keeps-listening",
    about: "leaves its listener on the signal when a call is done",
    Store: class extends ReferenceStore {
      unlisten() {}
    },
  },
  {
    name: "cannot-be-stopped",
    about: "does not hear of an abort while it is at work",
    kind: "slow",
    only: ["A", "P"],
    Store: class extends ReferenceStore {
      inTurn(operation, keys, _signal, work) {
        return super.inTurn(operation, keys, undefined, work);
      }
    },
  },
  {
    name: "stops-half-way",
    about: "leaves half of an mset behind when it is aborted, and claims atomic batches",
    kind: "slow",
    only: ["A", "P"],
    Store: class extends ReferenceStore {
      async mset(pairs, options) {
        const half = pairs.length >> 1;
        await super.mset(pairs.slice(0, half), options);
        return super.mset(pairs.slice(half), options);
      }
    },
  },
  {
    name: "writes-after-abort",
    about: "rejects when it is aborted, and writes some time later all the same",
    kind: "slow",
    only: ["A", "P"],
    Store: class extends ReferenceStore {
      async mset(pairs, options) {
        try {
          await super.mset(pairs, options);
        } catch (error) {
          const list = this.checkPairs(pairs);
          if (options?.signal?.aborted) setTimeout(() => this.write(list, null), 25);
          throw error;
        }
      }
    },
  },
  {
    name: "iterates-on",
    about: "does not look at the signal between two keys of a page",
    Store: class extends ReferenceStore {
      async *yieldKeys(prefix, options) {
        this.enter(options);
        yield* super.yieldKeys(prefix);
      }
    },
  },
  {
    name: "one-abort-for-all",
    about: "ends all calls under way when one of them is aborted",
    kind: "slow",
    only: ["A", "P"],
    Store: class extends ReferenceStore {
      #all = new Set();
      inTurn(operation, keys, signal, work) {
        const own = new AbortController();
        this.#all.add(own);
        const abort = () => {
          for (const each of this.#all) each.abort(signal.reason);
        };
        signal?.addEventListener("abort", abort, { once: true });
        return super.inTurn(operation, keys, own.signal, work).finally(() => {
          this.#all.delete(own);
          signal?.removeEventListener("abort", abort);
        });
      }
    },
  },
];
