/**
 * The strict server of the tests in a process of its own, so that the CPU time of ours is that of the client alone.
 *
 * @typedef {object} Traffic
 * @property {number} requests
 * @property {number} commands As Upstash bills them: each command of a pipeline is one.
 * @property {number} up Bytes of all bodies sent, without headers.
 * @property {number} down Bytes of all bodies received.
 *
 * @typedef {object} Server
 * @property {string} url
 * @property {(name: string) => string} token The token of the database `name`.
 * @property {(options: { latency?: number, requestLimit?: number }) => Promise<void>} set
 * @property {() => Promise<Traffic>} counted What went by since this was last asked.
 * @property {(name: string) => Promise<void>} clear Empties that database.
 * @property {(name: string, key: string, bytes: Uint8Array) => Promise<void>} put Stores as a native client does.
 * @property {() => void} close
 */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** @returns {Promise<Server>} */
export async function startServer() {
  // "advanced" hands bytes on as bytes.
  const child = fork(fileURLToPath(new URL("child.mjs", import.meta.url)), { serialization: "advanced" });
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  let last = 0;
  const answer = (id) => new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  child.on("message", ({ id, value }) => {
    waiting.get(id)?.resolve(value);
    waiting.delete(id);
  });
  child.on("exit", (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the server's process ended: ${signal ?? code}`));
    waiting.clear();
  });

  await answer(0);
  const call = (name, ...args) => {
    const id = ++last;
    child.send({ id, call: name, args });
    return answer(id);
  };
  const { url, token } = await call("where");
  return {
    url,
    token: (name) => `${token}:${name}`,
    set: (options) => call("set", options),
    counted: () => call("counted"),
    clear: (name) => call("clear", name),
    put: (name, key, bytes) => call("put", name, key, bytes),
    close: () => void child.kill(),
  };
}
