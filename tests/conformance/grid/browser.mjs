// One rule on one store in a browser, in a page or in a dedicated worker.

import { IndexedDBByteStore } from "bytestow";
import { runRules } from "bytestow/testing";
import { chosen, remotes } from "./remote.mjs";
import { harnessOf } from "./stores.mjs";
import { remote, remoteOf } from "./tabs.mjs";

/** The database that all tabs use at once. */
export const ONE_DATABASE = "bytestow-grid";

/**
 * Runs the rule `rule`; `peer` is the tab where another handle is opened when the rule asks for one. A store on a server
 * has a `kind` and its `server`.
 *
 * @typedef {{ kind?: string, server?: import("./remote.mjs").Server }} Place
 * @param {{ store: string, rule: string, runtime: string, seed: string, tab: string, peer: string } & Place} task
 * @returns {Promise<import("bytestow/testing").RuleResult>}
 */
export async function runTask({ rule, seed, ...task }) {
  const { passed, failed } = await runRules(harness(task), { seed, only: [rule] });
  return [...passed, ...failed][0];
}

function harness({ store, runtime, tab, peer, kind, server }) {
  if (server !== undefined) {
    const given = { ...remotes[kind](server), name: store, runtime };
    // Tiers in memory are this tab's.
    if (kind !== "tiered: IndexedDB, Upstash") return given;
    return { ...given, other: (backend) => remoteOf(peer, kind, chosen(server, backend), backend) };
  }
  if (store === "IndexedDB, one database") return { name: store, runtime, ...inOneDatabase(tab, peer) };
  const given = harnessOf(store, runtime);
  return store === "IndexedDB" ? { ...given, other: (name) => remote(peer, { name }) } : given;
}

/** Backends are namespaces of one database: as far as the kit can tell, each is a database of its own. */
function inOneDatabase(tab, peer) {
  const named = (...parts) => ({
    name: ONE_DATABASE,
    namespace: [tab, ...parts].filter((part) => part !== undefined).join("/"),
  });
  return {
    shares: true,
    clock: "injected",
    open(backend, options) {
      // A bad namespace may be a good one behind ours.
      new IndexedDBByteStore({ name: ONE_DATABASE, ...options });
      return new IndexedDBByteStore({ ...options, ...named(backend, options?.namespace) });
    },
    other: (backend) => remote(peer, named(backend)),
  };
}
