import { refused, same } from "../../expect.js";
import { sameSet, sameTexts } from "../expect.js";
import type { TestedDocument } from "../harness.js";
import type { SomeVectorStoreRules } from "./body.js";

export const deletes = {
  async "D1-by-filter"(context) {
    if (!context.claimed("deletesMore", "deleting by a filter")) return;
    const store = await context.open();
    const documents = context.documents(100);
    await store.addDocuments(documents);
    const left = () => store.similaritySearch("any", 200);
    await store.delete({ filter: (document: TestedDocument) => (document.metadata.n as number) % 3 === 0 });
    const third = documents.filter(({ metadata }) => (metadata.n as number) % 3 !== 0);
    sameSet(
      await left(),
      third.map(({ pageContent }) => pageContent),
      "after a function",
    );
    if (context.claims.objectFilters) {
      // Replaced, so that the filter keeps the old one alone, which is gone.
      const filter = { n: { $lt: 50 } };
      same((await store.similaritySearch("any", 200, filter)).length, 33, "what the filter keeps");
      const replaced = { ...(documents[10] as TestedDocument), metadata: { n: 1_000 } };
      await store.addDocuments([replaced]);
      await store.delete({ filter });
      const rest = third.filter(({ metadata }) => (metadata.n as number) >= 50 || metadata.n === 10);
      sameSet(
        await left(),
        rest.map(({ pageContent }) => pageContent),
        "after an object",
      );
      await store.delete({ filter: { n: { $lt: 0 } } });
      same((await left()).length, rest.length, "documents after a filter that keeps nothing");
    }
    await store.delete({ filter: () => true });
    sameTexts(await left(), [], "after a filter that keeps all");
  },

  async "D2-all"(context) {
    if (!context.claimed("deletesMore", "deleteAll")) return;
    const store = await context.open();
    await store.delete({ deleteAll: true });
    await store.addDocuments(context.documents(30));
    await store.delete({ deleteAll: true });
    sameTexts(await store.similaritySearch("any", 9), [], "what is left");
    if (context.claims.persistent) {
      sameTexts(await (await context.reopened()).similaritySearch("any", 9), [], "what is left when opened again");
    }
    await store.addDocuments([context.document("new", {}, "text-3")]);
    sameTexts(await store.similaritySearch("any", 9), ["new"], "what was added since");
  },

  async "D3-arguments"(context) {
    if (!context.claimed("deletesMore", "what delete() refuses")) return;
    const store = await context.open();
    await store.addDocuments(context.documents(3));
    const wrong: unknown[] = [
      undefined,
      {},
      { ids: ["text-1"], deleteAll: true },
      { ids: ["text-1"], filter: { n: 1 } },
      { deleteAll: false },
      { deleteAll: "yes" },
      { filter: {} },
      { filter: { $and: [{}] } },
      { filter: { $or: [{ n: 1 }, {}] } },
      { ids: "text-1" },
      { ids: ["text-1", 7] },
      { ids: [""] },
      { id: "text-1" },
    ];
    for (const params of wrong) {
      await refused(() => store.delete(params as never), "invalid_argument", `delete(${JSON.stringify(params)})`);
    }
    same((await store.similaritySearch("any", 9)).length, 3, "documents afterwards");
  },

  async "D4-during-upsert"(context) {
    if (!context.claimed("deletesMore", "filters that delete")) return;
    const store = await context.open();
    for (let times = 0; times < 20; times++) {
      const ids = context.documents(20, `${times}`).map(({ id }) => id);
      const put = (isOld: boolean) => store.addDocuments(ids.map((id) => context.document(id, { isOld, times }, id)));
      await put(true);
      const filter = (document: TestedDocument) => document.metadata.isOld === true;
      await Promise.all([store.delete({ filter }), put(false)]);
      const left = await store.similaritySearch("any", 99, ({ metadata }) => metadata.times === times);
      sameSet(left, ids, "what was replaced by something that does not match");
      await store.delete({ deleteAll: true });
    }
  },
} satisfies SomeVectorStoreRules;
