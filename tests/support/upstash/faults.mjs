/** An HTTP proxy in front of any server that does to some of the requests what networks and servers do at their worst. */

import { once } from "node:events";
import { Agent, createServer, request as httpRequest } from "node:http";
import { setImmediate as afterEvents, setTimeout as sleep } from "node:timers/promises";
import { shorten } from "./shorten.mjs";

/** Of one connection, or set anew with each body. */
const NOT_PASSED = ["connection", "keep-alive", "transfer-encoding", "content-length", "date"];

const half = (body) => body.subarray(0, body.length >> 1);

/** Ends the connection: by a reset or, as when a process ends, a close. */
function cut({ response, chance }) {
  if (chance < 0.5) response.socket?.destroy();
  else response.socket?.resetAndDestroy();
}

/** Writes `body`, waits until it has left, then does `after`. */
async function wrote(response, body, after) {
  await new Promise((resolve) => response.write(body, resolve));
  await after();
}

function give({ response, cors }, status, headers, body) {
  response.writeHead(status, { ...cors, ...headers, "content-length": Buffer.byteLength(body) }).end(body);
}

/** The answer as it was. */
function pass({ response }, { status, headers, body }) {
  response.writeHead(status, { ...headers, "content-length": body.length }).end(body);
}

/**
 * The faults by name. `instead` answers without the server having seen the request; `after` gets the server's answer to
 * a request that has been carried out. Both get `{ response, cors, chance }`, `chance` being this request's own number
 * from 0 to 1.
 */
export const FAULTS = {
  reset: { instead: cut },
  "reset-after": { after: cut },
  stall: { instead: ({ response }) => (response.destroyed ? undefined : once(response, "close")) },
  truncate: {
    after(exchange, { status, headers, body }) {
      exchange.response.writeHead(status, { ...headers, "content-length": body.length });
      // With its headers, so that a client has begun to read when the end comes.
      return wrote(exchange.response, half(body), () => exchange.response.socket?.destroy());
    },
  },
  "truncate-chunked": {
    after({ response, chance }, { status, headers, body }) {
      response.writeHead(status, { ...headers, "transfer-encoding": "chunked" });
      return wrote(response, half(body), () => (chance < 0.5 ? response.end() : response.socket?.destroy()));
    },
  },
  429: {
    instead: (exchange) =>
      give(
        exchange,
        429,
        { "content-type": "application/json", "retry-after": exchange.chance < 0.8 ? "0" : "1" },
        '{"error":"ERR max commands per second exceeded"}',
      ),
  },
  500: {
    instead: (exchange) =>
      give(exchange, 500, { "content-type": "application/json" }, '{"error":"ERR internal server error"}'),
  },
  502: {
    instead: (exchange) =>
      give(exchange, 502, { "content-type": "text/html" }, "<html><h1>502 Bad Gateway</h1></html>"),
  },
  html: {
    instead: (exchange) =>
      give(exchange, 200, { "content-type": "text/html" }, "<!doctype html><p>error code: 1016</p>"),
  },
  short: {
    after(exchange, answer) {
      const body = shorten(answer.headers["content-type"], answer.body) ?? answer.body;
      pass(exchange, { ...answer, body });
    },
  },
  drip: {
    async after({ response }, { status, headers, body }) {
      response.writeHead(status, { ...headers, "content-length": body.length });
      const size = Math.ceil(body.length / 12);
      for (let at = 0; at < body.length && !response.destroyed; at += size) {
        response.write(body.subarray(at, at + size));
        await sleep(20);
      }
      response.end();
    },
  },
  garbage: {
    after(exchange, answer) {
      const body = answer.body.subarray(0, Math.ceil(answer.body.length / 2));
      pass(exchange, { status: 200, headers: { ...answer.headers, "content-type": "application/json" }, body });
    },
  },
};

