/** A run and its clock, what many ask for at once, and what is said, in Node. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { loadParts } from "./parts.mjs";

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a run", () => {
  let parts;

  before(async () => {
    parts = await loadParts();
  });

  /** An embedder that takes `ms` for a batch, one batch after the other, and what a run is given. */
  function setUp(ms) {
    const embedder = {
      model: "slow",
      label: "Slow",
      concurrency: 1,
      batches: 0,
      async embedDocuments(texts) {
        embedder.batches += 1;
        await wait(ms);
        return texts.map(() => [1, 2]);
      },
    };
    const abort = new AbortController();
    const gate = new parts.Gate();
    const front = new parts.InMemoryByteStore();
    const begin = (texts, by = embedder, onProgress = () => undefined) => {
      const { signal } = abort;
      const open = (around) => new parts.Cached(by, { front }, assert.fail, { signal }, around);
      return parts.run(open, texts, { gate, signal, onProgress });
    };
    return { embedder, abort, gate, begin };
  }

  const texts = (many) => Array.from({ length: many }, (_, at) => `text ${at}`);

  test("its times add up, and a pause counts for nothing but the batch that was under way", async () => {
    const { embedder, gate, begin } = setUp(200);
    const began = performance.now();
    const running = begin(texts(128));
    while (embedder.batches < 1) await wait(1);
    gate.shut();
    await wait(1_000);
    assert.equal(embedder.batches, 1, "the next batch waits");
    gate.open();
    const { times, total, hits, misses } = await running;
    const wall = performance.now() - began;
    assert.deepEqual([hits, misses], [0, 128]);
    for (const [phase, ms] of Object.entries(times)) assert.ok(ms >= 0, `${phase}: ${ms} ms`);
    assert.equal(total, times.read + times.embed + times.write);
    // All of the batch that ended in the pause, and all of the one after it.
    assert.ok(times.embed >= 390, `${times.embed} ms`);
    assert.ok(wall - total >= 700, `${total} of ${wall} ms, of which 800 were spent waiting`);
  });

  test("a cancelled run has the embedder stop where it is", async () => {
    const { abort, begin } = setUp(0);
    // Some milliseconds each, so that the embedder takes many turns for a batch.
    const long = texts(64).map((text) => `${text} ${"many words to hash ".repeat(500)}`);
    const { toLowerCase } = String.prototype;
    let begun = 0;
    String.prototype.toLowerCase = function count() {
      if (this.length > 1_000) begun += 1;
      return toLowerCase.call(this);
    };
    try {
      const running = begin(long, new parts.HashingEmbedder());
      while (begun === 0) await wait(1);
      abort.abort();
      await assert.rejects(running, { name: "AbortError" });
      const before = begun;
      await wait(200);
      assert.ok(before < 64 && begun <= before + 1, `${begun} texts, ${before} when it was cancelled`);
    } finally {
      String.prototype.toLowerCase = toLowerCase;
    }
  });

  test("vectors of unequal length are the embedder's fault, and nothing that is kept", async () => {
    const { begin } = setUp(0);
    const ragged = {
      model: "ragged",
      label: "Ragged",
      concurrency: 1,
      embedDocuments: async (all) => all.map((_, at) => new Array(2 + (at % 2)).fill(1)),
    };
    await assert.rejects(begin(texts(4), ragged), (error) => {
      assert.match(error.message, /^The embedder’s answer cannot be right: .* where others have /u);
      assert.match(error.advice, /model’s name and the dimensions.*was kept before is sound/su);
      assert.equal(error.code, "bad_vectors");
      return true;
    });
  });
});

describe("what many ask for at once", () => {
  let parts;

  before(async () => {
    parts = await loadParts();
  });

  test("one at a time, and whoever asks gets what was begun after that", async () => {
    let [going, most, done] = [0, 0, 0];
    const ask = parts.oneAtATime(async () => {
      going += 1;
      most = Math.max(most, going);
      await wait(20);
      going -= 1;
      done += 1;
      return done;
    });
    const first = ask();
    await wait(5);
    assert.deepEqual(await Promise.all([first, ask(), ask(), ask()]), [1, 2, 2, 2]);
    assert.deepEqual([most, await ask()], [1, 3]);
  });

  test("one that fails does not keep the next from its turn", async () => {
    let calls = 0;
    const ask = parts.oneAtATime(async () => {
      calls += 1;
      if (calls === 1) throw new Error("not now");
      return calls;
    });
    await assert.rejects(ask(), { message: "not now" });
    assert.equal(await ask(), 2);
  });

  test("gathered: for all calls of a while once, seldom while they keep coming, and not at all when they end", async () => {
    let [going, most, done, busy] = [0, 0, 0, 0];
    const began = performance.now();
    const call = parts.gathered(20, async () => {
      going += 1;
      most = Math.max(most, going);
      await wait(50);
      going -= 1;
      done += 1;
      busy += 50;
    });
    for (let calls = 0; calls < 100; calls += 1) {
      call();
      await wait(8);
    }
    const share = busy / (performance.now() - began);
    assert.ok(done >= 2 && most === 1, `${done} times, ${most} at once`);
    assert.ok(share < 0.35, `${share} of the time`);
    await wait(500);
    const last = done;
    await wait(500);
    assert.equal(done, last);
  });
});

describe("what the page says", () => {
  test("of what cannot be read: a button to press that is there, with a remote tier and without", async () => {
    const { describe: say, BytestowError } = await loadParts();
    const { advice } = say(new BytestowError("corrupt", "a record is damaged"));
    const html = await readFile(new URL("../../www/index.html", import.meta.url), "utf8");
    const named = [...advice.matchAll(/“(Clear [a-z]+)”/gu)].map(([, button]) => button);
    assert.deepEqual(named, ["Clear browser"]);
    assert.match(html, /<button[^>]*id="clear-browser"[^>]*>Clear browser<\/button>/u);
  });

  test("of files: where they stay, and who else is sent what is in them", async () => {
    const html = await readFile(new URL("../../www/index.html", import.meta.url), "utf8");
    const [, hint] = /<p id="file-hint"[^>]*>(.*?)<\/p>/su.exec(html);
    assert.match(hint, /stay in your browser; only an endpoint that you choose below is sent what is in them\.$/u);
  });
});
