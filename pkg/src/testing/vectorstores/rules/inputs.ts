import { check, outcome, refused, same } from "../../expect.js";
import { method } from "../context.js";
import { idsOf, sameDocument, sameJson, sameTexts } from "../expect.js";
import type { TestedDocument } from "../harness.js";
import type { SomeVectorStoreRules } from "./body.js";

/** Freezes something, and all that is in it. */
function frozen<T extends object>(value: T): T {
  for (const each of Object.values(value) as unknown[]) if (typeof each === "object" && each !== null) frozen(each);
  return Object.freeze(value);
}

export const inputs = {
  async "I1-inputs-kept"(context) {
    const store = await context.open();
    const documents = frozen([
      context.document("a", { nested: { list: [1, { deep: true }] } }),
      context.document("b", {}, "own"),
    ]) as TestedDocument[];
    const vectors = frozen([context.noise(), context.noise()]) as number[][];
    const ids = frozen(["x", "y"]) as string[];
    const [before, vectorsBefore] = [JSON.stringify(documents), JSON.stringify(vectors)];
    await store.addDocuments(documents);
    await store.addDocuments(documents, frozen({ ids }));
    await store.addVectors(vectors, documents, { ids });
    const query = frozen(context.noise()) as number[];
    await store.similaritySearchVectorWithScore(query, 4);
    if (context.claims.objectFilters) await store.similaritySearch("any", 4, frozen({ nested: { $exists: true } }));
    await store.delete(frozen({ ids }) as { ids: string[] });
    same(JSON.stringify(documents), before, "the documents");
    same(JSON.stringify(vectors), vectorsBefore, "the vectors");
    check(!("id" in (documents[0] as object)), "a document was given an id");
  },

  async "I2-inputs-later"(context) {
    const store = await context.open();
    const metadata = { list: [1, 2], nested: { name: "before" } };
    const document = context.document("a", metadata, "one");
    const documents = [document];
    const ids = ["x"];
    const vector = [1, 0, 0, 0, 0, 0];
    const add = store.addVectors([vector], documents, { ids });
    ids[0] = "changed";
    // What it has of them is its own from here on, and not only when it has ended.
    vector.reverse();
    documents.push(context.document("pushed"));
    await add;
    metadata.nested.name = "after";
    metadata.list.push(3);
    document.pageContent = "changed";
    const [[found, score] = []] = await store.similaritySearchVectorWithScore([1, 0, 0, 0, 0, 0], 9);
    const expected = context.document("a", { list: [1, 2], nested: { name: "before" } }, "x");
    sameDocument(found, expected, "what was stored");
    check((score as number) > 0.999, "the vector that was changed later counts");
  },

  async "I3-results-owned"(context) {
    const store = await context.open();
    const expected = context.document("a", { list: [1, 2], nested: { name: "before" } }, "x");
    await store.addDocuments([expected]);
    const spoil = (document: TestedDocument | undefined) => {
      if (document === undefined) return;
      (document.metadata.nested as { name: string }).name = "after";
      (document.metadata.list as number[]).push(3);
      document.metadata.more = true;
      document.pageContent = "changed";
    };
    const find = async (): Promise<(TestedDocument | undefined)[]> => {
      const [first] = await store.similaritySearch("a", 1);
      const [scored] = await store.similaritySearchWithScore("a", 1, () => true);
      const found = [first, scored?.[0]];
      if (context.claims.getByIds) found.push((await method(store, "getByIds")(["x"]))[0]);
      return found;
    };
    for (const document of await find()) spoil(document);
    const later = await find();
    for (const [at, document] of later.entries()) sameDocument(document, expected, `result ${at} of later calls`);
    if (context.claims.getByIds) {
      const [one, other] = await method(store, "getByIds")(["x", "x"]);
      spoil(one);
      if (other !== undefined) sameDocument(other, expected, "of an id that was asked for twice, the second");
    }
  },

  async "I4-json"(context) {
    const store = await context.open();
    const date = new Date(1_700_000_000_000);
    const metadata = {
      nested: { list: [1, "2", null, { deep: [true] }] },
      text: 'é 漢字 😀 \u0000 " \\ \u2028',
      number: -0.1,
      large: 1e300,
      empty: {},
      none: null,
      "a.b": 1,
      toString: "own",
      ["__proto__"]: "own",
      date,
      left: undefined,
    };
    const texts = ["", " ", "é 漢字 😀", "line\nbreak\t\u0000", '{"json": true}', "a lone \ud83d surrogate"];
    const ids = idsOf(await store.addDocuments(texts.map((text) => context.document(text, metadata))), 6, "ids");
    const found = new Map((await store.similaritySearch("any", 9)).map((document) => [document.id, document]));
    for (const [at, text] of texts.entries()) {
      const document = found.get(ids[at]);
      same(document?.pageContent, text, `the text ${JSON.stringify(text)}`);
      sameJson(document?.metadata, JSON.parse(JSON.stringify(metadata)), "its metadata");
    }
    same(found.get(ids[0])?.metadata.date, date.toISOString(), "a Date");
    const strange = ["/", "a/b", "é 漢字", "__proto__", "constructor", " ", "x".repeat(300)];
    await store.addDocuments(strange.map((id) => context.document(`of ${id}`, {}, id)));
    const all = new Map((await store.similaritySearch("any", 99)).map(({ id, pageContent }) => [id, pageContent]));
    for (const id of strange) same(all.get(id), `of ${id}`, `the document of the id ${JSON.stringify(id)}`);
  },

  async "I5-not-json"(context) {
    if (!context.claimed("checks", "metadata that JSON cannot hold")) return;
    const store = await context.open();
    const cycle: Record<string, unknown> = {};
    cycle.self = { cycle };
    const throwing = {
      toJSON() {
        throw new Error("no JSON of this");
      },
    };
    context.model.forget();
    for (const bad of [{ big: 1n }, cycle, { throwing }, [1, 2], "text", 7]) {
      const documents = [context.document("fine"), context.document("fine"), context.document("bad", bad as never)];
      await refused(() => store.addDocuments(documents), "invalid_argument", "bad metadata", "2", "metadata");
      await refused(() => store.addVectors([1, 2, 3].map(() => context.noise()), documents), "invalid_argument", "bad metadata", "2"); // biome-ignore format: one line
    }
    same(context.model.calls.length, 0, "calls of the model");
    sameTexts(await store.similaritySearch("any", 9), [], "what was added");
  },

  async "I6-ids"(context) {
    const store = await context.open();
    const pair = () => [context.document("a", {}, "own a"), context.document("b")];
    same(idsOf(await store.addDocuments(pair(), { ids: ["1", "2"] }), 2, "an option").join(), "1,2", "ids by option");
    same(idsOf(await store.addDocuments(pair(), ["3", "4"]), 2, "an array").join(), "3,4", "ids by an array");
    const vectors = [context.noise(), context.noise()];
    same(idsOf(await store.addVectors(vectors, pair(), ["5", "6"]), 2, "an array").join(), "5,6", "ids of vectors");
    const own = idsOf(await store.addVectors(vectors, pair()), 2, "none");
    same(own[0], "own a", "the document's own id, of vectors");
    same((await store.similaritySearch("any", 99)).length, 8, "documents");
    if (!context.claims.checks) return;
    context.model.forget();
    const wrong: unknown[] = [["1"], ["1", "2", "3"], "12", ["1", 2], ["1", ""], { 0: "1", 1: "2" }];
    for (const ids of wrong) {
      const what = `ids ${JSON.stringify(ids)}`;
      await refused(() => store.addDocuments(pair(), { ids } as never), "invalid_argument", what, "ids");
      await refused(() => store.addVectors(vectors, pair(), { ids } as never), "invalid_argument", what, "ids");
    }
    await refused(
      () => store.addDocuments([context.document("a", {}, 7 as never)]),
      "invalid_argument",
      "an id 7",
      "id",
    );
    same(context.model.calls.length, 0, "calls of the model");
    same((await store.similaritySearch("any", 99)).length, 8, "documents afterwards");
  },

  async "I7-duplicates"(context) {
    const store = await context.open();
    const documents = ["first", "other", "second", "last"].map((text) => context.document(text));
    const ids = idsOf(await store.addDocuments(documents, { ids: ["x", "y", "x", "x"] }), 4, "addDocuments()");
    same(ids.join(), "x,y,x,x", "the ids");
    const found = await store.similaritySearch("last", 9);
    sameTexts(found, ["last", "other"], "what is there");
    if (context.claims.persistent) {
      sameTexts(await (await context.reopened()).similaritySearch("last", 9), ["last", "other"], "when opened again");
    }
  },

  async "I8-empty"(context) {
    const store = await context.open();
    context.model.forget();
    idsOf(await store.addDocuments([]), 0, "addDocuments([])");
    idsOf(await store.addDocuments([], { ids: [] }), 0, "addDocuments([], { ids: [] })");
    idsOf(await store.addVectors([], []), 0, "addVectors([], [])");
    if (context.claims.getByIds) sameTexts(await method(store, "getByIds")([]), [], "getByIds([])");
    same(context.model.calls.length, 0, "calls of the model");
    const end = await outcome(() => store.similaritySearch("any", 1));
    check(end.ok, "a search afterwards failed");
  },
} satisfies SomeVectorStoreRules;
