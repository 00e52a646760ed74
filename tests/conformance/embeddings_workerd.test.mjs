// The rules on embeddings caches, on ours in workerd, where calls share nothing.

import assert from "node:assert/strict";
import { EMBEDDINGS } from "./kits/kits.mjs";
import { kitInWorkerd } from "./kits/workerd_suite.mjs";

await kitInWorkerd(EMBEDDINGS, across, { shares: false });

function across(test) {
  for (const call of ["documents", "query"]) {
    test(`a call for ${call} left by a request that returned at once stops no later request`, 30_000, async (ask) => {
      assert.equal(await ask("leave", { call, text: "left" }), "left");
      const vector = await ask("call", { call, text: "left" });
      assert.deepEqual(vector.flat(), [4, call === "query" ? 2 : 1]);
      assert.equal(await ask("asked"), 2, "the later request asks for itself");
      // What the later one has stored, a third finds.
      await ask("call", { call, text: "left" });
      assert.equal(await ask("asked"), 2);
    });

    test(`requests at once, all for the same ${call}, are each answered`, 30_000, async (ask) => {
      const ends = await Promise.all([1, 2, 3, 4].map(() => ask("call", { call, text: "at once" })));
      for (const vector of ends) assert.deepEqual(vector.flat(), [7, call === "query" ? 2 : 1]);
    });
  }
}
