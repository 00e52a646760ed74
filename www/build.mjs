/**
 * Builds the page: `node www/build.mjs` puts it into `www/dist/`, ready for any static server. Beside each file that is
 * worth it lie its `.br` and `.gz`, for servers that look for them.
 *
 * The page stands on the package as a user would import it: `bytestow` (and esbuild itself) is resolved, through its
 * `exports`, from the `node_modules` of `tests/`, where the unpacked tarball lies. Transformers.js comes from the page's
 * own `node_modules`.
 *
 *   --out <folder>   write there instead of `www/dist/`
 *   --plain          without the `.br` and `.gz`, which take some seconds
 */
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const www = fileURLToPath(new URL(".", import.meta.url));
const { values: options } = parseArgs({ options: { out: { type: "string" }, plain: { type: "boolean" } } });
const tests = join(www, "..", "tests");
const out = resolve(options.out ?? join(www, "dist"));

/** What the model's runtime needs beside its code, of all the builds that it ships. */
const ONNX = ["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];

/** What no visitor needs to be offline. */
const NOT_OFFLINE = /\.map$|^settings\.json$|^sample\/README/u;

/** What is loaded by choice alone, and is megabytes: kept for offline by those who used it. */
const ON_USE = /^onnx\/|^transformers-/u;

const { build } = load("esbuild", tests, "npm ci");
load("@huggingface/transformers", www, "npm ci");

const common = {
  absWorkingDir: www,
  bundle: true,
  format: "esm",
  platform: "browser",
  target: ["es2022"],
  minify: true,
  legalComments: "none",
  logLevel: "warning",
};

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const styles = (await readdir(www)).filter((name) => name.endsWith(".css"));
await build({
  ...common,
  entryPoints: [join(www, "src", "main.ts"), ...styles.map((name) => join(www, name))],
  entryNames: "[name]",
  chunkNames: "[name]-[hash]",
  outdir: out,
  splitting: true,
  sourcemap: true,
  tsconfig: join(www, "tsconfig.json"),
  // The build of the runtime that needs neither a GPU nor its 27 MB.
  alias: { "onnxruntime-web/webgpu": "onnxruntime-web/wasm" },
  plugins: [{ name: "bytestow-of-tests", setup: resolvePackage }],
});
for (const file of ["index.html", "icon.svg", "settings.json", "sample"]) {
  await cp(join(www, file), join(out, file), { recursive: true });
}
for (const name of ["bytestow", "search"]) {
  const from = createRequire(join(tests, "package.json")).resolve(`bytestow/${name}.wasm`);
  await cp(from, join(out, `${name}.wasm`));
}
for (const file of ONNX) await cp(join(www, "node_modules/onnxruntime-web/dist", file), join(out, "onnx", file));
await worker();
if (!options.plain) await compress();
console.log(`page built: ${out}`);

/** The service worker knows every file that the page is made of, by its content. */
async function worker() {
  const files = (await filesOf(out)).filter((path) => !NOT_OFFLINE.test(path));
  const listed = async (paths) => {
    const entries = paths.map(async (path) => [path === "index.html" ? "" : path, await digest(path)]);
    return JSON.stringify(Object.fromEntries(await Promise.all(entries)));
  };
  await build({
    ...common,
    entryPoints: [join(www, "worker", "sw.ts")],
    outfile: join(out, "sw.js"),
    define: {
      PRECACHE: await listed(files.filter((path) => !ON_USE.test(path))),
      ON_USE: await listed(files.filter((path) => ON_USE.test(path))),
    },
  });
}

async function digest(path) {
  return createHash("sha256")
    .update(await readFile(join(out, path)))
    .digest("hex")
    .slice(0, 16);
}

async function compress() {
  const text = /\.(?:html|css|js|mjs|json|svg|txt|wasm)$/u;
  const files = (await filesOf(out)).filter((path) => text.test(path) && !path.startsWith("onnx/"));
  await Promise.all(
    files.map(async (path) => {
      const bytes = await readFile(join(out, path));
      const window = { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS };
      await writeFile(join(out, `${path}.br`), await promisify(brotliCompress)(bytes, { params: window }));
      await writeFile(join(out, `${path}.gz`), await promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }));
    }),
  );
}

/** Every file below `folder`, as a path of a URL. */
async function filesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/")).sort();
}

/**
 * Resolves the package as if the importing file lay in `tests/`, so that Node's rules and `exports` apply. Its entries are
 * taken in their slim form, whose wasm is a file beside the page instead of text in the code: a fourth less to load.
 */
function resolvePackage(build) {
  const resolving = Symbol("resolving");
  build.onResolve({ filter: /^(?:bytestow|@langchain\/core)(\/|$)/ }, (args) => {
    if (args.pluginData === resolving) return undefined;
    const path = args.path.replace(/^bytestow(?=$|\/embeddings$|\/vectorstores$)/u, "bytestow/slim");
    return build.resolve(path, { kind: args.kind, resolveDir: tests, pluginData: resolving });
  });
}

/** The package `name` of `folder`, which `command` installs there. */
function load(name, folder, command) {
  const require = createRequire(join(folder, "package.json"));
  try {
    return name === "esbuild" ? require(name) : require.resolve(name);
  } catch (error) {
    if (error?.code !== "MODULE_NOT_FOUND") throw error;
    throw new Error(
      `${name} is not installed in ${folder}: run \`${command}\` there, or \`cargo xtask demo\`, which does`,
    );
  }
}
