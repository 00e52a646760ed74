import { check, held, outcome, same } from "../../expect.js";
import { until } from "../context.js";
import { gives, givesAsking, sameTexts, sameVectors } from "../expect.js";
import type { SomeCacheRules } from "./body.js";

export const batches = {
  async "B1-batch-size"(context) {
    if (!context.claimed("batches", "batchSize")) return;
    const { model } = context;
    for (const [batchSize, count] of [
      [10, 35],
      [7, 7],
      [1, 5],
      [50, 20],
    ] as const) {
      const texts = context.texts(count, `in batches of ${batchSize}:`);
      const cache = await context.open({ batchSize });
      // Each twice: what is asked once does not count twice for a batch.
      await givesAsking(context, cache, [...texts, ...texts], texts, `${count} texts in batches of ${batchSize}`);
      const sizes = model.calls.map((call) => call.texts.length);
      check(
        sizes.every((size) => size <= batchSize),
        `batches of at most ${batchSize} texts had ${sizes.join(", ")}`,
      );
      same(sizes.length, Math.ceil(count / batchSize), `batches for ${count} texts at ${batchSize}`);
    }
  },

  async "B2-saved-as-they-arrive"(context) {
    if (!context.claimed("batches", "that a batch is saved as it arrives")) return;
    const { model } = context;
    const texts = context.texts(50);
    const reason = new Error("the kit's model fails at its third batch");
    const cache = await context.open({ batchSize: 10, concurrency: 1 });
    model.spoil = (right, _, nth) => {
      if (nth === 3) throw reason;
      return right;
    };
    const end = await outcome(() => cache.embedDocuments(texts));
    check(!end.ok, "a call whose third batch failed went through");
    same(end.error, reason, "what it was rejected with");
    same((await context.stored()).size, 20, "entries in the store after two batches of 10, and one that failed");
    model.spoil = undefined;
    await givesAsking(context, await context.open(), texts, texts.slice(20), "another cache on that store");
    // The first batch is there while the second one is still under way.
    const others = context.texts(20, "held");
    const second = others.slice(10);
    model.forget();
    let underWay = false;
    model.spoil = async (right, call) => {
      if (call.texts[0] !== second[0]) return right;
      underWay = true;
      await until(() => !underWay, "the rule lets the second batch go");
      return right;
    };
    const call = held(cache.embedDocuments(others));
    await until(() => underWay, "the second batch is under way");
    try {
      await until(async () => (await context.stored()).size === 60, "the first batch is in the store");
    } finally {
      underWay = false;
    }
    sameVectors(await call, model.vectors(others), "the call");
    model.spoil = undefined;
    await givesAsking(context, cache, others, [], "the next call");
  },

  async "B3-concurrency"(context) {
    if (!context.claimed("batches", "concurrency")) return;
    const { model } = context;
    for (const concurrency of [1, 2, 5]) {
      const texts = context.texts(24, `with ${concurrency} at once:`);
      const cache = await context.open({ batchSize: 2, concurrency });
      model.forget();
      model.hold();
      const call = held(cache.embedDocuments(texts));
      await until(() => model.calls.length === concurrency, `${concurrency} batches are under way`);
      model.release();
      sameVectors(await call, model.vectors(texts), `a call of 12 batches, ${concurrency} at once`);
      same(model.mostAtOnce, concurrency, "batches that were under way at once");
      sameTexts(model.asked(), texts, "what the model was asked for");
      await gives(context, cache, texts, "the call again");
    }
  },
} satisfies SomeCacheRules;
