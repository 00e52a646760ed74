/** LangChain for Python's cache and ours over the same redis-server: the same keys, and each reads what the other writes. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { UpstashRedisByteStore } from "bytestow";
import { CacheBackedEmbeddings } from "bytestow/embeddings";
import { awkward, bits, RecordingModel, rounded, silent } from "../support/embeddings.mjs";
import { startPython } from "../support/langchain_python.mjs";
import { randomTexts } from "../support/random_texts.mjs";
import { startRedis } from "../support/upstash/redis.mjs";

const ENCODERS = ["sha1", "sha256", "blake2b", "sha512"];
const NAMESPACE = "text-embedding-3-small:é";
const TEXTS = ["", "a", "é", "漢字 😀", ...Array.from({ length: 30 }, (_, at) => `no. ${at}`)];
const EXPECTED = TEXTS.map((text) => awkward(text, "document"));

let redis;
let python;
let databases = 0;
before(async () => {
  [redis, python] = await Promise.all([startRedis(), startPython()]);
});
after(() => Promise.all([redis?.close(), python?.close()]));

/** What a model of Python's is told: these texts, with our models' vectors. */
const known = (documents, queries = []) => {
  const table = (texts, kind) => Object.fromEntries(texts.map((text) => [text, bits([awkward(text, kind)])[0]]));
  return { documents: table(documents, "document"), queries: table(queries, "query") };
};

/** An empty database: Python's cache on it, and ours. */
function area(encoder) {
  const database = databases++;
  const url = redis.url(database);
  const store = (namespace) => new UpstashRedisByteStore({ url, token: redis.token, namespace });
  return {
    store,
    raw: (key) => redis.cli(database, "GET", key),
    keys: async () => (await redis.cli(database, "KEYS", "*")).toString().split("\n").filter(Boolean).sort(),
    python: (fields) =>
      python.call("embed", {
        ...{ redis: `redis://127.0.0.1:${redis.port}/${database}`, encoder, namespace: NAMESPACE },
        ...{ documents: [], query: null, query_cache: false, known: known([]), ...fields },
      }),
    ours: (model, options, documents = store("app")) =>
      CacheBackedEmbeddings.fromBytesStore(model, documents, {
        ...{ namespace: NAMESPACE, keyEncoder: `langchain-python-${encoder}`, precision: "f64", ...options },
      }),
  };
}

describe("keys", () => {
  const texts = randomTexts(400);
  for (const encoder of ENCODERS) {
    test(`key_encoder="${encoder}": the same for random texts`, async () => {
      for (const namespace of ["", "m", "modèle 漢字 😀:", "a/b*[?]"]) {
        const expected = await python.call("keys", { texts, encoder, namespace });
        assert.equal(new Set(expected).size, texts.length);
        const numbers = (text) => [texts.indexOf(text)];
        const written = [];
        const store = {
          mget: async (keys) => keys.map(() => undefined),
          mset: async (pairs) => {
            for (const [key, value] of pairs) written[JSON.parse(Buffer.from(value).toString())[0]] = key;
          },
          mdelete: async () => {},
          async *yieldKeys() {},
        };
        const options = { namespace, keyEncoder: `langchain-python-${encoder}`, valueFormat: "json" };
        const model = new RecordingModel({ numbers });
        await CacheBackedEmbeddings.fromBytesStore(model, store, options).embedDocuments(texts);
        assert.deepEqual(written, expected);
      }
    });
  }
});

