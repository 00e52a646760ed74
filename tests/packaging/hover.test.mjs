/** The doc comments reach the editor: hovering over any public name in a consumer's file tells something. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { installedApp } from "./declarations/app.mjs";
import { hovers } from "./declarations/hover.mjs";

describe("hovering over a public name", { timeout: 900_000 }, () => {
  let app, remove, found;
  before(async () => {
    ({ app, remove } = await installedApp());
    found = hovers(app);
  });
  after(() => remove?.());

  const silent = (all) => all.filter(({ documentation }) => documentation === "").map(({ name }) => name);

  test("tells of every export, every member of a class and every option", () => {
    const names = new Set(found.map(({ name }) => name));
    for (const name of [
      "bytestow InMemoryByteStore",
      "bytestow ByteStore.mget ",
      "bytestow new UpstashRedisByteStore",
      "bytestow UpstashRedisByteStore.fromEnv, static",
      "bytestow { ttl } of SetOptions ",
      'bytestow StoreEvent.ms { type: "request" }',
      "bytestow/slim initWasm",
      "bytestow/testing Harness.open ",
      "bytestow/embeddings CacheBackedEmbeddings.fromBytesStore, static",
      "bytestow/embeddings { precision } of CacheBackedEmbeddingsOptions ",
      "bytestow/slim/embeddings CacheBackedEmbeddings.embedDocumentsTyped ",
    ]) {
      assert.ok(names.has(name), `${name} was not looked at`);
    }
    assert.ok(found.length > 500, `only ${found.length} names`);
    assert.deepEqual(silent(found), []);
  });

  test("tells what the comment says", () => {
    const told = new Map(found.map(({ name, documentation }) => [name, documentation]));
    assert.match(told.get("bytestow InMemoryByteStore"), /^A store in memory: bounded or not/u);
    assert.match(told.get("bytestow { timeout } of UpstashRedisByteStoreOptions "), /in ms; 10,000 unless given/u);
    assert.match(told.get("bytestow new IndexedDBByteStore"), /invalid_argument/u);
    assert.match(told.get("bytestow/embeddings EmbeddingsCacheStats.joined "), /another call/u);
  });

  test("a comment that is missing would be found", async () => {
    const file = "dist/stores/memory.d.ts";
    const text = await readFile(join(app, "node_modules/bytestow", file), "utf8");
    const bare = text.replace(/\/\*\* The most entries.*?\*\//u, "");
    assert.notEqual(bare, text);
    const missing = silent(hovers(app, { [file]: bare }));
    assert.ok(missing.includes("bytestow InMemoryByteStoreOptions.maxEntries "), String(missing));
    assert.ok(missing.includes("bytestow/slim { maxEntries } of InMemoryByteStoreOptions "), String(missing));
  });
});
