import { same } from "../../expect.js";
import type { VectorStoreContext } from "../context.js";
import { everything, sameEverything, sameSet } from "../expect.js";
import type { TestedVectorStore } from "../harness.js";
import type { SomeVectorStoreRules } from "./body.js";

/** Ends the rule unless all handles, and a new one, show the same. */
async function agree(context: VectorStoreContext, stores: readonly TestedVectorStore[], what: string): Promise<void> {
  const expected = await everything(await context.reopened());
  for (const [at, store] of stores.entries()) {
    sameEverything(await everything(store), expected, `${what}, handle ${at} against a new one`);
  }
}

export const handles = {
  async "R5-two-handles"(context) {
    if (!context.claimed("shared", "several handles")) return;
    const [one, two] = [await context.open(), await context.reopened()];
    const texts = async (store: TestedVectorStore) => store.similaritySearch("any", 99);
    await one.addDocuments([context.document("a", { n: 1 }, "a"), context.document("b", { n: 2 }, "b")]);
    sameSet(await texts(two), ["a", "b"], "what another handle has added");
    await two.addDocuments([context.document("c", { n: 3 }, "c"), context.document("b again", { n: 4 }, "b")]);
    sameSet(await texts(one), ["a", "b again", "c"], "what another handle has replaced");
    if (context.claims.objectFilters) {
      const big = { n: { $gt: 2 } };
      sameSet(await one.similaritySearch("any", 9, big), ["b again", "c"], "of it what a filter keeps");
      await two.addDocuments([context.document("d", { n: 5 }, "d")]);
      sameSet(await one.similaritySearch("any", 9, big), ["b again", "c", "d"], "of more what a filter keeps");
      await two.delete({ ids: ["d"] });
    }
    await one.delete({ ids: ["a", "b"] });
    sameSet(await texts(two), ["c"], "what another handle has deleted");
    await two.addDocuments([context.document("a new", {}, "a")]);
    sameSet(await texts(one), ["a new", "c"], "what another handle has added after it was deleted");
    await agree(context, [one, two], "at the end");
  },

  async "R6-two-writers"(context) {
    if (!context.claimed("shared", "several writers")) return;
    const stores = [await context.open(), await context.reopened(), await context.reopened()];
    const expected = new Set<string>();
    for (let round = 0; round < 4; round++) {
      await Promise.all(
        stores.map(async (store, at) => {
          const documents = context.documents(5, `round ${round}, writer ${at}`);
          for (const { id } of documents.slice(1)) expected.add(id);
          await store.addDocuments(documents);
          // One id for all: one of them wins, the same one everywhere.
          await store.addDocuments([context.document(`of ${at} in round ${round}`, { at, round }, "contended")]);
          await store.delete({ ids: [documents[0]?.id as string] });
          if (context.claims.compacts && at === round % 3) await store.compact?.();
        }),
      );
    }
    expected.add("contended");
    await agree(context, stores, "after writes at once");
    const ids = [...(await everything(stores[0] as TestedVectorStore)).keys()].sort();
    same(ids.join("\n"), [...expected].sort().join("\n"), "the ids that are there");
    for (const store of stores) if (context.claims.compacts) await store.compact?.();
    await agree(context, stores, "after all have compacted");
  },
} satisfies SomeVectorStoreRules;
