/** Traps in any runtime: the steps that a test asks for. */

import { CASES } from "./cases.mjs";
import { EMBEDDINGS_CASES, holdingModel } from "./embeddings.mjs";
import { assert, bytes, error, holding, isInternal, same, until } from "./expect.mjs";
import { INDEXED_DB_CASES } from "./indexed_db.mjs";
import { TOO_DEEP, ways } from "./ways.mjs";

/** `run`, or a failure: a case that hangs must not take the others with it. */
async function inTime(run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("it took more than 15 s")), 15_000);
  });
  try {
    await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @param {import("../support/programs/drivers.mjs").Copy} copy */
export function steps({ bytestow, embeddings, glue, runtime, gc }) {
  const { enter } = runtime;
  const trapBy = ways(glue, enter);
  const { InMemoryByteStore, WrappedByteStore } = bytestow;

  const alone = {
    /** Not through the package: it cannot know, so that one call may find out. */
    async "a stack overflow that nothing saw costs at most one call"() {
      const inner = holding();
      const [wrapped, memory] = [new WrappedByteStore({ store: inner }), new InMemoryByteStore()];
      await wrapped.mset([["a", bytes(1)]]);
      await memory.mset([["a", bytes(1)]]);
      assert((await error(Promise.resolve().then(() => glue.trapDeep(TOO_DEEP)))) !== undefined, "nothing trapped");
      for (const call of [() => wrapped.mget(["a"]), () => memory.mset([["b", bytes(2)]])]) {
        const first = await error(call());
        if (first !== undefined) isInternal(first);
      }
      same(await wrapped.mget(["a"]), [bytes(1)]);
      await memory.mset([["b", bytes(2)]]);
      same(await memory.mget(["b"]), [bytes(2)]);
    },
    async "without a trap the package works as the other"() {
      const store = new InMemoryByteStore();
      await store.mset([["a", bytes(1)]]);
      same(glue.trapDeep(0), 0);
      let fail;
      const harmless = enter(() => glue.trapLater(new Promise((_, reject) => { fail = reject; }))); // biome-ignore format: one line
      fail(new Error("no trap"));
      same(await harmless, undefined);
      same(await store.mget(["a"]), [bytes(1)]);
    },
  };

  /** Each case, by its name: those of every way to trap, and those of none. */
  function named(persistent) {
    const cases = { ...CASES, ...EMBEDDINGS_CASES, ...(persistent && INDEXED_DB_CASES) };
    const found = { ...alone };
    for (const [way, trap] of Object.entries(trapBy)) {
      for (const [name, run] of Object.entries(cases)) {
        found[`${way}: ${name}`] = () => run({ bytestow, embeddings, glue, enter, trap, gc });
      }
    }
    return found;
  }

  return {
    names: ({ persistent }) => Object.keys(named(persistent)),
    run: ({ name, persistent }) => inTime(named(persistent)[name]),

    /** Resets the instance `times` times: each has 2 MB of values, and calls in flight. */
    async resets({ times }) {
      const value = new Uint8Array(100_000);
      const inner = holding();
      const [memory, waiting] = [new InMemoryByteStore(), new WrappedByteStore({ store: inner })];
      const model = holdingModel();
      const cache = new embeddings.CacheBackedEmbeddings({ embeddings: model, store: memory, model: "m" });
      for (let time = 0; time < times; time++) {
        await memory.mset(Array.from({ length: 20 }, (_, at) => [String(at), value]));
        const held = [waiting.mget(["held"]), cache.embedDocuments(["held"])].map(error);
        await until(() => inner.waiting === 1 && model.waiting === 1);
        await error(Promise.resolve().then(() => enter(() => glue.trapNow())));
        for (const each of held) isInternal(await each);
        inner.release();
        model.release();
        // Engines count what wasm holds for little, so that they would let hundreds of instances gather.
        if (time % 50 === 49) await gc?.();
      }
      await memory.mget(["a"]);
    },
  };
}
