/** What a vector store does beside the rules of the kit: traps, failures of the byte store, events, closing, counts. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { InMemoryByteStore } from "bytestow";
import { runVectorStoreRules } from "bytestow/testing";
import { ByteStoreVectorStore } from "bytestow/vectorstores";
import { letters, vector } from "../support/letters.mjs";
import { packageRoot } from "../support/package.mjs";

const doc = (pageContent, metadata = {}) => ({ pageContent, metadata });
const contents = (found) => found.map(({ pageContent }) => pageContent);

/** The class in wasm, as the package has it. */
const { Engine } = await import(pathToFileURL(`${packageRoot()}/dist/wasm/bytestow_search.js`).href);

/** Has a method of the wasm's class trap at its next call. */
function trapNext(method) {
  const real = Engine.prototype[method];
  Engine.prototype[method] = () => {
    Engine.prototype[method] = real;
    throw new WebAssembly.RuntimeError("unreachable");
  };
}

describe("a trap", () => {
  for (const method of ["pump", "search", "stage", "commit", "answer"]) {
    test(`in ${method}(): calls under way fail as internal; the next call opens again from the store`, async () => {
      const events = [];
      const store = new InMemoryByteStore();
      const options = { store, onEvent: (event) => events.push(event) };
      const [one, two] = [0, 1].map(() => new ByteStoreVectorStore(letters, options));
      await one.addDocuments([doc("a"), doc("b")], ["a", "b"]);
      await two.similaritySearch("a");
      trapNext(method);
      const under = await Promise.allSettled([
        one.addDocuments([doc("c")], ["c"]),
        one.similaritySearch("a", 9),
        two.similaritySearch("a", 9),
      ]);
      const codes = under.map(({ reason }) => reason?.code);
      assert.ok(codes.includes("internal"), String(codes));
      for (const { reason } of under) if (reason) assert.equal(`${reason.code} ${reason.retryable}`, "internal true");
      for (const each of [one, two]) {
        const found = contents(await each.similaritySearch("a", 9)).filter((text) => text !== "c");
        assert.deepEqual(found.sort(), ["a", "b"]);
      }
      await one.addDocuments([doc("d")], ["d"]);
      assert.equal((await two.getByIds(["d"])).length + (await one.getByIds(["d"])).length >= 1, true);
      assert.deepEqual(
        events.map(({ type }) => type),
        ["reset", "reset"],
      );
    });
  }
});

describe("a byte store that fails", () => {
  /** A store whose calls are rejected with `error` while there is one. */
  class Failing extends InMemoryByteStore {
    error;

    async mget(...call) {
      if (this.error) throw this.error;
      return super.mget(...call);
    }

    async mset(...call) {
      if (this.error) throw this.error;
      return super.mset(...call);
    }
  }

  test("its own errors are thrown on: code, message, cause", async () => {
    const store = new Failing();
    const vectors = new ByteStoreVectorStore(letters, { store, refresh: 0 });
    await vectors.addDocuments([doc("a")]);
    const typed = Object.assign(new Error("the token is wrong"), { name: "BytestowError", code: "unauthorized" });
    store.error = typed;
    await assert.rejects(vectors.addDocuments([doc("b")]), (error) => {
      assert.deepEqual([error.name, error.code, error.message], ["BytestowError", "unauthorized", typed.message]);
      assert.equal(error.cause, typed);
      return true;
    });
    const plain = new TypeError("no network");
    store.error = plain;
    await assert.rejects(vectors.similaritySearch("a"), (error) => {
      assert.deepEqual([error.name, error.code], ["BytestowError", "unavailable"]);
      assert.match(error.message, /no network/u);
      assert.equal(error.cause, plain);
      return true;
    });
    store.error = undefined;
    assert.deepEqual(contents(await vectors.similaritySearch("a")), ["a"]);
  });

  test("answers that are none are corrupt", async () => {
    for (const answer of [undefined, [], ["text"], [7, 7]]) {
      const store = { mget: async () => answer, mset: async () => {}, mdelete: async () => {}, yieldKeys: async function* () {} }; // biome-ignore format: one line
      const vectors = new ByteStoreVectorStore(letters, { store });
      await assert.rejects(vectors.similaritySearch("a"), { name: "BytestowError", code: "corrupt" });
    }
  });

  test("what holds no index at all is an empty one; what is no index is corrupt", async () => {
    const store = new InMemoryByteStore();
    await store.mset([["other", new Uint8Array([1])]]);
    assert.deepEqual(await new ByteStoreVectorStore(letters, { store }).similaritySearch("a"), []);
    await store.mset([["vectors/m", new TextEncoder().encode("no index")]]);
    const error = { name: "BytestowError", code: "corrupt" };
    await assert.rejects(new ByteStoreVectorStore(letters, { store }).similaritySearch("a"), error);
  });
});

