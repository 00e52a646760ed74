/** A server that answers as told: for answers that no server of the protocol gives, and for seeing what is sent. */

import { once } from "node:events";
import { createServer } from "node:http";
import { UpstashRedisByteStore } from "bytestow";

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What a request was: `commands` if its body is JSON, of one command too; `left` when the client has closed it. */
async function asked(request, response) {
  const left = new Promise((resolve) => response.once("close", () => resolve(!response.writableFinished)));
  const body = await read(request);
  let commands;
  try {
    const parsed = JSON.parse(body.toString());
    commands = Array.isArray(parsed[0]) ? parsed : [parsed];
  } catch {}
  return { method: request.method, url: request.url, headers: request.headers, body, commands, left };
}

/** Sends a whole answer. */
export function answer(response, status, body, headers = {}) {
  const bytes = Buffer.from(typeof body === "object" && !Buffer.isBuffer(body) ? JSON.stringify(body) : body);
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length, ...headers });
  response.end(bytes);
}

/**
 * Starts it for one test. `script(response, request, number)` answers the request that came as the `number`th, from 1 on;
 * an array stands for the arguments of {@link answer}, its last item for all requests to come.
 * @param {(object) | unknown[][]} script
 */
export async function scripted(context, script) {
  const seen = [];
  const failures = [];
  const sockets = new Set();
  const play = Array.isArray(script)
    ? (response, _request, number) => answer(response, ...(script[number - 1] ?? script.at(-1)))
    : script;
  const server = createServer(async (request, response) => {
    response.on("error", () => {}); // the client may leave
    // Connections that were never asked anything are Node's own: its fetch keeps some in reserve.
    const { socket } = request;
    if (!sockets.has(socket)) socket.once("close", () => sockets.delete(socket));
    sockets.add(socket);
    let what;
    try {
      what = await asked(request, response);
    } catch {
      return; // it has left
    }
    try {
      await play(response, what, seen.push(what));
    } catch (error) {
      failures.push(error);
      response.destroy();
    }
  });
  server.keepAliveTimeout = 120_000;
  await once(server.listen(0, "127.0.0.1"), "listening");
  context.after(() => {
    server.close();
    server.closeAllConnections();
    if (failures.length > 0) throw failures[0];
  });
  return { url: `http://127.0.0.1:${server.address().port}`, token: "secret", seen, sockets };
}

/**
 * A store on `server` for one test, with what it told. Retries are few unless asked for: each waits.
 * @param {{ url: string, token: unknown }} server
 */
export function open(context, { url, token }, options = {}) {
  const events = [];
  const store = new UpstashRedisByteStore({
    url,
    token,
    retries: 0,
    onEvent: (event) => events.push(event),
    ...options,
  });
  context.after(() => store.close());
  return Object.assign(store, { events, told: (type) => events.filter((event) => event.type === type) });
}
