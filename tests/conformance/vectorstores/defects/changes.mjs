// Defects of what is written and kept, and of manners.

import { ReferenceVectorStore } from "../reference.mjs";

const R = ReferenceVectorStore;

/** Each: what it is, and the class that has it. */
export const changes = {
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
