// The kits on what stands on byte stores, as their suites run them: over byte stores, on ours.

import { embeddingsCacheRules, vectorStoreRules } from "bytestow/testing";

/**
 * What is told of a kit: its name; what its tests are called by; its rules; where its pages and Workers lie; and the most
 * that its suite may take in browsers and in workerd, in ms.
 */
export const EMBEDDINGS = {
  name: "embeddings cache",
  over: "cache over",
  rules: embeddingsCacheRules,
  folder: new URL("../embeddings/", import.meta.url),
  patience: { browser: 600_000, workerd: 300_000 },
};

export const VECTORSTORES = {
  name: "vector store",
  over: "over",
  rules: vectorStoreRules,
  folder: new URL("../vectorstores/", import.meta.url),
  patience: { browser: 900_000, workerd: 600_000 },
};
