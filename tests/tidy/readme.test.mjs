/**
 * The README keeps its word: its programs compile and do what their comments say, where they are meant to run; its
 * commands, entries, paths and codes are there. (Its Rust is run by `cargo test`, its table by grid.test.mjs.)
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { build, transform } from "esbuild";
import { Miniflare } from "miniflare";
import { node, run } from "../support/child.mjs";
import { newProfile, openProfile } from "../support/chromium.mjs";
import { CountingEmbeddings } from "../support/embedder.mjs";
import { packageRoot, testsRoot } from "../support/package.mjs";
import { bundle, page, serveFiles } from "../support/site.mjs";
import { startServer } from "../support/upstash/server.mjs";
import { blocks, blocksOf, numbers, prose, readme, root } from "./readme.mjs";

/** What the README leaves to its reader, by the heading of the program. A new program gets a line and a test here. */
const MODEL = `import type { EmbeddingsInterface } from "@langchain/core/embeddings";
declare const embeddings: EmbeddingsInterface;
`;
const GIVEN = {
  bytestow: MODEL,
  "Moving over from LangChain": MODEL,
  "The vector store": MODEL,
  "For a browser app": "",
  "Shared through Upstash Redis": "",
  "For a service at the edge": "",
  "The contract": "",
};

const programs = blocks.filter(({ language }) => language === "ts");
const programUnder = (heading) => programs.find((block) => block.heading === heading).text;

/** A folder where programs find the packages that these tests have. */
let work;
before(async () => {
  work = await mkdtemp(join(tmpdir(), "bytestow-readme-"));
  await symlink(join(testsRoot, "node_modules"), join(work, "node_modules"));
});
after(async () => {
  if (work) await rm(work, { recursive: true, force: true });
});

async function file(name, text) {
  const path = join(work, name);
  await writeFile(path, text);
  return path;
}

describe("its programs", () => {
  test("are all known here, and so are its other blocks", () => {
    assert.deepEqual(
      programs.map(({ heading }) => heading),
      Object.keys(GIVEN),
    );
    assert.deepEqual(
      blocks.filter(({ language }) => language !== "ts").map(({ language }) => language),
      ["sh", "rust"],
    );
  });

  test("a block is found wherever it stands", () => {
    const markdown = "# a\n```ts\none\n```\n## b\ntext\n```sh\n# no heading\n```\n~~~ts\n\n~~~\n";
    assert.deepEqual(blocksOf(markdown), [
      { language: "ts", heading: "a", text: "one\n" },
      { language: "sh", heading: "b", text: "# no heading\n" },
      { language: "ts", heading: "b", text: "\n" },
    ]);
    assert.throws(() => blocksOf("```ts\n"), /no end/u);
  });

  for (const { heading, text } of programs) {
    test(`tsc --strict takes the one under "${heading}"`, async () => {
      const { code, stdout } = await compile(heading, text);
      assert.equal(`${code} ${stdout}`, "0 ");
    });
  }

  test("tsc would say what is wrong with them", async () => {
    const { code, stdout } = await compile("For a browser app", `${programUnder("For a browser app")}a?.nothing;\n`);
    assert.notEqual(code, 0);
    assert.match(stdout, /^for_a_browser_app\.mts\(\d+,4\): error TS2339: .*'nothing'.*\n$/u);
  });

  async function compile(heading, text) {
    const name = `${heading.toLowerCase().replaceAll(" ", "_")}.mts`;
    await file(name, `${GIVEN[heading] ?? ""}${text}`);
    const tsc = join(testsRoot, "node_modules/typescript/bin/tsc");
    const flags = "--strict --noEmit --skipLibCheck --target es2022 --module nodenext --types node --pretty false";
    const lib = "ES2022,DOM,DOM.Iterable,DOM.AsyncIterable,ESNext.Disposable";
    return node([tsc, ...flags.split(" "), "--lib", lib, name], { cwd: work });
  }
});

