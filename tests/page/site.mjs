/** The built page for tests, and what it must come to by Node's own means: chunks, keys, vectors. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const www = join(here, "..", "..", "www");

/** Before the numbers of a vector that is kept. */
const HEADER = 8;
const CUT = { size: 450, overlap: 50 };

/**
 * The page, built with a probe beside it; the sample's chunks, split in Node by the page's own module, and its embedder.
 * `compressed` has the `.br` and `.gz` beside the files, too.
 */
export async function buildPage({ compressed = false } = {}) {
  const work = await mkdtemp(join(tmpdir(), "bytestow-page-"));
  const site = join(work, "site");
  const options = compressed ? [] : ["--plain"];
  await promisify(execFile)(process.execPath, [join(www, "build.mjs"), "--out", site, ...options]);
  await build({ entryPoints: [join(here, "probe.mjs")], outfile: join(site, "probe.js"), bundle: true, format: "esm" });
  const { splitIntoChunks } = await pageModule(work, "text/chunks");
  const { HashingEmbedder } = await pageModule(work, "embedders/hashing");
  const embedder = new HashingEmbedder();
  const split = (text) => splitIntoChunks(text, CUT).map((chunk) => chunk.text);
  return {
    site,
    splitIntoChunks,
    split,
    embedder,
    chunks: split(await readFile(join(www, "sample", "pride-and-prejudice.txt"), "utf8")),
    /** Bytes of a vector that is kept. */
    value: HEADER + embedder.dimensions * 4,
    /** The key of a chunk's vector, by Node's own SHA-256. */
    key: (chunk) => keyOf(embedder, chunk),
    /** The numbers of a value that is kept. */
    numbers: (bytes) => [...new Float32Array(Uint8Array.from(bytes).slice(HEADER).buffer)],
    remove: () => rm(work, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** A module of the page, for Node. */
async function pageModule(work, name) {
  const outfile = join(work, `${name.replaceAll("/", "-")}.mjs`);
  await build({ entryPoints: [join(www, "src", `${name}.ts`)], outfile, bundle: true, format: "esm" });
  return import(pathToFileURL(outfile));
}

/** As the package has it: model, dimensions, kind and text, each with its length before it. */
function keyOf({ model, dimensions }, text) {
  const length = (bytes) => {
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(bytes.length));
    return size;
  };
  const count = Buffer.alloc(4);
  count.writeUInt32LE(dimensions);
  const digest = createHash("sha256");
  for (const part of [Buffer.from(model), count, Buffer.from("document"), Buffer.from(text)]) {
    digest.update(length(part)).update(part);
  }
  return digest.digest("hex");
}
