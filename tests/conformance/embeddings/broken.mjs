// The reference with one defect each, and which rules that breaks, as it was when this was last looked at; and LangChain's
// own cache, which nobody broke on purpose.

import { readFileSync } from "node:fs";
import { CacheBackedEmbeddings } from "@langchain/classic/embeddings/cache_backed";
import { InMemoryByteStore } from "bytestow";
import { CLAIMS, ReferenceCache, typed } from "./reference.mjs";

/** Which rules each cache breaks, as it was when this was last looked at. */
export const recorded = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8"));

/**
 * The harness of the reference, or of something made of it.
 *
 * @returns {import("bytestow/testing").EmbeddingsCacheHarness}
 */
export function harnessOf(name, Cache = ReferenceCache, claims = {}) {
  const all = { ...CLAIMS, ...claims };
  return {
    name,
    runtime: "here",
    claims: all,
    open: (parts) => new Cache({ ...parts, shares: all.shares }),
    store: (_, options) => new InMemoryByteStore(options),
    expires: true,
    clock: "injected",
  };
}

/** LangChain's own cache, held to `claims` besides what every cache must do. */
function langchain(name, about, claims) {
  const open = ({ model, store, options: { model: namespace, ...unclaimed } }) => {
    if (Object.keys(unclaimed).length > 0) throw typed("invalid_argument", `no ${Object.keys(unclaimed)}`);
    return CacheBackedEmbeddings.fromBytesStore(model, store, { namespace });
  };
  return { name, about, harness: { name, runtime: "here", claims, open } };
}

const isolated = { shares: false };

