// Defects in writing and deleting, and in the order of calls.

import { invalid, ReferenceStore } from "./reference.mjs";

const turn = () => new Promise((go) => setTimeout(go, 0));

export const changes = [
  {
    name: "first-write-stays",
    about: "does not overwrite",
    Store: class extends ReferenceStore {
      put(key, bytes, ttl) {
        if (this.live(key) === undefined) super.put(key, bytes, ttl);
      }
    },
  },
  {
    name: "keeps-the-tail",
    about: "writes a shorter value over the head of the longer one that was there",
    Store: class extends ReferenceStore {
      put(key, bytes, ttl) {
        const old = this.live(key)?.bytes;
        if (old === undefined || old.length <= bytes.length) return super.put(key, bytes, ttl);
        const mixed = old.slice();
        mixed.set(bytes);
        super.put(key, mixed, ttl);
      }
    },
  },
  {
    name: "first-of-duplicates-wins",
    about: "of duplicates in one mset the first wins",
    Store: class extends ReferenceStore {
      write(pairs, ttl) {
        super.write([...pairs].reverse(), ttl);
      }
    },
  },
  {
    name: "duplicates-refused",
    about: "refuses a key that stands twice in an mset",
    Store: class extends ReferenceStore {
      write(pairs, ttl) {
        if (new Set(pairs.map(([key]) => key)).size < pairs.length) throw invalid("a key stands twice");
        super.write(pairs, ttl);
      }
    },
  },
  {
    name: "write-behind",
    about: "holds what it is to write back until there is more",
    Store: class extends ReferenceStore {
      #held = [];
      write(pairs, ttl) {
        for (const [earlier, life] of this.#held.splice(0)) super.write(earlier, life);
        this.#held.push([pairs, ttl]);
      }
    },
  },
  {
    name: "lists-the-deleted",
    about: "makes its list of keys anew when something is written, not when something is deleted",
    Store: class extends ReferenceStore {
      #keys;
      put(key, bytes, ttl) {
        this.#keys = undefined;
        super.put(key, bytes, ttl);
      }
      listed(prefix) {
        this.#keys ??= super.listed("");
        return this.#keys.filter((key) => this.matches(key, prefix));
      }
    },
  },
  {
    name: "remembers-reads",
    about: "keeps what it has read, and does not notice what other handles write",
    Store: class extends ReferenceStore {
      #seen = new Map();
      live(key) {
        if (!this.#seen.has(key)) this.#seen.set(key, super.live(key));
        const entry = this.#seen.get(key);
        return entry && !this.expired(entry) ? entry : undefined;
      }
      put(key, bytes, ttl) {
        this.#seen.delete(key);
        super.put(key, bytes, ttl);
      }
      remove(keys) {
        for (const key of keys) this.#seen.delete(this.prefix + key);
        super.remove(keys);
      }
      async clear(options) {
        await super.clear(options);
        this.#seen.clear();
      }
    },
  },
  {
    name: "claims-to-be-alone",
    about: "claims that no other handle sees its writes, where they all do",
    claims: { sharedWrites: false, persistent: false },
    Store: ReferenceStore,
  },
  {
    name: "claims-to-be-shared",
    about: "claims that other handles see its writes, where there are none",
    kind: "own",
    claims: { sharedWrites: true },
    Store: ReferenceStore,
  },
  {
    name: "claims-to-persist",
    about: "claims to persist, where each handle begins empty",
    kind: "own",
    claims: { persistent: true },
    Store: ReferenceStore,
  },
  {
    name: "writes-as-it-checks",
    about: "has written the pairs before the one that it refuses",
    Store: class extends ReferenceStore {
      checkPairs(pairs) {
        if (!Array.isArray(pairs)) return super.checkPairs(pairs);
        return Array.from(pairs, (_, i) => {
          const checked = pairs.slice(0, i + 1);
          const good = super.checkPairs(checked).at(-1);
          this.put(this.prefix + good[0], good[1], null);
          return good;
        });
      }
    },
  },
  {
    name: "skips-bad-pairs",
    about: "refuses an mset with a bad pair, and writes the others",
    Store: class extends ReferenceStore {
      async mset(pairs, options) {
        try {
          return await super.mset(pairs, options);
        } catch (error) {
          if (error.code !== "invalid_argument" || !Array.isArray(pairs)) throw error;
          for (const pair of pairs) await super.mset([pair], options).catch(() => {});
          throw error;
        }
      }
    },
  },
  {
    name: "takes-too-much",
    about: "a bounded store drops what is in the way of an mset that cannot fit",
    kind: "own",
    Store: class extends ReferenceStore {
      checkFits() {}
    },
  },
  {
    name: "takes-what-fits",
    about: "a bounded store writes the part of a call that fits, and refuses it all the same",
    kind: "own",
    Store: class extends ReferenceStore {
      checkFits(pairs) {
        const fits = [];
        try {
          for (const pair of pairs) {
            super.checkFits([...fits, pair]);
            fits.push(pair);
          }
        } catch (error) {
          if (fits.length > 0) this.write(fits, null);
          throw error;
        }
      }
    },
  },
  {
    name: "counts-duplicates-twice",
    about: "a bounded store counts a key that stands twice as two entries",
    kind: "own",
    Store: class extends ReferenceStore {
      checkFits(pairs) {
        super.checkFits(pairs.map(([key, value], i) => [`${i}/${key}`, value]));
      }
    },
  },
  {
    name: "one-by-one",
    about: "claims atomic batches, and writes and deletes pair by pair",
    Store: class extends ReferenceStore {
      async write(pairs, ttl) {
        for (const pair of pairs) {
          super.write([pair], ttl);
          await undefined;
        }
      }
      async remove(keys) {
        for (const key of keys) {
          super.remove([key]);
          await undefined;
        }
      }
    },
  },
  {
    name: "deletes-one-by-one",
    about: "claims atomic batches, and deletes key by key",
    Store: class extends ReferenceStore {
      async remove(keys) {
        for (const key of keys) {
          super.remove([key]);
          await undefined;
        }
      }
    },
  },
  {
    name: "torn-writes",
    about: "writes the two halves of a value one after the other",
    Store: class extends ReferenceStore {
      async write(pairs, ttl) {
        const halves = pairs.map(([key, bytes]) => [key, bytes.slice(0, bytes.length >> 1)]);
        super.write(halves, ttl);
        await undefined;
        super.write(pairs, ttl);
      }
    },
  },
  {
    name: "reads-overtake-writes",
    about: "reads without waiting for the writes that were called before",
    Store: class extends ReferenceStore {
      inTurn(operation, keys, signal, work) {
        return operation === "mget" ? work() : super.inTurn(operation, keys, signal, work);
      }
    },
  },
  {
    name: "small-writes-overtake",
    about: "lets small writes overtake large ones",
    Store: class extends ReferenceStore {
      async mset(pairs, options) {
        const large = Array.isArray(pairs) && pairs.some((pair) => pair?.[1]?.length > 10_000);
        const list = large ? this.checkPairs(pairs) : pairs;
        if (large) await turn();
        return super.mset(list, options);
      }
    },
  },
  {
    name: "mdelete-does-nothing",
    about: "does not delete",
    Store: class extends ReferenceStore {
      remove() {}
    },
  },
  {
    name: "deletes-the-first",
    about: "deletes the first of several keys",
    Store: class extends ReferenceStore {
      remove(keys) {
        super.remove(keys.slice(0, 1));
      }
    },
  },
  {
    name: "delete-missing-throws",
    about: "refuses to delete a missing key",
    Store: class extends ReferenceStore {
      remove(keys) {
        for (const key of keys) if (this.live(this.prefix + key) === undefined) throw new Error(`no key ${key}`);
        super.remove(keys);
      }
    },
  },
  {
    name: "delete-stops-at-missing",
    about: "stops deleting at the first missing key",
    Store: class extends ReferenceStore {
      remove(keys) {
        const at = keys.findIndex((key) => this.live(this.prefix + key) === undefined);
        super.remove(at < 0 ? keys : keys.slice(0, at));
      }
    },
  },
  {
    name: "delete-duplicates-throws",
    about: "refuses a key that stands twice in an mdelete",
    Store: class extends ReferenceStore {
      remove(keys) {
        if (new Set(keys).size < keys.length) throw invalid("a key stands twice");
        super.remove(keys);
      }
    },
  },
  {
    name: "tombstones-stay",
    about: "keeps a deleted key deleted for ever",
    Store: class extends ReferenceStore {
      #gone = new Set();
      remove(keys) {
        for (const key of keys) this.#gone.add(this.prefix + key);
        super.remove(keys);
      }
      put(key, bytes, ttl) {
        if (!this.#gone.has(key)) super.put(key, bytes, ttl);
      }
    },
  },
  {
    name: "mset-gives-a-count",
    about: "mset and mdelete resolve to a number",
    Store: class extends ReferenceStore {
      async mset(pairs, options) {
        await super.mset(pairs, options);
        return pairs.length;
      }
      async mdelete(keys, options) {
        await super.mdelete(keys, options);
        return keys.length;
      }
    },
  },
  {
    name: "asks-for-nothing",
    about: "makes requests for empty lists",
    Store: class extends ReferenceStore {
      async mget(keys, options) {
        if (Array.isArray(keys) && keys.length === 0) this.request();
        return super.mget(keys, options);
      }
    },
  },
  {
    name: "refuses-empty-lists",
    about: "refuses empty lists, as Redis does",
    Store: class extends ReferenceStore {
      checkKeys(keys) {
        const list = super.checkKeys(keys);
        if (list.length === 0) throw invalid("wrong number of arguments");
        return list;
      }
    },
  },
  {
    name: "needs-options",
    about: "does not work without options, which LangChain never gives",
    Store: class extends ReferenceStore {
      enter(options) {
        return super.enter({ signal: options.signal });
      }
    },
  },
];
