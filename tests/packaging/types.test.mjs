/**
 * Strict consumers compile against the installed tarball: with the DOM's types, with those of Workers, of Node, and with
 * next to none; by each module resolution that reads `exports`; by the oldest TypeScript we promise, and the newest. Those of
 * the stores compile where the optional peer is not installed, those of the cache where it is.
 */

import assert from "node:assert/strict";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { node } from "../support/child.mjs";
import { testsRoot } from "../support/package.mjs";
import { installedApp } from "./declarations/app.mjs";
import { ts } from "./declarations/typescript.mjs";

const EVERYWHERE = ["own_store.ts", "options.ts", "kit.ts", "remote.ts"];
const ENVIRONMENTS = {
  dom: { lib: ["ES2022", "DOM"], types: [], files: ["browser.ts", ...EVERYWHERE] },
  workers: { lib: ["ES2022"], types: ["@cloudflare/workers-types"], files: ["worker.ts", ...EVERYWHERE] },
  node: { lib: ["ES2022"], types: ["node"], files: ["node.ts", ...EVERYWHERE] },
  least: { lib: ["ES2022"], types: [], files: ["worker_globals.d.ts", "worker.ts", ...EVERYWHERE] },
};
const RESOLUTIONS = {
  bundler: { module: "ESNext", moduleResolution: "bundler" },
  node16: { module: "Node16", moduleResolution: "Node16" },
  nodenext: { module: "NodeNext", moduleResolution: "NodeNext" },
};
const COMMON_JS = { lib: ["ES2022", "DOM"], types: [], ...RESOLUTIONS.nodenext };

/** The compilers, each by its command line. */
const here = createRequire(new URL("declarations/typescript.mjs", import.meta.url));
const newest = join(testsRoot, "node_modules", "typescript");
const COMPILERS = {
  [ts.version]: join(dirname(here.resolve("typescript-5.7")), "tsc.js"),
  [JSON.parse(await readFile(join(newest, "package.json"), "utf8")).version]: join(newest, "lib", "tsc.js"),
};

/** Programs that are to compile: each a folder with a tsconfig.json. */
const programsOf = (commonJs, filesOf) => {
  const programs = { "commonjs-import": { ...COMMON_JS, files: [commonJs] } };
  for (const [environment, { files, ...its }] of Object.entries(ENVIRONMENTS)) {
    const all = { ...its, files: filesOf(environment, files) };
    for (const [resolution, how] of Object.entries(RESOLUTIONS))
      programs[`${environment}-${resolution}`] = { ...all, ...how };
    programs[`${environment}-loose`] = { ...all, ...RESOLUTIONS.nodenext, exactOptionalPropertyTypes: false };
  }
  return programs;
};
const CONSUMERS = {
  "of the stores, without @langchain/core": { peer: false, programs: programsOf("imported.cts", (_, files) => files) },
  "of the cache, with @langchain/core": {
    peer: true,
    // LangChain's own declarations compile (unchecked they are not) in all of these but one, which has no `fetch`.
    programs: programsOf("embeddings_imported.cts", (environment) =>
      environment === "least" ? ["worker_globals.d.ts", "fetch_global.d.ts", "embeddings.ts"] : ["embeddings.ts"],
    ),
  },
};

for (const [of, { peer, programs }] of Object.entries(CONSUMERS))
  describe(`a strict consumer ${of}`, { timeout: 900_000 }, () => {
    let app, remove;

    before(async () => {
      ({ app, remove } = await installedApp({ peer }));
      await cp(join(testsRoot, "types"), join(app, "types"), { recursive: true });
      const base = JSON.parse(await readFile(join(testsRoot, "types", "tsconfig.base.json"), "utf8")).compilerOptions;
      assert.ok(base.strict && base.skipLibCheck === false && base.exactOptionalPropertyTypes);
      const write = async (name, { files, ...options }) => {
        await mkdir(join(app, name));
        // Declarations too: what a library of the user's exports of ours must have a name. The compiler's own library
        // (and nothing else) goes unchecked, which is most of the time.
        const compilerOptions = { ...base, declaration: true, skipDefaultLibCheck: true, ...options };
        const config = { compilerOptions, files: files.map((file) => `../types/${file}`) };
        await writeFile(join(app, name, "tsconfig.json"), JSON.stringify(config));
      };
      for (const [name, config] of Object.entries(programs)) await write(name, config);
      await write("commonjs-require", { ...COMMON_JS, files: [peer ? "embeddings_required.cts" : "required.cts"] });
      await write("wrong", { ...ENVIRONMENTS.dom, ...RESOLUTIONS.nodenext, files: ["wrong.ts"] });
      const wrong = `import { Nothing } from "bytestow${peer ? "/embeddings" : ""}"; export const x = Nothing;`;
      await writeFile(join(app, "types", "wrong.ts"), wrong);
      for (const name of ["@types/node", "undici-types", "@cloudflare/workers-types"]) {
        const found = here.resolve.paths(name).map((folder) => join(folder, name));
        const folder = found.find((path) => ts.sys.directoryExists(path));
        assert.ok(folder, `${name} is missing: run \`npm ci\` in tests/packaging/declarations`);
        await mkdir(dirname(join(app, "node_modules", name)), { recursive: true });
        await symlink(folder, join(app, "node_modules", name));
      }
    });
    after(() => remove?.());

    /** Compiles programs in one go: the compiler reads its own library once. */
    const compiled = async (compiler, names) => {
      const { code, stdout, stderr } = await node([compiler, "-b", "--pretty", "false", ...names], {
        cwd: app,
        timeout: 600_000,
      });
      return { code, told: `${stdout}${stderr}` };
    };

    for (const [version, compiler] of Object.entries(COMPILERS)) {
      test(`TypeScript ${version}: ${Object.keys(programs).join(", ")}`, async () => {
        assert.deepEqual(await compiled(compiler, Object.keys(programs)), { code: 0, told: "" });
      });

      test(`TypeScript ${version} would tell what is wrong`, async () => {
        const { code, told } = await compiled(compiler, ["dom-nodenext", "wrong"]);
        assert.notEqual(code, 0);
        assert.match(told, /^types\/wrong\.ts\(1,10\): error TS2305: [^\n]*no exported member 'Nothing'[^\n]*\n$/u);
      });
    }

    test("`require` compiles where TypeScript knows that Node can: from 5.8 on", async () => {
      const [oldest, current] = Object.values(COMPILERS);
      assert.deepEqual(await compiled(current, ["commonjs-require"]), { code: 0, told: "" });
      const { told } = await compiled(oldest, ["commonjs-require"]);
      const codes = [...told.matchAll(/error (TS\d+)/gu)].map(([, code]) => code);
      assert.deepEqual([...new Set(codes)], ["TS1471"], told);
    });
  });
