import { check, held, same } from "../../expect.js";
import { gives, givesAsking, sameEntries, sameVector, sameVectors } from "../expect.js";
import type { SomeCacheRules } from "./body.js";

export const cached = {
  async "C1-documents-cached"(context) {
    const texts = context.texts(25);
    const cache = await context.open();
    await givesAsking(context, cache, texts, texts, "the first call");
    await givesAsking(context, cache, texts, [], "the second call");
    await givesAsking(context, await context.open(), texts, [], "another cache on the same store");
    for (const text of texts.slice(0, 3)) await givesAsking(context, cache, [text], [], "a call for one of them");
    const before = await context.stored();
    same(before.size, texts.length, "entries in the store");
    await gives(context, cache, texts, "once more");
    sameEntries(await context.stored(), before, "the store after a call without misses");
  },

  async "C2-queries-cached"(context) {
    const { model } = context;
    const text = context.text();
    const cache = await context.open();
    const once = context.claims.queries === true;
    for (const [nth, each] of [cache, cache, await context.open()].entries()) {
      sameVector(await each.embedQuery(text), model.vector(text, "query"), `query ${nth + 1}`);
    }
    same(model.asked("query").length, once ? 1 : 3, "how often the model was asked for the query");
    same(model.asked("document").length, 0, "how often the model was asked for it as a document");
    if (!once) same((await context.stored()).size, 0, "entries in the store");
  },

  async "C3-kinds-apart"(context) {
    const { model } = context;
    const [one, other] = [context.text(), context.text()];
    const cache = await context.open();
    const look = async (when: string) => {
      sameVectors(await cache.embedDocuments([one, other]), model.vectors([one, other]), `documents ${when}`);
      for (const text of [one, other]) {
        sameVector(await cache.embedQuery(text), model.vector(text, "query"), `query ${when}`);
      }
    };
    sameVectors(await cache.embedDocuments([one]), model.vectors([one]), "a document before its query");
    sameVector(await cache.embedQuery(other), model.vector(other, "query"), "a query before its document");
    await look("after one of them");
    await look("again");
  },

  async "C4-query-cache-off"(context) {
    if (!context.claimed("queryCache", "queryCache: false")) return;
    const { model } = context;
    const text = context.text();
    const cache = await context.open({ queryCache: false });
    for (let nth = 1; nth <= 3; nth++) {
      sameVector(await cache.embedQuery(text), model.vector(text, "query"), `query ${nth}`);
    }
    same(model.asked("query").length, 3, "how often the model was asked for the query");
    same((await context.stored()).size, 0, "entries in the store after queries");
    await gives(context, cache, [text], "documents");
    await givesAsking(context, cache, [text], [], "documents again");
  },

  async "C5-query-store"(context) {
    if (!context.claimed("queryCache", "a store for queries")) return;
    const { model } = context;
    const queries = await context.anotherStore();
    const [text, second] = context.texts(2) as [string, string];
    const cache = await context.open({ queryCache: queries });
    sameVector(await cache.embedQuery(text), model.vector(text, "query"), "a query");
    same((await context.stored()).size, 0, "entries in the documents' store after a query");
    same((await context.stored(queries)).size, 1, "entries in the queries' store after a query");
    await gives(context, cache, [text, second], "documents");
    same((await context.stored()).size, 2, "entries in the documents' store");
    same((await context.stored(queries)).size, 1, "entries in the queries' store after documents");
    model.forget();
    const again = await context.open({ queryCache: queries });
    sameVector(await again.embedQuery(text), model.vector(text, "query"), "the query again");
    await gives(context, again, [text, second], "the documents again");
    same(model.asked().length, 0, "texts asked again");
    // The very store of the documents, given for the queries too.
    const shared = await context.open({ queryCache: context.store });
    sameVector(await shared.embedQuery(second), model.vector(second, "query"), "a query in the documents' store");
    await gives(context, shared, [text, second], "documents beside it");
  },

  async "C6-models-apart"(context) {
    const texts = context.texts(3);
    // Names of which one is the other with something behind it, or of other case.
    const base = context.modelName;
    for (const name of [base, `${base}1`, base.slice(0, -1), base.toUpperCase(), `${base}/`, ` ${base}`]) {
      const model = context.anotherModel(name);
      const cache = await context.open({ model: name }, { model });
      sameVectors(await cache.embedDocuments(texts), model.vectors(texts), `documents of the model ${name}`);
      sameVector(await cache.embedQuery(base), model.vector(base, "query"), `a query of the model ${name}`);
    }
    // Where the name ends and the text begins must be told apart.
    const [short, long] = [context.anotherModel("m"), context.anotherModel("m1")];
    await (await context.open({ model: "m" }, { model: short })).embedDocuments(["12"]);
    const got = await (await context.open({ model: "m1" }, { model: long })).embedDocuments(["2"]);
    sameVectors(got, long.vectors(["2"]), 'the text "2" of the model "m1" after "12" of "m"');
    if (!context.claimed("dimensions", "the option dimensions")) return;
    for (const dimensions of [undefined, 4, 8, 16]) {
      const model = context.anotherModel(`${base} cut`, dimensions ?? 32);
      const options = { model: `${base} cut`, ...(dimensions !== undefined && { dimensions }) };
      const cache = await context.open(options, { model });
      sameVectors(await cache.embedDocuments(texts), model.vectors(texts), `documents of ${dimensions} dimensions`);
      sameVector(await cache.embedQuery(base), model.vector(base, "query"), `a query of ${dimensions} dimensions`);
    }
  },

  async "C7-duplicates"(context) {
    const { model } = context;
    const [a, b, c] = context.texts(3) as [string, string, string];
    const cache = await context.open();
    for (const when of ["cold", "warm"]) {
      const asked = [a, b, a, a, c, b];
      const got = await cache.embedDocuments(asked);
      sameVectors(got, model.vectors(asked), `documents with duplicates, ${when}`);
      same(new Set(got).size, got.length, `how many arrays there are, ${when}`);
      (got[0] as number[]).fill(7);
      sameVector(got[2], model.vector(a), `the same text after its other vector was changed, ${when}`);
      sameVector(got[3], model.vector(a), `the same text at its third place, ${when}`);
    }
    same(model.asked().length, 3, "how many texts the model was asked for");
    await givesAsking(
      context,
      cache,
      Array.from({ length: 50 }, () => a),
      [],
      "one text fifty times",
    );
  },

  async "C8-order"(context) {
    const { random } = context;
    const texts = context.texts(40);
    const there = texts.filter((_, at) => at % 3 === 0);
    const cache = await context.open();
    await gives(context, cache, there, "some of them");
    const missing = texts.filter((text) => !there.includes(text));
    await givesAsking(context, cache, random.shuffled(texts), missing, "all of them");
    await givesAsking(context, cache, [...texts].reverse(), [], "backwards");
  },

  async "C9-empty-list"(context) {
    const store = context.watched();
    const cache = await context.open({}, { store });
    sameVectors(await cache.embedDocuments([]), [], "no documents");
    if (cache.embedDocumentsTyped) same((await cache.embedDocumentsTyped([])).length, 0, "typed vectors of nothing");
    same(context.model.calls.length, 0, "calls of the model");
    same(store.reads + store.writes, 0, "calls of the store");
  },

  async "C10-results-owned"(context) {
    const { model } = context;
    const text = context.text();
    const cache = await context.open();
    for (const when of ["cold", "warm", "warm again"]) {
      const [vector] = await cache.embedDocuments([text]);
      sameVector(vector, model.vector(text), `a document, ${when}`);
      check(Object.getPrototypeOf(vector) === Array.prototype, `a vector, ${when}, is no plain array`);
      vector.fill(1);
      vector.length = 1;
      const query = await cache.embedQuery(text);
      sameVector(query, model.vector(text, "query"), `a query, ${when}`);
      query.fill(1);
    }
    await gives(context, await context.open(), [text], "another cache after results were changed");
    // What the model gave may be changed too, by whoever holds it.
    const given: number[][] = [];
    model.spoil = (right) => {
      given.push(...(right as number[][]));
      return right;
    };
    const other = context.text();
    const [result] = await cache.embedDocuments([other]);
    for (const vector of given) vector.fill(9);
    sameVector(result, model.vector(other), "a result after the model's own array was changed");
    await givesAsking(context, cache, [other], [], "a warm call after that");
  },

  async "C11-input-snapshot"(context) {
    const { model } = context;
    const texts = context.texts(6);
    const cache = await context.open();
    await gives(context, cache, texts.slice(0, 2), "some of them");
    await gives(context, cache, Object.freeze([...texts]) as string[], "a frozen list");
    const changed = context.texts(4);
    const expected = model.vectors(changed);
    const call = held(cache.embedDocuments(changed));
    changed[0] = "something else";
    changed.length = 2;
    sameVectors(await call, expected, "a list changed after the call");
    same((await context.stored()).size, 10, "entries in the store");
  },
} satisfies SomeCacheRules;