const defects = [
  {
    name: "queries-not-cached",
    about: "a query is asked each time",
    Cache: class extends ReferenceCache {
      storeOf = (kind) => (kind === "query" ? undefined : this.store);
    },
  },
  {
    name: "kinds-meet",
    about: "a query has its document's key",
    Cache: class extends ReferenceCache {
      key = (_, text) => JSON.stringify([this.scope, text]);
    },
  },
  {
    name: "scope-run-together",
    about: "model and text stand in the key without anything between them",
    Cache: class extends ReferenceCache {
      constructor(parts) {
        super(parts);
        this.scope = parts.options.model;
      }

      key = (kind, text) => kind + this.scope + text;
    },
  },
  {
    name: "duplicates-asked",
    about: "a text that stands twice is asked twice",
    Cache: class extends ReferenceCache {
      unique = (texts) => [...texts];
    },
    claims: isolated,
  },
  {
    name: "duplicates-shared",
    about: "a text that stands twice is answered with one array",
    Cache: class extends ReferenceCache {
      given = (vector) => vector;
    },
  },
  {
    name: "no-flights",
    about: "calls at once ask for the same text, though it is said that they share",
    Cache: class extends ReferenceCache {
      constructor(parts) {
        super({ ...parts, shares: false });
      }
    },
  },
  {
    name: "waits-for-others",
    about: "a call waits for another one, though it is said that calls do not share",
    Cache: class extends ReferenceCache {
      constructor(parts) {
        super({ ...parts, shares: true });
      }
    },
    claims: isolated,
  },
  {
    name: "flights-stay",
    about: "a flight that failed is joined for ever",
    Cache: class extends ReferenceCache {
      land = () => {};
    },
  },
  {
    name: "saves-at-the-end",
    about: "nothing is saved before the whole call is done",
    Cache: class extends ReferenceCache {
      async embedMissing(call, missing) {
        const late = [];
        this.save = async (...args) => void late.push(args);
        await super.embedMissing(call, missing);
        delete this.save;
        for (const args of late) await this.save(...args);
      }
    },
  },
  {
    name: "one-batch",
    about: "batchSize is not looked at",
    Cache: class extends ReferenceCache {
      embedMissing(call, missing) {
        this.batchSize = 1_000_000;
        return super.embedMissing(call, missing);
      }
    },
  },
  {
    name: "all-at-once",
    about: "concurrency is not looked at",
    Cache: class extends ReferenceCache {
      embedMissing(call, missing) {
        this.concurrency = 1_000;
        return super.embedMissing(call, missing);
      }
    },
  },
  {
    name: "one-after-the-other",
    about: "batches are never under way at once",
    Cache: class extends ReferenceCache {
      embedMissing(call, missing) {
        this.concurrency = 1;
        return super.embedMissing(call, missing);
      }
    },
  },
  {
    name: "progress-of-unique-texts",
    about: "progress counts each text once, so that it never ends where there are duplicates",
    Cache: class extends ReferenceCache {
      embed(kind, texts, onProgress) {
        const most = new Set(texts).size;
        const told = onProgress && ((now) => onProgress({ ...now, done: Math.min(now.done, most) }));
        return super.embed(kind, texts, told);
      }
    },
  },
  {
    name: "every-arrival-a-hit",
    about: "what the model gave is counted as a hit, too",
    Cache: class extends ReferenceCache {
      arrived = (call, pairs) => super.arrived(call, pairs, true);
    },
  },
  {
    name: "general-progress-only",
    about: "a call's own onProgress is not looked at",
    Cache: class extends ReferenceCache {
      documents = (documents, options) => super.documents(documents, { ...options, onProgress: this.onProgress });
    },
  },
  {
    name: "deaf",
    about: "signals are not looked at once the call has begun",
    Cache: class extends ReferenceCache {
      until = (_, work) => work;
    },
  },
  {
    name: "late-check-of-signals",
    about: "a call with an aborted signal asks the model before it ends",
    Cache: class extends ReferenceCache {
      checkSignal(signal) {
        if (!signal?.aborted) super.checkSignal(signal);
      }

      until = (signal, work) => (signal?.aborted ? Promise.reject(signal.reason) : super.until(signal, work));
    },
  },
  {
    name: "listeners-stay",
    about: "a signal keeps the listener of each call",
    Cache: class extends ReferenceCache {
      until(signal, work) {
        signal?.addEventListener("abort", () => {});
        return super.until(signal, work);
      }
    },
  },
  {
    name: "abort-takes-others-along",
    about: "an abort fails the flight that others have joined",
    Cache: class extends ReferenceCache {
      until(signal, work) {
        const failAll = () => {
          for (const flight of this.flights.values()) flight.reject(signal.reason);
        };
        signal?.addEventListener("abort", failAll, { once: true });
        return super.until(signal, work);
      }
    },
  },
  {
    name: "hits-miscounted",
    about: "stats() counts texts asked of the model as hits, too",
    Cache: class extends ReferenceCache {
      stats = () => ({ ...this.counts, hits: this.counts.hits + this.counts.misses });
    },
  },
  {
    name: "cold-not-rounded",
    about: "the first call gives what the model gave, later ones what was kept of it",
    Cache: class extends ReferenceCache {
      rounded = (vector) => vector;
    },
  },
  {
    name: "f64-as-f32",
    about: "f64 is taken, and kept as f32",
    Cache: class extends ReferenceCache {
      constructor({ options, ...parts }) {
        super({ ...parts, options });
        this.precision = "f32";
      }
    },
  },
  {
    name: "truncated-floats",
    about: "f32 cuts numbers off instead of rounding them",
    Cache: class extends ReferenceCache {
      encode(vector) {
        const toward = (number) =>
          Math.abs(Math.fround(number)) > Math.abs(number) ? number * (1 - 2 ** -24) : number;
        return super.encode(this.precision === "f32" ? vector.map(toward) : vector);
      }
    },
  },
  {
    name: "typed-views",
    about: "typed vectors are views on one buffer",
    Cache: class extends ReferenceCache {
      async embedDocumentsTyped(documents, options) {
        const vectors = await super.embedDocuments(documents, options);
        const all = new Float32Array(vectors.flat());
        return vectors.map((vector, at) => all.subarray(at * vector.length, (at + 1) * vector.length));
      }
    },
  },
  {
    name: "takes-any-precision",
    about: "a precision that is not known is taken for f32",
    Cache: class extends ReferenceCache {
      checkOptions({ precision, ...options }) {
        super.checkOptions(options);
      }
    },
  },
  {
    name: "any-answer-taken",
    about: "what the model gives is not looked at",
    Cache: class extends ReferenceCache {
      checkAnswer() {}
    },
  },
  {
    name: "lengths-not-compared",
    about: "vectors of different lengths are taken",
    Cache: class extends ReferenceCache {
      checkLength() {}
    },
  },
  {
    name: "coerces-numbers",
    about: "what can be made a number is taken for one",
    Cache: class extends ReferenceCache {
      fits = (number) => (typeof number === "bigint" ? 1 : Number(number ?? 0));
    },
  },
  {
    name: "wraps-model-errors",
    about: "what the model throws is wrapped",
    Cache: class extends ReferenceCache {
      async ask(...args) {
        try {
          return await super.ask(...args);
        } catch (cause) {
          throw cause?.code === "corrupt" ? cause : typed("unavailable", `the model failed: ${cause}`);
        }
      }
    },
  },
  {
    name: "corrupt-entry-thrown",
    about: "an entry that cannot be read fails the call",
    Cache: class extends ReferenceCache {
      read = (_, value) => this.decode(value);
    },
  },
  {
    name: "corrupt-entry-stays",
    about: "an entry that cannot be read is computed again each time",
    Cache: class extends ReferenceCache {
      save(kind, batch, kept) {
        return Promise.all(
          batch.map(async (flight, at) => {
            const [there] =
              (await this.storeOf(kind)
                ?.mget([this.key(kind, flight.text)])
                .catch(() => [])) ?? [];
            if (there === undefined) await super.save(kind, [flight], [kept[at]]);
          }),
        );
      }
    },
  },
  {
    name: "store-errors-thrown",
    about: "a store that fails fails the call",
    Cache: class extends ReferenceCache {
      tried = (_store, _side, work) => work();
    },
  },
  {
    name: "each-failure-told",
    about: "a failing store is told of at each of its failures",
    Cache: class extends ReferenceCache {
      failed(_, side, error) {
        super.failed({ read: false, write: false }, side, error);
      }
    },
  },
  {
    name: "one-flag-for-the-store",
    about: "a read that works ends an outage of writes",
    Cache: class extends ReferenceCache {
      worked(sides) {
        Object.assign(sides, { read: false, write: false });
      }
    },
  },
  {
    name: "one-flag-for-both-stores",
    about: "a store for queries that fails is told of again when the documents' has worked",
    Cache: class extends ReferenceCache {
      one = { read: false, write: false };

      worked = (_, side) => super.worked(this.one, side);

      failed = (_, side, error) => super.failed(this.one, side, error);
    },
  },
  {
    name: "silent",
    about: "nothing is told",
    Cache: class extends ReferenceCache {
      tell() {}
    },
  },
  {
    name: "trusts-the-store",
    about: "what the store gives is not looked at",
    Cache: class extends ReferenceCache {
      async lookUp(kind, own) {
        const keys = own.map(({ text }) => this.key(kind, text));
        const values = await this.tried(this.storeOf(kind), "read", () => this.storeOf(kind)?.mget(keys) ?? []);
        return [...(values ?? [])].map((value) => value && this.decode(value));
      }
    },
  },
  {
    name: "trims-texts",
    about: "space around a text is cut off, and its form made one",
    Cache: class extends ReferenceCache {
      sound = (text, name) => super.sound(text, name).trim().normalize();
    },
  },
  {
    name: "skips-empty-texts",
    about: "the empty text is refused",
    Cache: class extends ReferenceCache {
      sound(text, name) {
        if (text === "") throw typed("invalid_argument", `${name} is empty`);
        return super.sound(text, name);
      }
    },
  },
  {
    name: "keys-cut-short",
    about: "two long texts that differ at their ends have one key",
    Cache: class extends ReferenceCache {
      key = (kind, text) => super.key(kind, text.slice(0, 1_000));
    },
  },
  {
    name: "surrogates-passed-on",
    about: "a lone surrogate reaches the model",
    Cache: class extends ReferenceCache {
      sound(text, name) {
        super.sound(text, name);
        return text;
      }
    },
  },
  {
    name: "throws-at-once",
    about: "a wrong argument is thrown synchronously, and not named",
    Cache: class extends ReferenceCache {
      embedDocuments(documents, options) {
        if (!Array.isArray(documents)) throw new TypeError("wrong");
        return super.embedDocuments(documents, options);
      }
    },
  },
  {
    name: "options-unchecked",
    about: "wrong options are taken",
    Cache: class extends ReferenceCache {
      checkOptions() {}
    },
  },
  {
    name: "remembers-for-ever",
    about: "vectors stay in memory, whatever becomes of the store",
    Cache: class extends ReferenceCache {
      memory = new Map();

      async lookUp(kind, own) {
        const found = await super.lookUp(kind, own);
        return own.map(({ text }, at) => found[at] ?? this.memory.get(this.key(kind, text)));
      }

      async save(kind, batch, kept) {
        for (const [at, { text }] of batch.entries()) this.memory.set(this.key(kind, text), this.decode(kept[at]));
        await super.save(kind, batch, kept);
      }
    },
  },
  {
    name: "asks-for-nothing",
    about: "an empty list is asked of the store and the model",
    Cache: class extends ReferenceCache {
      async documents(documents, options) {
        if (Array.isArray(documents) && documents.length === 0) {
          await this.store.mget([]);
          await this.model.embedDocuments([]);
        }
        return super.documents(documents, options);
      }
    },
  },
  {
    name: "reads-late",
    about: "the list of texts is read after the call has returned",
    Cache: class extends ReferenceCache {
      async documents(documents, options) {
        await undefined;
        return super.documents(documents, options);
      }
    },
  },
  {
    name: "sorted",
    about: "vectors come in the order of the texts' alphabet",
    Cache: class extends ReferenceCache {
      documents = (documents, options) =>
        super.documents(Array.isArray(documents) ? [...documents].sort() : documents, options);
    },
  },
];

/** Each broken cache: its name, what is wrong with it, which rules it breaks, and a harness for it. */
export const brokenCaches = [
  ...defects.map(({ name, about, Cache, claims }) => ({ name, about, harness: harnessOf(name, Cache, claims) })),
  langchain("langchain-classic", "CacheBackedEmbeddings of @langchain/classic, as it is, claiming nothing", {}),
  langchain("langchain-classic-claiming", "the same, held to caching queries and sharing calls, too", {
    queries: true,
    shares: true,
  }),
].map((cache) => ({ ...cache, breaks: recorded[cache.name] ?? [] }));
