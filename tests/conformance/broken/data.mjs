// Defects in keys, values and namespaces.

import { Backing, invalid, ReferenceStore } from "./reference.mjs";

/** A store whose keys go through `change` before they are used. */
const changedKeys = (change) =>
  class extends ReferenceStore {
    checkKey(key, name) {
      return change(super.checkKey(key, name));
    }
  };

/** A store whose values go through `change` on their way in. */
const changedValues = (change) =>
  class extends ReferenceStore {
    take(value, name) {
      return change(super.take(value, name));
    }
  };

const utf8 = new TextEncoder();

export const data = [
  {
    name: "normalises-keys",
    about: "takes composed and decomposed keys for one",
    Store: changedKeys((key) => key.normalize()),
  },
  { name: "trims-keys", about: "takes white space off keys", Store: changedKeys((key) => key.trim()) },
  {
    name: "lower-case-keys",
    about: "takes keys that differ in case for one",
    Store: changedKeys((key) => key.toLowerCase()),
  },
  { name: "keys-are-paths", about: "takes // for /", Store: changedKeys((key) => key.replace(/\/+/g, "/")) },
  { name: "keys-end-at-nul", about: "cuts keys at U+0000", Store: changedKeys((key) => key.split("\0", 1)[0]) },
  {
    name: "bom-off-keys",
    about: "takes U+FEFF off the head of keys",
    Store: changedKeys((key) => new TextDecoder().decode(utf8.encode(key))),
  },
  {
    name: "no-empty-key",
    about: "refuses the empty key",
    Store: class extends ReferenceStore {
      checkKey(key, name) {
        if (key === "") throw invalid(`${name} is empty`);
        return super.checkKey(key, name);
      }
    },
  },
  {
    name: "plain-object",
    about: "keeps its entries in a plain object",
    Store: class extends ReferenceStore {
      constructor(options) {
        super({ ...options, backing: plain(options.backing) });
      }
    },
  },
  {
    name: "revives-keys",
    about: "lists keys that look like JSON as what they look like",
    Store: class extends ReferenceStore {
      async *yieldKeys(prefix, options) {
        for await (const key of super.yieldKeys(prefix, options)) yield revived(key);
      }
    },
  },
  {
    name: "numeric-keys-are-numbers",
    about: "takes 01 and 1.0 for 1",
    Store: changedKeys((key) => (/^[-+]?\d[\d.]*$/.test(key) ? String(Number(key)) : key)),
  },
  {
    name: "lone-surrogates-replaced",
    about: "takes a lone surrogate for U+FFFD",
    Store: class extends ReferenceStore {
      checkText(text, name) {
        super.checkText(typeof text === "string" ? text.toWellFormed() : text, name);
      }
      checkKey(key, name) {
        return super.checkKey(key, name).toWellFormed();
      }
    },
  },
  {
    name: "surrogates-checked-joined",
    about: "looks for lone surrogates in all keys of a call joined together",
    Store: class extends ReferenceStore {
      checkText(text, name) {
        if (typeof text !== "string") throw invalid(`${name} must be a string`);
      }
      checkKeys(keys) {
        const list = super.checkKeys(keys);
        list.forEach((key, i) => {
          if (!key.isWellFormed() && !list.join("").isWellFormed()) throw invalid(`keys[${i}] holds a lone surrogate`);
        });
        return list;
      }
    },
  },
  {
    name: "positions-not-named",
    about: "does not say which key, pair or value is wrong",
    Store: class extends ReferenceStore {
      checkText(text) {
        super.checkText(text, "something");
      }
      take(value) {
        return super.take(value, "something");
      }
    },
  },
  {
    name: "cuts-long-keys",
    about: "cuts keys at its limit",
    kind: "plain",
    Store: class extends ReferenceStore {
      checkKey(key, name) {
        return super.checkKey(typeof key === "string" ? key.slice(0, 100) : key, name);
      }
    },
  },
  {
    name: "limit-in-characters",
    about: "counts characters of a key where its limit is in bytes",
    kind: "plain",
    Store: class extends ReferenceStore {
      checkKey(key, name) {
        super.checkKey(typeof key === "string" ? "k".repeat(key.length) : key, name);
        this.checkText(key, name);
        return key;
      }
    },
  },
  {
    name: "limit-without-digits",
    about: "says that a key is too long, but not what would do",
    kind: "plain",
    Store: class extends ReferenceStore {
      checkKey(key, name) {
        try {
          return super.checkKey(key, name);
        } catch (error) {
          error.message = error.message.replace(/\d{3}/, "so many");
          throw error;
        }
      }
    },
  },
  {
    name: "limit-without-namespace",
    about: "does not count the namespace where it measures a key",
    kind: "plain",
    Store: class extends ReferenceStore {
      checkKey(key, name) {
        this.claims.maxKeyBytes += this.prefix.length;
        try {
          return super.checkKey(key, name);
        } finally {
          this.claims.maxKeyBytes -= this.prefix.length;
        }
      }
    },
  },
  {
    name: "hidden-key-limit",
    about: "claims no limit of keys, and cuts them at 65,535 characters",
    Store: changedKeys((key) => key.slice(0, 65_535)),
  },
  {
    name: "seven-bits",
    about: "loses the eighth bit of each byte",
    Store: changedValues((b) => b.map((byte) => byte & 127)),
  },
  {
    name: "text-values",
    about: "decodes values as UTF-8, as LangChain's Redis stores do",
    Store: changedValues((bytes) => utf8.encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes))),
  },
  {
    name: "drops-bom",
    about: "takes a byte order mark off the head of values",
    Store: changedValues((bytes) =>
      bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.slice(3) : bytes,
    ),
  },
  {
    name: "revives-json",
    about: "reads values that look like JSON, and writes them anew",
    Store: changedValues((bytes) => {
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      const value = revived(text);
      return value === text ? bytes : utf8.encode(JSON.stringify(value));
    }),
  },
  {
    name: "sixteen-bit-lengths",
    about: "keeps lengths in 16 bits",
    Store: changedValues((bytes) => bytes.slice(0, bytes.length & 0xffff)),
  },
  {
    name: "gives-what-it-keeps",
    about: "hands out the very arrays that it keeps",
    Store: class extends ReferenceStore {
      give(bytes) {
        return bytes;
      }
    },
  },
  {
    name: "keeps-what-it-is-given",
    about: "keeps the very arrays that it is given",
    Store: class extends ReferenceStore {
      take(value, name) {
        super.take(value, name);
        return value;
      }
    },
  },
  {
    name: "copies-late",
    about: "copies values when their turn has come, not when it is called",
    Store: class extends ReferenceStore {
      take(value, name) {
        super.take(value, name);
        return value;
      }
      put(key, bytes, ttl) {
        super.put(key, new Uint8Array(bytes), ttl);
      }
    },
  },
  {
    name: "reads-its-list-late",
    about: "looks at the list of keys when its turn has come, not when it is called",
    Store: class extends ReferenceStore {
      checkKeys(keys) {
        super.checkKeys(keys);
        return keys;
      }
    },
  },
  {
    name: "gives-views",
    about: "hands out views into one larger buffer",
    Store: class extends ReferenceStore {
      give(bytes) {
        const larger = new Uint8Array(bytes.length + 16);
        larger.set(bytes, 8);
        return larger.subarray(8, 8 + bytes.length);
      }
    },
  },
  {
    name: "one-buffer-per-call",
    about: "hands out the values of one call in one buffer",
    Store: class extends ReferenceStore {
      read(keys) {
        const values = super.read(keys);
        const packed = new Uint8Array(values.reduce((sum, value) => sum + (value?.length ?? 0), 0));
        let at = 0;
        return values.map((value) => {
          if (value === undefined) return undefined;
          packed.set(value, at);
          at += value.length;
          return packed.subarray(at - value.length, at);
        });
      }
    },
  },
  {
    name: "gives-buffers",
    about: "hands out Node's Buffers",
    Store: class extends ReferenceStore {
      give(bytes) {
        return Buffer.from(super.give(bytes).buffer);
      }
    },
  },
  {
    name: "whole-buffer-of-a-view",
    about: "stores all of the buffer that a view is into",
    Store: class extends ReferenceStore {
      take(value, name) {
        super.take(value, name);
        return new Uint8Array(value.buffer).slice();
      }
    },
  },
  {
    name: "uses-the-subclass",
    about: "copies with the methods of a subclass, which may be anything",
    Store: class extends ReferenceStore {
      take(value, name) {
        super.take(value, name);
        return value.slice();
      }
    },
  },
  {
    name: "shares-memory",
    about: "keeps a view over shared memory as it is",
    Store: class extends ReferenceStore {
      take(value, name) {
        const copy = super.take(value, name);
        return value.buffer instanceof SharedArrayBuffer ? value : copy;
      }
    },
  },
  {
    name: "refuses-shared-memory",
    about: "refuses a view over shared memory",
    Store: class extends ReferenceStore {
      take(value, name) {
        const copy = super.take(value, name);
        if (value.buffer instanceof SharedArrayBuffer) throw invalid(`${name} is over shared memory`);
        return copy;
      }
    },
  },
  {
    name: "detached-is-empty",
    about: "stores a detached array as an empty one",
    Store: class extends ReferenceStore {
      take(value, name) {
        return super.take(value?.byteLength === 0 && ArrayBuffer.isView(value) ? new Uint8Array(0) : value, name);
      }
    },
  },
  {
    name: "takes-anything",
    about: "makes keys and values of whatever it is given",
    Store: class extends ReferenceStore {
      checkText(text, name) {
        if (typeof text === "string") super.checkText(text, name);
      }
      checkKey(key, name) {
        return String(super.checkKey(key, name));
      }
      take(value, name) {
        if (typeof value === "string") return utf8.encode(value);
        return ArrayBuffer.isView(value) ? super.take(new Uint8Array(value.buffer), name) : super.take(value, name);
      }
    },
  },
  {
    name: "takes-texts-for-lists",
    about: "takes a text for the list of its characters",
    Store: class extends ReferenceStore {
      checkKeys(keys) {
        return super.checkKeys(typeof keys === "string" ? [...keys] : keys);
      }
    },
  },
  {
    name: "colon-layout",
    about: "puts a colon behind the namespace",
    Store: withPrefix((namespace) => `${namespace}:`),
  },
  { name: "no-separator", about: "puts nothing behind the namespace", Store: withPrefix((namespace) => namespace) },
  {
    name: "glob-namespace",
    about: "takes * and ? in a namespace for patterns when it lists",
    Store: class extends ReferenceStore {
      listed(prefix) {
        const source = this.prefix
          .replace(/[.+^${}()|[\]\\]/g, "\\$&")
          .replace(/\*/g, ".*")
          .replace(/\?/g, ".?");
        const own = new RegExp(`^${source}`, "s");
        const keys = [...this.backing.entries.keys()].filter((key) => own.test(key));
        return keys.map((key) => key.slice(key.match(own)[0].length)).filter((key) => this.matches(key, prefix));
      }
    },
  },
  {
    name: "ignores-namespace",
    about: "checks the namespace, and does not use it",
    Store: withPrefix(() => ""),
  },
  {
    name: "clears-everything",
    about: "clears all of the backend, whatever the namespace",
    Store: class extends ReferenceStore {
      clears() {
        return true;
      }
    },
  },
  {
    name: "clears-by-text",
    about: "clears keys that begin with the namespace's name, / or not",
    Store: class extends ReferenceStore {
      clears(key) {
        return key.startsWith(this.prefix.slice(0, -1));
      }
    },
  },
  {
    name: "clear-does-nothing",
    about: "does not clear",
    Store: class extends ReferenceStore {
      clears() {
        return false;
      }
    },
  },
  {
    name: "clears-without-asking",
    about: "clears all of a shared backend without being told to",
    kind: "plain",
    Store: class extends ReferenceStore {
      checkClear() {}
    },
  },
  {
    name: "always-asks",
    about: "asks for { all: true } where the backend is its own",
    Store: class extends ReferenceStore {
      checkClear(options) {
        if (this.prefix === "" && options?.all !== true) throw invalid("clear() needs { all: true }");
      }
    },
  },
  {
    name: "all-means-all",
    about: "clears what is outside of its namespace too when told { all: true }",
    Store: class extends ReferenceStore {
      #all = false;
      async clear(options) {
        this.#all = options?.all === true;
        await super.clear(options);
      }
      clears(key) {
        return this.#all || super.clears(key);
      }
    },
  },
  {
    name: "any-namespace",
    about: "does not look at the namespace that it is given",
    Store: class extends ReferenceStore {
      checkNamespace() {}
    },
  },
  {
    name: "mends-namespaces",
    about: "takes slashes off a namespace, so that two become one",
    Store: class extends ReferenceStore {
      constructor(options) {
        const { namespace } = options;
        super({
          ...options,
          namespace: typeof namespace === "string" ? namespace.replace(/^\/+|\/+$/g, "") : namespace,
        });
      }
      checkNamespace(namespace) {
        if (namespace !== "") super.checkNamespace(namespace);
      }
    },
  },
  {
    name: "no-slash-in-namespace",
    about: "refuses a namespace of several parts",
    Store: class extends ReferenceStore {
      checkNamespace(namespace) {
        super.checkNamespace(namespace);
        if (namespace.includes("/")) throw invalid("namespace must not hold /");
      }
    },
  },
];

/** A store that puts something else before its keys. */
function withPrefix(prefixOf) {
  return class extends ReferenceStore {
    constructor(options) {
      super(options);
      const { namespace } = options;
      if (namespace !== undefined) Object.defineProperty(this, "prefix", { value: prefixOf(namespace) });
    }
  };
}

Object.defineProperty(Backing.prototype, "object", { value: undefined, writable: true });

/** The same backing, its entries in a plain object, as one writes without thinking. */
function plain(backing) {
  if (backing.object !== undefined) return backing;
  const object = {};
  backing.object = object;
  backing.entries = {
    get: (key) => object[key],
    set: (key, entry) => (object[key] = entry),
    delete: (key) => delete object[key],
    keys: () => Object.keys(object),
    values: () => Object.values(object).values(),
    get size() {
      return Object.keys(object).length;
    },
    [Symbol.iterator]: () => Object.entries(object)[Symbol.iterator](),
  };
  return backing;
}

function revived(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
