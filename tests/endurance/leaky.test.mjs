/** A leak is seen: copies of the package that leak on purpose do not pass for flat. */

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { packageRoot } from "../support/package.mjs";
import { openProcess } from "../support/programs/drivers.mjs";
import { flat } from "./flat.mjs";
import { STEPS } from "./wear.mjs";

const GLUE = "wasm/bytestow_wasm.js";
const RUNTIME = "core/runtime.js";

const round = (perCall) => async (driver) => {
  await driver.ask("open", { row: "memory" });
  await driver.ask("round", { keys: 2_000, perCall });
  await flat(driver, () => driver.ask("round", { keys: 100_000, perCall }));
};
const forgotten = async (driver) => {
  await driver.ask("openAndForget", { times: 100, row: "memory" });
  await flat(driver, () => driver.ask("openAndForget", { times: 1_000, row: "memory" }));
};

/** The name that the build has given to what takes memory. */
const mallocOf = (glue) => /passStringToWasm0\(\w+, wasm\.(\w+),/u.exec(glue)[1];

/** Each leak: the file of `dist` that is changed, what in it by what, what shows it, and which figure grows. */
const LEAKS = {
  "16 bytes of wasm a call": {
    file: GLUE,
    change: [
      "        let ptr0, len0, ptr1, len1;\n",
      (found, glue) => `${found}        wasm.${mallocOf(glue)}(16, 4);\n`,
    ],
    shown: round(1),
    grows: "pages",
  },
  "1,600 bytes of wasm a call of 100": {
    file: GLUE,
    change: [
      "        let ptr0, len0, ptr1, len1;\n",
      (found, glue) => `${found}        wasm.${mallocOf(glue)}(1600, 4);\n`,
    ],
    shown: round(100),
    grows: "pages",
  },
  "an object a call, held by wasm": {
    file: GLUE,
    change: ["        let ptr0, len0, ptr1, len1;\n", (found) => `${found}        addToExternrefTable0({});\n`],
    shown: round(100),
    grows: "handles",
  },
  "an object a call, held by JavaScript": {
    file: RUNTIME,
    change: ["const result = guarded(work);\n", (found) => `${found}    (enter.kept ??= []).push({});\n`],
    shown: round(1),
    grows: "heap",
  },
  "the result of each call": {
    file: RUNTIME,
    change: ["const result = guarded(work);\n", (found) => `${found}    (enter.kept ??= []).push(result);\n`],
    shown: round(100),
    grows: "uncollected",
  },
  "forgotten stores": {
    file: GLUE,
    change: ["const StoreFinalization =", (found) => `${found} { register() {}, unregister() {} };\nconst unused =`],
    shown: forgotten,
    grows: "handles",
  },
};

describe("a package that leaks", { timeout: 900_000 }, () => {
  let folder;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bytestow-leaky-"));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  for (const [leak, { file, change, shown, grows }] of Object.entries(LEAKS)) {
    test(`${leak}: ${grows} grow by round`, async () => {
      const root = join(folder, leak.replaceAll(/\W/gu, "-"));
      await cp(packageRoot(), root, { recursive: true });
      const path = join(root, "dist", file);
      const source = await readFile(path, "utf8");
      const [found, by] = change;
      assert.ok(source.includes(found), `${file} is not what this test knows how to change`);
      await writeFile(path, source.replaceAll(found, by(found, source)));
      const driver = await openProcess("node-20", { root, steps: STEPS });
      try {
        await assert.rejects(shown(driver), new RegExp(`grew by round.*\\(.*${grows}`, "u"));
      } finally {
        assert.deepEqual(await driver.close(), []);
      }
    });
  }
});
