/** What is kept goes out of the explorer into a file, and comes in again, in each browser; files that are none are refused. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../../www/serve.mjs";
import { browsers, buildPanels, Person } from "./person.mjs";

const HOUR = 3_600;

for (const browser of browsers) {
  describe(`the explorer's files, in ${browser}`, { timeout: 900_000 }, () => {
    let built, server, person, exported;

    before(async () => {
      built = await buildPanels();
      server = await serve(built.site);
      person = new Person(browser, server.url);
      await person.start();
    });

    after(async () => {
      await person?.end();
      await server?.close();
      await built?.remove();
    });

    /** Runs what `kept.mjs` has, in the page. */
    const kept = (what, ...told) => person.kept(what, ...told);
    const entries = (many) => person.says("#explorer-entries", new RegExp(`^${many.toLocaleString("en-US")}$`, "u"));

    /** Presses a button that asks first, and says so. */
    async function twice(selector, question) {
      await person.click(selector);
      await person.says(selector, question);
      await person.click(selector);
    }

    test("out into a file, all cleared, in again: then the run is warm", async () => {
      await kept("keep", "a/small", [1]);
      await kept("keep", "b/short-lived", [1, 2, 3], HOUR);
      await kept("keep", "c/large", new Array(5_000).fill(7));
      const { chunks } = await person.embed();
      await entries(chunks + 3);
      const before = await kept("digest");
      exported = await person.save("#explorer-export");
      assert.match(exported.name, /^vectors-\d{4}-\d\d-\d\d\.bytestow$/u);
      assert.match(
        await person.says("#explorer-status", /are in a file/u),
        new RegExp(`^${(chunks + 3).toLocaleString("en-US")} entries, `, "u"),
      );
      await twice(
        "#explorer-clear",
        new RegExp(`^Press again to clear ${(chunks + 3).toLocaleString("en-US")} entries$`, "u"),
      );
      await entries(0);
      assert.deepEqual(await kept("statOfAll"), {});
      await person.choose("#explorer-import", { [exported.name]: exported.bytes });
      await person.says(
        "#explorer-status",
        new RegExp(`^${(chunks + 3).toLocaleString("en-US")} entries came in`, "u"),
      );
      await entries(chunks + 3);
      assert.equal(await kept("digest"), before);
      const { "b/short-lived": short, "a/small": small } = await kept("statOfAll");
      assert.ok(short.ttl > HOUR - 120 && short.ttl <= HOUR + 1, `${short.ttl}`);
      assert.equal(small.ttl, null);
      assert.equal((await person.embed()).kind, "warm");
    });

    test("a file that is none, one cut short, a damaged one, one of another version: each refused by name, nothing touched", async () => {
      await twice("#explorer-clear", /^Press again to clear/u);
      await entries(0);
      await kept("keep", "here", [1]);
      const before = await kept("digest");
      const { bytes } = exported;
      const changed = (at, byte) => Buffer.from(bytes).fill(byte, at, at + 1);
      const files = {
        "a novel.txt": [
          Buffer.from("It is a truth universally acknowledged"),
          /^This is not a file of kept vectors\./u,
        ],
        "empty.bytestow": [Buffer.alloc(0), /^This is not a file of kept vectors\./u],
        "cut.bytestow": [bytes.subarray(0, bytes.length - 1000), /^The file is cut short\./u],
        "damaged.bytestow": [changed(100_000, bytes[100_000] ^ 1), /^The file is damaged/u],
        "newer.bytestow": [changed(8, 2), /^The file is of version 2, and this page reads version 1\./u],
      };
      for (const [name, [content, said]] of Object.entries(files)) {
        await person.choose("#explorer-import", { [name]: content });
        assert.match(await person.says("#explorer-alert", said), /Nothing was brought in\. [A-Z]/u);
        assert.equal(await kept("digest"), before, name);
      }
      // What is said is taken back by the next file that is sound.
      await person.choose("#explorer-import", { "sound.bytestow": bytes });
      await person.says("#explorer-status", /came in/u);
      assert.equal(await person.text("#explorer-alert"), "");
    });

    test("the browser complained of nothing", () => person.contented());
  });
}
