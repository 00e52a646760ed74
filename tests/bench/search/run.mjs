/**
 * What is measured of vector stores in a process or a page of its own.
 *
 * @import { Environment } from "./small.mjs"
 *
 * @typedef {object} Job
 * @property {"small" | "large" | "wide"} size
 * @property {"hard" | "easy" | "real"} kind
 * @property {number} rounds
 * @property {number} [dimensions] Of the files of real vectors.
 */

import { real, synthetic } from "./data.mjs";
import { large } from "./large.mjs";
import { SIZES } from "./names.mjs";
import { small } from "./small.mjs";
import { wide } from "./wide.mjs";

const PARTS = { small, large, wide };

/**
 * @param {Environment & { files?: () => Promise<{ vectors: Uint8Array, queries: Uint8Array }> }} environment
 * @param {Job} job
 */
export async function run(environment, { size, kind, rounds, dimensions }) {
  const data = kind === "real" ? real({ ...(await environment.files()), dimensions }) : synthetic(kind, SIZES[size]);
  return PARTS[size](environment, data, { rounds });
}
