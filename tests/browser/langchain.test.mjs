/** LangChain.js's CacheBackedEmbeddings over IndexedDB in Chromium: cold, warm, and warm after a reload. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newProfile, openProfile } from "../support/chromium.mjs";
import { bundle, page, serveFiles } from "../support/site.mjs";

describe("LangChain.js over IndexedDBByteStore", { timeout: 900_000 }, () => {
  let server, profile, context;

  before(async () => {
    const define = { "process.env.NODE_ENV": '"production"' };
    const probe = await bundle("langchain_probe.mjs", import.meta.url, { define });
    server = await serveFiles({ "/": page("/probe.js"), "/probe.js": probe });
    profile = await newProfile();
    context = await openProfile(profile);
  });

  after(async () => {
    await context?.close();
    await server?.close();
    await profile?.remove();
  });

  async function tab() {
    const opened = await context.newPage();
    await opened.goto(server.url);
    await opened.waitForFunction("globalThis.ready");
    return opened;
  }

  test("CacheBackedEmbeddings: a second time, another tab, a reload and a new process ask the provider nothing", async () => {
    const cold = { right: true, asked: [1_200], keys: 1_200, hits: 0, misses: 1_200 };
    const warm = { right: true, asked: [], keys: 1_200, hits: 1_200, misses: 0 };
    const work = () => embed("embeddings", 1_200);
    const opened = await tab();
    assert.deepEqual(await opened.evaluate(work), cold);
    assert.deepEqual(await opened.evaluate(work), warm);
    const other = await tab();
    assert.deepEqual(await other.evaluate(work), warm);
    await opened.reload();
    await opened.waitForFunction("globalThis.ready");
    assert.deepEqual(await opened.evaluate(work), warm);
    await context.close();
    context = await openProfile(profile);
    const again = await tab();
    assert.deepEqual(await again.evaluate(work), warm);
    // More texts: only the new ones are asked for. Another model: all.
    const more = await again.evaluate(() => embed("embeddings", 1_300));
    assert.deepEqual([more.right, more.asked, more.hits, more.misses], [true, [100], 1_200, 100]);
    const model = await again.evaluate(() => embed("embeddings", 10, "model-2:"));
    assert.deepEqual([model.right, model.asked, model.keys], [true, [10], 10]);
    await again.close();
  });

  test("createDocumentStoreFromByteStore: a document is there after a reload", async () => {
    const opened = await tab();
    const expected = [true, "😀", 1];
    assert.deepEqual(await opened.evaluate(() => documents("documents", true)), expected);
    await opened.reload();
    await opened.waitForFunction("globalThis.ready");
    assert.deepEqual(await opened.evaluate(() => documents("documents", false)), expected);
    await opened.close();
  });
});
