// Defects in what reads answer and what listings give.

import { ReferenceStore } from "./reference.mjs";

export const answers = [
  {
    name: "one-value-for-all",
    about: "answers every key with the value that came first",
    Store: class extends ReferenceStore {
      give() {
        return super.give(this.backing.entries.values().next().value.bytes);
      }
    },
  },
  {
    name: "null-for-missing",
    about: "answers missing keys with null",
    Store: class extends ReferenceStore {
      answer(value) {
        return value ?? null;
      }
    },
  },
  {
    name: "empty-for-missing",
    about: "answers missing keys with an empty value",
    Store: class extends ReferenceStore {
      answer(value) {
        return value ?? new Uint8Array(0);
      }
    },
  },
  {
    name: "empty-is-missing",
    about: "takes an empty value for a missing one",
    Store: class extends ReferenceStore {
      answer(value) {
        return value?.length ? value : undefined;
      }
    },
  },
  {
    name: "drops-misses",
    about: "leaves missing keys out of the answer",
    Store: class extends ReferenceStore {
      read(keys) {
        return super.read(keys).filter((value) => value !== undefined);
      }
    },
  },
  {
    name: "one-answer-per-key",
    about: "answers a key that was asked for twice once",
    Store: class extends ReferenceStore {
      read(keys) {
        return super.read([...new Set(keys)]);
      }
    },
  },
  {
    name: "one-buffer-for-duplicates",
    about: "answers a key that was asked for twice with the same array",
    Store: class extends ReferenceStore {
      read(keys) {
        const seen = new Map();
        for (const key of keys) if (!seen.has(key)) seen.set(key, this.lookUp(key));
        return keys.map((key) => seen.get(key));
      }
    },
  },
  {
    name: "answers-in-key-order",
    about: "answers in the order of the sorted keys",
    Store: class extends ReferenceStore {
      read(keys) {
        return super.read([...keys].sort());
      }
    },
  },
  {
    name: "sorts-the-callers-list",
    about: "sorts the list of keys that it was given",
    Store: class extends ReferenceStore {
      checkKeys(keys) {
        const list = super.checkKeys(keys);
        keys.sort();
        return list;
      }
    },
  },
  {
    name: "one-backend-for-all",
    about: "keeps the entries of all backends in one place",
    Store: (() => {
      let one;
      return class extends ReferenceStore {
        constructor(options) {
          one ??= options.backing;
          super({ ...options, backing: one });
        }
      };
    })(),
  },
  {
    name: "lists-a-key-per-write",
    about: "lists a key as often as it was set",
    Store: class extends ReferenceStore {
      put(key, bytes, ttl) {
        const times = (this.backing.entries.get(key)?.times ?? 0) + 1;
        super.put(key, bytes, ttl);
        this.backing.entries.get(key).times = times;
      }
      page(prefix, after) {
        const page = super.page(prefix, after);
        const times = (key) => this.backing.entries.get(this.prefix + key).times;
        return { ...page, keys: page.keys.flatMap((key) => Array(times(key)).fill(key)) };
      }
    },
  },
  {
    name: "yieldkeys-gives-a-list",
    about: "yieldKeys gives a promise of a list",
    Store: class extends ReferenceStore {
      async yieldKeys(prefix, options) {
        const keys = [];
        for await (const key of super.yieldKeys(prefix, options)) keys.push(key);
        return keys;
      }
    },
  },
  {
    name: "lists-when-called",
    about: "makes its list when yieldKeys is called, not at the first step",
    Store: class extends ReferenceStore {
      yieldKeys(prefix, options) {
        const generator = super.yieldKeys(prefix, options);
        const first = generator.next();
        first.catch(() => {});
        return (async function* () {
          const { value, done } = await first;
          if (!done) {
            yield value;
            yield* generator;
          }
        })();
      }
    },
  },
  {
    name: "glob-prefix",
    about: "takes * ? and [ ] in a prefix for patterns, as Redis does",
    Store: class extends ReferenceStore {
      matches(key, prefix) {
        const source = prefix
          .replace(/[.+^${}()|\\]/g, "\\$&")
          .replace(/\*/g, ".*")
          .replace(/\?/g, ".");
        try {
          return new RegExp(`^${source}`, "s").test(key);
        } catch {
          return key.startsWith(prefix);
        }
      }
    },
  },
  {
    name: "regex-prefix",
    about: "takes a prefix for a regular expression",
    Store: class extends ReferenceStore {
      matches(key, prefix) {
        try {
          return new RegExp(`^${prefix}`).test(key);
        } catch {
          return false;
        }
      }
    },
  },
  {
    name: "like-prefix",
    about: "takes % and _ in a prefix for patterns, as SQL does",
    Store: class extends ReferenceStore {
      matches(key, prefix) {
        const source = prefix
          .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
          .replace(/%/g, ".*")
          .replace(/_/g, ".");
        return new RegExp(`^${source}`, "s").test(key);
      }
    },
  },
  {
    name: "prefix-of-any-case",
    about: "finds keys whose prefix differs in case",
    Store: class extends ReferenceStore {
      matches(key, prefix) {
        return key.toLowerCase().startsWith(prefix.toLowerCase());
      }
    },
  },
  {
    name: "prefix-anywhere",
    about: "finds a prefix in the midst of keys",
    Store: class extends ReferenceStore {
      matches(key, prefix) {
        return key.includes(prefix);
      }
    },
  },
  {
    name: "prefix-without-itself",
    about: "does not find the key that is the prefix",
    Store: class extends ReferenceStore {
      matches(key, prefix) {
        return super.matches(key, prefix) && (prefix === "" || key !== prefix);
      }
    },
  },
  {
    name: "prefix-up-to-uffff",
    about: "looks for a prefix in a range that ends at U+FFFF",
    Store: class extends ReferenceStore {
      matches(key, prefix) {
        return prefix === "" || (key >= prefix && key <= `${prefix}\uffff`);
      }
    },
  },
  {
    name: "stops-at-10000",
    about: "lists 10,000 keys at most",
    Store: class extends ReferenceStore {
      async *yieldKeys(prefix, options) {
        let left = 10_000;
        for await (const key of super.yieldKeys(prefix, options)) {
          if (left-- === 0) return;
          yield key;
        }
      }
    },
  },
  {
    name: "page-edges-twice",
    about: "begins each page with the last key of the one before",
    Store: class extends ReferenceStore {
      page(prefix, after) {
        const page = super.page(prefix, after);
        return after === undefined ? page : { ...page, keys: [after, ...page.keys] };
      }
    },
  },
  {
    name: "pages-by-offset",
    about: "counts keys to find where the next page begins",
    Store: class extends ReferenceStore {
      page(prefix, after = 0) {
        const keys = this.listed(prefix).sort();
        return { keys: keys.slice(after, after + 100), after: after + 100, more: keys.length > after + 100 };
      }
    },
  },
  {
    name: "listing-locks",
    about: "refuses other calls until a listing has come to its end",
    Store: class extends ReferenceStore {
      #listings = 0;
      async *yieldKeys(prefix, options) {
        this.#listings++;
        yield* super.yieldKeys(prefix, options);
        this.#listings--;
      }
      async mset(pairs, options) {
        if (this.#listings > 0) throw new Error("a listing is open");
        return super.mset(pairs, options);
      }
    },
  },
  {
    name: "one-listing-at-a-time",
    about: "keeps where its listing is for all listings together",
    Store: class extends ReferenceStore {
      #rest;
      async *yieldKeys(prefix, options) {
        this.#rest ??= [];
        if (this.#rest.length === 0) for await (const key of super.yieldKeys(prefix, options)) this.#rest.push(key);
        while (this.#rest.length > 0) yield this.#rest.shift();
      }
    },
  },
];
