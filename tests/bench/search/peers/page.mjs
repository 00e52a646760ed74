/** Peers that run in the page. */

import { loadHnswlib } from "hnswlib-wasm";
import sqlite from "sqlite-vec-wasm";

import { HNSWLIB, K, SQLITE } from "../names.mjs";
import { peers as everywhere } from "./everywhere.mjs";

/** hnswlib's usual ones; recall hangs on the last. */
const [M, EF_CONSTRUCTION, SEED, EF_SEARCH] = [16, 200, 100, 64];

/** It keeps vectors and labels only. @returns {Promise<import("./everywhere.mjs").Peer>} */
async function hnswlib() {
  const library = await loadHnswlib();
  let index;
  return {
    async build(vectors, documents) {
      index = new library.HierarchicalNSW("cosine", vectors[0].length, "");
      index.initIndex(vectors.length, M, EF_CONSTRUCTION, SEED);
      index.addPoints(
        vectors,
        documents.map(({ id }) => Number(id)),
        false,
      );
      index.setEfSearch(EF_SEARCH);
    },
    search: (query) => index.searchKnn(query, K, undefined).neighbors.map(String),
  };
}

let library;

/** In memory. @returns {Promise<import("./everywhere.mjs").Peer>} */
async function sqliteVec() {
  library ??= sqlite();
  const { oo1 } = await library;
  const db = new oo1.DB(":memory:");
  let search;
  const blob = (numbers) => new Uint8Array(Float32Array.from(numbers).buffer);
  return {
    async build(vectors, documents) {
      const kind = `float[${vectors[0].length}] distance_metric=cosine`;
      db.exec(`create virtual table items using vec0(embedding ${kind}, +text text)`);
      const insert = db.prepare("insert into items(rowid, embedding, text) values (?, ?, ?)");
      db.exec("begin");
      documents.forEach(({ id, pageContent }, at) => {
        insert.bind([BigInt(id), blob(vectors[at]), pageContent]).stepReset();
      });
      db.exec("commit");
      insert.finalize();
      search = db.prepare(`select rowid, text from items where embedding match ? and k = ${K} order by distance`);
    },
    search(query) {
      search.bind([blob(query)]);
      const ids = [];
      while (search.step()) ids.push(String(search.get([])[0]));
      search.reset();
      return ids;
    },
    free() {
      search?.finalize();
      db.close();
    },
  };
}

export const peers = { ...everywhere, [HNSWLIB]: hnswlib, [SQLITE]: sqliteVec };
