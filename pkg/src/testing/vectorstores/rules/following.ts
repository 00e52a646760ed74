import { sleep } from "../../clock.js";
import { held, same } from "../../expect.js";
import { sameSet } from "../expect.js";
import type { TestedDocument, TestedFilter } from "../harness.js";
import type { SomeVectorStoreRules } from "./body.js";

export const following = {
  async "F10-follows"(context) {
    const store = await context.open();
    const even = (document: TestedDocument) => (document.metadata.n as number) % 2 === 0;
    const ways: TestedFilter[] = [even];
    if (context.claims.objectFilters)
      ways.push({ even: true }, { even: { $ne: false } }, { n: { $gte: 0 }, even: true });
    const expect = async (numbers: number[], what: string) => {
      const texts = numbers.map((n) => `${n}`);
      for (const filter of ways) {
        const found = await store.similaritySearch("any", 500, filter);
        sameSet(found, texts, `${what}, ${typeof filter === "function" ? "a function" : JSON.stringify(filter)}`);
      }
    };
    const put = async (numbers: number[]) => {
      const documents = numbers.map((n) => context.document(`${n}`, { n, even: n % 2 === 0 }, `id ${n}`));
      await store.addDocuments(documents);
    };
    await put([0, 1, 2, 3]);
    await expect([0, 2], "at first");
    await put([4, 5, 6]);
    await expect([0, 2, 4, 6], "after an add");
    await store.delete({ ids: ["id 2", "id 3"] });
    await expect([0, 4, 6], "after a delete");
    await store.addDocuments([context.document("was 4", { n: 41, even: false }, "id 4"), context.document("was 1", { n: 10, even: true }, "id 1")]); // biome-ignore format: one line
    for (const filter of ways) {
      sameSet(await store.similaritySearch("any", 9, filter), ["0", "6", "was 1"], "after two were replaced");
    }
    await store.delete({ ids: ["id 1", "id 4", "id 5"] });
    if (context.claims.compacts) await store.compact?.();
    await expect([0, 6], "after more were deleted");
    const many = Array.from({ length: 300 }, (_, at) => 100 + at);
    await put(many);
    await expect([0, 6, ...many.filter((n) => n % 2 === 0)], "after many were added");
  },

  async "F13-during-upsert"(context) {
    const store = await context.open();
    const documents = context.documents(60);
    await store.addDocuments(documents);
    const ways: TestedFilter[] = [(document) => (document.metadata.n as number) % 2 === 0];
    if (context.claims.objectFilters) ways.push({ label: "text", n: { $gte: 30 } });
    let adding = true;
    const adds = held(
      (async () => {
        for (let times = 0; times < 12; times++) await store.addDocuments(documents);
      })().finally(() => {
        adding = false;
      }),
    );
    for (let times = 0; adding; times++) {
      const filter = ways[times % ways.length] as TestedFilter;
      const found = await store.similaritySearchVectorWithScore(context.noise(), 60, filter);
      same(found.length, 30, `documents that match at any time, of search ${times}`);
      // So that an add that waits for a timer has its turn.
      await sleep(0);
    }
    await adds;
  },
} satisfies SomeVectorStoreRules;