describe("the programs for browsers, in Chromium", { timeout: 900_000 }, () => {
  const results = /^await (cached\.embed\w+\(.*\));/gmu;
  const plain = new CountingEmbeddings();
  let profile, context, server, appInNode;
  const uncaught = [];

  before(async () => {
    const first = programUnder("bytestow");
    assert.equal(first.match(results)?.length, 3, "the first program has other calls than this test looks at");
    const app = programUnder("For a browser app");
    const scripts = {
      "/first.js": `const results = [];
        ${first.replaceAll(results, "results.push({ vectors: await $1, asked: [...embeddings.calls] });")}
        export { results, store };`,
      "/app.js": `${app}; export { a, missing, store };`,
      "/beside.js": 'export * from "bytestow";',
    };
    const files = { "/": page("/beside.js") };
    for (const [path, text] of Object.entries(scripts)) {
      const source = pathToFileURL(await file(`${path.slice(1, -3)}.ts`, text));
      files[path] = await bundle(source.href, import.meta.url);
    }
    appInNode = pathToFileURL(await file("app.mjs", files["/app.js"].body)).href;
    server = await serveFiles(files);
    profile = await newProfile();
    context = await openProfile(profile);
  });

  after(async () => {
    await context?.close();
    await server?.close();
    await profile?.remove();
  });

  test("the first: the second call asks no provider, nor does any after a reload, and all answers are equal", async () => {
    const tab = await newTab();
    const expected = (await plain.embedDocuments(["hello", "world"])).map((vector) => [...Float32Array.from(vector)]);
    const [cold, warm, query] = await embed(tab);
    assert.deepEqual(cold, { vectors: expected, asked: [["hello", "world"]] });
    assert.deepEqual(warm, cold);
    assert.deepEqual(query, { vectors: expected[0], asked: [["hello", "world"], "hello"] });

    await tab.reload();
    const again = await embed(tab);
    assert.deepEqual(
      again.map(({ vectors }) => vectors),
      [expected, expected, expected[0]],
    );
    for (const { asked } of again) assert.deepEqual(asked, []);

    const keys = await keysOf(tab, { name: "my-app" });
    assert.equal(keys.length, 3);
    for (const key of keys) assert.match(key, /^embeddings\/[0-9a-f]{64}$/u);
    await tab.close();
  });

  test("the other: its values, its keys, its TTL and what its comments say of them", async () => {
    const tab = await newTab();
    const said = await runApp(tab);
    assert.deepEqual(said.values, { a: [1, 2, 3], isBytes: true, isUndefined: true });
    assert.deepEqual(said.logged, ["a"]);
    assert.deepEqual(said.keysLeft, ["b"]);
    assert.equal(said.b, "any bytes");
    const week = 7 * 86_400;
    assert.ok(said.ttl > week - 60 && said.ttl <= week, `${said.ttl} s`);
    assert.ok(said.events.includes("request") && !said.events.includes("fallback"), said.events.join());
    assert.deepEqual(await keysOf(tab, { name: "my-app", namespace: undefined, prefix: "docs/" }), ["docs/b"]);

    // Without `ttl` entries stay.
    const [stat] = await tab.evaluate(async () => {
      const { IndexedDBByteStore } = await import("/beside.js");
      const store = new IndexedDBByteStore({ name: "other-app" });
      await store.mset([["a", new Uint8Array(1)]]);
      return store.stat(["a"]);
    });
    assert.equal(stat.ttl, null);

    assert.deepEqual(
      await tab.evaluate(async () => {
        await (await import("/app.js")).store.destroy();
        return (await indexedDB.databases()).map(({ name }) => name);
      }),
      ["other-app"],
      "destroy() deletes the database",
    );
    await tab.close();
  });

  test("the other where storage is denied: it works, and says so", async () => {
    const tab = await newTab(() => Object.defineProperty(globalThis, "indexedDB", { value: undefined }));
    const said = await runApp(tab);
    assert.deepEqual(said.values, { a: [1, 2, 3], isBytes: true, isUndefined: true });
    assert.deepEqual([said.logged, said.keysLeft, said.b], [["a"], ["b"], "any bytes"]);
    assert.equal(said.events.filter((type) => type === "fallback").length, 1, said.events.join());
    await tab.close();
  });

  test("the other while rendering on a server: it works, and says so", async () => {
    const path = await file("server.mjs", `console.debug = console.log; await import(${JSON.stringify(appInNode)});`);
    const { code, stdout, stderr } = await node([path]);
    assert.equal(`${code} ${stderr}`, "0 ");
    const lines = stdout.split("\n");
    assert.ok(lines.includes("fallback") && lines.includes("a"), stdout);
  });

  test("nothing was thrown that nobody caught", () => {
    assert.deepEqual(uncaught, []);
  });

  async function newTab(prepare) {
    const tab = await context.newPage();
    tab.on("pageerror", (error) => uncaught.push(error.message));
    if (prepare) await tab.addInitScript(prepare);
    await tab.addInitScript(() => {
      globalThis.lines = { log: [], debug: [] };
      for (const level of ["log", "debug"]) console[level] = (text) => globalThis.lines[level].push(text);
    });
    await tab.goto(server.url);
    return tab;
  }

  /** Runs the first program with a provider that remembers; what each of its calls gave, and was asked until then. */
  async function embed(tab) {
    await tab.evaluate(() => {
      globalThis.embeddings = {
        calls: [],
        async embedDocuments(texts) {
          this.calls.push(texts);
          return globalThis.embedInNode(texts);
        },
        async embedQuery(text) {
          this.calls.push(text);
          return (await globalThis.embedInNode([text]))[0];
        },
      };
    });
    if (!tab.exposed) await tab.exposeFunction("embedInNode", (texts) => plain.embedDocuments(texts));
    tab.exposed = true;
    return tab.evaluate(async () => (await import("/first.js")).results);
  }

  function runApp(tab) {
    return tab.evaluate(async () => {
      const { a, missing, store } = await import("/app.js");
      const events = globalThis.lines.debug.slice();
      const [gone, b] = await store.mget(["a", "b"]);
      const keysLeft = await Array.fromAsync(store.yieldKeys());
      const [stat] = await store.stat(["b"]);
      return {
        values: {
          a: [...a],
          isBytes: a instanceof Uint8Array,
          isUndefined: missing === undefined && gone === undefined,
        },
        b: new TextDecoder().decode(b),
        ttl: stat.ttl,
        logged: globalThis.lines.log,
        events,
        keysLeft,
      };
    });
  }

  /** The keys of a database, as a store opened with `options` lists them. */
  function keysOf(tab, { prefix = "", ...options }) {
    return tab.evaluate(
      async ([given, beginning]) => {
        const { IndexedDBByteStore } = await import("/beside.js");
        const store = new IndexedDBByteStore(given);
        const keys = await Array.fromAsync(store.yieldKeys(beginning));
        await store.close();
        return keys;
      },
      [options, prefix],
    );
  }
});

