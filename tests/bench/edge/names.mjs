/** Who is measured, by the name of its file in `workers/`. */

export const EMPTY = "empty";
/** Ours over HTTP: what the goal is about, and the peers' ratios are over. */
export const OURS = "upstash";

export const TITLES = {
  [EMPTY]: "an empty Worker",
  imported: "bytestow imported, not called",
  memory: "InMemoryByteStore",
  [OURS]: "UpstashRedisByteStore",
  sdk: "@upstash/redis",
  fetch: "the two requests by hand",
};

/** Those that have a server to talk to. */
export const REMOTE = [OURS, "sdk", "fetch"];
