/** Moving over: LangChain's own sample of its cache, out of the installed declarations, with the import changed. */

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { TextLoader } from "@langchain/classic/document_loaders/fs/text";
import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { InMemoryStore } from "@langchain/core/stores";
import { RecursiveCharacterTextSplitter } from "@langchain/textsplitters";
import { bits, RecordingModel, rounded } from "../support/embeddings.mjs";

const THEIRS = "@langchain/classic/embeddings/cache_backed";
const OURS = "bytestow/embeddings";
const MODEL = "text-embedding-ada-002";
/** A chunk each by the sample's splitter, and each of them twice in the file. */
const PARAGRAPHS = Array.from({ length: 8 }, (_, at) =>
  `Paragraph ${at} of the address, on “cafés” no. ${at}. `.repeat(18),
);

let sample;
let folder;
before(async () => {
  const declarations = await readFile(new URL(import.meta.resolve(THEIRS).replace(/\.js$/u, ".d.ts")), "utf8");
  const [, block] = /@example\n \* ```typescript\n(.*?) \* ```/su.exec(declarations);
  sample = block.replaceAll(/^ \* ?/gmu, "");
  folder = await mkdtemp(join(tmpdir(), "bytestow-sample-"));
  await writeFile(join(folder, "state_of_the_union.txt"), [...PARAGRAPHS, ...PARAGRAPHS].join("\n\n"));
});
after(() => rm(folder, { recursive: true, force: true }));

/**
 * Runs the sample with the class of `specifier` on `store`, and with `more` beside the sample's own option. What it names
 * and does not make stands in for services that are not here: a model, a store, a vector store, a file's folder.
 */
async function run(specifier, store, more = "") {
  const { CacheBackedEmbeddings } = await import(specifier);
  const model = new RecordingModel({ modelName: MODEL });
  const said = [];
  const names = {
    CacheBackedEmbeddings,
    RecursiveCharacterTextSplitter,
    OpenAIEmbeddings: function OpenAIEmbeddings() {
      return model;
    },
    ConvexKVStore: function ConvexKVStore({ ctx }) {
      return ctx;
    },
    ConvexVectorStore: class ConvexVectorStore extends MemoryVectorStore {},
    TextLoader: class extends TextLoader {
      constructor(path) {
        super(join(folder, path));
      }
    },
    ctx: store,
    console: { log: (line) => said.push(line) },
  };
  const option = "namespace: underlyingEmbeddings.modelName,";
  assert.equal(sample.split(option).length, 2, sample);
  const code = `${sample.replace(option, `${option} ${more}`)}\nreturn { vectorstore, vectorstore2 };`;
  const Program = (async () => {}).constructor;
  const { vectorstore, vectorstore2 } = await new Program(...Object.keys(names), code)(...Object.values(names));
  assert.equal(said.length, 2);
  assert.match(said[1], /^Cached creation time: \d+ms$/u);
  const vectors = vectorstore.memoryVectors.map(({ embedding }) => embedding);
  const texts = vectorstore.memoryVectors.map(({ content }) => content);
  assert.deepEqual([texts.length, new Set(texts).size], [16, 8]);
  assert.deepEqual(bits(vectorstore2.memoryVectors.map(({ embedding }) => embedding)), bits(vectors));
  return { asked: model.asked, vectors, texts };
}

const expected = (texts) => new RecordingModel().embedDocuments(texts);

test("the sample does with our class what it does with LangChain's", async () => {
  const theirs = await run(THEIRS, new InMemoryStore());
  const ours = await run(OURS, new InMemoryStore());
  assert.deepEqual(theirs.asked, [theirs.texts], "its second creation asked");
  assert.deepEqual(ours.texts, theirs.texts);
  // Ours asks for a text once, though it stands there twice.
  assert.deepEqual(ours.asked, [[...new Set(ours.texts)]]);
  assert.deepEqual(bits(ours.vectors), bits(rounded(theirs.vectors)));
  const exact = await run(OURS, new InMemoryStore(), 'precision: "f64",');
  assert.deepEqual(bits(exact.vectors), bits(theirs.vectors));
});

test("what LangChain's class has stored is found with one more option", async () => {
  const store = new InMemoryStore();
  const theirs = await run(THEIRS, store);
  const found = await run(OURS, store, 'keyEncoder: "langchain-js",');
  assert.deepEqual(found.asked, []);
  assert.deepEqual(bits(found.vectors), bits(rounded(await expected(theirs.texts))));
  // Without the option it is not: the texts are asked for once more, and then kept beside theirs.
  assert.equal((await run(OURS, store)).asked.length, 1);
  assert.deepEqual((await run(OURS, store)).asked, []);
  assert.deepEqual((await run(THEIRS, store)).asked, []);
});

test("what ours has stored is found by LangChain's with another: the way back", async () => {
  const store = new InMemoryStore();
  const ours = await run(OURS, store, 'keyEncoder: "langchain-js", valueFormat: "json", precision: "f64",');
  assert.equal(ours.asked.length, 1);
  const back = await run(THEIRS, store);
  assert.deepEqual(back.asked, []);
  assert.deepEqual(bits(back.vectors), bits(await expected(back.texts)));
});
