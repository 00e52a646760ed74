// Defects of filters, and of what is deleted by them.

import { ReferenceVectorStore } from "../reference.mjs";

const R = ReferenceVectorStore;

/** `asks`, but for one operator of one field. */
function replaced(filter, asks, operator, instead) {
  if (typeof filter !== "object") return asks;
  const [[field, wanted] = []] = Object.entries(filter);
  const operand = wanted?.[operator];
  if (operand === undefined) return asks;
  return ({ metadata }) => instead(metadata[field], operand);
}

const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

/** Each: what it is, and the class that has it. */
export const filters = {
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
  "filters-what-was": [
    "what has come since a filter was asked is not found",
    class extends R {
      async ranked(query, filter, options) {
        const { entries } = await this.entries();
        const kept = new Set(this.kept(entries, filter, options?.signal).map(({ seq }) => seq));
        await tick();
        return (await super.ranked(query, undefined, options)).filter(([{ seq }]) => kept.has(seq));
      }
    },
  ],
  "deletes-what-was": [
    "what has been replaced since a filter was asked is deleted, too",
    class extends R {
      inTurn = (work) => work();
      async remove(ids) {
        await tick();
        await super.remove(ids);
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
};
