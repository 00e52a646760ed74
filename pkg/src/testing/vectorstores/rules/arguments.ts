import { check, fail, held, outcome, refused, same, show } from "../../expect.js";
import { method } from "../context.js";
import type { TestedVectorStore } from "../harness.js";
import type { SomeVectorStoreRules } from "./body.js";

/** Something of a wrong type, which the compiler must not see. */
const wrong = (thing: unknown) => thing as never;

export const errors = {
  async "E1-wrong-arguments"(context) {
    if (!context.claimed("checks", "wrong arguments")) return;
    const store = await context.open();
    await store.addDocuments(context.documents(2));
    context.model.forget();
    const calls: [string, (on: TestedVectorStore) => unknown][] = [];
    for (const list of [undefined, null, "text", 7, {}]) {
      calls.push(["documents", (on) => on.addDocuments(wrong(list))]);
      calls.push(["documents", (on) => on.addVectors([], wrong(list))]);
      calls.push(["vectors", (on) => on.addVectors(wrong(list), [])]);
    }
    for (const document of [undefined, null, "text", 7]) {
      calls.push(["documents[1]", (on) => on.addDocuments(wrong([context.document("a"), document]))]);
    }
    for (const text of [undefined, null, 7, {}]) {
      calls.push(["pageContent", (on) => on.addDocuments(wrong([{ pageContent: text, metadata: {} }]))]);
      calls.push(["query", (on) => on.similaritySearch(wrong(text))]);
    }
    for (const vector of [undefined, null, "123456", 7, ["1", 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, null]]) {
      calls.push(["vectors[0]", (on) => on.addVectors(wrong([vector]), [context.document("a")])]);
      calls.push(["query", (on) => on.similaritySearchVectorWithScore(wrong(vector), 1)]);
    }
    for (const k of [-1, 1.5, Number.NaN, "4", null, {}]) {
      calls.push(["k", (on) => on.similaritySearch("any", wrong(k))]);
      calls.push(["k", (on) => on.similaritySearchVectorWithScore(context.noise(), wrong(k))]);
    }
    if (context.claims.threshold) {
      for (const scoreThreshold of [2, -1.1, Number.NaN, "0.5"]) {
        const options = wrong({ scoreThreshold });
        calls.push([
          "scoreThreshold",
          (on) => on.similaritySearchVectorWithScore(context.noise(), 1, undefined, options),
        ]);
      }
    }
    if (context.claims.signal) {
      for (const signal of ["signal", {}, 7]) {
        calls.push(["signal", (on) => on.addDocuments([context.document("a")], { signal })]);
        calls.push(["signal", (on) => on.delete(wrong({ ids: ["a"], signal }))]);
      }
    }
    if (context.claims.getByIds) {
      for (const ids of [undefined, "a", [7], {}]) calls.push(["ids", (on) => method(on, "getByIds")(wrong(ids))]);
    }
    if (context.claims.mmr) {
      const find = (on: TestedVectorStore, options: unknown) =>
        method(on, "maxMarginalRelevanceSearch")("any", wrong(options), undefined);
      for (const lambda of [-0.1, 1.1, Number.NaN, "0"]) calls.push(["lambda", (on) => find(on, { k: 1, lambda })]);
      for (const fetchK of [-1, 1.5, "20"]) calls.push(["fetchK", (on) => find(on, { k: 1, fetchK })]);
      calls.push(["options", (on) => find(on, undefined)]);
    }
    for (const [name, call] of calls) {
      const promise = started(() => call(store), name);
      await refused(() => promise, "invalid_argument", `a wrong ${name}`, name);
    }
    same(context.model.calls.length, 0, "calls of the model");
    same((await store.similaritySearch("any", 9)).length, 2, "documents afterwards");
  },

  async "E2-wrong-options"(context) {
    if (!context.claimed("checks", "wrong options")) return;
    const options: [string, unknown[]][] = [["model", ["", 7, {}]]];
    if (context.claims.names) options.push(["name", ["", "/", "a/", 7]]);
    if (context.claims.models) options.push(["dimensions", [0, -1, 1.5, "6"]]);
    if (context.claims.threshold) options.push(["scoreThreshold", [2, "0.5", Number.NaN]]);
    if (context.claims.shared) options.push(["refresh", [-1, "1", Number.NaN]]);
    for (const [name, values] of options) {
      for (const value of values) {
        await refused(() => context.open(wrong({ [name]: value })), "invalid_argument", `a wrong ${name}`, name);
      }
    }
    await refused(() => context.open(wrong({ modle: "a" })), "invalid_argument", "an unknown option", "modle");
  },

  async "E3-closed"(context) {
    const secret = `sk-${context.random.word(24)}`;
    Object.assign(context.model, { apiKey: secret });
    const store = await context.open();
    Object.assign(context.store, { token: secret });
    const json = async (when: string) => {
      const said = await outcome(() => JSON.stringify([store, store.asRetriever(2)]));
      if (!said.ok) fail(`${when} its JSON cannot be had`);
      check(!String(said.value).includes(secret), `${when} its JSON holds the secret of its model or byte store`);
    };
    await json("before it is used");
    await store.addDocuments(context.documents(2));
    await json("when it is used");
    if (!context.claimed("closes", "close()")) return;
    context.model.hold();
    const under = [store.addDocuments(context.documents(1, "under way")), store.similaritySearch("any", 1)].map(held);
    await method(store, "close")();
    context.model.release();
    for (const call of under) {
      const end = await outcome(() => call);
      if (!end.ok) fail(`a call made before close() ended with ${show(end.error)}`);
    }
    await json("when it is closed");
    await method(store, "close")();
    await refused(() => store.addDocuments(context.documents(1)), "closed", "addDocuments()");
    await refused(() => store.similaritySearch("any"), "closed", "similaritySearch()");
    await refused(() => store.similaritySearchVectorWithScore(context.noise(), 1), "closed", "a search by vector");
    await refused(() => store.delete({ ids: ["text-0"] }), "closed", "delete()");
    if (context.claims.getByIds) await refused(() => method(store, "getByIds")(["a"]), "closed", "getByIds()");
  },
} satisfies SomeVectorStoreRules;

/** What a call returned. Ends the rule if it throws at once. */
function started(call: () => unknown, what: string): unknown {
  try {
    return held(call());
  } catch {
    return fail(`a wrong ${what} threw instead of rejecting`);
  }
}
