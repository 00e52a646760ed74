/** What is in the tarball, and what is not. */

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { build } from "esbuild";
import { run } from "../support/child.mjs";
import { tarball, testsRoot } from "../support/package.mjs";

/** What an entry that brings its wasm tells apart. */
const RUNTIMES = ["default", "edge-light", "workerd"];

/** Every module of the package. A new one is added here by hand: nothing gets out by accident. */
const MODULES = [
  "index",
  "types",
  ...[
    "arguments",
    "error",
    "events",
    "failure",
    "foreign",
    "handle",
    "inline",
    "options",
    "runtime",
    "source",
    "stepwise",
    "truth",
  ].map((name) => `core/${name}`),
  ...["default", "edge-light", "slim", "workerd"].map((name) => `entry/${name}`),
  ...["embeddings", "vectorstores", "wasm", "wasm/search"].flatMap((folder) =>
    RUNTIMES.map((name) => `entry/${folder}/${name}`),
  ),
  "entry/vectorstores/slim",
  ...["embeddings", "model", "texts", "vectors"].map((name) => `langchain/${name}`),
  ...["classic", "index", "remember", "retriever", "turns"].map((name) => `langchain/memory/${name}`),
  ...[
    "calls",
    "documents",
    "index",
    "options",
    "retriever",
    "search",
    "settings",
    "store",
    "stored",
    "upkeep",
    "vectors",
    "writer",
  ].map((name) => `langchain/vectorstores/${name}`),
  ...["answered", "bits", "compile", "corpus", "field", "leaf", "masks", "types"].map(
    (name) => `langchain/vectorstores/filters/${name}`,
  ),
  ...["abort", "breath", "engine", "hold", "instance", "port", "pump", "source"].map((name) => `search/${name}`),
  ...["any", "base", "indexed_db", "memory", "tiered", "upstash", "wrapped"].map((name) => `stores/${name}`),
];
/** The wasm modules: their files, and what is inlined of each. */
const BINARIES = [
  { wasm: "bytestow_wasm_bg.wasm", glue: "bytestow_wasm.js", inlined: "inline" },
  { wasm: "bytestow_search_bg.wasm", glue: "bytestow_search.js", inlined: "search_inline" },
];
const WASM = BINARIES.flatMap(({ wasm, glue, inlined }) => [glue, wasm, `${inlined}.js`, `${inlined}.d.ts`]).map(
  (name) => `dist/wasm/${name}`,
);
/** Whose interfaces LangChain's users know, by the entries that may name them: those of `dist/langchain` alone. */
const FOREIGN = {
  folder: "dist/langchain/",
  imports: {
    embeddings: ["@langchain/core/embeddings"],
    vectorstores: ["@langchain/core/documents", "@langchain/core/vectorstores"],
    memory: [
      "@langchain/core/documents",
      "@langchain/core/memory",
      "@langchain/core/retrievers",
      "@langchain/core/vectorstores",
    ],
  },
  types: [
    "@langchain/core/callbacks/manager",
    "@langchain/core/documents",
    "@langchain/core/embeddings",
    "@langchain/core/memory",
    "@langchain/core/retrievers",
    "@langchain/core/vectorstores",
  ],
};
/** What LangChain's module an entry needs, if it does. */
const foreignOf = (name) => FOREIGN.imports[name.split("/").at(-1)];
const TEXTS = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json"];

