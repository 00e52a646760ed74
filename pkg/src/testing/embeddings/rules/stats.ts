import { check, held, outcome, same } from "../../expect.js";
import { settle, until } from "../context.js";
import type { CacheStats } from "../harness.js";
import type { SomeCacheRules } from "./body.js";

const COUNTS = ["hits", "misses", "joined", "requests", "storeErrors"] as const;

export const stats = {
  async "N1-stats"(context) {
    if (!context.claimed("stats", "stats()")) return;
    const { model } = context;
    const store = context.watched();
    const cache = await context.open({}, { store });
    check(typeof cache.stats === "function", "the cache has no stats()");
    const expected: CacheStats = { hits: 0, misses: 0, joined: 0, requests: 0, storeErrors: 0 };
    const counted = (what: string, more: Partial<CacheStats>) => {
      const now = cache.stats?.() as CacheStats;
      for (const name of COUNTS) {
        expected[name] += more[name] ?? 0;
        same(now[name], expected[name], `${name} ${what}`);
      }
    };
    const texts = context.texts(6);
    counted("before the first call", {});
    await cache.embedDocuments([]);
    counted("after an empty list", {});
    await cache.embedDocuments(texts.slice(0, 4));
    counted("after 4 texts", { misses: 4, requests: 1 });
    await cache.embedDocuments(texts);
    counted("after 6 of which 4 were there", { hits: 4, misses: 2, requests: 1 });
    await cache.embedDocuments([texts[0] as string, texts[0] as string, texts[0] as string]);
    counted("after one of them three times", { hits: 1, joined: 2 });
    if (context.claims.queries) {
      await cache.embedQuery("a query");
      await cache.embedQuery("a query");
      counted("after a query, twice", { hits: 1, misses: 1, requests: 1 });
    }
    if (context.claims.shares) {
      model.hold();
      const calls = [1, 2].map(() => held(cache.embedDocuments(["shared"])));
      await until(() => model.asked().includes("shared"), "the model is asked");
      await settle();
      model.release();
      await Promise.all(calls);
      counted("after two calls for one text at once", { misses: 1, joined: 1, requests: 1 });
    }
    store.fails = () => true;
    await cache.embedDocuments(["while the store fails"]);
    counted("after a read and a write that failed", { misses: 1, requests: 1, storeErrors: 2 });
    store.fails = () => false;
    model.spoil = () => {
      throw new Error("the kit's model fails");
    };
    await outcome(() => cache.embedDocuments(["while the model fails"]));
    counted("after the model failed", { misses: 1, requests: 1 });
  },
} satisfies SomeCacheRules;