describe("signals", () => {
  /** A store that does not answer until it is let. */
  class Holding extends InMemoryByteStore {
    held = [];
    holds = false;

    async mget(...call) {
      if (this.holds) await new Promise((resolve) => this.held.push(resolve));
      return super.mget(...call);
    }
  }

  test("an abort ends a search that waits for the store, and no other one", async () => {
    const store = new Holding();
    const first = new ByteStoreVectorStore(letters, { store });
    await first.addDocuments([doc("a"), doc("b")]);
    const vectors = new ByteStoreVectorStore(letters, { store });
    store.holds = true;
    const controller = new AbortController();
    const aborted = vectors.similaritySearchVectorWithScore(vector("a"), 1, undefined, { signal: controller.signal });
    const other = vectors.similaritySearchVectorWithScore(vector("a"), 1);
    const reason = new Error("no more");
    setTimeout(() => controller.abort(reason), 20);
    await assert.rejects(aborted, (error) => error === reason);
    store.holds = false;
    for (const answer of store.held) answer();
    assert.equal((await other)[0][0].pageContent, "a");
  });
});

describe("closing", () => {
  test("calls made before still end; close() waits for upkeep, and twice is as good as once", async () => {
    const store = new InMemoryByteStore();
    const vectors = new ByteStoreVectorStore(letters, { store });
    const add = vectors.addDocuments([doc("a")]);
    await add;
    const search = vectors.similaritySearchVectorWithScore(vector("a"), 1);
    await Promise.all([vectors.close(), vectors.close()]);
    assert.equal((await search).length, 1);
    await assert.rejects(vectors.memory(), { code: "closed" });
    // The byte store stays open.
    assert.equal((await new ByteStoreVectorStore(letters, { store }).similaritySearch("a")).length, 1);
  });
});

describe("counts", () => {
  test("stats() and memory()", async () => {
    const vectors = new ByteStoreVectorStore(letters, { store: new InMemoryByteStore() });
    assert.deepEqual(vectors.stats(), { searches: 0, added: 0, requests: 0, bytesRead: 0, bytesWritten: 0 });
    await vectors.addDocuments([doc("a"), doc("b")]);
    await vectors.similaritySearch("a");
    const { searches, added, requests, bytesRead, bytesWritten } = vectors.stats();
    assert.deepEqual([searches, added], [1, 2]);
    assert.ok(requests > 2 && bytesRead > 0 && bytesWritten > 0);
    const memory = await vectors.memory();
    assert.equal(memory.documents, 2);
    assert.equal(memory.bytes, memory.vectors + memory.bits + memory.exact + memory.ids);
    assert.ok(memory.wasm > memory.bytes && memory.vectors > 0 && memory.ids > 0);
  });

  test("a search within `refresh` asks the store for nothing but documents; another handle's write is seen behind it", async () => {
    let now = 1_000_000;
    const store = new InMemoryByteStore();
    const open = () => new ByteStoreVectorStore(letters, { store, refresh: 10, now: () => now });
    const [one, two] = [open(), open()];
    await one.addDocuments([doc("a", { n: 1 })]);
    assert.equal((await two.similaritySearch("a", 9)).length, 1);
    await one.addDocuments([doc("b", { n: 2 })]);
    for (const filter of [undefined, { n: { $gt: 0 } }, () => true]) {
      assert.equal((await two.similaritySearch("a", 9, filter)).length, 1, "within the ten seconds");
    }
    now += 10_001;
    assert.equal((await two.similaritySearch("a", 9, { n: { $gt: 0 } })).length, 2, "behind them");
    assert.equal((await two.similaritySearch("a", 9)).length, 2);
  });
});

test("the kit fails each write of a compaction: there is one to fail", async () => {
  const harness = {
    name: "ours",
    claims: { persistent: true, compacts: true },
    open: ({ model, store, options }) => new ByteStoreVectorStore(model, { store, ...options }),
  };
  const { passed, failed } = await runVectorStoreRules(harness, { only: ["C1", "C2"], timeout: 60_000 });
  assert.deepEqual(failed, []);
  assert.deepEqual(
    passed.flatMap(({ notes }) => notes),
    [],
  );
});
