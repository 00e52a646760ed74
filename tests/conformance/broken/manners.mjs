// Defects in the order of checks, errors, life cycle, statistics, events and LangChain's members.

import { invalid, ReferenceStore } from "./reference.mjs";

/** A store in which each promising method is replaced by `make(its own)`. */
function wrapped(make) {
  class Wrapped extends ReferenceStore {}
  for (const name of ["mget", "mset", "mdelete", "stat", "setIf", "clear"]) {
    const own = ReferenceStore.prototype[name];
    Wrapped.prototype[name] = make(own);
  }
  return Wrapped;
}

/** A store whose errors go through `change`. */
const changedErrors = (change) =>
  wrapped(
    (own) =>
      async function (...args) {
        try {
          return await own.apply(this, args);
        } catch (error) {
          throw error?.name === "BytestowError" ? change(error, args) : error;
        }
      },
  );

export const manners = [
  {
    name: "arguments-before-signal",
    about: "looks at the arguments before it looks at the signal",
    Store: class extends ReferenceStore {
      async mget(keys, options) {
        this.checkOpen();
        this.checkKeys(keys);
        return super.mget(keys, options);
      }
    },
  },
  {
    name: "arguments-before-closed",
    about: "looks at the arguments before it looks whether it is closed",
    Store: class extends ReferenceStore {
      async mset(pairs, options) {
        if (!options?.signal?.aborted) this.checkPairs(pairs);
        return super.mset(pairs, options);
      }
    },
  },
  {
    name: "signal-before-closed",
    about: "looks at the signal before it looks whether it is closed",
    Store: class extends ReferenceStore {
      enter(options) {
        if (options?.signal?.aborted) throw options.signal.reason;
        return super.enter(options);
      }
    },
  },
  {
    name: "nothing-before-all",
    about: "is done with an empty list before it looks at anything else",
    Store: class extends ReferenceStore {
      async mset(pairs, options) {
        if (Array.isArray(pairs) && pairs.length === 0) return;
        await super.mset(pairs, options);
      }
    },
  },
  {
    name: "untyped-errors",
    about: "fails with plain errors",
    Store: changedErrors((error) => new Error(error.message)),
  },
  {
    name: "errors-that-are-none",
    about: "fails with plain objects",
    Store: changedErrors(({ name, code, message, retryable }) => ({ name, code, message, retryable })),
  },
  {
    name: "no-retryable",
    about: "does not say whether to try again",
    Store: changedErrors((error) => Object.defineProperty(error, "retryable", { value: undefined })),
  },
  {
    name: "endless-messages",
    about: "puts as much into messages as it is given",
    Store: changedErrors((error, args) => {
      error.message += ` ${[args].flat(3).join(" ")}`;
      return error;
    }),
  },
  {
    name: "values-in-messages",
    about: "puts values into messages",
    Store: class extends ReferenceStore {
      take(value, name) {
        try {
          return super.take(value, name);
        } catch (error) {
          throw invalid(`${error.message}: it is ${String(value).slice(0, 60)}`);
        }
      }
    },
  },
  {
    name: "long-keys-in-messages",
    about: "puts 300 characters of a key into messages",
    Store: class extends ReferenceStore {
      checkText(text, name) {
        try {
          super.checkText(text, name);
        } catch (error) {
          throw typeof text === "string" ? invalid(`${error.message}: ${text.slice(0, 300)}`) : error;
        }
      }
    },
  },
  {
    name: "throws-at-once",
    about: "throws on bad arguments instead of rejecting",
    Store: wrapped(
      (own) =>
        function (first, ...rest) {
          if (first !== undefined && !Array.isArray(first) && typeof first !== "object") throw invalid("keys, pairs");
          return own.call(this, first, ...rest);
        },
    ),
  },
  {
    name: "yieldkeys-throws-at-once",
    about: "yieldKeys throws on a bad prefix instead of failing at its first step",
    Store: class extends ReferenceStore {
      yieldKeys(prefix, options) {
        if (prefix !== undefined) this.checkText(prefix, "prefix");
        return super.yieldKeys(prefix, options);
      }
    },
  },
  {
    name: "close-does-nothing",
    about: "goes on after close()",
    Store: class extends ReferenceStore {
      async close() {}
    },
  },
  {
    name: "closes-once",
    about: "refuses to be closed twice",
    Store: class extends ReferenceStore {
      async close() {
        this.checkOpen();
        await super.close();
      }
    },
  },
  {
    name: "listing-survives-close",
    about: "goes on listing after close()",
    Store: class extends ReferenceStore {
      async *yieldKeys(prefix, options) {
        const keys = [];
        for await (const key of super.yieldKeys(prefix, options)) keys.push(key);
        yield* keys;
      }
    },
  },
  {
    name: "closes-the-others",
    about: "takes the data along when a handle is closed",
    Store: class extends ReferenceStore {
      async close() {
        await super.close();
        this.backing.entries.clear();
      }
    },
  },
  {
    name: "stat-null-for-missing",
    about: "tells null of missing keys",
    Store: class extends ReferenceStore {
      statOf(entry) {
        return super.statOf(entry) ?? null;
      }
    },
  },
  {
    name: "stat-in-milliseconds",
    about: "tells the remaining life in ms",
    Store: class extends ReferenceStore {
      statOf(entry) {
        const stat = super.statOf(entry);
        return stat && { ...stat, ttl: stat.ttl && stat.ttl * 1_000 };
      }
    },
  },
  {
    name: "stat-written-in-seconds",
    about: "tells in seconds when an entry was written",
    Store: class extends ReferenceStore {
      statOf(entry) {
        const stat = super.statOf(entry);
        return stat && { ...stat, written: Math.floor(stat.written / 1_000) };
      }
    },
  },
  {
    name: "stat-of-texts",
    about: "tells the length of a value as text",
    Store: class extends ReferenceStore {
      statOf(entry) {
        const stat = super.statOf(entry);
        return stat && { ...stat, bytes: String(entry.bytes).length };
      }
    },
  },
  {
    name: "counts-nothing",
    about: "stats() is all zeros",
    Store: class extends ReferenceStore {
      stats() {
        return { hits: 0, misses: 0, bytesRead: 0, bytesWritten: 0, requests: 0, evictions: 0 };
      }
    },
  },
  {
    name: "counts-calls",
    about: "counts a call with a hit as one hit",
    Store: class extends ReferenceStore {
      read(keys) {
        const { hits } = this.counts;
        const values = super.read(keys);
        this.counts.hits = Math.min(this.counts.hits, hits + 1);
        return values;
      }
    },
  },
  {
    name: "counts-what-it-refuses",
    about: "counts the bytes of an mset that is refused",
    Store: class extends ReferenceStore {
      async mset(pairs, options) {
        try {
          await super.mset(pairs, options);
        } catch (error) {
          this.counts.bytesWritten += 8;
          throw error;
        }
      }
    },
  },
  {
    name: "live-stats",
    about: "stats() hands out what it counts with",
    Store: class extends ReferenceStore {
      stats() {
        return this.counts;
      }
    },
  },
  {
    name: "sets-on-any-condition",
    about: "setIf stores whatever the condition",
    Store: class extends ReferenceStore {
      writeIf([key, bytes], _condition, ttl) {
        this.write([[key, bytes]], ttl);
        return true;
      }
    },
  },
  {
    name: "looks-then-sets",
    about: "setIf looks first and sets later, and others come in between",
    Store: class extends ReferenceStore {
      async setIf(pairs, condition, options) {
        await super.setIf([], condition, options);
        this.checkPairs(pairs);
        const stats = await this.stat(
          pairs.map(([key]) => key),
          options,
        );
        const set = stats.map((stat) => (stat !== undefined) === (condition === "present"));
        await this.mset(
          pairs.filter((_, i) => set[i]),
          options,
        );
        return set;
      }
    },
  },
  {
    name: "sets-if-not-claimed",
    about: "claims no conditional set, and setIf sets anyway",
    kind: "plain",
    Store: class extends ReferenceStore {
      async setIf(pairs, _condition, options) {
        await this.mset(pairs, options);
        return pairs.map(() => true);
      }
    },
  },
  {
    name: "no-dispose",
    about: "has no Symbol.asyncDispose",
    Store: class extends ReferenceStore {
      get [Symbol.asyncDispose]() {
        return undefined;
      }
    },
  },
  {
    name: "dispose-does-not-close",
    about: "Symbol.asyncDispose leaves the store open",
    Store: class extends ReferenceStore {
      async [Symbol.asyncDispose]() {}
    },
  },
  {
    name: "events-break-it",
    about: "fails with what onEvent throws",
    Store: class extends ReferenceStore {
      tell(event) {
        this.options.onEvent?.(event);
      }
    },
  },
  {
    name: "tells-nothing",
    about: "takes onEvent, and never calls it",
    Store: class extends ReferenceStore {
      tell() {}
    },
  },
  {
    name: "tells-no-evictions",
    about: "drops entries without a word",
    kind: "own",
    Store: class extends ReferenceStore {
      tell(event) {
        if (event.type !== "evict") super.tell(event);
      }
    },
  },
  {
    name: "no-serializable-members",
    about: "has the four methods, and no member of LangChain's Serializable",
    Store: class extends ReferenceStore {
      constructor(options) {
        super(options);
        for (const name of Object.keys(this)) if (name.startsWith("lc_")) delete this[name];
      }
    },
  },
  {
    name: "claims-to-serialize",
    about: "lc_serializable is true",
    Store: class extends ReferenceStore {
      lc_serializable = true;
    },
  },
  {
    name: "tojson-shows-options",
    about: "toJSON() holds the options",
    Store: class extends ReferenceStore {
      toJSON() {
        return { ...super.toJSON(), kwargs: { ...this.options } };
      }
    },
  },
  {
    name: "kwargs-hold-options",
    about: "keeps its options in lc_kwargs, as LangChain's super(fields) does",
    Store: class extends ReferenceStore {
      constructor(options) {
        super(options);
        this.lc_kwargs = { namespace: options.namespace, ttl: options.ttl };
      }
    },
  },
  {
    name: "tojson-throws-when-closed",
    about: "toJSON() throws when the store is closed",
    Store: class extends ReferenceStore {
      toJSON() {
        this.checkOpen();
        return super.toJSON();
      }
    },
  },
];
