// The rules on vector stores, on ours in workerd.

import assert from "node:assert/strict";
import { VECTORSTORES } from "./kits/kits.mjs";
import { kitInWorkerd } from "./kits/workerd_suite.mjs";

await kitInWorkerd(VECTORSTORES, across);

function across(test) {
  test("a search left by a request that returned at once stops no later request", 30_000, async (ask) => {
    assert.equal(await ask("leave", { call: "search", text: "a" }), "left");
    assert.deepEqual(await ask("call", { call: "search", text: "a" }), []);
    await ask("call", { call: "add", text: "a" });
    assert.equal(await ask("leave", { call: "search", text: "a" }), "left");
    assert.deepEqual(await ask("call", { call: "search", text: "a" }), ["a"]);
  });

  test("an add left by a request that returned at once stops no later add", 120_000, async (ask) => {
    await ask("call", { call: "add", text: "a" });
    assert.equal(await ask("leave", { call: "add", text: "b" }), "left");
    await ask("call", { call: "add", text: "c" });
    const found = await ask("call", { call: "search", text: "a" });
    assert.deepEqual(
      found.filter((text) => text !== "b"),
      ["a", "c"],
    );
  });

  test("requests at once are each answered", 60_000, async (ask) => {
    const texts = ["a", "b", "c", "d", "e"];
    await Promise.all(texts.map((text) => ask("call", { call: "add", text })));
    const found = await Promise.all([1, 2, 3, 4].map(() => ask("call", { call: "search", text: "a" })));
    for (const each of found) assert.deepEqual(each, texts);
  });
}
