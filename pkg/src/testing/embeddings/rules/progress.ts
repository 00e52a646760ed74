import { check, same } from "../../expect.js";
import { settle, until } from "../context.js";
import { gives } from "../expect.js";
import type { CacheProgress } from "../harness.js";
import type { SomeCacheRules } from "./body.js";

/** Ends the rule unless progress goes up to the end of a call. Gives the last of it. */
async function whole(told: CacheProgress[], total: number, what: string): Promise<CacheProgress> {
  await until(() => told.at(-1)?.done === total, `${what}: the last progress says that all is done`);
  await settle();
  let before: CacheProgress = { done: 0, total, hits: 0 };
  for (const now of told) {
    same(now.total, total, `${what}, total`);
    check(
      now.done >= before.done && now.hits >= before.hits,
      `${what}: went back from ${said(before)} to ${said(now)}`,
    );
    check(now.hits <= now.done && now.done <= total, `${what}: ${said(now)} cannot be`);
    before = now;
  }
  return before;
}

const said = ({ done, total, hits }: CacheProgress) => `${done} of ${total} (${hits} hits)`;

export const progress = {
  async "G1-progress"(context) {
    if (!context.claimed("progress", "onProgress")) return;
    const { batches } = context.claims;
    const told: CacheProgress[] = [];
    const onProgress = (now: CacheProgress) => void told.push({ ...now });
    const cache = await context.open({ onProgress, ...(batches && { batchSize: 5, concurrency: 2 }) });
    const texts = context.texts(30);
    await gives(context, cache, texts.slice(0, 12), "a cold call");
    same((await whole(told, 12, "a cold call")).hits, 0, "hits of a cold call");
    if (batches) check(told.length >= 3, `3 batches were told of ${told.length} times`);
    told.length = 0;
    // Each text twice: progress is in texts of the call.
    const asked = [...texts, ...texts];
    await gives(context, cache, asked, "a call with some hits");
    same(
      (await whole(told, 60, "a call with some hits")).hits,
      24,
      "hits of a call with 12 of 30 texts stored, each twice",
    );
    told.length = 0;
    await gives(context, cache, texts, "a warm call");
    same((await whole(told, 30, "a warm call")).hits, 30, "hits of a warm call");
  },

  async "G2-progress-of-a-call"(context) {
    if (!context.claimed("progress", "onProgress")) return;
    const [general, own]: [CacheProgress[], CacheProgress[]] = [[], []];
    const cache = await context.open({ onProgress: (now) => void general.push(now) });
    const texts = context.texts(4);
    await cache.embedDocuments(texts, { onProgress: (now) => void own.push({ ...now }) });
    await whole(own, 4, "a call's own progress");
    same(general.length, 0, "progress told to the cache's onProgress");
    await cache.embedDocuments(texts);
    await whole(general, 4, "the cache's progress");
  },
} satisfies SomeCacheRules;
