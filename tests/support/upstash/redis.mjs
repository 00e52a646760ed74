/** A real redis-server, and `@humanwhocodes/upstash-redis-server` in front of each of its databases. */

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const INSTALL = "apt-get update && apt-get install -y redis-server";

/** A port nobody listens on just now. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts the program with both servers in `folder`; gives it and the port of the HTTP one. */
function startFront(folder, redisPort, token) {
  const program = fileURLToPath(new URL("redis_front.mjs", import.meta.url));
  const child = spawn(process.execPath, [program, String(redisPort), token], { cwd: folder });
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (text) => {
      said += text;
      const match = /^listening on (\d+)$/m.exec(said);
      if (match !== null) resolve({ child, port: match[1] });
    };
    child.stdout.setEncoding("utf8").on("data", hear);
    child.stderr.setEncoding("utf8").on("data", hear);
    child.once("error", reject);
    child.once("close", () => {
      const missing = said.includes("ENOENT") ? `redis-server is not installed:\n${INSTALL}\n` : "";
      reject(new Error(`${missing}redis-server did not start: ${said}`));
    });
  });
}

/** Runs redis-cli; gives what it prints, without the newline at its end. With `-x` its last argument is `input`. */
function cli(port, database, args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn("redis-cli", ["-h", "127.0.0.1", "-p", String(port), "-n", String(database), ...args]);
    const [out, errors] = [[], []];
    child.stdout.on("data", (chunk) => out.push(chunk));
    child.stderr.on("data", (chunk) => errors.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(Buffer.concat(out).subarray(0, -1));
      else reject(new Error(`redis-cli ended with ${code}: ${Buffer.concat([...out, ...errors])}`));
    });
    child.stdin.on("error", () => {}); // it ended without reading
    child.stdin.end(input);
  });
}

/**
 * Starts redis-server and the server in front of it, which end at `close()` and with this process. `url(n)` is the REST
 * API of database `n` (0 to 1023). `cli(n, ...args)` runs redis-cli; an argument that is a Buffer, which must be the
 * last, goes through its standard input. `token` is what the server wants to be shown.
 */
export async function startRedis({ token = "secret" } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "bytestow-redis-"));
  const [port, remove] = [await freePort(), () => rm(folder, { recursive: true, force: true })];
  let front;
  try {
    front = await startFront(folder, port, token);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    port,
    token,
    url: (database) => `http://127.0.0.1:${front.port}/${database}`,
    cli(database, ...args) {
      const last = args.at(-1);
      if (!Buffer.isBuffer(last)) return cli(port, database, args);
      return cli(port, database, ["-x", ...args.slice(0, -1)], last);
    },
    async close() {
      const closed = new Promise((resolve) => {
        front.child.once("close", resolve);
      });
      front.child.stdin.end();
      await closed;
      await remove();
    },
  };
}
