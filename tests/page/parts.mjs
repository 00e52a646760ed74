/** The parts of the page that need no page, bundled for Node, with the package that they stand on. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const tests = fileURLToPath(new URL("..", import.meta.url));

const MODULES = `
  export { ChunkIndex } from "../www/src/search/chunk_index.ts";
  export { filesOf, indexOf } from "../www/src/search/names.ts";
  export { HashingEmbedder } from "../www/src/embedders/hashing.ts";
  export { Cached } from "../www/src/run/cache.ts";
  export { Gate } from "../www/src/run/gate.ts";
  export { run } from "../www/src/run/run.ts";
  export { gathered, oneAtATime } from "../www/src/turns.ts";
  export { readVector } from "../www/src/explorer/vector.ts";
  export { hexLines } from "../www/src/explorer/hex.ts";
  export { exportAll, importFrom } from "../www/src/explorer/transfer.ts";
  export { describe } from "../www/src/errors.ts";
  export { BytestowError, InMemoryByteStore } from "bytestow";
  export { CacheBackedEmbeddings } from "bytestow/embeddings";
`;

/** All of them. */
export async function loadParts() {
  const folder = await mkdtemp(join(tmpdir(), "bytestow-parts-"));
  try {
    const outfile = join(folder, "parts.mjs");
    await build({
      stdin: { contents: MODULES, resolveDir: tests },
      nodePaths: [join(tests, "node_modules")],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      logLevel: "warning",
    });
    return await import(pathToFileURL(outfile));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
