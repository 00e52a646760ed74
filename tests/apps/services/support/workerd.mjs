/** A bundled Worker in workerd, by the Miniflare of the other tests: wrangler's own needs a newer Node. */

import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { testsRoot } from "../../../support/package.mjs";

const { Miniflare } = createRequire(join(testsRoot, "package.json"))("miniflare");

/** Asks the Worker that `out` holds for `path`, in a process of its own. */
export async function askBundle(out, script, compatibilityDate, path, bindings) {
  const names = (await readdir(out)).filter((name) => name.endsWith(".wasm"));
  const modules = [script, ...names].map(async (name) => ({
    type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
    path: name,
    contents: await readFile(join(out, name)),
  }));
  const options = { modules: await Promise.all(modules), compatibilityDate, bindings, cf: false };
  const miniflare = new Miniflare(options);
  try {
    const response = await miniflare.dispatchFetch(`http://worker/${path}`);
    if (!response.ok) throw new Error(`${response.status} from the Worker: ${await response.text()}`);
    return await response.json();
  } finally {
    await miniflare.dispose();
  }
}
