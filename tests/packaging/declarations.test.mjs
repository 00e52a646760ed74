/**
 * The public types, as the compiler gets them from the installed tarball: each entry's page in `declarations/` is what
 * was reviewed, nothing of the wasm-bindgen glue is in reach, and nothing is `any`.
 */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { program } from "../support/child.mjs";
import { installedApp } from "./declarations/app.mjs";
import { reach } from "./declarations/reach.mjs";
import { surfaces } from "./declarations/surface.mjs";
import { entriesOf, exportsOf, programOf, STRICT, ts } from "./declarations/typescript.mjs";

const ENTRIES = ["index", "slim", "testing"];
const WRITE = "see what changed, and if it is meant: node tests/packaging/declarations/write.mjs";

/** Which of the package's own files types may stand in. The glue, and what talks to it, are not among them. */
const PUBLIC = /^dist\/(?:types|stores\/\w+|core\/(?:error|source)|testing\/\w+|entry\/slim|index)\.d\.ts$/u;

describe("the public declarations", { timeout: 180_000 }, () => {
  let app, remove;
  before(async () => {
    ({ app, remove } = await installedApp());
  });
  after(() => remove?.());

  const reviewed = (name) => readFile(new URL(`declarations/${name}.d.ts`, import.meta.url), "utf8");
  const declared = (file) => readFile(join(app, "node_modules/bytestow/dist", file), "utf8");
  /** What is found over the package with `file` changed. */
  const changed = async (file, from, to) => {
    const text = await declared(file);
    assert.ok(text.includes(from), `${file} has no ${from}`);
    return { [`dist/${file}`]: text.replace(from, to) };
  };

  test("are the reviewed ones, in every entry", async () => {
    const pages = surfaces(app);
    assert.deepEqual([...pages.keys()], ENTRIES);
    for (const [name, page] of pages) assert.equal(page, await reviewed(name), `bytestow/${name}: ${WRITE}`);
  });

  test("stand on the reviewed pages whole: those compile by themselves", async () => {
    const files = {};
    for (const name of ENTRIES) files[`${name}.d.ts`] = await reviewed(name);
    const found = ts.getPreEmitDiagnostics(programOf(app, files, { ...STRICT, skipDefaultLibCheck: true }));
    assert.deepEqual(
      found.map((each) => `${each.file?.fileName}: ${ts.flattenDiagnosticMessageText(each.messageText, " ")}`),
      [],
    );
  });

  for (const [what, file, from, to] of [
    ["an export", "index.d.ts", "export { ByteStore } from", "export { ByteStore as Store } from"],
    ["an option", "stores/memory.d.ts", "maxEntries?: number", "most?: number"],
    ["a type", "stores/base.d.ts", "condition: SetCondition", "condition: string"],
    ["a type that is not exported", "core/source.d.ts", "URL | string", "URL"],
    ["a doc comment", "types.d.ts", "Remaining life in seconds", "Remaining life"],
    ["a rule", "testing/contract.d.ts", "R1-shape", "R1-form"],
  ]) {
    test(`a change of ${what} is seen`, async () => {
      const pages = surfaces(app, await changed(file, from, to));
      const same = await Promise.all([...pages].map(async ([name, page]) => page === (await reviewed(name))));
      assert.ok(same.includes(false));
    });
  }

  test("declare the values that the modules have", async () => {
    const { checker, entries } = entriesOf(app);
    const specifiers = ["bytestow", "bytestow/slim", "bytestow/testing"];
    const source = `console.log(JSON.stringify([${specifiers.map((name) => `Object.keys(await import("${name}"))`)}]))`;
    await writeFile(join(app, "values.mjs"), source);
    const { stdout, stderr } = await program(
      `await import(${JSON.stringify(pathToFileURL(join(app, "values.mjs")).href)})`,
    );
    assert.equal(stderr, "");
    for (const [at, there] of JSON.parse(stdout).entries()) {
      const values = [...exportsOf(checker, entries.get(ENTRIES[at]))].filter(([, { isValue }]) => isValue);
      assert.deepEqual(there.sort(), values.map(([name]) => name).sort(), specifiers[at]);
    }
  });

  test("reach nothing of the glue, and read none of its files", () => {
    const { program: compiled, checker, entries, root } = entriesOf(app);
    for (const module of entries.values()) {
      const { files, seen } = reach(checker, module, root);
      assert.ok(seen > 100 && files.size > 5, `only ${seen} types in ${files.size} files: the walk is broken`);
      assert.deepEqual(
        [...files].filter((file) => !PUBLIC.test(file)),
        [],
      );
    }
    const read = compiled.getSourceFiles().map((file) => file.fileName);
    const ours = read.filter((file) => file.startsWith(root)).map((file) => file.slice(root.length + 1));
    assert.ok(ours.length > 8);
    assert.deepEqual(
      ours.filter((file) => !PUBLIC.test(file)),
      [],
    );
  });

  test("are nowhere `any`, written or left out", () => {
    const { checker, entries, root } = entriesOf(app);
    for (const [name, module] of entries) assert.deepEqual(reach(checker, module, root).anys, [], name);
  });

  test("a type of the glue, and each kind of `any`, would be found", async () => {
    const leaks = {
      "maxEntries?: import('../core/handle.js').Handle<number>": "dist/core/handle.d.ts",
      "maxEntries?: { deep: (given: number) => Promise<any[]> }": "any",
      "maxEntries?: AsyncGenerator<number>": "any", // by the defaults of its parameters
      "maxEntries?: ((given) => void)": "any",
      "maxEntries?: NoSuchType": "any",
    };
    for (const [to, leak] of Object.entries(leaks)) {
      const instead = await changed("stores/memory.d.ts", "maxEntries?: number | undefined", to);
      const { checker, entries, root } = entriesOf(app, instead);
      const { files, anys } = reach(checker, entries.get("slim"), root);
      const found = leak === "any" ? anys.some((path) => path.includes("maxEntries")) : files.has(leak);
      assert.ok(found, `${to} was not found`);
    }
  });
});