describe("the tarball", () => {
  let root, files;
  const text = (file) => readFile(join(root, file), "utf8");
  const ofType = (...endings) => files.filter((file) => endings.some((ending) => file.endsWith(ending)));

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "bytestow-tarball-"));
    const tar = await run("tar", ["-xzf", tarball(), "--strip-components=1", "-C", root]);
    assert.equal(tar.code, 0, tar.stderr);
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    files = entries.filter((each) => each.isFile()).map((each) => relative(root, join(each.parentPath, each.name)));
    files.sort();
  });

  after(async () => {
    if (root) await rm(root, { recursive: true, force: true });
  });

  test("holds its modules, the wasm, the licences and the texts, and nothing else", async () => {
    const compiled = MODULES.flatMap((name) => [`dist/${name}.js`, `dist/${name}.d.ts`]);
    const expected = [...compiled, ...WASM, ...TEXTS].sort();
    const kit = (file) => /^dist\/testing\/[a-z_/]+(\.d\.ts|\.js)$/u.test(file);
    assert.deepEqual(
      files.filter((file) => !kit(file)),
      expected,
    );
    assert.ok(files.includes("dist/testing/index.js") && files.includes("dist/testing/index.d.ts"));
  });

  test("its texts are not empty, and its licences are the licences", async () => {
    for (const file of TEXTS) assert.ok((await stat(join(root, file))).size > 100, `${file} is as good as empty`);
    assert.match(await text("LICENSE-MIT"), /Permission is hereby granted, free of charge/u);
    assert.match(await text("LICENSE-APACHE"), /Apache License\s+Version 2\.0/u);
    assert.match(await text("README.md"), /^# bytestow/mu);
  });

  test("package.json: no scripts at installation, no dependencies but an optional peer, four conditions in order", async () => {
    const json = JSON.parse(await text("package.json"));
    for (const script of ["preinstall", "install", "postinstall", "prepare", "prepublish", "prepublishOnly"]) {
      assert.equal(json.scripts?.[script], undefined, script);
    }
    for (const kind of ["dependencies", "optionalDependencies", "bundledDependencies", "bundleDependencies", "bin"]) {
      assert.equal(json[kind], undefined, kind);
    }
    // Not installed for those who use the stores alone.
    assert.deepEqual(json.peerDependencies, { "@langchain/core": "^1.0.0" });
    assert.deepEqual(json.peerDependenciesMeta, { "@langchain/core": { optional: true } });
    assert.equal(json.type, "module");
    assert.equal(json.license, "MIT OR Apache-2.0");
    assert.equal(json.engines.node, ">=20.19");
    for (const entry of [".", "./embeddings", "./vectorstores"]) {
      assert.deepEqual(Object.keys(json.exports[entry]), ["types", "workerd", "edge-light", "default"], entry);
    }
    for (const entry of ["./memory", "./slim", "./slim/embeddings", "./slim/vectorstores", "./testing"]) {
      assert.deepEqual(Object.keys(json.exports[entry]), ["types", "default"], entry);
    }
    for (const entry of Object.values(json.exports)) {
      const targets = typeof entry === "string" ? [entry] : Object.values(entry);
      for (const target of targets) assert.ok(files.includes(target.slice(2)), `${target} is exported and not there`);
      if (typeof entry !== "string") assert.equal(Object.keys(entry)[0], "types");
    }
  });

  test("the inlined wasm is the wasm, byte for byte", async () => {
    for (const binary of BINARIES) {
      const inlined = /"([A-Za-z0-9+/=]+)"/u.exec(await text(`dist/wasm/${binary.inlined}.js`))?.[1];
      assert.ok(inlined, `no base64 in ${binary.inlined}.js`);
      const wasm = await readFile(join(root, "dist/wasm", binary.wasm));
      assert.ok(gunzipSync(Buffer.from(inlined, "base64")).equals(wasm), `${binary.wasm} differs`);
    }
  });

  test("the inlined wasm is there once: its declaration does not repeat it", async () => {
    for (const file of ofType(".d.ts")) {
      assert.ok(
        (await stat(join(root, file))).size < 20_000,
        `${file} has ${(await stat(join(root, file))).size} bytes`,
      );
    }
  });

  test("no folder of the machine that built it is named anywhere", async () => {
    const folders = [
      dirname(testsRoot),
      "/home/",
      "/Users/",
      "/tmp/",
      "C:\\",
      ".cargo",
      ".rustup",
      "registry/src",
      homedir(),
    ];
    for (const file of files) {
      const content = (await readFile(join(root, file))).toString("latin1");
      for (const folder of folders) {
        const at = content.indexOf(folder);
        assert.equal(at, -1, `${file} names ${JSON.stringify(content.slice(at - 30, at + 60))}`);
      }
    }
  });

  test("the wasm carries no names and no exports for tests", async () => {
    for (const { wasm } of BINARIES) {
      const module = await WebAssembly.compile(await readFile(join(root, "dist/wasm", wasm)));
      for (const section of ["name", "producers", "linking"]) {
        assert.equal(WebAssembly.Module.customSections(module, section).length, 0, `${wasm} has a section ${section}`);
      }
      const names = WebAssembly.Module.exports(module).map((each) => each.name);
      assert.deepEqual(
        names.filter((name) => /trap|probe/iu.test(name)),
        [],
      );
    }
  });

  test("no source maps, and no pointers to any", async () => {
    assert.deepEqual(ofType(".map"), []);
    for (const file of ofType(".js", ".d.ts")) assert.doesNotMatch(await text(file), /sourceMappingURL/u, file);
  });

  test("no module awaits at its top level", async () => {
    // esbuild refuses a top-level await where the output cannot have one.
    const entryPoints = ofType(".js").map((file) => join(root, file));
    const options = {
      format: "cjs",
      write: false,
      outdir: root,
      logLevel: "silent",
      supported: { "import-meta": true },
    };
    await build({ entryPoints, ...options });
  });

  test("no module names what only some runtimes have", async () => {
    // The kit may look whether there is a Buffer, and test with it.
    for (const file of ofType(".js").filter((file) => !file.startsWith("dist/testing/"))) {
      const code = (await text(file)).replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gmu, "");
      assert.doesNotMatch(
        code,
        /\b(require\(|from "node:|Buffer\.(from|alloc|concat|isBuffer)|process\.|__dirname)/u,
        file,
      );
    }
  });

  test("only the entries for LangChain import it, and nothing else is imported by name", async () => {
    const imports = async (file) => {
      const { metafile } = await build({
        entryPoints: [join(root, file)],
        bundle: true,
        format: "esm",
        packages: "external",
        external: ["*.wasm", "*.wasm?module"],
        write: false,
        metafile: true,
        logLevel: "silent",
      });
      const [{ imports }] = Object.values(metafile.outputs);
      return [...new Set(imports.map(({ path }) => path).filter((path) => !/\.wasm(?:\?module)?$/u.test(path)))];
    };
    const json = JSON.parse(await text("package.json"));
    for (const [name, entry] of Object.entries(json.exports)) {
      if (typeof entry === "string") continue;
      const { types, ...targets } = entry;
      for (const target of Object.values(targets)) {
        assert.deepEqual((await imports(target)).sort(), foreignOf(name) ?? [], `${name}: ${target}`);
      }
    }
  });

  test("the public types reach nothing of the glue, and every file they import is there", async () => {
    const seen = new Set();
    const foreign = new Set();
    const visit = async (file) => {
      if (seen.has(file)) return;
      seen.add(file);
      assert.ok(files.includes(file), `${file} is imported and not there`);
      const declarations = (await text(file)).replaceAll(/\/\*[\s\S]*?\*\//gu, "");
      for (const [, target] of declarations.matchAll(/(?:from|import\()\s*"([^"]+)"/gu)) {
        if (target.startsWith(".")) await visit(join(dirname(file), target.replace(/\.js$/u, ".d.ts")));
        else if (file.startsWith(FOREIGN.folder)) foreign.add(target);
        else assert.fail(`${file} imports the types of ${target}`);
      }
    };
    const json = JSON.parse(await text("package.json"));
    for (const [name, entry] of Object.entries(json.exports)) {
      if (entry.types === undefined || foreignOf(name) !== undefined) continue;
      await visit(entry.types.slice(2));
      assert.deepEqual([...foreign], [], `${name} needs @langchain/core`);
    }
    for (const entry of Object.values(json.exports)) if (entry.types) await visit(entry.types.slice(2));
    assert.ok(seen.size > 8);
    assert.deepEqual([...foreign].sort(), FOREIGN.types);
    assert.deepEqual(
      [...seen].filter((file) => file.includes("/wasm/") || file.includes("runtime") || file.includes("handle")),
      [],
    );
  });

  test("the glue is the one this wasm was bound with", async () => {
    for (const { wasm, glue } of BINARIES) {
      const module = await WebAssembly.compile(await readFile(join(root, "dist/wasm", wasm)));
      const code = await text(`dist/wasm/${glue}`);
      const missing = WebAssembly.Module.imports(module).filter((each) => !code.includes(each.name));
      assert.deepEqual(missing, []);
    }
  });

  test("what the tests import is what the tarball holds", async () => {
    const unpacked = join(testsRoot, "node_modules", "bytestow");
    for (const file of files) {
      const [ours, theirs] = await Promise.all([readFile(join(root, file)), readFile(join(unpacked, file))]);
      assert.ok(ours.equals(theirs), `${file} differs: run \`cargo xtask build\``);
    }
  });
});
