/** A process of its own for each part that Node runs: `node child.mjs JOB`, in JSON. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { probe } from "../../search/probe.mjs";
import { peers } from "./peers/node.mjs";
import { run } from "./run.mjs";

const { files, ...job } = JSON.parse(process.argv[2]);
const voy = createRequire(import.meta.url).resolve("voy-search/voy_search_bg.wasm");
// Whoever started this shows it.
console.info = (line) => process.send({ line });
const result = await run(
  {
    where: "Node",
    probe,
    peers,
    voyWasm: () => readFile(voy),
    async files() {
      const [vectors, queries] = await Promise.all([files.vectors, files.queries].map((path) => readFile(path)));
      return { vectors, queries };
    },
  },
  job,
);
process.send({ result }, () => process.disconnect());
