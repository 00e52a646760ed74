/** The round trip that every app makes: one process writes, the next one reads; both by a server on 127.0.0.1. */

import assert from "node:assert/strict";
import { startServer } from "../../../support/upstash/server.mjs";
import { COLD, WARM } from "../../embedded.mjs";
import { FOUND_COLD, FOUND_WARM } from "../../found.mjs";

const EVERY_BYTE = Array.from({ length: 256 }, (_, at) => at);

/** What `fixtures/steps.mjs` answers before and after it has written. */
export const NOTHING = ["undefined", "undefined", "undefined"];
export const WRITTEN = [EVERY_BYTE, "undefined", []];

/** The variables that `UpstashRedisByteStore.fromEnv` reads. */
export const variables = ({ url, token }) => ({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token });

/**
 * Lets `ask("write", env)` and then `ask("read", env)` answer, each in a process of its own, and checks the values and
 * the exact number of requests: one for each call.
 */
export async function roundTrip(ask) {
  const server = await startServer();
  try {
    assert.deepEqual(await ask("write", variables(server)), { before: NOTHING, after: WRITTEN });
    countsAre(server, { MGET: 2, MSET: 1 });
    assert.deepEqual(await ask("read", variables(server)), WRITTEN);
    countsAre(server, { MGET: 1 });
  } finally {
    await server.close();
  }
}

/** Checks that the server has been sent these commands since it was last asked, each in a request of its own. */
export function countsAre(server, perCommand) {
  const counted = server.counts();
  server.resetCounts();
  assert.deepEqual(counted.perCommand, perCommand);
  const total = Object.values(perCommand).reduce((sum, count) => sum + count, 0);
  assert.equal(counted.requests, total, `${counted.requests} requests for ${total} commands`);
}

/** Lets `ask(env)` embed twice, each time in a process of its own: the documents are one request each way, as the query is. */
export async function embeddingTrip(ask) {
  const server = await startServer();
  try {
    for (const [expected, commands] of [
      [COLD, { MGET: 2, MSET: 1, SET: 1 }],
      [WARM, { MGET: 2 }],
    ]) {
      assert.deepEqual(await ask(variables(server)), expected);
      countsAre(server, commands);
    }
  } finally {
    await server.close();
  }
}

/** Lets `ask(env)` find twice, each time in a process of its own: the second adds nothing and embeds its queries alone. */
export async function findingTrip(ask) {
  const server = await startServer();
  try {
    assert.deepEqual(await ask(variables(server)), FOUND_COLD);
    server.resetCounts();
    assert.deepEqual(await ask(variables(server)), FOUND_WARM);
    const { MGET, ...others } = server.counts().perCommand;
    assert.ok(MGET > 0);
    assert.deepEqual(others, {}, "opening and searching write nothing");
  } finally {
    await server.close();
  }
}
