import { until } from "../../embeddings/context.js";
import { check, held, outcome, rejectedWith, same } from "../../expect.js";
import type { SomeVectorStoreRules } from "./body.js";

export const abort = {
  async "A1-aborted-before"(context) {
    if (!context.claimed("signal", "signals")) return;
    const store = await context.open();
    await store.addDocuments(context.documents(2));
    context.model.forget();
    const reason = new Error("the kit's reason");
    const signal = AbortSignal.abort(reason);
    const documents = context.documents(1, "aborted");
    await rejectedWith(() => store.addDocuments(documents, { signal }), reason, "addDocuments()");
    await rejectedWith(() => store.addVectors([context.noise()], documents, { signal }), reason, "addVectors()");
    await rejectedWith(() => store.delete({ ids: ["text-0"], signal }), reason, "delete()");
    const search = () => store.similaritySearchVectorWithScore(context.noise(), 1, undefined, { signal });
    await rejectedWith(search, reason, "similaritySearchVectorWithScore()");
    same(context.model.calls.length, 0, "calls of the model");
    same((await store.similaritySearch("any", 9)).length, 2, "documents afterwards");
  },

  async "A2-aborted-during"(context) {
    if (!context.claimed("signal", "signals")) return;
    const store = await context.open();
    await store.addDocuments(context.documents(2));
    const controller = new AbortController();
    const reason = new Error("the kit's reason");
    context.model.forget();
    context.model.hold();
    const add = held(store.addDocuments(context.documents(3, "aborted"), { signal: controller.signal }));
    await until(() => context.model.calls.length > 0, "the model is asked");
    controller.abort(reason);
    context.model.release();
    const end = await outcome(() => add);
    check(!end.ok && end.error === reason, "an add that was aborted does not reject with the reason");
    same((await store.similaritySearch("any", 9)).length, 2, "documents afterwards");
    await store.addDocuments(context.documents(3, "later"));
    same((await store.similaritySearch("any", 9)).length, 5, "documents after the next call");
    const asked = (
      call: (options: { filter: () => boolean; signal: AbortSignal }) => Promise<unknown>,
      what: string,
    ) => {
      const whileAsked = new AbortController();
      const filter = () => {
        whileAsked.abort(reason);
        return true;
      };
      return rejectedWith(() => call({ filter, signal: whileAsked.signal }), reason, `${what} whose filter aborts it`);
    };
    const vector = context.noise();
    await asked(
      ({ filter, ...options }) => store.similaritySearchVectorWithScore(vector, 9, filter, options),
      "a search",
    );
    if (context.claims.deletesMore) await asked((params) => store.delete(params), "a delete");
    same((await store.similaritySearch("any", 9)).length, 5, "documents after all of it");
  },
} satisfies SomeVectorStoreRules;
