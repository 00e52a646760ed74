import { inTime } from "../../clock.js";
import { check, held, outcome, same } from "../../expect.js";
import { settle, until } from "../context.js";
import { gives, givesAsking, sameTexts, sameVector, sameVectors } from "../expect.js";
import type { SomeCacheRules } from "./body.js";

export const sharing = {
  async "S1-many-calls"(context) {
    const { model, random } = context;
    const texts = context.texts(100);
    const cache = await context.open();
    const asked = random.shuffled(Array.from({ length: 1_000 }, (_, at) => texts[at % 100] as string));
    const got = await Promise.all(asked.map((text) => held(cache.embedDocuments([text]))));
    for (const [at, text] of asked.entries()) sameVectors(got[at], [model.vector(text)], `call ${at} of 1,000`);
    if (context.claims.shares === true) sameTexts(model.asked(), texts, "what the model was asked for");
    same((await context.stored()).size, 100, "entries in the store");
    await givesAsking(context, cache, texts, [], "a call afterwards");
  },

  async "S2-flights"(context) {
    const { model } = context;
    const [text, query] = context.texts(2) as [string, string];
    const cache = await context.open();
    model.hold();
    const first = held(cache.embedDocuments([text]));
    const firstQuery = context.claims.queries ? held(cache.embedQuery(query)) : undefined;
    const own = firstQuery === undefined ? 1 : 2;
    await until(() => model.calls.length === own, "the model is asked by the first call");
    if (context.claims.shares === true) {
      const second = held(cache.embedDocuments([text]));
      const secondQuery = firstQuery && held(cache.embedQuery(query));
      await settle();
      same(model.calls.length, own, "calls of the model while another call is asking for the same");
      model.release();
      sameVectors(await second, [model.vector(text)], "the call that joined");
      if (secondQuery) sameVector(await secondQuery, model.vector(query, "query"), "the query that joined");
    } else {
      // The first request may be over, and its promises with it: nobody may wait for them.
      model.letThrough();
      const second = held(gives(context, cache, [text], "a second call while the first one hangs"));
      check(await inTime(5_000, second), "a call waits for another one, though it is claimed that none does");
      if (firstQuery) {
        const secondQuery = held(cache.embedQuery(query));
        check(await inTime(5_000, secondQuery), "a query waits for another one, though it is claimed that none does");
        sameVector(await secondQuery, model.vector(query, "query"), "a second query");
      }
      model.release();
    }
    sameVectors(await first, [model.vector(text)], "the first call");
    if (firstQuery) sameVector(await firstQuery, model.vector(query, "query"), "the first query");
    await givesAsking(context, cache, [text], [], "a call afterwards");
  },

  async "S3-overlapping-calls"(context) {
    const { model } = context;
    const texts = context.texts(30);
    const cache = await context.open();
    const parts = [texts.slice(0, 15), texts.slice(10, 25), texts.slice(5, 30), texts];
    const [shared] = texts as [string];
    model.hold();
    const calls = parts.map((part) => held(cache.embedDocuments(part)));
    const query = held(cache.embedQuery(shared));
    await settle();
    model.release();
    const got = await Promise.all(calls);
    for (const [at, part] of parts.entries()) sameVectors(got[at], model.vectors(part), `call ${at + 1}`);
    sameVector(await query, model.vector(shared, "query"), "a query beside a document of its text");
    if (context.claims.shares === true) sameTexts(model.asked("document"), texts, "what the model was asked for");
    same(model.asked("query").length, 1, "how often the model was asked for the query");
  },

  async "S4-failed-flight"(context) {
    const { model } = context;
    const texts = context.texts(3);
    const cache = await context.open();
    const reason = new Error("the kit's model fails");
    model.hold();
    model.spoil = (right, _, nth) => {
      if (nth === 1) throw reason;
      return right;
    };
    const first = outcome(() => cache.embedDocuments(texts));
    const second = outcome(() => cache.embedDocuments([...texts].reverse()));
    await until(() => model.calls.length > 0, "the model is asked");
    await settle();
    model.release();
    const ends = await Promise.all([first, second]);
    check(
      ends.some((end) => !end.ok),
      "no call was told that the model failed",
    );
    for (const [at, end] of ends.entries()) {
      const right = at === 0 ? texts : [...texts].reverse();
      if (end.ok) sameVectors(end.value, model.vectors(right), `call ${at + 1}`);
      else same(end.error, reason, `what call ${at + 1} was rejected with`);
    }
    await gives(context, cache, texts, "the next call");
    await givesAsking(context, cache, texts, [], "the call after it");
  },
} satisfies SomeCacheRules;
