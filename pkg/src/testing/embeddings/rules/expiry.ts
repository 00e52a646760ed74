import { givesAsking } from "../expect.js";
import type { SomeCacheRules } from "./body.js";

/** How long entries live, in seconds: by the kit's clock, and where the kit has to wait. */
const [BY_HAND, WAITING] = [60, 2];

export const expiry = {
  async "X1-ttl"(context) {
    if (context.harness.expires !== true) {
      context.note("the store does not let entries expire: that they are asked for again is not checked");
      return;
    }
    const { clock } = context;
    const ttl = clock.injected ? BY_HAND : WAITING;
    const store = await context.anotherStore({ ttl });
    const texts = context.texts(3);
    const cache = await context.open({}, { store });
    const written = clock.now();
    await givesAsking(context, cache, texts, texts, "the first call");
    context.model.forget();
    await cache.embedDocuments(texts);
    const asked = context.model.asked().length;
    // A busy machine may have taken longer than an entry lives.
    if (clock.now() - written < (ttl * 1_000) / 2 && asked > 0) {
      await givesAsking(context, cache, texts, [], "a call while the entries live");
    }
    await clock.advance(ttl * 1_000 + 200);
    await givesAsking(context, cache, texts, texts, "a call after the entries have expired");
    await clock.advance(1);
    await givesAsking(context, await context.open({}, { store }), texts, [], "a call after that");
  },
} satisfies SomeCacheRules;
