// The reference with one defect each, and which rules that breaks, as it was when this was last looked at; and LangChain's
// own vector store in memory, which nobody broke on purpose.

import { readFileSync } from "node:fs";
import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { CLAIMS, ReferenceVectorStore, typed } from "./reference.mjs";

/** Which rules each vector store breaks, as it was when this was last looked at. */
export const recorded = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8"));

/**
 * The harness of the reference, or of something made of it.
 *
 * @returns {import("bytestow/testing").VectorStoreHarness}
 */
export function harnessOf(name, Store = ReferenceVectorStore, claims = CLAIMS) {
  // A short history: what breaks it breaks it soon.
  return { name, runtime: "here", claims, open: (parts) => new Store(parts), operations: 200 };
}

const R = ReferenceVectorStore;

/** Each defect: what it is, and the class that has it. */
const DEFECTS = {
  "finds-anything": [
    "a search of an empty store finds something",
    class extends R {
      async search(...call) {
        const found = await super.search(...call);
        return found.length > 0 || call[1] === 0 || call[2] !== undefined
          ? found
          : [[{ pageContent: "", metadata: {}, id: "-" }, 0]];
      }
    },
  ],
  "worst-first": [
    "the least similar comes first",
    class extends R {
      sorted = (scored) => scored.sort(([a, x], [b, y]) => x - y || a.seq - b.seq);
    },
  ],
  "no-ids-on-results": [
    "results have no ids",
    class extends R {
      document = (entry) => ({ ...super.document(entry), id: undefined });
    },
  ],
  "own-cut-off": [
    "what is not at all similar is not found",
    class extends R {
      threshold = (options) => super.threshold(options) ?? 0;
    },
  ],
  "one-for-all": [
    "all stores are one",
    class extends R {
      constructor(parts) {
        shared ??= parts.store;
        super({ ...parts, store: shared });
      }
    },
  ],
  "deletes-the-first": [
    "of several ids the first is deleted",
    class extends R {
      remove = (ids) => super.remove(ids.slice(0, 1));
    },
  ],
  "delete-of-unknown-throws": [
    "deleting an unknown id is an error",
    class extends R {
      async remove(ids, entries) {
        const known = new Set(entries.map(({ id }) => id));
        for (const id of ids) if (!known.has(id)) throw new Error(`no ${id}`);
        await super.remove(ids);
      }
    },
  ],
  "never-deletes": [
    "nothing is deleted",
    class extends R {
      remove = async () => {};
    },
  ],
  appends: [
    "a document under the same id stands beside the old one",
    class extends R {
      keyOf = (id) => `${super.keyOf(id)}/${Math.random()}`;
    },
  ],
  "keeps-the-old": [
    "a document is not replaced",
    class extends R {
      async write(pairs) {
        const there = await this.store.mget(pairs.map(([key]) => key));
        return super.write(pairs.filter((_, at) => there[at] === undefined));
      }
    },
  ],
  "keeps-the-old-vector": [
    "a document that is replaced keeps its vector",
    class extends R {
      async add(vectors, documents) {
        const { entries } = await this.entries();
        const old = new Map(entries.map(({ id, vector }) => [id, vector]));
        return super.add(
          vectors.map((vector, at) => old.get(documents[at]?.id) ?? vector),
          documents,
        );
      }
    },
  ],
  "get-in-any-order": [
    "documents come in the order of the store",
    class extends R {
      getByIds = async (ids) => super.getByIds([...ids].sort());
    },
  ],
  "get-missing-throws": [
    "an unknown id is an error",
    class extends R {
      async getByIds(ids) {
        const found = await super.getByIds(ids);
        if (found.length < ids.length) throw new Error("some are missing");
        return found;
      }
    },
  ],
  "ids-by-text": [
    "documents without an id get one by their text",
    class extends R {
      idOf = (document, id, at) => super.idOf(document, id ?? document.id ?? `of ${document.pageContent}`, at);
    },
  ],
  "own-ids-lost": [
    "a document's own id does not count",
    class extends R {
      idOf = (document, id, at) => super.idOf({ ...document, id: undefined }, id, at);
    },
  ],
  "mmr-is-similarity": [
    "maximal marginal relevance goes by similarity",
    class extends R {
      worth = (_, score) => score;
    },
  ],
  "mmr-turned-round": [
    "lambda is turned round",
    class extends R {
      worth = (entry, score, picks, lambda) => super.worth(entry, score, picks, 1 - lambda);
    },
  ],
  "mmr-linear-slip": [
    "lambda weighs a little too much",
    class extends R {
      worth = (entry, score, picks, lambda) => super.worth(entry, score, picks, Math.min(1, lambda * 1.04));
    },
  ],
  "mmr-fetches-all": [
    "fetchK does not count",
    class extends R {
      maxMarginalRelevanceSearch = (query, options, ...rest) =>
        super.maxMarginalRelevanceSearch(
          query,
          options && {
            ...options,
            ...((options.fetchK ?? 20) > 0 && {
              fetchK:
                options.fetchK === undefined || (typeof options.fetchK === "number" && options.fetchK % 1 === 0)
                  ? 1_000
                  : options.fetchK,
            }),
          },
          ...rest,
        );
    },
  ],
  "mmr-other-lambda": [
    "lambda is .7 unless said",
    class extends R {
      mmrDefaults = () => ({ fetchK: 20, lambda: 0.7 });
    },
  ],
  "mmr-at-least-one": [
    "k 0 gives one",
    class extends R {
      maxMarginalRelevanceSearch = (query, options, ...rest) =>
        super.maxMarginalRelevanceSearch(query, options?.k === 0 ? { ...options, k: 1 } : options, ...rest);
    },
  ],
  "takes-any-number": [
    "numbers that are not finite are taken",
    class extends R {
      checkNumbers = () => {};
    },
  ],
  "takes-half": [
    "vectors before a bad one are added",
    class extends R {
      async add(vectors, documents) {
        const good = Array.isArray(vectors)
          ? vectors.findIndex((vector) => Array.isArray(vector) && !vector.every(Number.isFinite))
          : -1;
        if (good > 0) await super.add(vectors.slice(0, good), documents.slice(0, good));
        return super.add(vectors, documents);
      }
    },
  ],
  "takes-any-length": [
    "vectors and queries of other lengths are taken",
    class extends R {
      checkLength = () => {};
      score = (a, b) => super.score(a.slice(0, b.length), b.slice(0, a.length));
    },
  ],
  "refuses-zeros": [
    "a vector of zeros is refused",
    class extends R {
      checkNumbers = (vector, name) => {
        super.checkNumbers(vector, name);
        if (vector.every((number) => number === 0)) throw typed("invalid_argument", `${name} is zero`);
      };
    },
  ],
  "zeros-first": [
    "a vector of zeros is the most similar",
    class extends R {
      score = (a, b) => (b.every((number) => number === 0) ? 1 : super.score(a, b));
    },
  ],
  "plain-norm": [
    "lengths are squared without care",
    class extends R {
      score = (a, b) => {
        const dot = (x, y) => x.reduce((sum, number, at) => sum + number * y[at], 0);
        return Math.fround(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)) || 0);
      };
    },
  ],
  "scores-from-0-to-1": [
    "scores are moved to 0 to 1",
    class extends R {
      score = (a, b) => (super.score(a, b) + 1) / 2;
    },
  ],
  "ties-turned-round": [
    "of equals the last comes first",
    class extends R {
      sorted = (scored) => scored.sort(([a, x], [b, y]) => y - x || b.seq - a.seq);
    },
  ],
  "any-counts": [
    "vectors and documents need not be as many",
    class extends R {
      addVectors = (vectors, documents, options) =>
        Array.isArray(vectors) && Array.isArray(documents)
          ? super.addVectors(vectors.slice(0, documents.length), documents.slice(0, vectors.length), options)
          : super.addVectors(vectors, documents, options);
    },
  ],
  "embeds-anyway": [
    "vectors that are given are embedded all the same",
    class extends R {
      async addVectors(vectors, documents, options) {
        const ids = await super.addVectors(vectors, documents, options);
        await this.embeddings.embedDocuments(documents.map(({ pageContent }) => pageContent));
        return ids;
      }
    },
  ],
  "three-by-default": [
    "without k there are three",
    class extends R {
      defaultK = () => 3;
    },
  ],
  "at-most-ten": [
    "there are never more than ten",
    class extends R {
      search = (query, k, ...rest) => super.search(query, Math.min(k, 10), ...rest);
    },
  ],
  "noisy-by-text": [
    "a search by text goes by a vector that is a little off",
    class extends R {
      embedded = async (query) => (await super.embedded(query)).map((number, at) => number + (at === 0 ? 0.3 : 0));
    },
  ],
  "misses-some": [
    "one in fifty is overlooked",
    class extends R {
      question = (filter) => {
        const asks = super.question(filter);
        return (entry) => (filter === undefined && entry.seq % 50 === 49 ? false : asks(entry));
      };
    },
  ],
  "one-search-at-a-time": [
    "searches at once get the answer of one",
    class extends R {
      search = (...call) => {
        this.flight ??= super.search(...call).finally(() => {
          this.flight = undefined;
        });
        return this.flight;
      };
    },
  ],
  "threshold-of-the-store-alone": [
    "a call's threshold does not count",
    class extends R {
      threshold = () => this.scoreThreshold;
    },
  ],
  "retriever-forgets-k": [
    "a retriever has k 4 where it is 0",
    class extends R {
      asRetriever = (fields) => super.asRetriever(fields === 0 ? 4 : fields);
    },
  ],
  "document-by-document": [
    "an add stores one document after the other",
    class extends R {
      async write(pairs) {
        for (const pair of pairs) {
          await super.write([pair]);
          await new Promise((resolve) => setTimeout(resolve));
        }
      }
    },
  ],
  "filter-without-id": [
    "a function does not see the id",
    class extends R {
      question = (filter) =>
        typeof filter === "function"
          ? (entry) => filter({ ...this.document(entry), id: undefined })
          : super.question(filter);
    },
  ],
  "equality-by-text": [
    "values are equal if their texts are",
    class extends R {
      question = (filter) => {
        const asks = super.question(filter);
        const [[field, wanted] = []] = Object.entries(typeof filter === "object" ? filter : {});
        if (!Array.isArray(wanted)) return asks;
        return ({ metadata }) => wanted.map(String).includes(String(metadata[field]));
      };
    },
  ],
  "compares-anything": [
    "a text of a number is compared with numbers",
    class extends R {
      question = (filter) => replaced(filter, super.question(filter), "$gt", (value, operand) => value > operand);
    },
  ],
  "in-is-nin": [
    "$nin misses what is missing",
    class extends R {
      question = (filter) =>
        replaced(filter, super.question(filter), "$nin", (value, list) => value !== undefined && !list.includes(value));
    },
  ],
  "not-is-shallow": [
    "$not at the top does not count",
    class extends R {
      question = (filter) => {
        if (typeof filter !== "object" || filter.$not === undefined) return super.question(filter);
        const { $not, ...rest } = filter;
        return super.question(rest);
      };
    },
  ],
  "no-paths": [
    "dots do not lead anywhere",
    class extends R {
      question = (filter) => {
        const dotted = typeof filter === "object" && Object.keys(filter).some((field) => field.startsWith("director."));
        return dotted ? () => false : super.question(filter);
      };
    },
  ],
  "missing-is-null": [
    "a missing field is null",
    class extends R {
      question = (filter) => {
        const asks = super.question(filter);
        if (typeof filter !== "object") return asks;
        const nulls = Object.fromEntries(
          Object.keys(filter)
            .filter((field) => !field.startsWith("$"))
            .map((field) => [field, null]),
        );
        return ({ metadata, ...rest }) => asks({ ...rest, metadata: { ...nulls, ...metadata } });
      };
    },
  ],
  "ignores-unknown-operators": [
    "an unknown operator asks for nothing",
    class extends R {
      checkFilter = () => {};
      question = (filter) => {
        try {
          return super.question(filter);
        } catch {
          return () => true;
        }
      };
    },
  ],
  "filters-afterwards": [
    "filters come after the best k",
    class extends R {
      async search(query, k, filter, options) {
        const found = await super.search(query, filter === undefined ? k : k + 5, undefined, options);
        const asks = this.question(filter);
        return found.filter(([{ pageContent, metadata, id }]) => asks({ text: pageContent, metadata, id })).slice(0, k);
      }
    },
  ],
  "remembers-filters": [
    "what a filter keeps is remembered by id",
    class extends R {
      question = (filter) => {
        if (filter === undefined) return super.question(filter);
        this.known ??= new Map();
        const key = typeof filter === "function" ? "function" : JSON.stringify(filter);
        if (!this.known.has(key)) this.known.set(key, new Map());
        const [known, asks] = [this.known.get(key), super.question(filter)];
        return (entry) => {
          if (!known.has(entry.id)) known.set(entry.id, asks(entry));
          return known.get(entry.id);
        };
      };
    },
  ],
  "remembers-functions": [
    "what a function keeps is remembered",
    class extends R {
      question = (filter) => {
        if (typeof filter !== "function") return super.question(filter);
        this.known ??= new Map();
        const asks = super.question(filter);
        return (entry) => {
          const key = `${filter} ${entry.id} ${entry.seq}`;
          if (!this.known.has(key)) this.known.set(key, asks(entry));
          return this.known.get(key);
        };
      };
    },
  ],
  "swallows-what-filters-throw": [
    "a filter that throws keeps nothing",
    class extends R {
      question = (filter) => {
        const asks = super.question(filter);
        return (entry) => {
          try {
            return asks(entry);
          } catch {
            return false;
          }
        };
      };
    },
  ],
  "mmr-without-filters": [
    "maximal marginal relevance takes no filter",
    class extends R {
      maxMarginalRelevanceSearch = (query, options, ...rest) =>
        super.maxMarginalRelevanceSearch(query, options && { ...options, filter: undefined }, ...rest);
    },
  ],
  "deletes-by-old-metadata": [
    "a filter deletes by what documents once said",
    class extends R {
      async write(pairs) {
        this.once ??= [];
        for (const [, value] of pairs) this.once.push(JSON.parse(new TextDecoder().decode(value)));
        await super.write(pairs);
      }

      async delete(params) {
        if (typeof params?.filter !== "object") return super.delete(params);
        await super.delete(params);
        const old = (this.once ?? []).filter(({ metadata }) => metadata !== undefined);
        await super.remove(old.filter(this.question(params.filter)).map(({ id }) => id));
      }
    },
  ],
  "deletes-none-of-all": [
    "deleteAll leaves what was added last",
    class extends R {
      remove = (ids) => super.remove(ids.length > 3 ? ids.slice(0, -1) : ids);
    },
  ],
  "delete-takes-anything": [
    "delete() without a word of what is no error",
    class extends R {
      async delete(params) {
        if (this.closed || params?.signal !== undefined) return super.delete(params);
        await super.delete(params).catch((error) => {
          if (error.code !== "invalid_argument") throw error;
        });
      }
    },
  ],
  "gives-ids-to-documents": [
    "the documents given get their ids",
    class extends R {
      async addDocuments(documents, options) {
        const ids = await super.addDocuments(documents, options);
        for (const [at, id] of ids.entries()) documents[at].id ??= id;
        return ids;
      }
    },
  ],
  "keeps-the-callers-metadata": [
    "metadata is the caller's own, for as long as it lives",
    class extends R {
      json = (metadata, at) => {
        super.json(metadata, at);
        this.own ??= new Map();
        this.own.set(JSON.stringify(metadata), metadata);
        return metadata;
      };
      document = (entry) => {
        const document = super.document(entry);
        return { ...document, metadata: this.own?.get(JSON.stringify(entry.metadata)) ?? document.metadata };
      };
    },
  ],
  "results-shared": [
    "a result is the one that was given before",
    class extends R {
      document = (entry) => {
        this.given ??= new Map();
        const key = `${entry.id} ${entry.seq}`;
        if (!this.given.has(key)) this.given.set(key, super.document(entry));
        return this.given.get(key);
      };
    },
  ],
  "trims-texts": [
    "texts lose white space at their ends",
    class extends R {
      checkDocuments = (...given) =>
        super.checkDocuments(...given).map((each) => ({ ...each, text: each.text.trim() }));
    },
  ],
  "drops-what-is-no-json": [
    "metadata that JSON cannot hold becomes empty",
    class extends R {
      json = (metadata, at) => {
        try {
          return super.json(metadata, at);
        } catch {
          return {};
        }
      };
    },
  ],
  "ids-as-an-option-alone": [
    "an array of ids does not count",
    class extends R {
      begin = (options) => super.begin(Array.isArray(options) ? {} : options);
    },
  ],
  "first-of-duplicates": [
    "of documents with one id the first stays",
    class extends R {
      write = (pairs) => super.write([...pairs].reverse());
    },
  ],
  "asks-for-nothing": [
    "the model is asked for no texts too",
    class extends R {
      async addDocuments(documents, options) {
        if (Array.isArray(documents) && documents.length === 0 && !this.closed)
          await this.embeddings.embedDocuments([]);
        return super.addDocuments(documents, options);
      }
    },
  ],
  "embeds-when-opened": [
    "opening embeds what is there",
    class extends R {
      async entries() {
        const found = await super.entries();
        if (this.warm === undefined && found.entries.length > 0) {
          this.warm = true;
          await this.embeddings.embedDocuments(found.entries.map(({ text }) => text));
        }
        return found;
      }
    },
  ],
  forgets: [
    "what is opened again is empty",
    class extends R {
      constructor(parts) {
        super({ ...parts, options: parts.options });
        this.prefix += `${Math.random()}/`;
      }
    },
  ],
  "any-model": [
    "an index of any model is taken",
    class extends R {
      checkMeta = (meta) => super.checkMeta(meta && { ...meta, model: this.options.model });
    },
  ],
  "any-dimensions": [
    "an index of any dimensions is taken",
    class extends R {
      checkMeta = (meta) =>
        super.checkMeta(meta && { ...meta, dimensions: this.options.dimensions ?? meta.dimensions });
      checkLength = (vector, wanted, name) =>
        super.checkLength(vector, this.options.dimensions ? vector.length : wanted, name);
    },
  ],
  "compaction-loses": [
    "compaction loses a document",
    class extends R {
      async compact() {
        const { entries } = await this.entries();
        await super.remove(entries.slice(-1).map(({ id }) => id));
      }
    },
  ],
  "sees-its-own-alone": [
    "a handle does not look for what others have written",
    class extends R {
      async entries() {
        if (this.seen === undefined || this.wrote) this.seen = await super.entries();
        this.wrote = false;
        return { ...this.seen, entries: [...this.seen.entries] };
      }

      async write(pairs) {
        await super.write(pairs);
        this.wrote = true;
      }

      async remove(ids) {
        await super.remove(ids);
        this.wrote = true;
      }
    },
  ],
  "writes-all-it-has": [
    "each write writes everything that the handle has",
    class extends R {
      async write(pairs) {
        this.all ??= new Map();
        for (const [key, value] of pairs) this.all.set(key, value);
        await super.write([...this.all]);
      }

      async remove(ids) {
        for (const id of ids) this.all?.delete(this.keyOf(id));
        await super.remove(ids);
      }
    },
  ],
  "names-meet": [
    "indexes of names that begin alike meet",
    class extends R {
      constructor(parts) {
        super(parts);
        this.prefix = `${(parts.options.name ?? "vectors").slice(0, 5)}/`;
      }
    },
  ],
  "stores-in-two-steps": [
    "an add stores half of it, and then the rest",
    class extends R {
      async write(pairs) {
        await super.write(pairs.slice(0, 2));
        await super.write(pairs.slice(2));
      }
    },
  ],
  "holds-on-to-failures": [
    "after a failure of the byte store nothing works",
    class extends R {
      async write(pairs) {
        if (this.failed) throw this.failed;
        await super.write(pairs).catch((error) => {
          this.failed = error;
          throw error;
        });
      }
    },
  ],
  "swallows-failures": [
    "a write that fails is said to be done",
    class extends R {
      write = (pairs) => super.write(pairs).catch(() => {});
    },
  ],
  "wraps-the-models-error": [
    "what the model throws is thrown as another error",
    class extends R {
      embedded = (query) =>
        super.embedded(query).catch((cause) => {
          throw cause.name === "BytestowError" ? cause : new Error("the model failed", { cause });
        });
    },
  ],
  "pads-what-the-model-gives": [
    "too few vectors are made as many",
    class extends R {
      async addDocuments(documents, options) {
        const { embeddings } = this;
        this.embeddings = {
          ...embeddings,
          async embedDocuments(texts) {
            const vectors = await embeddings.embedDocuments(texts);
            return Array.isArray(vectors) ? texts.map((_, at) => vectors[at] ?? vectors[0]) : vectors;
          },
        };
        try {
          return await super.addDocuments(documents, options);
        } finally {
          this.embeddings = embeddings;
        }
      }
    },
  ],
  "signals-not-heard-before": [
    "a signal that is aborted already is not heard",
    class extends R {
      checkSignal = () => {};
    },
  ],
  "signals-not-heard-during": [
    "a signal that is aborted later is not heard",
    class extends R {
      addDocuments(documents, options) {
        if (options?.signal instanceof AbortSignal && !options.signal.aborted)
          return super.addDocuments(documents, { ...options, signal: undefined });
        return super.addDocuments(documents, options);
      }
    },
  ],
  "takes-any-k": [
    "any k is taken",
    class extends R {
      checkK = () => {};
    },
  ],
  "takes-any-option": [
    "unknown options are taken",
    class extends R {
      checkOptions() {}
    },
  ],
  "works-when-closed": [
    "a store that was closed goes on",
    class extends R {
      close = async () => {};
    },
  ],
  "shows-its-parts": [
    "its JSON shows what it is made of",
    class extends R {
      toJSON = () => ({ embeddings: this.embeddings, store: this.store });
    },
  ],
};

let shared;

/** `asks`, but for one operator of one field. */
function replaced(filter, asks, operator, instead) {
  if (typeof filter !== "object") return asks;
  const [[field, wanted] = []] = Object.entries(filter);
  const operand = wanted?.[operator];
  if (operand === undefined) return asks;
  return ({ metadata }) => instead(metadata[field], operand);
}

/** LangChain's own vector store in memory, held to `claims` besides what every one must do. */
function langchain(name, about, claims) {
  return { name, about, harness: { name, runtime: "here", claims, open: ({ model }) => new MemoryVectorStore(model) } };
}

/** All of them, each with the rules that it breaks. */
export const brokenStores = [
  ...Object.entries(DEFECTS).map(([name, [about, Store]]) => ({ name, about, harness: harnessOf(name, Store) })),
  langchain("langchain-memory", "LangChain's MemoryVectorStore", { mmr: true }),
].map((each) => ({ ...each, breaks: recorded[each.name] }));
