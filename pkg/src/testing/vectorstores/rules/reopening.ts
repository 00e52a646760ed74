import { check, refused, same } from "../../expect.js";
import type { VectorStoreContext } from "../context.js";
import { method } from "../context.js";
import type { TestedVectorStore } from "../harness.js";
import { FailingStore } from "../stores.js";
import type { SomeVectorStoreRules } from "./body.js";

/** A store with documents, replaced and deleted ones among them. */
async function worn(context: VectorStoreContext): Promise<TestedVectorStore> {
  const store = await context.open();
  const documents = context.documents(60);
  await store.addDocuments(documents.slice(0, 25));
  await store.addDocuments(documents.slice(25));
  await store.addDocuments(documents.slice(5, 15).map((document) => ({ ...document, pageContent: "replaced" })));
  await store.delete({ ids: documents.slice(20, 35).map(({ id }) => id) });
  return store;
}

/** What five searches give, to the last bit. */
async function answers(store: TestedVectorStore, context: VectorStoreContext): Promise<string> {
  const said: unknown[] = [];
  for (const k of [1, 5, 10, 44, 100]) {
    const found = await store.similaritySearchVectorWithScore(context.noise(6, `query ${k}`), k);
    said.push(found.map(([{ pageContent, metadata, id }, score]) => [pageContent, metadata, id, score]));
  }
  return JSON.stringify(said);
}

export const reopening = {
  async "R1-reopen"(context) {
    if (!context.claimed("persistent", "opening again")) return;
    const store = await worn(context);
    const before = await answers(store, context);
    await store.close?.();
    context.model.forget();
    const again = await context.reopened();
    same(await answers(again, context), before, "what searches give when it is opened again");
    same(context.model.calls.length, 0, "calls of the model");
    // And once more, from what the second one has written.
    await again.addDocuments([context.document("more", {}, "more")]);
    const more = await answers(again, context);
    same(await answers(await context.reopened(), context), more, "after more was added, and opened once more");
  },

  async "R2-model"(context) {
    if (!context.claimed("models", "the model's name")) return;
    const store = await context.open();
    await store.addDocuments(context.documents(3));
    const open = async (model: string) => {
      const other = await context.reopened({ model });
      return other.similaritySearchVectorWithScore(context.noise(), 1);
    };
    await refused(() => open("another model"), "invalid_argument", "another model", "another model", context.modelName);
    const add = async () => {
      const other = await context.reopened({ model: "another model" });
      context.model.forget();
      await other.addDocuments(context.documents(1, "other"));
    };
    await refused(add, "invalid_argument", "an add by another model", "another model", context.modelName);
    same(context.model.calls.length, 0, "calls of the model");
    same((await open(context.modelName)).length, 1, "results with the right model");
  },

  async "R3-dimensions"(context) {
    if (!context.claimed("models", "the dimensions")) return;
    const store = await context.open();
    await store.addDocuments(context.documents(3));
    const open = async (dimensions: number) => {
      const other = await context.reopened({ dimensions });
      return other.similaritySearchVectorWithScore(context.noise(), 1);
    };
    await refused(() => open(7), "invalid_argument", "other dimensions", "7", "6");
    same((await open(6)).length, 1, "results with the right dimensions");
    const fresh = await context.open({ dimensions: 4 }, await context.anotherStore());
    await refused(
      () => fresh.addDocuments(context.documents(1)),
      "invalid_argument",
      "a model of 6 dimensions",
      "4",
      "6",
    );
  },

  async "R4-compaction"(context) {
    if (!context.claimed("compacts", "compact()")) return;
    const store = await worn(context);
    const before = await answers(store, context);
    await method(store, "compact")();
    same(await answers(store, context), before, "what searches give after compaction");
    if (context.claims.persistent) same(await answers(await context.reopened(), context), before, "when opened again");
    await store.addDocuments([context.document("more", {}, "more")]);
    await store.delete({ ids: ["more"] });
    await method(store, "compact")();
    same(await answers(store, context), before, "after an add, a delete and another compaction");
  },

  async "R7-names"(context) {
    if (!context.claimed("names", "the option name")) return;
    const [one, two, three] = await Promise.all([
      context.open({ name: "index" }),
      context.open({ name: "index/2" }),
      context.open({ name: "index2", model: "another model" }),
    ]);
    const stores = [one, two, three] as TestedVectorStore[];
    await Promise.all(stores.map((store, at) => store.addDocuments([context.document(`${at}`, {}, "id")])));
    for (const [at, store] of stores.entries()) {
      const found = await store.similaritySearch("any", 9);
      same(found.map(({ pageContent }) => pageContent).join(), `${at}`, `what index ${at} holds`);
    }
    if (context.claims.deletesMore) await one?.delete({ deleteAll: true });
    else await one?.delete({ ids: ["id"] });
    if (context.claims.compacts) await one?.compact?.();
    for (const [at, store] of stores.entries()) {
      same((await store.similaritySearch("any", 9)).length, at === 0 ? 0 : 1, `what index ${at} holds in the end`);
    }
  },

  async "R8-costs"(context) {
    if (!context.claimed("frugal", "what is written")) return;
    const counting = new FailingStore(await context.sameStore());
    const store = await context.open({}, counting);
    const dimensions = 32;
    const add = async (count: number, label: string) => {
      const documents = context.documents(count, label);
      await store.addVectors(
        documents.map(() => context.noise(dimensions)),
        documents,
      );
      return JSON.stringify(documents).length + count * dimensions * 4;
    };
    for (let times = 0; times < 5; times++) await add(1_000, `before ${times}`);
    if (context.claims.compacts) await store.compact?.();
    counting.forget();
    const bytes = await add(100, "more");
    check(counting.bytesWritten <= 2 * bytes + 65_536, `adding ${bytes} bytes wrote ${counting.bytesWritten}`);
    if (context.claims.compacts) await store.compact?.();
    counting.forget();
    await store.delete({ ids: ["before 2-17"] });
    check(counting.bytesWritten <= 4_096, `deleting one of 5,100 wrote ${counting.bytesWritten} bytes`);
  },
} satisfies SomeVectorStoreRules;