test("the program that moves over: LangChain's entries are found, without a call of the model", async () => {
  const moving = programUnder("Moving over from LangChain");
  const { code } = await transform(moving.replace(/^const cached = /mu, "$&globalThis.cached = "), { loader: "ts" });
  globalThis.embeddings = new CountingEmbeddings();
  const { store } = await import(pathToFileURL(await file("moving.mjs", `${code}; export { store };`)).href);
  const before = moving.match(/was "(.*)"/u)[1];
  const theirs = (await import(before)).CacheBackedEmbeddings;
  const options = { namespace: "text-embedding-3-small" };
  const kept = await theirs.fromBytesStore(globalThis.embeddings, store, options).embedDocuments(["hello", "world"]);
  assert.deepEqual(globalThis.embeddings.calls, [["hello", "world"]]);
  const found = await globalThis.cached.embedDocuments(["world", "hello", "new"]);
  assert.deepEqual(globalThis.embeddings.calls.slice(1), [["new"]]);
  const rounded = kept.map((vector) => [...Float32Array.from(vector)]);
  assert.deepEqual(found.slice(0, 2), [rounded[1], rounded[0]]);
});

test("the program with vectors: what it finds is what it added, and nothing is embedded again", async () => {
  const program = programUnder("The vector store");
  // Here there is no IndexedDB.
  const inMemory = program.replaceAll(/IndexedDBByteStore(?:\(\{.*\}\))?/gu, (name) =>
    name.endsWith(")") ? "InMemoryByteStore()" : "InMemoryByteStore",
  );
  const { code } = await transform(inMemory.replace(/^console\.log/mu, "globalThis.told = (...told) => told;\ntold"), { loader: "ts" }); // biome-ignore format: one line
  globalThis.embeddings = new CountingEmbeddings();
  const made = await import(
    pathToFileURL(await file("vectors.mjs", `${code}; export { found, store, vectors };`)).href
  );
  const [[document]] = made.found;
  assert.deepEqual({ ...document }, { pageContent: "whales sing", metadata: { year: 2020 }, id: "whales" });
  const { ByteStoreVectorStore } = await import("bytestow/vectorstores");
  const again = new ByteStoreVectorStore(globalThis.embeddings, { store: made.store, model: "text-embedding-3-small" });
  assert.deepEqual(await again.similaritySearchWithScore("songs", 3), made.found);
  assert.deepEqual(globalThis.embeddings.calls, [["whales sing"]]);
});

