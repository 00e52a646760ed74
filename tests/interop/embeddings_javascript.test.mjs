/** The cache of the installed LangChain.js and ours over the same entries: each reads what the other writes. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CacheBackedEmbeddings as TheirCache } from "@langchain/classic/embeddings/cache_backed";
import { UpstashRedisStore } from "@langchain/community/storage/upstash_redis";
import { InMemoryStore } from "@langchain/core/stores";
import { UpstashRedisByteStore } from "bytestow";
import { CacheBackedEmbeddings } from "bytestow/embeddings";
import { awkward, bits, RecordingModel, random, rounded, silent } from "../support/embeddings.mjs";
import { all, throws } from "../support/expect.mjs";
import { startRedis } from "../support/upstash/redis.mjs";
import { startServer } from "../support/upstash/server.mjs";

const NAMESPACE = "text-embedding-3-small";
const TEXTS = [
  "",
  "a",
  "é",
  "漢字 😀",
  "x".repeat(55),
  "y".repeat(64),
  ...Array.from({ length: 40 }, (_, at) => `no. ${at}`),
];
const EXPECTED = TEXTS.map((text) => awkward(text, "document"));

/** Where entries stand. `area()` gives a fresh place, in LangChain's store and in ours. */
const PLACES = {
  "a real Redis": async () => {
    const redis = await startRedis();
    let count = 0;
    return {
      area: () => stores({ url: redis.url(count++), token: redis.token }, { responseEncoding: false }),
      close: () => redis.close(),
    };
  },
  "the strict server": async () => {
    const server = await startServer();
    let count = 0;
    return {
      area: () => stores({ url: server.url, token: `${server.token}:area-${count++}` }),
      close: () => server.close(),
    };
  },
  "LangChain's InMemoryStore": async () => ({
    area() {
      const store = new InMemoryStore();
      return { theirs: store, ours: store };
    },
    close() {},
  }),
};

/** LangChain's own store on Upstash, which holds text only, and ours. */
function stores({ url, token }, more) {
  return {
    theirs: new UpstashRedisStore({ config: { url, token, enableTelemetry: false, ...more }, namespace: "app" }),
    ours: new UpstashRedisByteStore({ url, token, namespace: "app" }),
  };
}

const theirCache = (model, { theirs }) => TheirCache.fromBytesStore(model, theirs, { namespace: NAMESPACE });
const ourCache = (model, { ours }, options) =>
  CacheBackedEmbeddings.fromBytesStore(model, ours, { namespace: NAMESPACE, keyEncoder: "langchain-js", ...options });

for (const [name, start] of Object.entries(PLACES)) {
  describe(`over ${name}`, () => {
    let place;
    before(async () => {
      place = await start();
    });
    after(() => place?.close());

    for (const valueFormat of ["binary", "json"]) {
      test(`what they write we read, valueFormat: ${valueFormat}`, async () => {
        const area = place.area();
        const model = new RecordingModel();
        await theirCache(model, area).embedDocuments(TEXTS);
        assert.deepEqual(model.asked, [TEXTS]);

        const exact = ourCache(silent(), area, { valueFormat, precision: "f64" });
        assert.deepEqual(bits(await exact.embedDocuments(TEXTS)), bits(EXPECTED));
        const short = ourCache(silent(), area, { valueFormat });
        assert.deepEqual(bits(await short.embedDocuments(TEXTS)), bits(rounded(EXPECTED)));
        const typed = await short.embedDocumentsTyped(TEXTS.slice(0, 3));
        assert.ok(typed.every((vector) => vector instanceof Float32Array));
        assert.deepEqual(bits(typed), bits(rounded(EXPECTED.slice(0, 3))));
        // They are left as they were: an application may move over machine by machine.
        assert.deepEqual(bits(await theirCache(silent(), area).embedDocuments(TEXTS)), bits(EXPECTED));
        const { hits, misses, requests, storeErrors } = exact.stats();
        assert.deepEqual({ hits, misses, requests, storeErrors }, { hits: TEXTS.length, misses: 0, requests: 0, storeErrors: 0 }); // biome-ignore format: one line
      });
    }

    for (const precision of ["f64", "f32"]) {
      test(`what we write they read, precision: ${precision}`, async () => {
        const area = place.area();
        const model = new RecordingModel();
        const cold = await ourCache(model, area, { valueFormat: "json", precision }).embedDocuments(TEXTS);
        assert.deepEqual(model.asked.flat(), TEXTS);
        const expected = bits(precision === "f64" ? EXPECTED : rounded(EXPECTED));
        assert.deepEqual(bits(cold), expected);
        assert.deepEqual(bits(await theirCache(silent(), area).embedDocuments(TEXTS)), expected);
        // An entry each, and no other: their listing may repeat one.
        assert.equal(new Set(await all(area.theirs.yieldKeys())).size, TEXTS.length);
      });
    }

    test("what we write at f16 they read as we give it", async () => {
      const area = place.area();
      const numbers = (text) => {
        const next = random(text);
        return Array.from({ length: 16 }, () => 0.25 + next());
      };
      const ours = ourCache(new RecordingModel({ numbers }), area, { valueFormat: "json", precision: "f16" });
      const given = await ours.embedDocuments(TEXTS);
      for (const [at, text] of TEXTS.entries()) {
        const exact = numbers(text);
        assert.ok(given[at].every((number, n) => Math.abs(number - exact[n]) <= exact[n] * 5e-4));
      }
      assert.notDeepEqual(bits(given), bits(rounded(TEXTS.map(numbers))), "nothing was rounded");
      assert.deepEqual(bits(await theirCache(silent(), area).embedDocuments(TEXTS)), bits(given));
    });

    test("both at work on the same entries: each asks for what neither has", async () => {
      const area = place.area();
      const model = new RecordingModel();
      const options = { valueFormat: "json", precision: "f64" };
      await theirCache(model, area).embedDocuments(TEXTS.slice(0, 20));
      await ourCache(model, area, options).embedDocuments(TEXTS.slice(10, 30));
      await theirCache(model, area).embedDocuments(TEXTS.slice(15));
      assert.deepEqual(model.asked, [TEXTS.slice(0, 20), TEXTS.slice(20, 30), TEXTS.slice(30)]);
      for (const cache of [theirCache(silent(), area), ourCache(silent(), area, options)]) {
        assert.deepEqual(bits(await cache.embedDocuments(TEXTS.toReversed())), bits(EXPECTED.toReversed()));
      }
    });

    test("a document of theirs is not taken for a query, nor a query of ours for a document", async () => {
      const area = place.area();
      await theirCache(new RecordingModel(), area).embedDocuments(TEXTS.slice(0, 2));
      const model = new RecordingModel();
      const ours = ourCache(model, area, { valueFormat: "json", precision: "f64" });
      for (const text of [TEXTS[1], TEXTS[2], TEXTS[1]]) {
        assert.deepEqual(bits([await ours.embedQuery(text)]), bits([awkward(text, "query")]));
      }
      assert.deepEqual(model.queries, TEXTS.slice(1, 3));
      const asked = new RecordingModel();
      const found = await theirCache(asked, area).embedDocuments(TEXTS.slice(0, 3));
      assert.deepEqual(bits(found), bits(EXPECTED.slice(0, 3)));
      assert.deepEqual(asked.asked, [[TEXTS[2]]]);
    });

    test("in a namespace of another name nothing is found", async () => {
      const area = place.area();
      await theirCache(new RecordingModel(), area).embedDocuments(TEXTS);
      for (const namespace of ["text-embedding-3-large", "text-embedding-3-smal", `${NAMESPACE}:`]) {
        const model = new RecordingModel();
        await ourCache(model, area, { namespace }).embedDocuments(TEXTS);
        assert.equal(model.asked.flat().length, TEXTS.length, namespace);
      }
    });
  });
}

