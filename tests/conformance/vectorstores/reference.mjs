// A correct vector store in plain JavaScript, to be broken: each of its methods is one decision. It keeps a document a key,
// reads all of them at each search, and knows nothing of the package.

/** What the reference claims: everything. */
export { CLAIMS } from "./claims.mjs";

/** An error as the kit knows it: by its members. */
export const typed = (code, message) => Object.assign(new Error(message), { name: "BytestowError", code });
const invalid = (message) => typed("invalid_argument", message);

const OPTIONS = {
  model: (value) => typeof value === "string" && value !== "",
  name: (value) => typeof value === "string" && value !== "" && !value.startsWith("/") && !value.endsWith("/"),
  dimensions: (value) => Number.isSafeInteger(value) && value > 0,
  scoreThreshold: (value) => isThreshold(value),
  refresh: (value) => typeof value === "number" && value >= 0,
};
const isThreshold = (value) => typeof value === "number" && value >= -1 && value <= 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class ReferenceVectorStore {
  closed = false;

  constructor({ model, store, options }) {
    this.checkOptions(options);
    const { name = "vectors", scoreThreshold = null } = options;
    Object.assign(this, { embeddings: model, store, options, scoreThreshold, made: 0, turn: Promise.resolve() });
    this.prefix = `${encodeURIComponent(name)}/`;
  }

  checkOptions(options) {
    for (const [name, value] of Object.entries(options)) {
      if (!Object.hasOwn(OPTIONS, name)) throw invalid(`there is no option ${name}`);
      if (value !== undefined && !OPTIONS[name](value)) throw invalid(`${name} is wrong`);
    }
  }

  toJSON() {
    return { type: "not_implemented" };
  }

  // Adding.

  async addDocuments(documents, options) {
    const { ids, signal } = this.begin(options);
    const checked = this.checkDocuments(documents, ids);
    if (checked.length === 0) return [];
    await this.entries();
    const vectors = await this.embeddings.embedDocuments(checked.map(({ text }) => text));
    if (signal?.aborted) throw signal.reason;
    return this.inTurn(() => this.add(vectors, checked));
  }

  async addVectors(vectors, documents, options) {
    const { ids } = this.begin(options);
    if (!Array.isArray(documents)) throw invalid("documents must be an array");
    if (!Array.isArray(vectors)) throw invalid("vectors must be an array");
    if (vectors.length !== documents.length) throw invalid("as many vectors as documents");
    const checked = this.checkDocuments(documents, ids);
    const copies = vectors.map((vector) => (Array.isArray(vector) ? [...vector] : vector));
    return this.inTurn(() => this.add(copies, checked));
  }

  /** One write after the other. */
  inTurn(work) {
    const turn = this.turn.then(work);
    this.turn = turn.catch(() => {});
    return turn;
  }

  begin(options) {
    if (this.closed) throw typed("closed", "the store is closed");
    const given = Array.isArray(options) ? { ids: options } : (options ?? {});
    const { signal } = given;
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid("signal must be an AbortSignal");
    this.checkSignal(signal);
    return given;
  }

  checkSignal(signal) {
    if (signal?.aborted) throw signal.reason;
  }

  checkDocuments(documents, ids) {
    if (!Array.isArray(documents)) throw invalid("documents must be an array");
    if (ids !== undefined && (!Array.isArray(ids) || ids.length !== documents.length))
      throw invalid("ids must be as many");
    return documents.map((document, at) => {
      if (typeof document !== "object" || document === null) throw invalid(`documents[${at}] must be a document`);
      const { pageContent, metadata = {} } = document;
      if (typeof pageContent !== "string") throw invalid(`documents[${at}].pageContent must be a string`);
      return { id: this.idOf(document, ids?.[at], at), text: pageContent, metadata: this.json(metadata, at) };
    });
  }

  idOf(document, id = document.id, at = 0) {
    if (id === undefined) return this.newId();
    if (typeof id !== "string" || id === "") throw invalid(`ids[${at}] must be a string`);
    return id;
  }

  newId() {
    return crypto.randomUUID();
  }

  json(metadata, at) {
    let text;
    try {
      text = JSON.stringify(metadata);
    } catch (error) {
      throw invalid(`documents[${at}].metadata: ${error.message}`);
    }
    if (!text.startsWith("{")) throw invalid(`documents[${at}].metadata must be an object`);
    return JSON.parse(text);
  }

  async add(vectors, documents) {
    const { meta, entries } = await this.entries();
    const dimensions = this.checkVectors(vectors, documents.length, meta?.dimensions ?? this.options.dimensions);
    if (documents.length === 0) return [];
    let seq = Math.max(0, ...entries.map((entry) => entry.seq));
    const pairs = documents.map(({ id, ...rest }, at) => [
      this.keyOf(id),
      bytesOf({ id, seq: ++seq, vector: vectors[at].map(String), ...rest }),
    ]);
    await this.write([...pairs, [`${this.prefix}meta`, bytesOf({ model: this.options.model, dimensions })]]);
    return documents.map(({ id }) => id);
  }

  keyOf(id) {
    return `${this.prefix}id/${encodeURIComponent(id)}`;
  }

  write(pairs) {
    return this.store.mset(pairs);
  }

  checkVectors(vectors, count, dimensions) {
    if (!Array.isArray(vectors) || vectors.length !== count) throw invalid(`there must be ${count} vectors`);
    let wanted = dimensions;
    for (const [at, vector] of vectors.entries()) {
      if (!Array.isArray(vector)) throw invalid(`vectors[${at}] must be an array`);
      wanted ??= vector.length;
      this.checkLength(vector, wanted, `vectors[${at}]`);
      this.checkNumbers(vector, `vectors[${at}]`);
    }
    return wanted;
  }

  checkLength(vector, wanted, name) {
    if (vector.length !== wanted || wanted === 0)
      throw invalid(`${name} has ${vector.length} dimensions, not ${wanted}`);
  }

  checkNumbers(vector, name) {
    for (const [at, number] of vector.entries()) {
      if (!Number.isFinite(number)) throw invalid(`${name}[${at}] is ${number}`);
    }
  }

  // Reading.

  async entries() {
    const keys = [];
    for await (const key of this.store.yieldKeys(this.prefix)) keys.push(key);
    const values = keys.length === 0 ? [] : await this.store.mget(keys);
    const entries = [];
    let meta;
    for (const [at, key] of keys.entries()) {
      if (values[at] === undefined) continue;
      const value = JSON.parse(decoder.decode(values[at]));
      if (key === `${this.prefix}meta`) meta = value;
      else entries.push({ ...value, vector: value.vector.map(Number) });
    }
    this.checkMeta(meta);
    return { meta, entries: entries.sort((a, b) => a.seq - b.seq) };
  }

  checkMeta(meta) {
    const { model, dimensions } = this.options;
    if (meta === undefined) return;
    if (meta.model !== model) throw invalid(`the index is of ${meta.model}, not of ${model}`);
    if (dimensions !== undefined && meta.dimensions !== dimensions) {
      throw invalid(`the index has ${meta.dimensions} dimensions, not ${dimensions}`);
    }
  }

  async getByIds(ids) {
    this.begin();
    const wanted = this.checkIds(ids);
    const { entries } = await this.entries();
    const byId = new Map(entries.map((entry) => [entry.id, entry]));
    return wanted.flatMap((id) => (byId.has(id) ? [this.document(byId.get(id))] : []));
  }

  checkIds(ids) {
    if (!Array.isArray(ids)) throw invalid("ids must be an array");
    for (const id of ids) if (typeof id !== "string" || id === "") throw invalid("ids must be strings");
    return ids;
  }

  document({ id, text, metadata }) {
    return { pageContent: text, metadata: structuredClone(metadata), id };
  }

  // Searching.

  async similaritySearch(query, k, filter, callbacks, options) {
    const found = await this.similaritySearchWithScore(query, k, filter, callbacks, options);
    return found.map(([document]) => document);
  }

  async similaritySearchWithScore(query, k = this.defaultK(), filter = undefined, _ = undefined, options = undefined) {
    this.checkSearch(k, filter, options);
    return this.search(await this.embedded(query), k, filter, options);
  }

  defaultK() {
    return 4;
  }

  async embedded(query) {
    if (typeof query !== "string") throw invalid("query must be a string");
    return this.embeddings.embedQuery(query);
  }

  async similaritySearchVectorWithScore(query, k, filter, options) {
    this.checkSearch(k, filter, options);
    return this.search(query, k, filter, options);
  }

  checkSearch(k, filter, options = {}) {
    this.begin(options);
    this.checkK(k, "k");
    const { scoreThreshold } = options;
    if (scoreThreshold !== undefined && scoreThreshold !== null && !isThreshold(scoreThreshold)) {
      throw invalid("scoreThreshold is wrong");
    }
    if (filter !== undefined) this.checkFilter(filter);
  }

  checkK(k, name) {
    if (!Number.isSafeInteger(k) || k < 0) throw invalid(`${name} must be a whole number`);
  }

  checkFilter(filter) {
    if (typeof filter !== "function") matcher(filter);
  }

  async search(query, k, filter, options) {
    return (await this.ranked(query, filter, options))
      .slice(0, k)
      .map(([entry, score]) => [this.document(entry), score]);
  }

  /** All that are kept, the best first. */
  async ranked(query, filter, options) {
    const { meta, entries } = await this.entries();
    if (!Array.isArray(query)) throw invalid("query must be an array");
    this.checkLength(query, meta?.dimensions ?? query.length, "query");
    this.checkNumbers(query, "query");
    const threshold = this.threshold(options);
    const kept = this.kept(entries, filter, options?.signal).map((entry) => [entry, this.score(query, entry.vector)]);
    return this.sorted(kept.filter(([, score]) => threshold === null || score >= threshold));
  }

  threshold(options) {
    return options?.scoreThreshold === undefined ? this.scoreThreshold : options.scoreThreshold;
  }

  sorted(scored) {
    return scored.sort(([a, x], [b, y]) => y - x || a.seq - b.seq);
  }

  score(a, b) {
    const scaled = (vector) => {
      const most = Math.max(...vector.map(Math.abs)) || 1;
      const small = vector.map((number) => number / most);
      const norm = Math.sqrt(small.reduce((sum, number) => sum + number * number, 0)) || 1;
      return small.map((number) => number / norm);
    };
    const [x, y] = [scaled(a), scaled(b)];
    return Math.max(-1, Math.min(1, Math.fround(x.reduce((sum, number, at) => sum + number * y[at], 0))));
  }

  /** The entries that a filter keeps. */
  kept(entries, filter, signal) {
    const kept = entries.filter(this.question(filter));
    this.checkSignal(signal);
    return kept;
  }

  /** What a filter asks of an entry. */
  question(filter) {
    if (filter === undefined) return () => true;
    if (typeof filter === "function") return (entry) => filter(this.document(entry));
    const matches = matcher(filter);
    return ({ metadata }) => matches(metadata);
  }

  async maxMarginalRelevanceSearch(query, options, _, callOptions) {
    if (typeof options !== "object" || options === null) throw invalid("options must be an object");
    const { k, filter } = options;
    const { fetchK, lambda } = { ...this.mmrDefaults(), ...options };
    this.checkSearch(k, filter, callOptions);
    this.checkK(fetchK, "fetchK");
    if (typeof lambda !== "number" || !(lambda >= 0 && lambda <= 1)) throw invalid("lambda must be from 0 to 1");
    const ranked = await this.ranked(await this.embedded(query), filter, callOptions);
    const pool = ranked.slice(0, Math.max(k, fetchK));
    const picks = [];
    while (picks.length < k && pool.length > 0) {
      const worth = pool.map(([entry, score]) => this.worth(entry, score, picks, lambda));
      picks.push(...pool.splice(worth.indexOf(Math.max(...worth)), 1));
    }
    return picks.map(([entry]) => this.document(entry));
  }

  mmrDefaults() {
    return { fetchK: 20, lambda: 0.5 };
  }

  worth(entry, score, picks, lambda) {
    if (picks.length === 0) return score;
    const alike = Math.max(...picks.map(([pick]) => this.score(pick.vector, entry.vector)));
    return lambda * score - (1 - lambda) * alike;
  }

  asRetriever(kOrFields = {}) {
    const fields = typeof kOrFields === "number" ? { k: kOrFields } : kOrFields;
    const { k = 4, filter, searchType, searchKwargs, scoreThreshold } = fields;
    const options = scoreThreshold === undefined ? undefined : { scoreThreshold };
    const invoke = (query) =>
      searchType === "mmr"
        ? this.maxMarginalRelevanceSearch(query, { k, filter, ...searchKwargs }, undefined, options)
        : this.similaritySearch(query, k, filter, undefined, options);
    return { k, invoke, toJSON: () => ({ type: "not_implemented" }) };
  }

  // Deleting.

  async delete(params) {
    this.begin(params);
    const { ids, filter, deleteAll } = params ?? {};
    if (deleteAll !== undefined && typeof deleteAll !== "boolean") throw invalid("deleteAll must be true");
    const given = [ids, filter, deleteAll || undefined].filter((each) => each !== undefined);
    if (given.length !== 1) throw invalid("one of ids, filter and deleteAll");
    if (filter !== undefined) this.checkFilter(filter);
    if (isEmpty(filter)) throw invalid("filter is empty");
    const wanted = ids === undefined ? undefined : this.checkIds(ids);
    await this.inTurn(async () => {
      const { entries } = await this.entries();
      await this.remove(wanted ?? this.kept(entries, filter, params.signal).map(({ id }) => id), entries);
    });
  }

  async remove(ids) {
    if (ids.length > 0) await this.store.mdelete(ids.map((id) => this.keyOf(id)));
  }

  async compact() {
    this.begin();
  }

  async close() {
    this.closed = true;
  }
}

