/** What the page of vector stores offers to the side that drives it. */

import { watched } from "../../embeddings/tasks.mjs";
import { peers } from "../peers/page.mjs";
import { run } from "../run.mjs";

export { fillOurs, fillPlain, openOurs, openPlain } from "./opening.mjs";

const bytes = async (path) => {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};

let probing;

/** @returns {Promise<any>} The probe's module, instantiated once. */
function probe() {
  probing ??= import(new URL("/probe/bytestow_search.js", location.href).href).then(async (wasm) => {
    await wasm.default({ module_or_path: await bytes("/probe/bytestow_search_bg.wasm") });
    return wasm;
  });
  return probing;
}

/** @param {import("../run.mjs").Job} job */
export const vectorStores = (job) =>
  run(
    {
      where: "Chromium",
      ...{ probe, peers, watched },
      voyWasm: () => bytes("/voy_search_bg.wasm"),
      files: async () => ({ vectors: await bytes("/vectors.f16"), queries: await bytes("/queries.f16") }),
    },
    job,
  );
