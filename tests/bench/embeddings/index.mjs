/**
 * The embeddings caches in Node; those in the page are the jobs of Chromium's.
 *
 * @import { Row } from "../measure.mjs"
 */

import { startRedis } from "../../support/upstash/redis.mjs";
import { embeddingsInMemory } from "./memory.mjs";
import { GROUPS } from "./names.mjs";
import { embeddingsInUpstash } from "./upstash.mjs";

/** Rounds that are run but not counted: compiled code is new in them. */
const WARM_UPS = 1;

/** Throws the line that says how to get Redis, where there is none. */
export async function ready() {
  const redis = await startRedis();
  await redis.close();
}

/**
 * @param {{ rounds: number, progress: (line: string) => void }} options
 * @returns {Promise<Row[]>}
 */
export async function embeddingsInNode(options) {
  const given = { ...options, warmUps: WARM_UPS };
  return [...(await embeddingsInMemory({ ...given, group: GROUPS.nodeMemory })), ...(await embeddingsInUpstash(given))];
}

/**
 * @param {{ rounds: number, progress: (line: string) => void }} options
 * @returns {{ part: string, given: object, progress: (line: string) => void }[]} For the page.
 */
export const embeddingsJobs = ({ rounds, progress }) => [
  { part: "embeddingsInMemory", given: { group: GROUPS.chromiumMemory, rounds, warmUps: WARM_UPS }, progress },
  { part: "embeddingsInIndexedDb", given: { rounds, warmUps: WARM_UPS }, progress },
];
