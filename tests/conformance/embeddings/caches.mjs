// Our embeddings cache over all kinds of stores, as the kit opens it, in whatever runtime: nothing here is Node's.

import { InMemoryStore } from "@langchain/core/stores";
import { CacheBackedEmbeddings } from "bytestow/embeddings";
import { runEmbeddingsCacheRules } from "bytestow/testing";
import { remotes } from "../grid/remote.mjs";
import { harnessOf as storeHarnessOf } from "../grid/stores.mjs";

/** What our cache claims, but for `shares`, which is the runtime's matter. */
const CLAIMS = {
  queries: true,
  queryCache: true,
  dimensions: true,
  batches: true,
  progress: true,
  signal: true,
  events: true,
  stats: true,
  typed: true,
  precisions: ["f32", "f64", "f16", "int8"],
  keyEncoders: [
    "sha256",
    "langchain-js",
    "langchain-python-sha1",
    "langchain-python-sha256",
    "langchain-python-blake2b",
    "langchain-python-sha512",
  ],
  json: true,
  header: true,
  checksOptions: true,
};

/** The name of LangChain's store among the others. */
export const LANGCHAIN = "InMemoryStore of LangChain";

/**
 * The harness of our cache.
 *
 * @param {{ store: string, kind?: string, server?: import("../grid/remote.mjs").Server }} row which store, and where
 * @param {{ runtime: string, shares: boolean, dropIn?: boolean }} how `dropIn`: made as LangChain's class makes one
 * @returns {import("bytestow/testing").EmbeddingsCacheHarness}
 */
export function cacheOver({ store, kind, server }, { runtime, shares, dropIn = false }) {
  return {
    name: `cache over ${store}`,
    runtime,
    claims: { ...CLAIMS, shares, ...(dropIn && { modelOption: "namespace" }) },
    open: ({ model, store, options }) =>
      dropIn ? drop(model, store, options) : new CacheBackedEmbeddings({ embeddings: model, store, ...options }),
    ...below({ store, kind, server, runtime }),
  };
}

function drop(model, store, { model: namespace, ...options }) {
  return CacheBackedEmbeddings.fromBytesStore(model, store, { namespace, ...options });
}

/** The part of the harness that is about the store. */
function below({ store, kind, server, runtime }) {
  if (store === LANGCHAIN) return { store: () => new InMemoryStore() };
  const { open, clock, dispose } = server ? remotes[kind](server) : storeHarnessOf(store, runtime);
  const opened = new Map();
  return {
    store(backend, options) {
      opened.set(backend, open(backend, options));
      return opened.get(backend);
    },
    // What is wrapped knows of no clock, and lets nothing expire.
    expires: !store.startsWith("wrapped"),
    ...(clock && { clock }),
    async dispose(backend) {
      await opened.get(backend)?.close();
      opened.delete(backend);
      await dispose?.(backend);
    },
  };
}

/**
 * Runs one rule on our cache, where there is no runner.
 *
 * @returns {Promise<import("bytestow/testing").RuleResult<import("bytestow/testing").CacheRuleId>>}
 */
export async function runTask({ rule, seed, runtime, shares, ...row }) {
  const { passed, failed } = await runEmbeddingsCacheRules(cacheOver(row, { runtime, shares }), { seed, only: [rule] });
  return [...passed, ...failed][0];
}
