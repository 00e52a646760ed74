/**
 * Builds the page: `node www/build.mjs` puts it into `www/dist/`, ready for any static server.
 *
 * The page stands on the package as a user would import it: `bytestow` (and esbuild itself) is resolved, through its
 * `exports`, from the `node_modules` of `tests/`, where the unpacked tarball lies.
 *
 *   --out <folder>   write there instead of `www/dist/`
 */
import { cp, mkdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const www = fileURLToPath(new URL(".", import.meta.url));
const { values: options } = parseArgs({ options: { out: { type: "string" } } });
const tests = join(www, "..", "tests");
const out = resolve(options.out ?? join(www, "dist"));

const { build } = await loadEsbuild();

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  entryPoints: [join(www, "src", "main.ts")],
  outfile: join(out, "main.js"),
  bundle: true,
  format: "esm",
  platform: "browser",
  target: ["es2022"],
  minify: true,
  sourcemap: true,
  legalComments: "none",
  tsconfig: join(www, "tsconfig.json"),
  logLevel: "warning",
  plugins: [{ name: "bytestow-of-tests", setup: resolvePackage }],
});
for (const file of ["index.html", "style.css", "results.css", "icon.svg", "settings.json", "sample"]) {
  await cp(join(www, file), join(out, file), { recursive: true });
}
console.log(`page built: ${out}`);

/** Resolves the package as if the importing file lay in `tests/`, so that Node's rules and `exports` apply. */
function resolvePackage(build) {
  const resolving = Symbol("resolving");
  build.onResolve({ filter: /^bytestow(\/|$)/ }, (args) => {
    if (args.pluginData === resolving) return undefined;
    return build.resolve(args.path, { kind: args.kind, resolveDir: tests, pluginData: resolving });
  });
}

async function loadEsbuild() {
  try {
    return createRequire(join(tests, "package.json"))("esbuild");
  } catch (error) {
    if (error?.code !== "MODULE_NOT_FOUND") throw error;
    throw new Error(
      `esbuild is not installed in ${tests}: run \`npm ci\` there, or \`cargo xtask demo\`, which does it`,
    );
  }
}