test("the program with Upstash: its value is in both tiers, under its namespace, for a week", async (context) => {
  const server = await startServer();
  context.after(() => server.close());
  const { code } = await transform(programUnder("Shared through Upstash Redis"), { loader: "ts" });
  const path = await file("upstash.mjs", code);
  const env = [`UPSTASH_REDIS_REST_URL=${server.url}`, `UPSTASH_REDIS_REST_TOKEN=${server.token}`];
  const child = await run("env", [...env, process.execPath, path], { cwd: work });
  assert.equal(`${child.code} ${child.stderr}`, "0 ");
  const said = /^Uint8Array\(2\) \[ 0, 255 \] \[ \{ bytes: 2, ttl: ([\d.]+), written: undefined \} \]\n$/u.exec(
    child.stdout,
  );
  assert.ok(said, child.stdout);
  assert.ok(Number(said[1]) > 7 * 86_400 - 60 && Number(said[1]) <= 7 * 86_400, child.stdout);
  assert.deepEqual(server.database("").keys().map(String), ["docs/a"]);
  assert.equal(server.database("").get("docs/a").toString(), "bytestow1:AP8=", "as the README says of bytes");
  assert.equal(server.counts().perCommand.MGET, undefined, "the nearest that has it is the one in memory");
});

describe("the program for Workers, in workerd", { timeout: 300_000 }, () => {
  let worker;
  after(() => worker?.dispose());

  test("the second request for a path is answered by the store, without any flag", async () => {
    const entry = await file("worker.ts", programUnder("For a service at the edge"));
    const { outputFiles } = await build({
      entryPoints: [entry],
      outdir: work,
      bundle: true,
      format: "esm",
      conditions: ["workerd"],
      loader: { ".wasm": "copy" },
      assetNames: "[name]",
      write: false,
      logLevel: "silent",
    });
    const modules = outputFiles.map(({ path, text, contents }) =>
      path.endsWith(".wasm")
        ? { type: "CompiledWasm", path: path.slice(work.length + 1), contents }
        : { type: "ESModule", path: "worker.js", contents: text },
    );
    modules.sort((one, other) => other.type.localeCompare(one.type));
    assert.deepEqual(
      modules.map(({ type, path }) => [type, path]),
      [
        ["ESModule", "worker.js"],
        ["CompiledWasm", "bytestow_wasm_bg.wasm"],
      ],
    );
    worker = new Miniflare({ modules, compatibilityDate: "2024-01-01", cf: false });

    const first = await get("/a");
    assert.match(first, /^made at 20\d\d-\d\d-\d\dT[\d:.]+Z$/u);
    await new Promise((resolve) => setTimeout(resolve, 20)); // the next one would have another time in it
    assert.equal(await get("/a"), first);
    const other = await get("/b");
    assert.match(other, /^made at /u);
    assert.notEqual(other, first);
    assert.equal(await get("/a?query"), first);
  });

  async function get(path) {
    const response = await worker.dispatchFetch(`http://worker${path}`);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return text;
  }
});

test("the program with the kit passes under node --test, rule by rule", { timeout: 300_000 }, async () => {
  const { code } = await transform(programUnder("The contract"), { loader: "ts" });
  const path = await file("kit.test.mjs", code);
  // Without the variable by which this runner tells its children that they report to it.
  const given = ["-u", "NODE_TEST_CONTEXT", process.execPath, "--test", "--test-reporter=tap", path];
  const child = await run("env", given, { cwd: work });
  assert.equal(child.code, 0, child.stdout + child.stderr);
  const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, "mu").exec(child.stdout)?.[1]);
  assert.ok(count("tests") > 70, `it ran ${count("tests")} tests`);
  assert.equal(count("pass"), count("tests"));
  for (const what of ["fail", "cancelled", "skipped", "todo"]) assert.equal(count(what), 0, what);
  assert.match(child.stdout, /^\s*ok \d+ - memory: R1-shape: /mu);
});