for (const encoder of ENCODERS) {
  describe(`documents, key_encoder="${encoder}"`, () => {
    test("what Python writes we read, in either format", async () => {
      const { python, ours } = area(encoder);
      const { documents, asked } = await python({ documents: TEXTS, known: known(TEXTS) });
      assert.deepEqual(documents, bits(EXPECTED));
      assert.deepEqual(asked, [TEXTS]);
      for (const valueFormat of ["binary", "json"]) {
        const exact = await ours(silent(), { valueFormat }).embedDocuments(TEXTS);
        assert.deepEqual(bits(exact), bits(EXPECTED));
        const short = await ours(silent(), { valueFormat, precision: "f32" }).embedDocuments(TEXTS);
        assert.deepEqual(bits(short), bits(rounded(EXPECTED)));
      }
    });

    test("what we write Python reads", async () => {
      for (const precision of ["f64", "f32"]) {
        const { python, ours, keys } = area(encoder);
        const model = new RecordingModel();
        await ours(model, { valueFormat: "json", precision }).embedDocuments(TEXTS);
        assert.deepEqual(model.asked, [TEXTS]);
        const { documents, asked } = await python({ documents: TEXTS });
        assert.deepEqual(documents, bits(precision === "f64" ? EXPECTED : rounded(EXPECTED)));
        assert.deepEqual(asked, []);
        assert.equal((await keys()).length, TEXTS.length);
      }
    });

    test("both at work on the same entries: each asks for what neither has", async () => {
      const { python, ours } = area(encoder);
      const [first, rest] = [TEXTS.slice(0, 10), TEXTS.slice(20)];
      await python({ documents: first, known: known(first) });
      const model = new RecordingModel();
      await ours(model, { valueFormat: "json" }).embedDocuments(TEXTS.slice(5, 20));
      assert.deepEqual(model.asked, [TEXTS.slice(10, 20)]);
      const { documents, asked } = await python({ documents: TEXTS, known: known(rest) });
      assert.deepEqual(asked, [rest]);
      assert.deepEqual(documents, bits(EXPECTED));
      assert.deepEqual(bits(await ours(silent()).embedDocuments(TEXTS)), bits(EXPECTED));
    });
  });
}

describe("numbers as Python writes them", () => {
  /** How Python writes numbers. */
  const FORMS = {
    "1e-05": 1e-5,
    0.1: 0.1,
    "1e+16": 1e16,
    "1e+22": 1e22,
    "-0.0": -0,
    "5e-324": 5e-324,
    "1.7976931348623157e+308": Number.MAX_VALUE,
    "2.2250738585072014e-308": 2 ** -1022,
    0.3333333333333333: 1 / 3,
    0.30000000000000004: 0.1 + 0.2,
    123456789012345.67: 123456789012345.67,
    "9007199254740994.0": 2 ** 53 + 2,
    "100.0": 100,
  };

  test("1e-05, 0.1 and the rest are read right", async () => {
    const { python, ours, raw, keys } = area("sha256");
    const numbers = Object.values(FORMS);
    await python({ documents: ["t"], known: { documents: { t: bits([numbers])[0] }, queries: {} } });
    const [key] = await keys();
    assert.equal((await raw(key)).toString(), `[${Object.keys(FORMS).join(", ")}]`);
    for (const valueFormat of ["binary", "json"]) {
      assert.deepEqual(bits(await ours(silent(), { valueFormat }).embedDocuments(["t"])), bits([numbers]));
    }
  });

  test("the same numbers as we write them are read by Python", async () => {
    const { python, ours } = area("sha256");
    const numbers = Object.values(FORMS);
    const model = new RecordingModel({ numbers: () => numbers });
    assert.deepEqual(bits(await ours(model, { valueFormat: "json" }).embedDocuments(["t"])), bits([numbers]));
    const { documents, asked } = await python({ documents: ["t"] });
    assert.deepEqual(documents, bits([numbers]));
    assert.deepEqual(asked, []);
  });

  test("whole numbers without a point, as some models give them", async () => {
    const { python, ours } = area("sha256");
    await python({ documents: ["t"], known: { documents: { t: "[1, -2, 0, 18446744073709551616]" }, queries: {} } });
    const [vector] = await ours(silent()).embedDocuments(["t"]);
    assert.deepEqual(vector, [1, -2, 0, 2 ** 64]);
  });

  test("NaN and infinities, which it keeps, are asked for again, and replaced", async () => {
    const { python, ours } = area("blake2b");
    const odd = { a: "[NaN, 1.0]", b: "[0.5, Infinity]", c: "[]", d: "[0.25, 1e-05]" };
    await python({ documents: Object.keys(odd), known: { documents: odd, queries: {} } });
    const events = [];
    const model = new RecordingModel({ numbers: () => [0.75, 0.5] });
    const cache = ours(model, { valueFormat: "json", onEvent: (event) => events.push(event) });
    const found = await cache.embedDocuments(Object.keys(odd));
    assert.deepEqual(found, [...Array(3).fill([0.75, 0.5]), [0.25, 1e-5]]);
    assert.deepEqual(model.asked, [["a", "b", "c"]]);
    await new Promise(setImmediate);
    assert.deepEqual(
      events.map(({ type }) => type),
      ["corrupt", "corrupt", "corrupt"],
    );
    const { documents, asked } = await python({ documents: ["a", "b", "c"] });
    assert.deepEqual(documents, bits(Array(3).fill([0.75, 0.5])));
    assert.deepEqual(asked, []);
  });
});

