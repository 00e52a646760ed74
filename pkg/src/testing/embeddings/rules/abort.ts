import { inTime } from "../../clock.js";
import { check, outcome, rejectedWith, same } from "../../expect.js";
import { abortedSignal, watchedSignal } from "../../signals.js";
import { settle, until } from "../context.js";
import { gives, givesAsking, sameVector, sameVectors } from "../expect.js";
import type { SomeCacheRules } from "./body.js";

export const abort = {
  async "A1-aborted-before"(context) {
    if (!context.claimed("signal", "signals")) return;
    const store = context.watched();
    const cache = await context.open({}, { store });
    const text = context.text();
    for (const reason of [new Error("enough"), "enough", { enough: true }]) {
      const watched = abortedSignal(reason);
      const { signal } = watched;
      await rejectedWith(() => cache.embedDocuments([text], { signal }), reason, "embedDocuments");
      await rejectedWith(() => cache.embedDocuments([], { signal }), reason, "embedDocuments of nothing");
      await rejectedWith(() => cache.embedQuery(text, { signal }), reason, "embedQuery");
      if (cache.embedDocumentsTyped) {
        await rejectedWith(() => cache.embedDocumentsTyped?.([text], { signal }), reason, "embedDocumentsTyped");
      }
      same(watched.listening(), 0, "listeners left on the signal");
    }
    await settle();
    same(context.model.calls.length, 0, "calls of the model");
    same(store.reads + store.writes, 0, "calls of the store");
  },

  async "A2-aborted-during"(context) {
    if (!context.claimed("signal", "signals")) return;
    const { model } = context;
    const texts = context.texts(3);
    const cache = await context.open();
    const calls = {
      embedDocuments: (signal: AbortSignal) => cache.embedDocuments(texts, { signal }),
      embedQuery: (signal: AbortSignal) => cache.embedQuery(texts[0] as string, { signal }),
    };
    for (const [name, call] of Object.entries(calls)) {
      const watched = watchedSignal();
      const reason = new Error(`${name} is no longer wanted`);
      model.forget();
      model.hold();
      const end = outcome(() => call(watched.signal));
      await until(() => model.calls.length > 0, `${name}: the model is asked`);
      watched.abort(reason);
      check(await inTime(5_000, end), `${name}: an aborted call waits for the model`);
      await rejectedWith(() => endOf(end), reason, name);
      same(watched.listening(), 0, `${name}: listeners left on the signal`);
      model.release();
      await settle();
    }
    await gives(context, cache, texts, "a call afterwards");
    const { signal, listening } = watchedSignal();
    await cache.embedDocuments(texts, { signal });
    same(listening(), 0, "listeners left by a call that went through");
  },

  async "A3-others-unharmed"(context) {
    if (!context.claimed("signal", "signals")) return;
    const { model } = context;
    const texts = context.texts(5);
    const [first] = texts as [string];
    const cache = await context.open();
    for (const [who, ends] of [
      ["the call that asked", 0],
      ["the call that joined", 1],
    ] as const) {
      const own = texts.map((text) => `${who}: ${text}`);
      const watched = [watchedSignal(), watchedSignal()];
      model.forget();
      model.hold();
      const calls = watched.map(({ signal }) => outcome(() => cache.embedDocuments(own, { signal })));
      const queries = watched.map(({ signal }) => outcome(() => cache.embedQuery(who + first, { signal })));
      await until(() => model.calls.length > 0, "the model is asked");
      await settle();
      const reason = new Error(`${who} is no longer wanted`);
      watched[ends]?.abort(reason);
      await settle();
      model.release();
      const other = 1 - ends;
      sameVectors(await endOf(calls[other]), model.vectors(own), `the other one, when ${who} was aborted`);
      sameVector(await endOf(queries[other]), model.vector(who + first, "query"), `its query, when ${who} was aborted`);
      await rejectedWith(() => endOf(calls[ends]), reason, who);
      await settle();
      await givesAsking(context, cache, own, [], `a call after ${who} was aborted`);
    }
  },
} satisfies SomeCacheRules;

/** What a call came to, thrown if it was an error. */
async function endOf(end: ReturnType<typeof outcome> | undefined): Promise<unknown> {
  const ended = await end;
  if (ended?.ok === false) throw ended.error;
  return ended?.value;
}
