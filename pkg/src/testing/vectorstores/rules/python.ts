import { check, same } from "../../expect.js";
import { method } from "../context.js";
import { idsOf, sameDocument, sameTexts } from "../expect.js";
import type { SomeVectorStoreRules } from "./body.js";

/** The cases of Python's `VectorStoreIntegrationTests`, one by one. */
export const python = {
  async "P1-empty"(context) {
    const store = await context.open();
    sameTexts(await store.similaritySearch("foo", 1), [], "a search of an empty store");
  },

  async "P2-add"(context) {
    const store = await context.open();
    const documents = [context.document("foo", { id: 1 }), context.document("bar", { id: 2 })];
    const ids = idsOf(await store.addDocuments(documents), 2, "addDocuments()");
    const found = await store.similaritySearch("bar", 2);
    same(found.length, 2, "results");
    sameDocument(found[0], context.document("bar", { id: 2 }, ids[1]), "the first result");
    sameDocument(found[1], context.document("foo", { id: 1 }, ids[0]), "the second result");
    check(
      documents.every((document) => !("id" in document)),
      "the documents given were changed",
    );
  },

  async "P3-still-empty"(context) {
    const store = await context.open();
    await store.addDocuments(context.documents(3));
    const other = await context.open({}, await context.anotherStore());
    sameTexts(await other.similaritySearch("foo", 1), [], "a search of another store");
  },

  async "P4-delete"(context) {
    const store = await context.open();
    const documents = [context.document("foo", { id: 1 }), context.document("bar", { id: 2 })];
    const ids = idsOf(await store.addDocuments(documents, { ids: ["1", "2"] }), 2, "addDocuments()");
    same(ids.join(), "1,2", "the ids");
    await store.delete({ ids: ["1"] });
    const found = await store.similaritySearch("foo", 1);
    same(found.length, 1, "results");
    sameDocument(found[0], context.document("bar", { id: 2 }, "2"), "what is left");
  },

  async "P5-delete-bulk"(context) {
    const store = await context.open();
    const documents = ["foo", "bar", "baz"].map((text, at) => context.document(text, { id: at + 1 }));
    await store.addDocuments(documents, { ids: ["1", "2", "3"] });
    await store.delete({ ids: ["1", "2"] });
    const found = await store.similaritySearch("foo", 3);
    same(found.length, 1, "results");
    sameDocument(found[0], context.document("baz", { id: 3 }, "3"), "what is left");
  },

  async "P6-delete-missing"(context) {
    const store = await context.open();
    await store.delete({ ids: ["1"] });
    await store.delete({ ids: ["1", "2", "3"] });
    await store.addDocuments([context.document("foo")], { ids: ["4"] });
    await store.delete({ ids: ["1", "2", "3"] });
    await store.delete({ ids: [] });
    sameTexts(await store.similaritySearch("foo", 2), ["foo"], "what was not deleted");
  },

  async "P7-same-ids"(context) {
    const store = await context.open();
    const documents = [context.document("foo", { id: 1 }), context.document("bar", { id: 2 })];
    for (let times = 0; times < 2; times++) await store.addDocuments(documents, { ids: ["1", "2"] });
    sameTexts(await store.similaritySearch("bar", 4), ["bar", "foo"], "documents added twice");
  },

  async "P8-mutation"(context) {
    const store = await context.open();
    const documents = [context.document("foo", { id: 1 }), context.document("bar", { id: 2 })];
    await store.addDocuments(documents, { ids: ["1", "2"] });
    const changed = context.document("new foo", { id: 1, some_other_field: "foo" });
    await store.addDocuments([changed], { ids: ["1"] });
    const found = await store.similaritySearchWithScore("new foo", 4);
    same(found.length, 2, "results");
    sameDocument(found[0]?.[0], { ...changed, id: "1" }, "the one that was replaced");
    check((found[0]?.[1] as number) > 0.999, "it still has its old vector");
    sameDocument(found[1]?.[0], { ...(documents[1] as (typeof documents)[1]), id: "2" }, "the other one");
  },

  async "P9-get-by-ids"(context) {
    if (!context.claimed("getByIds", "getByIds()")) return;
    const store = await context.open();
    const documents = [context.document("foo", { id: 1 }), context.document("bar", { id: 2 })];
    await store.addDocuments(documents, { ids: ["1", "2"] });
    for (const ids of [["1", "2"], ["2", "1"], ["2"]]) {
      const found = await method(store, "getByIds")(ids);
      same(found.length, ids.length, "documents");
      for (const [at, id] of ids.entries()) {
        sameDocument(
          found[at],
          { ...(documents[Number(id) - 1] as (typeof documents)[0]), id },
          `document ${at} of ${ids}`,
        );
      }
    }
  },

  async "P10-get-missing"(context) {
    if (!context.claimed("getByIds", "getByIds()")) return;
    const store = await context.open();
    const get = method(store, "getByIds");
    sameTexts(await get(["1", "2", "3"]), [], "of an empty store");
    await store.addDocuments([context.document("foo")], { ids: ["2"] });
    sameTexts(await get(["1", "2", "3"]), ["foo"], "with two that are missing");
    await store.delete({ ids: ["2"] });
    sameTexts(await get(["2"]), [], "after it was deleted");
  },

  async "P11-ids-made"(context) {
    const store = await context.open();
    const documents = Array.from({ length: 20 }, () => context.document("foo"));
    const ids = idsOf(await store.addDocuments(documents), 20, "addDocuments()");
    same(new Set(ids).size, 20, "ids that are different");
    if (context.claimed("getByIds", "getByIds()"))
      same((await method(store, "getByIds")(ids)).length, 20, "by their ids");
  },

  async "P12-ids-kept"(context) {
    const store = await context.open();
    const documents = [context.document("foo", {}, "foo"), context.document("bar")];
    const ids = idsOf(await store.addDocuments(documents), 2, "addDocuments()");
    same(ids[0], "foo", "the document's own id");
    check(ids[1] !== undefined && ids[1] !== "" && ids[1] !== "foo", "the other one has no id of its own");
    const found = await store.similaritySearch("bar", 2);
    same(found.map(({ id }) => id).join(), [ids[1], "foo"].join(), "the ids of results");
  },
} satisfies SomeVectorStoreRules;
