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
import { pageOf, surfaces } from "./declarations/surface.mjs";
import { entriesOf, exportsOf, programOf, STRICT, ts } from "./declarations/typescript.mjs";
import { NEEDS_PEER } from "./peer.mjs";

const ENTRIES = [
  ...["index", "embeddings", "vectorstores", "memory"],
  ...["slim", "slim/embeddings", "slim/vectorstores", "testing"],
];
const WRITE = "see what changed, and if it is meant: node tests/packaging/declarations/write.mjs";

/** Which of the package's own files types may stand in. The glue, and what talks to it, are not among them. */
const PUBLIC = new RegExp(
  `^dist/(?:${[
    ...["types", "index", "core/(?:error|source)", "stores/(?!any\\b)\\w+", "entry/slim", "langchain/embeddings"],
    ...["langchain/vectorstores/(?:index|options|store|filters/types)", "entry/vectorstores/slim", "search/source"],
    ...["langchain/memory/(?:index|classic|retriever|turns)", "testing/(?:(?:embeddings|vectorstores)/)?\\w+"],
  ].join("|")})\\.d\\.ts$`,
  "u",
);

describe("the public declarations", { timeout: 900_000 }, () => {
  let app, remove;
  before(async () => {
    ({ app, remove } = await installedApp());
  });
  after(() => remove?.());

  const reviewed = (name) => readFile(new URL(`declarations/${pageOf(name)}.d.ts`, import.meta.url), "utf8");
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
    for (const name of ENTRIES) files[`${pageOf(name)}.d.ts`] = await reviewed(name);
    const all = ts.getPreEmitDiagnostics(programOf(app, files, { ...STRICT, skipDefaultLibCheck: true }));
    // LangChain's own declarations want a newer library than ours do.
    const found = all.filter((each) => !each.file?.fileName.includes("/@langchain/core/"));
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
    ["an option of the cache", "langchain/embeddings.d.ts", "batchSize?: number", "batch?: number"],
    ["the cache's class", "langchain/embeddings.d.ts", "extends Embeddings {", "implements EmbeddingsInterface {"],
  ]) {
    test(`a change of ${what} is seen`, async () => {
      const pages = surfaces(app, await changed(file, from, to));
      const same = await Promise.all([...pages].map(async ([name, page]) => page === (await reviewed(name))));
      assert.ok(same.includes(false));
    });
  }

  test("declare the values that the modules have", async () => {
    const { checker, entries } = entriesOf(app);
    const specifiers = ENTRIES.map((name) => (name === "index" ? "bytestow" : `bytestow/${name}`));
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
    for (const [name, module] of entries) {
      const { files, seen } = reach(checker, module, root);
      // What extends LangChain's classes has options and class in one file, or two.
      const [types, least] = NEEDS_PEER.test(name) ? [50, 2] : [100, 6];
      assert.ok(seen > types && files.size >= least, `only ${seen} types in ${files.size} files: the walk is broken`);
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
    // What the cache inherits from LangChain's class is LangChain's to declare (its `caller` takes `any[]`), and is not
    // looked into. That it was found at all is: where an import leads nowhere, all that comes of it is `any`.
    for (const [name, module] of entries) assert.deepEqual(reach(checker, module, root).anys, [], name);
  });

  test("a type of the glue, and each kind of `any`, would be found", async () => {
    const leaks = [
      ["?: import('../core/handle.js').Handle<number>", "dist/core/handle.d.ts"],
      ["?: { deep: (given: number) => Promise<any[]> }", "any"],
      ["?: AsyncGenerator<number>", "any"], // by the defaults of its parameters
      ["?: ((given) => void)", "any"],
      ["?: NoSuchType", "any"],
      ["?: import('@langchain/core/nowhere').Nothing", "any"],
    ];
    for (const [entry, file, option] of [
      ["slim", "stores/memory.d.ts", "maxEntries"],
      ["embeddings", "langchain/embeddings.d.ts", "batchSize"],
    ]) {
      for (const [type, leak] of leaks) {
        const instead = await changed(file, `${option}?: number | undefined`, option + type);
        const { checker, entries, root } = entriesOf(app, instead);
        const { files, anys } = reach(checker, entries.get(entry), root);
        const found = leak === "any" ? anys.some((path) => path.includes(option)) : files.has(leak);
        assert.ok(found, `${option}${type} was not found`);
      }
    }
  });
});