describe("its commands, entries and paths", () => {
  const text = (path) => readFileSync(join(root, path), "utf8");
  const json = (path) => JSON.parse(text(path));

  test("the two commands are the demo and the tests, and CI runs the second", () => {
    const [block] = blocks.filter(({ language }) => language === "sh");
    const commands = block.text.trimEnd().split("\n");
    assert.deepEqual(
      commands.map((line) => line.split("#")[0].trim()),
      ["cargo xtask demo", "cargo xtask test"],
    );
    const ci = text(".ci/run").split("\n").filter(Boolean);
    assert.equal(ci.at(-1), "exec cargo xtask test");
  });

  test("each command that is named is there", () => {
    const main = text("xtask/src/main.rs");
    const scripts = json("tests/package.json").scripts;
    for (const document of ["README.md", "CONTRIBUTING.md"]) {
      for (const [whole, name] of text(document).matchAll(/cargo xtask (\w+)/gu)) {
        assert.match(main, new RegExp(`\\["${name}"[\\],]`, "u"), `${document}: ${whole}`);
      }
      for (const [whole, name] of text(document).matchAll(/npm run ([\w:]+)/gu)) {
        assert.ok(name in scripts, `${document}: ${whole}`);
      }
    }
  });

  test("the entries that it names are those that the package exports, and their files are there", () => {
    const exported = json("pkg/package.json").exports;
    assert.deepEqual(json("tests/node_modules/bytestow/package.json").exports, exported);
    for (const [entry, target] of Object.entries(exported)) {
      for (const path of typeof target === "string" ? [target] : Object.values(target)) {
        assert.ok(existsSync(join(packageRoot(), path)), `${entry}: ${path} is not there`);
      }
    }
    const imported = programs.flatMap((block) => [...block.text.matchAll(/from "(bytestow[^"]*)"/gu)]);
    const named = [...readme.matchAll(/[`"](bytestow\/[\w./-]+)[`"]/gu), ...imported].map(([, entry]) => entry);
    const expected = Object.keys(exported).filter((entry) => entry !== "./package.json");
    assert.deepEqual([...new Set(named)].sort(), expected.map((entry) => `bytestow${entry.slice(1)}`).sort());
  });

  test("each link and each path leads somewhere", () => {
    const anchors = [...readme.matchAll(/^#+ (.*)$/gmu)].map(([, heading]) => anchor(heading));
    const links = [...readme.matchAll(/\]\(([^)\s]+)\)/gu)].map(([, target]) => target);
    const paths = [...prose.matchAll(/`((?:src|tests|pkg|www|xtask)\/[\w./-]+)`/gu)].map(([, path]) => path);
    assert.ok(links.length > 3 && paths.length > 2);
    for (const target of [...links, ...paths]) {
      if (target.startsWith("#")) assert.ok(anchors.includes(target.slice(1)), target);
      else if (!target.startsWith("https:")) assert.ok(existsSync(join(root, target)), target);
    }
  });

  test("the codes of errors are all there are", () => {
    const [, type] = /type ErrorCode =(.*?);$/msu.exec(text("pkg/src/core/error.ts"));
    const codes = [...type.matchAll(/^ {2}\| "(\w+)"/gmu)].map(([, code]) => code);
    assert.ok(codes.length > 5);
    const [, list] = /stable `code`: (.*?);/u.exec(prose);
    assert.deepEqual([...list.matchAll(/`(\w+)`/gu)].map(([, code]) => code).sort(), codes.sort());
  });

  test("the Node it asks for is the one the packages ask for", () => {
    for (const [, version] of prose.matchAll(/Node (\d+\.\d+)/gu)) {
      for (const path of ["pkg/package.json", "tests/package.json"]) {
        assert.equal(json(path).engines.node, `>=${version}`, path);
      }
    }
  });

  test("the weight it promises is the budget that cargo xtask size keeps", () => {
    const [, budget] = /const BUDGET_KB: f64 = ([\d.]+);/u.exec(text("xtask/src/size.rs"));
    for (const promised of numbers(/([\d.,]+) kB/gu)) assert.equal(promised, Number(budget));
  });

  test("it has no dependencies, as it says", () => {
    assert.match(prose, /has no dependencies/u);
    assert.equal(json("tests/node_modules/bytestow/package.json").dependencies, undefined);
  });
});

/** The anchor that GitHub gives a heading. */
function anchor(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
