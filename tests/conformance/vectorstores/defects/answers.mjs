// Defects of what is found: the rules of Python, of MMR, of vectors and of searches.

import { ReferenceVectorStore, typed } from "../reference.mjs";

const R = ReferenceVectorStore;

let shared;

/** Each: what it is, and the class that has it. */
export const answers = {
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
};
