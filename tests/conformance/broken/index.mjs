// All broken stores, and LangChain's own, which nobody broke on purpose.

import { readFileSync } from "node:fs";
import { InMemoryStore } from "@langchain/core/stores";
import { answers } from "./answers.mjs";
import { changes } from "./changes.mjs";
import { data } from "./data.mjs";
import { harnessOf } from "./harness.mjs";
import { manners } from "./manners.mjs";
import { time } from "./time.mjs";

/** Which rules each store breaks, as it was when this was last looked at. */
export const recorded = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8"));

const all = [...answers, ...changes, ...data, ...time, ...manners];

/**
 * Each broken store: its name, what is wrong with it, which rules it breaks, a harness for it, and, where requests
 * take time, the only rules worth that time.
 *
 * @type {{
 *   name: string, about: string, breaks: string[], only?: string[],
 *   harness: import("bytestow/testing").Harness,
 * }[]}
 */
export const brokenStores = [
  ...all.map(({ name, about, only, kind = "shared", claims, Store }) => ({
    name,
    about,
    only,
    harness: harnessOf(name, kind, Store, claims),
  })),
  {
    name: "langchain-in-memory-store",
    about: "InMemoryStore of @langchain/core, as it is",
    harness: { name: "langchain-in-memory-store", open: () => new InMemoryStore() },
  },
].map((store) => ({ ...store, breaks: recorded[store.name] ?? [] }));