/** Numbers from 0 to 1 that follow from `seed` (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function read(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const passed = (headers, more = []) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => ![...NOT_PASSED, ...more].includes(name)));

/**
 * Starts the proxy on 127.0.0.1. Which requests suffer, and what, follows from the seed and the order in which requests
 * come; preflights never do, nor do they count.
 * @param {{ target: string, seed?: number, rate?: number, only?: string[] }} options `rate`: how many of the
 *   requests suffer, from 0 to 1; `only`: the faults to choose from, by name
 */
export async function startFaults({ target, seed = 1, rate = 0.3, only }) {
  const base = target.replace(/\/+$/, "");
  const agent = new Agent({ keepAlive: true });
  const random = generator(seed);
  const corsOf = new Map();
  const state = { rate, names: [] };
  const totals = { requests: 0, forwarded: 0, abandoned: 0, faults: {} };

  function set(changes) {
    if ("rate" in changes) state.rate = changes.rate;
    if ("only" in changes) state.names = changes.only ?? Object.keys(FAULTS);
    const unknown = state.names.find((name) => FAULTS[name] === undefined);
    if (unknown !== undefined) throw new RangeError(`no such fault: ${unknown}`);
  }

  /** Draws as many numbers for each request, whatever comes of it, so that settings do not move later ones. */
  function draw() {
    const [suffers, which, chance] = [random() < state.rate, random(), random()];
    return { name: suffers ? state.names[Math.floor(which * state.names.length)] : undefined, chance };
  }

  async function send(method, path, headers, body) {
    const sent = httpRequest(base + path, { agent, method, headers: { ...headers, "content-length": body.length } });
    sent.end(body);
    const [answer] = await once(sent, "response");
    return { status: answer.statusCode, headers: passed(answer.headers), body: await read(answer) };
  }

  /** The headers that let a page of `origin` read an answer, as the target gives them. */
  async function corsFor(origin, path) {
    if (origin === undefined) return {};
    if (!corsOf.has(origin)) {
      const asked = { origin, "access-control-request-method": "POST" };
      const { headers } = await send("OPTIONS", path, asked, Buffer.alloc(0));
      const names = ["access-control-allow-origin", "access-control-allow-credentials"].filter((name) => headers[name]);
      corsOf.set(origin, Object.fromEntries(names.map((name) => [name, headers[name]])));
    }
    return corsOf.get(origin);
  }

  async function serve(request, response) {
    const isPreflight = request.method === "OPTIONS";
    const { name, chance } = isPreflight ? {} : draw();
    let body;
    try {
      body = await read(request);
    } catch {
      totals.abandoned += 1;
      return;
    }
    if (!isPreflight) totals.requests += 1;
    if (name !== undefined) totals.faults[name] = (totals.faults[name] ?? 0) + 1;
    const { url, method } = request;
    const exchange = { response, chance, cors: name === undefined ? {} : await corsFor(request.headers.origin, url) };
    const fault = FAULTS[name];
    if (fault?.instead !== undefined) return fault.instead(exchange);
    // What came in with the body may be the news that the client has left.
    await afterEvents();
    if (response.destroyed) {
      totals.abandoned += 1;
      return;
    }
    if (!isPreflight) totals.forwarded += 1;
    const answer = await send(method, url, passed(request.headers, ["host"]), body);
    if (response.destroyed) return;
    if (fault?.after === undefined) pass(exchange, answer);
    else await fault.after(exchange, answer);
  }

  set({ only });
  const server = createServer((request, response) => {
    response.on("error", () => {}); // it is cut while being written
    serve(request, response).catch((error) => {
      if (!response.headersSent) give({ response }, 502, {}, `the server behind is out of reach: ${error.code}`);
      else response.destroy();
    });
  });
  server.keepAliveTimeout = 120_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    set,
    /** `forwarded`: to the target; `abandoned`: by the client, before that; `faults`: by name. */
    counts: () => structuredClone(totals),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}
