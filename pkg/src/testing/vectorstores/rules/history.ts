import { same } from "../../expect.js";
import type { VectorStoreContext } from "../context.js";
import { cosine, everything, near, sameEverything } from "../expect.js";
import type { TestedVectorStore } from "../harness.js";
import type { SomeVectorStoreRules } from "./body.js";

/** A plain store: what each id has, in the order of insertion. */
type Plain = Map<string, { text: string; n: number; vector: number[] }>;

/** Ends the rule unless a store has what the plain one has. */
async function equals(store: TestedVectorStore, plain: Plain, what: string): Promise<void> {
  const query = [1, 2, 3, 4, 5, 6];
  const expected = new Map(
    [...plain].map(([id, { text, n, vector }]) => [
      id,
      { text, metadata: JSON.stringify({ n }), score: cosine(query, vector) },
    ]),
  );
  sameEverything(await everything(store), expected, what);
}

/** Ends the rule unless a search gives what the plain store does. */
async function finds(context: VectorStoreContext, store: TestedVectorStore, plain: Plain, what: string): Promise<void> {
  const query = context.noise();
  const k = context.random.below(12);
  const least = context.random.below(40);
  const filtered = context.random.below(2) === 0;
  const kept = [...plain.values()].filter(({ n }) => !filtered || n >= least);
  const best = kept.map(({ vector }) => cosine(query, vector)).sort((a, b) => b - a);
  const object = context.claims.objectFilters === true && context.random.below(2) === 0;
  const filter = object
    ? { n: { $gte: least } }
    : (document: { metadata: { n: number } }) => document.metadata.n >= least;
  const found = await store.similaritySearchVectorWithScore(query, k, filtered ? filter : undefined);
  same(found.length, Math.min(k, kept.length), `${what}, results`);
  for (const [at, [{ id }, score]] of found.entries()) {
    near(score, best[at] as number, `${what}, score ${at}`);
    near(score, cosine(query, plain.get(id as string)?.vector ?? []), `${what}, the score of ${id}`);
  }
}

export const history = {
  async "H1-history"(context) {
    const { random, claims } = context;
    const operations = context.harness.operations ?? 1_000;
    let store = await context.open();
    const plain: Plain = new Map();
    const id = () => `id ${random.below(60)}`;
    for (let at = 0; at < operations; at++) {
      const what = `operation ${at}`;
      const kind = random.below(100);
      if (kind < 35) {
        const batch = Array.from({ length: 1 + random.below(4) }, () => ({
          id: id(),
          text: `text ${at} ${random.word()}`,
          n: random.below(40),
          vector: context.noise(),
        }));
        const documents = batch.map(({ text, n }) => context.document(text, { n }));
        await store.addVectors(
          batch.map(({ vector }) => vector),
          documents,
          { ids: batch.map((each) => each.id) },
        );
        for (const { id, ...rest } of batch) {
          plain.delete(id);
          plain.set(id, rest);
        }
      } else if (kind < 50) {
        const ids = Array.from({ length: 1 + random.below(3) }, id);
        await store.delete({ ids });
        for (const each of ids) plain.delete(each);
      } else if (kind < 52 && claims.deletesMore && claims.objectFilters) {
        const most = random.below(8);
        await store.delete({ filter: { n: { $lt: most } } });
        for (const [each, { n }] of plain) if (n < most) plain.delete(each);
      } else if (kind < 53 && claims.deletesMore && random.below(4) === 0) {
        await store.delete({ deleteAll: true });
        plain.clear();
      } else if (kind < 56 && claims.compacts) await store.compact?.();
      else if (kind < 59 && claims.persistent) {
        if (random.below(2) === 0) await store.close?.();
        store = await context.reopened();
      } else if (kind < 62) await equals(store, plain, what);
      else await finds(context, store, plain, what);
    }
    await equals(store, plain, "at the end");
    if (claims.persistent) await equals(await context.reopened(), plain, "when it is opened again");
  },
} satisfies SomeVectorStoreRules;
