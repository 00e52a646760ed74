/** The search wasm with its kernels by themselves, which `cargo xtask build --probe` puts into `target/probe`. */

import { readFile } from "node:fs/promises";

const folder = new URL("../../target/probe/", import.meta.url);

/** @returns {Promise<typeof import("../../target/probe/bytestow_search.js")>} */
export async function probe() {
  const wasm = await import(new URL("bytestow_search.js", folder).href);
  await wasm.default({ module_or_path: await readFile(new URL("bytestow_search_bg.wasm", folder)) });
  return wasm;
}