/** Whether a filter can only say yes. */
function isEmpty(filter) {
  if (typeof filter !== "object") return false;
  return Object.entries(filter).every(
    ([name, parts]) => (name === "$and" && parts.every(isEmpty)) || (name === "$or" && parts.some(isEmpty)),
  );
}

const bytesOf = (value) => encoder.encode(JSON.stringify(value));

const COMPARISONS = { $gt: (a, b) => a > b, $gte: (a, b) => a >= b, $lt: (a, b) => a < b, $lte: (a, b) => a <= b };

/** What an object asks of metadata. */
export function matcher(filter, name = "filter") {
  if (typeof filter !== "object" || filter === null || Array.isArray(filter)) throw invalid(`${name} is no filter`);
  const parts = Object.entries(filter).map(([field, wanted]) => {
    if (field === "$not") return negated(matcher(wanted, field));
    if (field === "$and" || field === "$or") {
      if (!Array.isArray(wanted) || wanted.length === 0) throw invalid(`${field} must be an array`);
      const all = wanted.map((each) => matcher(each, field));
      return field === "$and" ? (data) => all.every((part) => part(data)) : (data) => all.some((part) => part(data));
    }
    if (field.startsWith("$")) throw invalid(`unknown operator ${field}`);
    const asks = conditions(wanted, field);
    return (data) => asks(valuesAt(data, field));
  });
  return (data) => parts.every((part) => part(data));
}

