/**
 * Cold starts at the edge: the CPU time of the first call in a new isolate, beyond that of an empty Worker.
 *
 * @typedef {object} Start One start of one Worker; times are CPU, in ms.
 * @property {number} start From nothing until it listens.
 * @property {number} first The first request.
 * @property {number} total Both.
 * @property {number} second The same request again.
 * @property {[number, number]} subrequests Of the first and the second, as the server counted them.
 *
 * @typedef {Record<string, Start[]>} Starts Of each Worker, one for each round.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "workerd";

import { turns } from "../measure.mjs";
import { startServer } from "../upstash/server.mjs";
import { bundled } from "./bundle.mjs";
import { REMOTE, TITLES } from "./names.mjs";
import { Cold } from "./process.mjs";

/**
 * @param {string} config
 * @param {import("../upstash/server.mjs").Server} server
 * @returns {Promise<Start>}
 */
async function coldStart(config, server) {
  const cold = new Cold(config);
  try {
    const ask = async () => {
      await cold.ask();
      return [await cold.cpu(), (await server.counted()).requests];
    };
    await cold.listens();
    const start = await cold.cpu();
    const [total, subrequests] = await ask();
    const [both, more] = await ask();
    return { start, first: total - start, total, second: both - total, subrequests: [subrequests, more] };
  } finally {
    await cold.stop();
  }
}

/**
 * @param {{ rounds: number, warmUps: number, progress: (line: string) => void }} options
 * @returns {Promise<{ workerd: string, rounds: number, starts: Starts }>}
 */
export async function edge({ rounds, warmUps, progress }) {
  const names = Object.keys(TITLES);
  /** @type {Starts} */
  const starts = Object.fromEntries(names.map((name) => [name, []]));
  const folder = await mkdtemp(join(tmpdir(), "bytestow-edge-"));
  const server = await startServer();
  try {
    const configs = [];
    for (const name of names) {
      const bindings = REMOTE.includes(name) ? { URL: server.url, TOKEN: server.token(name) } : {};
      configs.push(await bundled(name, folder, bindings));
    }
    for (let round = -warmUps; round < rounds; round++) {
      progress(`cold starts, round ${round + 1} of ${rounds}`);
      for (const at of turns(names.length, Math.max(round, 0))) {
        const start = await coldStart(configs[at], server);
        if (round >= 0) starts[names[at]].push(start);
      }
    }
    return { workerd: version, rounds, starts };
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}
