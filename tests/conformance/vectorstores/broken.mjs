// The reference with one defect each, and which rules that breaks, as it was when this was last looked at; and LangChain's
// own vector store in memory, which nobody broke on purpose.

import { readFileSync } from "node:fs";
import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { answers } from "./defects/answers.mjs";
import { changes } from "./defects/changes.mjs";
import { filters } from "./defects/filters.mjs";
import { CLAIMS, ReferenceVectorStore } from "./reference.mjs";

const DEFECTS = { ...answers, ...filters, ...changes };

/** Which rules each vector store breaks, as it was when this was last looked at. */
export const recorded = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8"));

/**
 * The harness of the reference, or of something made of it.
 *
 * @returns {import("bytestow/testing").VectorStoreHarness}
 */
export function harnessOf(name, Store = ReferenceVectorStore, claims = CLAIMS) {
  // A short history: what breaks it breaks it soon.
  return { name, runtime: "here", claims, open: (parts) => new Store(parts), operations: 200 };
}

/** LangChain's own vector store in memory, held to `claims` besides what every one must do. */
function langchain(name, about, claims) {
  return { name, about, harness: { name, runtime: "here", claims, open: ({ model }) => new MemoryVectorStore(model) } };
}

/** All of them, each with the rules that it breaks. */
export const brokenStores = [
  ...Object.entries(DEFECTS).map(([name, [about, Store]]) => ({ name, about, harness: harnessOf(name, Store) })),
  langchain("langchain-memory", "LangChain's MemoryVectorStore", { mmr: true }),
].map((each) => ({ ...each, breaks: recorded[each.name] }));
