/**
 * A program in Node, Deno or Bun: takes steps as lines of JSON, answers each by a line.
 * argv: the package's folder, the module of the steps, and `embeddings` where that entry is wanted.
 */

import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { watched } from "./prelude.mjs";

const [root, module, more] = process.argv.slice(2);
const at = (path) => import(pathToFileURL(join(root, "dist", path)).href);
const bytestow = await at("entry/default.js");
const embeddings = more === "embeddings" ? await at("entry/embeddings/default.js") : {};
const [glue, runtime] = await Promise.all([at("wasm/bytestow_wasm.js"), at("core/runtime.js")]);
const collectNow = globalThis.Bun ? () => globalThis.Bun.gc(true) : globalThis.gc;

/** Collects what can be: finalizers run in turns of their own, and may leave more to collect. */
async function gc() {
  for (let time = 0; time < 4; time++) {
    collectNow();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function heap() {
  await gc();
  const { heapUsed, arrayBuffers = 0 } = process.memoryUsage();
  return { heap: heapUsed + arrayBuffers, active: process.getActiveResourcesInfo?.().length };
}

const { steps } = await import(pathToFileURL(module).href);
const all = { ...watched, heap, ...steps({ bytestow, embeddings, glue, runtime, gc, watched }) };
for await (const line of createInterface({ input: process.stdin })) {
  const { id, step, given } = JSON.parse(line);
  let answer;
  try {
    answer = { id, value: (await all[step](given)) ?? null };
  } catch (error) {
    answer = { id, error: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
