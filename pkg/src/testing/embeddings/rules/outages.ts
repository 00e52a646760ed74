import { check, held, same } from "../../expect.js";
import type { CacheContext } from "../context.js";
import { settle } from "../context.js";
import { gives, givesAsking, sameVector } from "../expect.js";
import type { TestedCache } from "../harness.js";
import type { Operation, WatchedStore } from "../stores.js";
import type { SomeCacheRules } from "./body.js";

/** A cache on a store whose calls can be failed, and how often it has told of that. */
async function overWatched(context: CacheContext) {
  const store = context.watched();
  const { events, onEvent } = context.events();
  const cache = await context.open(context.claims.events ? { onEvent } : {}, { store });
  const told = async () => {
    await settle();
    return events.filter((event) => event.type === "store_error").length;
  };
  return { store, cache, events, told };
}

/** Runs documents and a query through a cache: right vectors, whatever becomes of the store. */
async function worksOn(context: CacheContext, cache: TestedCache, texts: string[], what: string): Promise<void> {
  await gives(context, cache, texts, what);
  const [query] = texts as [string];
  sameVector(await cache.embedQuery(query), context.model.vector(query, "query"), `${what}, a query`);
}

const failing = (operation: Operation) => (each: Operation) => each === operation;

export const outages = {
  async "O1-reads-fail"(context) {
    const { store, cache } = await overWatched(context);
    const texts = context.texts(10);
    await gives(context, cache, texts.slice(0, 5), "before");
    store.fails = failing("read");
    await worksOn(context, cache, texts, "while reads fail");
    check(store.failed > 0, "the store was not read at all");
    store.fails = () => false;
    await givesAsking(context, cache, texts, [], "afterwards: writes went through");
  },

  async "O2-writes-fail"(context) {
    const { store, cache } = await overWatched(context);
    const texts = context.texts(10);
    await gives(context, cache, texts.slice(0, 5), "before");
    store.fails = failing("write");
    await givesAsking(context, cache, texts, texts.slice(5), "while writes fail: reads go through");
    await worksOn(context, cache, texts, "while writes fail");
    check(store.failed > 0, "the store was not written at all");
    store.fails = () => false;
    await givesAsking(context, cache, texts, texts.slice(5), "afterwards");
    await givesAsking(context, cache, texts, [], "after that");
  },

  async "O3-all-fails"(context) {
    const { store, cache } = await overWatched(context);
    const texts = context.texts(10);
    await gives(context, cache, texts.slice(0, 5), "before");
    store.fails = () => true;
    for (let nth = 1; nth <= 3; nth++) await worksOn(context, cache, texts, `call ${nth} while the store fails`);
    store.fails = () => false;
    await givesAsking(context, cache, texts, texts.slice(5), "afterwards");
    // From the very first call on.
    const fresh = await overWatched(context);
    fresh.store.fails = () => true;
    await worksOn(context, fresh.cache, texts, "a cache whose store never worked");
  },

  async "O4-told-once"(context) {
    if (!context.claimed("events", "that a failing store is told of")) return;
    const { store, cache, events, told } = await overWatched(context);
    const texts = context.texts(12);
    const next = () => [texts.pop() as string];
    await gives(context, cache, next(), "before");
    same(await told(), 0, "events of a store that works");
    for (const outage of [1, 2, 3]) {
      store.fails = () => true;
      for (let nth = 0; nth < 3; nth++) await gives(context, cache, next(), `in outage ${outage}`);
      same(await told(), outage, `events after ${outage} outages of three calls each`);
      store.fails = () => false;
      await gives(context, cache, [context.text()], `after outage ${outage}`);
    }
    same(await told(), 3, "events in the end");
    for (const event of events) {
      if (event.type !== "store_error") continue;
      check(typeof event.code === "string" && event.code !== "", "an event has no code");
      check(event.message.length > 0 && event.message.length < 600, "an event has no message, or a very long one");
    }
  },

  async "O5-one-side-fails"(context) {
    if (!context.claimed("events", "that a failing store is told of")) return;
    for (const operation of ["write", "read"] as const) {
      const { store, cache, told } = await overWatched(context);
      store.fails = failing(operation);
      for (let nth = 0; nth < 5; nth++) await gives(context, cache, context.texts(2), `while ${operation}s fail`);
      same(await told(), 1, `events of five calls while ${operation}s fail and the rest goes through`);
    }
    if (!context.claimed("queryCache", "an outage of a store for queries alone")) return;
    const store = context.watched(await context.anotherStore());
    const { events, onEvent } = context.events();
    const cache = await context.open({ onEvent, queryCache: store });
    store.fails = () => true;
    for (let nth = 0; nth < 4; nth++) {
      const [query, ...texts] = context.texts(3) as [string, ...string[]];
      await gives(context, cache, texts, "documents while the store of queries fails");
      sameVector(await cache.embedQuery(query), context.model.vector(query, "query"), "a query while its store fails");
    }
    await settle();
    same(events.length, 1, "events of four queries while their store fails and the documents' works");
  },

  async "O6-random-failures"(context) {
    const { random, model } = context;
    const { store, cache } = await overWatched(context);
    const texts = context.texts(120);
    store.fails = () => random.below(10) === 0;
    const some = () => random.shuffled(texts).slice(0, 1 + random.below(12));
    for (let round = 0; round < 30; round++) {
      const calls = Array.from({ length: 4 }, () => held(gives(context, cache, some(), `in round ${round}`)));
      const [query] = some() as [string];
      const asked = held(cache.embedQuery(query));
      await Promise.all(calls);
      sameVector(await asked, model.vector(query, "query"), `a query in round ${round}`);
    }
    check(store.failed > 0, `none of ${store.reads + store.writes} calls of the store failed`);
    store.fails = () => false;
    await gives(context, await context.open(), texts, "another cache afterwards");
  },

  async "O7-nonsense"(context) {
    const texts = context.texts(4);
    const nonsense: Record<string, WatchedStore["answer"]> = {
      "too few values": (values) => values.slice(1),
      "too many values": (values) => [...values, values[0]],
      "no list": () => undefined,
      "a text for a list": () => "abcd",
      "null for a value": (values) => values.map(() => null),
      "text for a value": (values) => values.map(() => "[1,2,3]"),
      "numbers for a value": (values) => values.map(() => [1, 2, 3]),
    };
    for (const [name, answer] of Object.entries(nonsense)) {
      const { store, cache } = await overWatched(context);
      await gives(context, cache, texts, "before");
      store.answer = answer;
      await worksOn(context, cache, texts, `over a store that answers ${name}`);
      store.answer = undefined;
      await givesAsking(context, cache, texts, [], `after ${name}`);
    }
  },
} satisfies SomeCacheRules;
