/**
 * Peers that run in Node and in browsers.
 *
 * @typedef {object} Peer
 * @property {(vectors: number[][], documents: { id: string, pageContent: string, metadata: object }[]) => Promise<void>} build
 * @property {(query: number[]) => any} search Gives ids, or a promise of them.
 */

import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { create, insertMultiple, searchVector } from "@orama/orama";
import * as voy from "voy-search/voy_search_bg.js";

import { K, MEMORY, ORAMA, VOY } from "../names.mjs";
import { Queries } from "../store.mjs";

const idsOf = (found) => found.map(([{ id }]) => id);

/** LangChain's own. @returns {Promise<Peer>} */
async function memory() {
  const store = new MemoryVectorStore(new Queries([]));
  return {
    build: (vectors, documents) => store.addVectors(vectors, documents),
    search: async (query) => idsOf(await store.similaritySearchVectorWithScore(query, K)),
  };
}

let voyReady;

/**
 * @param {{ voyWasm: () => Promise<BufferSource> }} environment
 * @returns {Promise<Peer>}
 */
async function voySearch({ voyWasm }) {
  // As a bundler that knows wasm does it.
  voyReady ??= voyWasm()
    .then((bytes) => WebAssembly.instantiate(bytes, { "./voy_search_bg.js": voy }))
    .then(({ instance }) => voy.__wbg_set_wasm(instance.exports));
  await voyReady;
  let index;
  return {
    async build(vectors, documents) {
      const embeddings = documents.map(({ id, pageContent }, at) => {
        return { id, title: pageContent, url: "", embeddings: vectors[at] };
      });
      index = new voy.Voy({ embeddings });
    },
    search: (query) => index.search(Float32Array.from(query), K).neighbors.map(({ id }) => id),
    free: () => index.free(),
  };
}

/** @returns {Promise<Peer>} */
async function orama() {
  let db;
  return {
    async build(vectors, documents) {
      db = create({ schema: { text: "string", embedding: `vector[${vectors[0].length}]` } });
      const rows = documents.map(({ id, pageContent }, at) => ({ id, text: pageContent, embedding: vectors[at] }));
      await insertMultiple(db, rows, rows.length);
    },
    // Its default of 0.8 would leave out most of what is to be found.
    async search(query) {
      const { hits } = await searchVector(db, {
        vector: { value: query, property: "embedding" },
        ...{ similarity: -1, limit: K },
      });
      return hits.map(({ id }) => id);
    },
  };
}

export const peers = { [MEMORY]: memory, [VOY]: voySearch, [ORAMA]: orama };
