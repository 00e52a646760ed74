// Our vector store over all kinds of byte stores, as the kit opens it, in whatever runtime: nothing here is Node's.

import { InMemoryStore } from "@langchain/core/stores";
import { runVectorStoreRules } from "bytestow/testing";
import { ByteStoreVectorStore } from "bytestow/vectorstores";
import { LANGCHAIN } from "../embeddings/caches.mjs";
import { remotes } from "../grid/remote.mjs";
import { harnessOf as storeHarnessOf } from "../grid/stores.mjs";
import { CLAIMS } from "./claims.mjs";

/**
 * The harness of our vector store.
 *
 * @param {{ store: string, kind?: string, server?: import("../grid/remote.mjs").Server }} row which byte store, and where
 * @param {{ runtime: string }} where
 * @returns {import("bytestow/testing").VectorStoreHarness}
 */
export function vectorStoreOver({ store, kind, server }, { runtime }) {
  return {
    name: `vector store over ${store}`,
    runtime,
    claims: CLAIMS,
    open: ({ model, store, options }) => new ByteStoreVectorStore(model, { store, ...options }),
    // Each is some requests over a network.
    ...(server && { operations: 200 }),
    ...below({ store, kind, server, runtime }),
  };
}

/** The part of the harness that is about the byte store. */
function below({ store, kind, server, runtime }) {
  const { shares = false, open, dispose } = server ? remotes[kind](server) : harnessOf(store, runtime);
  const opened = new Map();
  return {
    store(backend) {
      const handles = opened.get(backend) ?? [];
      opened.set(backend, handles);
      // What is its own backend is opened once.
      if (!shares && handles.length > 0) return handles[0];
      handles.push(open(backend));
      return handles.at(-1);
    },
    async dispose(backend) {
      for (const handle of opened.get(backend) ?? []) await handle.close?.();
      if (opened.delete(backend)) await dispose?.(backend);
    },
  };
}

function harnessOf(store, runtime) {
  return store === LANGCHAIN ? { open: () => new InMemoryStore() } : storeHarnessOf(store, runtime);
}

/**
 * Runs one rule on our vector store, where there is no runner.
 *
 * @returns {Promise<import("bytestow/testing").RuleResult<import("bytestow/testing").VectorStoreRuleId>>}
 */
export async function runTask({ rule, seed, runtime, ...row }) {
  // Several rows share a page that may be on a busy machine: a history takes a minute there.
  const options = { seed, only: [rule], timeout: 240_000 };
  const { passed, failed } = await runVectorStoreRules(vectorStoreOver(row, { runtime }), options);
  return [...passed, ...failed][0];
}