for (const encoder of ENCODERS) {
  describe(`queries, key_encoder="${encoder}"`, () => {
    const [text, other] = ["What is é?", "And 😀?"];
    const vector = (query) => bits([awkward(query, "query")]);

    test("a store for them alone: either reads what the other writes", async () => {
      const { python, ours, store, keys } = area(encoder);
      await python({ query: text, query_cache: "queries", known: known([], [text]) });
      assert.match((await keys()).join(), /^queries\/[^,]*$/u);
      const options = { valueFormat: "json", queryCache: store("queries") };
      assert.deepEqual(bits([await ours(silent(), options).embedQuery(text)]), vector(text));

      const model = new RecordingModel();
      await ours(model, options).embedQuery(other);
      assert.deepEqual(model.queries, [other]);
      const { query, askedQueries } = await python({ query: other, query_cache: "queries" });
      assert.deepEqual([query], vector(other));
      assert.deepEqual(askedQueries, []);
      assert.equal((await keys()).filter((key) => key.startsWith("queries/")).length, 2);
    });

    test("query_embedding_cache=True: either reads what the other writes, given a second handle on the store", async () => {
      const { python, ours, store } = area(encoder);
      await python({ query: text, query_cache: true, known: known([], [text]) });
      const options = { valueFormat: "json", queryCache: store("app") };
      assert.deepEqual(bits([await ours(silent(), options).embedQuery(text)]), vector(text));
      await ours(new RecordingModel(), options).embedQuery(other);
      const { query, askedQueries } = await python({ query: other, query_cache: true });
      assert.deepEqual([query], vector(other));
      assert.deepEqual(askedQueries, []);
    });

    test("with one handle for both, queries keep keys of their own: Python's document is not one", async () => {
      const { python, ours, store } = area(encoder);
      await python({ documents: [text], known: known([text]) });
      const [both, model] = [store("app"), new RecordingModel()];
      const cache = ours(model, { valueFormat: "json", queryCache: both }, both);
      assert.deepEqual(bits([await cache.embedQuery(text)]), vector(text));
      assert.deepEqual(bits(await cache.embedDocuments([text])), bits([awkward(text, "document")]));
      assert.deepEqual([model.queries, model.asked], [[text], []]);
    });

    test("with our own default a document of Python's is never given for a query", async () => {
      const { python, ours } = area(encoder);
      await python({ documents: [text], known: known([text]) });
      const model = new RecordingModel();
      const cache = ours(model, { valueFormat: "json" });
      for (let times = 0; times < 2; times++) {
        assert.deepEqual(bits([await cache.embedQuery(text)]), vector(text));
      }
      assert.deepEqual(model.queries, [text]);
      // Nor is ours for its document.
      const { documents, asked } = await python({ documents: [text] });
      assert.deepEqual(documents, bits([awkward(text, "document")]));
      assert.deepEqual(asked, []);
    });
  });
}
