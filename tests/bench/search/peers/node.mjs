/** Peers that run in Node. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { LocalIndex } from "vectra";

import { K, VECTRA } from "../names.mjs";
import { peers as everywhere } from "./everywhere.mjs";

/** Its file is written in `endUpdate`, without which nothing is found. @returns {Promise<import("./everywhere.mjs").Peer>} */
async function vectra() {
  const folder = await mkdtemp(join(tmpdir(), "bytestow-vectra-"));
  const index = new LocalIndex(folder);
  return {
    async build(vectors, documents) {
      await index.createIndex({ version: 1, deleteIfExists: true });
      await index.beginUpdate();
      for (const [at, { id, pageContent }] of documents.entries()) {
        await index.insertItem({ id, vector: vectors[at], metadata: { text: pageContent } });
      }
      await index.endUpdate();
    },
    search: async (query) => (await index.queryItems(query, "", K)).map(({ item }) => item.id),
    free: () => rm(folder, { recursive: true, force: true }),
  };
}

export const peers = { ...everywhere, [VECTRA]: vectra };