describe("numbers that decimal digits are hard on", () => {
  const NUMBERS = [5e-324, 2 ** -1022, Number.MAX_VALUE, -1e21, 1e-7, 1e22, 0.1 + 0.2, 2 ** 53 + 2, -1 / 3, 0, -0];
  const model = () => new RecordingModel({ numbers: () => NUMBERS });
  const options = { valueFormat: "json", precision: "f64" };

  test("as we write them LangChain reads them", async () => {
    const store = new InMemoryStore();
    const area = { theirs: store, ours: store };
    assert.deepEqual(bits(await ourCache(model(), area, options).embedDocuments(["t"])), bits([NUMBERS]));
    assert.deepEqual(bits(await theirCache(silent(), area).embedDocuments(["t"])), bits([NUMBERS]));
    assert.deepEqual(bits(await ourCache(silent(), area, options).embedDocuments(["t"])), bits([NUMBERS]));
  });

  test("as LangChain writes them we read them; it writes 0 for -0", async () => {
    const store = new InMemoryStore();
    const area = { theirs: store, ours: store };
    await theirCache(model(), area).embedDocuments(["t"]);
    const kept = [...NUMBERS.slice(0, -1), 0];
    assert.deepEqual(bits(await theirCache(silent(), area).embedDocuments(["t"])), bits([kept]));
    assert.deepEqual(bits(await ourCache(silent(), area, options).embedDocuments(["t"])), bits([kept]));
  });

  test("a number too small for f16 is -0 there, and -0 to LangChain too", async () => {
    const store = new InMemoryStore();
    const area = { theirs: store, ours: store };
    const tiny = new RecordingModel({ numbers: () => [-1e-9, 1] });
    const given = await ourCache(tiny, area, { valueFormat: "json", precision: "f16" }).embedDocuments(["t"]);
    assert.deepEqual(bits(given), bits([[-0, 1]]));
    assert.deepEqual(bits(await theirCache(silent(), area).embedDocuments(["t"])), bits(given));
  });
});

test("what LangChain keeps without a namespace is found with an empty one, over its keys alone", async () => {
  const store = new InMemoryStore();
  await TheirCache.fromBytesStore(new RecordingModel(), store).embedDocuments(TEXTS);
  const options = { namespace: "", keyEncoder: "langchain-js", precision: "f64" };
  const found = await CacheBackedEmbeddings.fromBytesStore(silent(), store, options).embedDocuments(TEXTS);
  assert.deepEqual(bits(found), bits(EXPECTED));
  // Over keys that the name alone tells apart there must be one.
  for (const keyEncoder of [undefined, "sha256"]) {
    throws(
      () => CacheBackedEmbeddings.fromBytesStore(silent(), store, { namespace: "", keyEncoder }),
      "invalid_argument",
      /namespace/u,
    );
    const options = { embeddings: silent(), store, model: "", keyEncoder };
    throws(() => new CacheBackedEmbeddings(options), "invalid_argument", /model/u);
  }
});
