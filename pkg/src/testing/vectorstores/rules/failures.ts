import { MapStore } from "../../embeddings/stores.js";
import { check, fail, outcome, same } from "../../expect.js";
import type { VectorStoreContext } from "../context.js";
import { everything } from "../expect.js";
import type { TestedVectorStore } from "../harness.js";
import { FailingStore, type FailureKind } from "../stores.js";
import type { SomeVectorStoreRules } from "./body.js";
import { wear } from "./wear.js";

/** Something that a store is asked to do, and what is there afterwards of what was there before. */
interface Deed {
  name: string;
  /** Gives it something to do; gives the ids that are there besides. */
  prepare?(store: TestedVectorStore, failing: FailingStore): Promise<string[]>;
  act(store: TestedVectorStore): Promise<unknown>;
  after(before: readonly string[]): string[];
}

/** More calls of the byte store than any of these takes. */
const MOST_CALLS = 300;

function deeds(context: VectorStoreContext): Deed[] {
  const all: Deed[] = [
    {
      name: "an add",
      act: (store) => store.addDocuments(context.documents(3, "new").map((each, at) => ({ ...each, id: `new ${at}` }))),
      after: (before) => [...before, "new 0", "new 1", "new 2"],
    },
    {
      name: "a delete",
      act: (store) => store.delete({ ids: ["old-1", "old-2", "unknown"] }),
      after: (before) => before.filter((id) => id !== "old-1" && id !== "old-2"),
    },
  ];
  if (context.claims.compacts) {
    all.push({
      name: "a compaction",
      prepare: (store, failing) => wear(context, store, failing),
      act: async (store) => store.compact?.(),
      after: (before) => [...before],
    });
  }
  if (context.claims.deletesMore) {
    all.push({ name: "deleteAll", act: (store) => store.delete({ deleteAll: true }), after: () => [] });
  }
  return all;
}

/** Fails each call of a deed in turn. */
async function failEach(context: VectorStoreContext, kind: FailureKind): Promise<void> {
  for (const deed of deeds(context)) {
    let nth = 1;
    for (; nth <= MOST_CALLS; nth++) {
      const below = context.harness.operations === undefined ? await context.anotherStore() : new MapStore();
      const failing = new FailingStore(below);
      const store = await context.open({}, failing);
      const old = context.documents(6, "old");
      await store.addDocuments(old.slice(0, 3));
      await store.addDocuments(old.slice(3));
      await store.delete({ ids: ["old-5"] });
      const before = old.slice(0, 5).map(({ id }) => id);
      before.push(...((await deed.prepare?.(store, failing)) ?? []));
      const after = deed.after(before).sort();
      failing.forget();
      failing.kind = kind;
      failing.failing = nth;
      const end = await outcome(() => deed.act(store));
      const { writes } = failing;
      const reached = (kind === "undone" ? failing.calls : failing.writes) >= nth;
      failing.failing = 0;
      const what = `${deed.name} whose call ${nth} was ${kind}`;
      const ids = async (of: TestedVectorStore) => [...(await everything(of)).keys()].sort().join();
      const found = await ids(await context.open({}, below));
      // Behind an add or a delete there may be upkeep, whose failure is nobody's.
      if (end.ok) same(found, after.join(), `${what}, which went through`);
      else check([before.sort().join(), after.join()].includes(found), `${what} left ${found}`);
      same(await ids(store), found, `${what}, as the same handle sees it`);
      await deed.act(store);
      same(await ids(store), after.join(), `${what}, and then done again`);
      await store.addDocuments([context.document("later", {}, "later")]);
      same(await ids(await context.open({}, below)), [...after, "later"].sort().join(), `${what}, and a later add`);
      if (reached) continue;
      if (writes === 0) context.note(`${deed.name} writes nothing here: its failures are not checked`);
      break;
    }
    if (nth > MOST_CALLS) fail(`${deed.name} makes more than ${MOST_CALLS} calls`);
  }
}

export const failures = {
  async "C1-failing-store"(context) {
    if (!context.claimed("persistent", "a store that fails")) return;
    await failEach(context, "undone");
  },

  async "C2-unanswered"(context) {
    if (!context.claimed("persistent", "a store that does not answer")) return;
    await failEach(context, "unanswered");
  },

  async "C3-failing-model"(context) {
    const store = await context.open();
    await store.addDocuments([context.document("before")]);
    const reason = new Error("the kit's model fails");
    context.model.spoil = () => {
      throw reason;
    };
    const add = await outcome(() => store.addDocuments(context.documents(5)));
    check(!add.ok && add.error === reason, "what the model throws is not what addDocuments() rejects with");
    const search = await outcome(() => store.similaritySearch("any"));
    check(!search.ok && search.error === reason, "what the model throws is not what similaritySearch() rejects with");
    context.model.spoil = undefined;
    same((await store.similaritySearch("any", 9)).length, 1, "documents afterwards");
    await store.addDocuments(context.documents(5));
    same((await store.similaritySearch("any", 9)).length, 6, "documents after the next call");
  },

  async "C4-wrong-model"(context) {
    if (!context.claimed("checks", "wrong vectors of a model")) return;
    const store = await context.open();
    const wrong: [string, (right: number[][]) => unknown][] = [
      ["too few", (right) => right.slice(1)],
      ["too many", (right) => [...right, context.noise()]],
      ["none", () => undefined],
      ["ragged", (right) => right.map((vector, at) => vector.slice(at))],
      ["of texts", (right) => right.map((vector) => vector.map(String))],
      ["not finite", (right) => right.map((vector) => vector.map(() => Number.NaN))],
    ];
    for (const [what, spoil] of wrong) {
      context.model.spoil = (right, { kind }) => (kind === "document" ? spoil(right as number[][]) : right);
      const end = await outcome(() => store.addDocuments(context.documents(3)));
      check(!end.ok, `vectors that are ${what} were added`);
    }
    context.model.spoil = undefined;
    same((await store.similaritySearch("any", 9)).length, 0, "documents afterwards");
  },
} satisfies SomeVectorStoreRules;
