/**
 * A program: `node redis_front.mjs <redis port> <token>` starts redis-server in the current folder and serves `/<n>/...`
 * from its n-th database through `@humanwhocodes/upstash-redis-server`, until its standard input ends: so neither
 * outlives the tests, however these end. A process of its own also because that server logs each refusal and keeps
 * connections that nobody can close.
 */

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createApp } from "@humanwhocodes/upstash-redis-server";

const [redisPort, token] = process.argv.slice(2);
// The HTTP server that it is made for, in the version that it depends on.
const { serve } = createRequire(import.meta.resolve("@humanwhocodes/upstash-redis-server"))("@hono/node-server");

const apps = new Map();

function appOf(database) {
  if (!apps.has(database)) {
    apps.set(database, createApp({ token, redisUrl: `redis://127.0.0.1:${redisPort}/${database}` }));
  }
  return apps.get(database);
}

/** A request to `/<n>/...`, as the app of the n-th database would have got it. */
function route(request, bindings) {
  const url = new URL(request.url);
  const [, database, path] = /^\/(\d+)(\/.*)?$/.exec(url.pathname) ?? [];
  if (database === undefined) return new Response("no database in the path", { status: 404 });
  url.pathname = path ?? "/";
  const { method, headers, body } = request;
  return appOf(database).fetch(new Request(url, { method, headers, body, duplex: "half" }), bindings);
}

const redis = spawn(
  "redis-server",
  ["--bind", "127.0.0.1", "--port", redisPort, "--save", "", "--appendonly", "no", "--databases", "1024"],
  { stdio: ["ignore", "pipe", "inherit"] },
);

let said = "";
redis.on("error", ({ message }) => {
  process.stdout.write(`${message}\n`);
  process.exit(1);
});
redis.on("exit", () => {
  process.stdout.write(`redis-server ended: ${said}\n`);
  process.exit(process.stdin.readableEnded ? 0 : 1);
});
redis.stdout.setEncoding("utf8").on("data", function hear(text) {
  said += text;
  if (!said.includes("Ready to accept connections")) return;
  redis.stdout.off("data", hear).resume(); // read on: a full pipe would stop it
  serve({ fetch: route, hostname: "127.0.0.1", port: 0 }, ({ port }) => {
    process.stdout.write(`listening on ${port}\n`);
  });
});
process.stdin.on("end", () => redis.kill("SIGKILL")).resume();
