/** What must hold of the embeddings cache when wasm traps: it has calls of the model under way, and counts. */

import { error, holding, isInternal, same, tick, until } from "./expect.mjs";

/** The vector of a text, in numbers that f32 has. */
const vector = (text) => [text.length, 0.5];

/** A model that counts what it is asked for, and waits at a text `held` for `release()`. */
export function holdingModel() {
  const asked = [];
  const waiting = [];
  const answer = async (texts) => {
    asked.push(...texts);
    if (texts.includes("held")) await new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    return texts.map(vector);
  };
  return {
    asked,
    release: () => {
      for (const { resolve } of waiting.splice(0)) resolve();
    },
    fail: () => {
      for (const { reject } of waiting.splice(0)) reject(new Error("late"));
    },
    get waiting() {
      return waiting.length;
    },
    embedDocuments: answer,
    embedQuery: async (text) => (await answer([text]))[0],
  };
}

/** @type {typeof import("./cases.mjs").CASES} */
export const EMBEDDINGS_CASES = {
  async "a cache: calls in flight are rejected as internal, the next calls work, and it is told once"({
    bytestow,
    embeddings,
    trap,
  }) {
    const { CacheBackedEmbeddings } = embeddings;
    const events = [];
    const below = holdingModel();
    const store = new bytestow.InMemoryByteStore();
    const onEvent = (event) => events.push(event);
    const cache = new CacheBackedEmbeddings({ embeddings: below, store, model: "m", batchSize: 1, onEvent });
    let told = 0;
    const onProgress = () => told++;
    const held = [
      cache.embedDocuments(["a", "held"], { onProgress }),
      cache.embedDocumentsTyped(["held"]),
      cache.embedQuery("held"),
    ].map(error);
    await until(() => below.waiting >= 2);

    await trap();
    for (const each of held) isInternal(await each);
    const before = told;

    same(await cache.embedDocuments(["b"]), [vector("b")]);
    same([...(await cache.embedDocumentsTyped(["b"]))[0]], vector("b"));
    same(await cache.embedQuery("b"), vector("b"));
    await tick();
    const resets = events.filter(({ type }) => type === "reset");
    same(resets.length, 1);
    same(typeof resets[0].reason, "string");
    same(
      events.filter(({ type }) => type !== "reset"),
      [],
    );
    below.release();
    await tick();
    same(told, before, "a call that was lost goes on");
    same(await cache.embedDocuments(["b"]), [vector("b")]);
  },

  async "a cache: what the model answers later, to calls long rejected, bothers nobody"({
    bytestow,
    embeddings,
    trap,
  }) {
    for (const end of ["release", "fail"]) {
      const below = holdingModel();
      const store = holding();
      const cache = new embeddings.CacheBackedEmbeddings({ embeddings: below, store, model: "m" });
      const held = [cache.embedDocuments(["held"]), cache.embedQuery("held")].map(error);
      await until(() => below.waiting === 2);
      await trap();
      for (const each of held) isInternal(await each);
      // Once before there is a fresh instance, once after.
      if (end === "release") below[end]();
      await tick();
      same(await cache.embedDocuments(["a"]), [vector("a")]);
      below[end]();
      await tick();
      same(await cache.embedDocuments(["a"]), [vector("a")]);
      // Nothing of the lost calls is stored: nobody waits for it, and it may be asked for again.
      same([store.entries.size, new Set(below.asked).size], [1, 2]);
      same(await new bytestow.InMemoryByteStore().mget(["a"]), [undefined]);
    }
  },

  async "a cache: entries in memory are gone and embedded again, those of its own store are not"({
    bytestow,
    embeddings,
    trap,
  }) {
    const { CacheBackedEmbeddings } = embeddings;
    for (const [store, again] of [
      [new bytestow.InMemoryByteStore(), ["a", "b"]],
      [holding(), []],
    ]) {
      const below = holdingModel();
      const cache = new CacheBackedEmbeddings({ embeddings: below, store, model: "m" });
      same(await cache.embedDocuments(["a", "b"]), [vector("a"), vector("b")]);
      same(await cache.embedDocuments(["a", "b"]), [vector("a"), vector("b")]);
      same(below.asked.splice(0), ["a", "b"]);
      await trap();
      same(await cache.embedDocuments(["a", "b"]), [vector("a"), vector("b")]);
      same(below.asked, again);
      same(await cache.embedDocuments(["a", "b"]), [vector("a"), vector("b")]);
      same(below.asked, again);
    }
  },

  async "a cache: stats() right after it does not throw, and begins anew"({ embeddings, trap }) {
    const cache = new embeddings.CacheBackedEmbeddings({ embeddings: holdingModel(), store: holding(), model: "m" });
    await cache.embedDocuments(["a", "a", "b"]);
    same(cache.stats(), { hits: 0, misses: 2, joined: 1, requests: 1, storeErrors: 0 });
    await trap();
    same(cache.stats(), { hits: 0, misses: 0, joined: 0, requests: 0, storeErrors: 0 });
    await cache.embedDocuments(["a", "c"]);
    same(cache.stats(), { hits: 1, misses: 1, joined: 0, requests: 1, storeErrors: 0 });
  },

  async "a cache: a second trap, and a third; an abort of a call that was lost"({ embeddings, trap }) {
    const below = holdingModel();
    const cache = new embeddings.CacheBackedEmbeddings({ embeddings: below, store: holding(), model: "m" });
    for (let time = 0; time < 3; time++) {
      const controller = new AbortController();
      const held = error(cache.embedDocuments(["held"], { signal: controller.signal }));
      await until(() => below.waiting === 1);
      await trap();
      controller.abort(new Error("too late"));
      isInternal(await held);
      same(await cache.embedDocuments([`${time}`]), [vector("0")]);
      below.release();
      await tick();
    }
  },

  async "a cache: forgotten ones, with calls under way, are no trouble"({ bytestow, embeddings, trap, gc }) {
    const kept = new embeddings.CacheBackedEmbeddings({ embeddings: holdingModel(), store: holding(), model: "m" });
    for (let round = 0; round < 2; round++) {
      const below = holdingModel();
      for (let time = 0; time < 20; time++) {
        const store = new bytestow.InMemoryByteStore();
        const cache = new embeddings.CacheBackedEmbeddings({ embeddings: below, store, model: "m" });
        cache.embedDocuments(["held"]).catch(() => {});
      }
      await until(() => below.waiting === 20);
      await trap();
      if (round === 1) await kept.embedDocuments(["a"]);
      await gc?.();
      below.release();
      await tick();
      same(await kept.embedDocuments(["a"]), [vector("a")]);
    }
  },
};