const negated =
  (question) =>
  (...given) =>
    !question(...given);
const isPlain = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** What is asked of the values of a field: one of them is to say yes. There may be none. */
function conditions(wanted, name) {
  if (Array.isArray(wanted)) return among(wanted, name);
  const operators = isPlain(wanted) ? Object.keys(wanted).filter((key) => key.startsWith("$")) : [];
  if (operators.length === 0) return among([wanted], name);
  if (operators.length < Object.keys(wanted).length) throw invalid(`${name} mixes operators with other names`);
  const parts = operators.map((operator) => {
    const operand = wanted[operator];
    if (operator === "$eq" || operator === "$ne") {
      const equals = among([operand], operator);
      return operator === "$eq" ? equals : negated(equals);
    }
    if (operator === "$in" || operator === "$nin") {
      if (!Array.isArray(operand)) throw invalid(`${operator} must be an array`);
      return operator === "$in" ? among(operand, operator) : negated(among(operand, operator));
    }
    if (operator === "$exists") {
      if (typeof operand !== "boolean") throw invalid("$exists must be true or false");
      return (values) => values.length > 0 === operand;
    }
    if (operator === "$not") return negated(conditions(operand, operator));
    const compare = COMPARISONS[operator];
    if (compare === undefined) throw invalid(`unknown operator ${operator}`);
    if (typeof operand !== "number" && typeof operand !== "string") throw invalid(`${operator} is wrong`);
    return (values) => values.some((value) => typeof value === typeof operand && compare(value, operand));
  });
  return (values) => parts.every((part) => part(values));
}

function among(list, name) {
  for (const each of list) if (each === undefined || typeof each === "function") throw invalid(`${name} is wrong`);
  const wanted = list.map(ordered);
  const equals = (value) => wanted.includes(ordered(value));
  return (values) => values.some((value) => equals(value) || (Array.isArray(value) && value.some(equals)));
}

const ordered = (value) =>
  JSON.stringify(value, (_, each) => (isPlain(each) ? Object.fromEntries(Object.entries(each).sort()) : each));

/** What stands under a name: under one with dots, of all objects of an array. */
function valuesAt(data, field) {
  if (Object.hasOwn(data, field)) return [data[field]];
  return field.split(".").reduce((values, name) => values.flatMap((value) => below(value, name)), [data]);
}

function below(value, name) {
  if (typeof value !== "object" || value === null) return [];
  const owners = Array.isArray(value) ? value.filter(isPlain) : [value];
  if (Array.isArray(value) && /^\d+$/u.test(name)) owners.push(value);
  return owners.filter((owner) => Object.hasOwn(owner, name)).map((owner) => owner[name]);
}
