/** The protocol itself as a handler of HTTP requests: access, limits, running of commands, answers. */

import { setTimeout as sleep } from "node:timers/promises";
import { Database } from "./engine.mjs";
import { RedisError } from "./replies.mjs";
import { inPath, queryOf, several, single } from "./request.mjs";
import { ways } from "./wire.mjs";

const MODES = ["full", "no-resp2", "plain", "no-msetex", "small-limits"];
const UNAUTHORIZED =
  "WRONGPASS invalid or missing auth token. See https://docs.upstash.com/redis/troubleshooting/http_unauthorized for details.";
/** A page's headers that are known to pass; whether the one that asks for RESP2 does is not. */
const KNOWN_HEADERS = ["authorization", "content-type", "upstash-encoding", "upstash-sync-token"];

const tooLarge = (limit, actual, status) =>
  new RedisError(
    `ERR max request size exceeded. Limit: ${limit} bytes, Actual: ${actual} bytes. See https://upstash.com/docs`,
    status,
  );

/** Takes one from a behaviour that is on for ever (true) or for a number of times. */
function take(state, name) {
  if (typeof state[name] !== "number") return Boolean(state[name]);
  if (state[name] <= 0) return false;
  state[name] -= 1;
  return true;
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

/**
 * Makes `handler(request, response, path?)`, `path` being the URL's path and query without the prefix of a mount. It
 * has `counts()`, `resetCounts()`, `set(options)` and `database(name)`; the options below can be set at any time.
 * @param {object} [options]
 * @param {"full" | "no-resp2" | "plain" | "no-msetex" | "small-limits"} [options.mode]
 * @param {string} [options.token]
 * @param {string} [options.readOnlyToken]
 * @param {() => number} [options.now] the clock of expiry, in ms
 * @param {number} [options.latency] ms before a request is worked on
 * @param {boolean | "no-resp2"} [options.cors] "no-resp2": preflights refuse the header that asks for RESP2
 * @param {number} [options.requestLimit] bytes of one command, and of one reply
 * @param {boolean | "whole"} [options.quota] commands are refused: one by one, or "whole" requests
 * @param {{ retryAfter?: number | string, times?: number }} [options.tooMany] requests are refused with 429
 * @param {boolean | number} [options.readOnlyWindow] writes are refused, for ever or this many times
 * @param {boolean} [options.unauthorized] no token is good
 */
export function createHandler(options = {}) {
  const state = { mode: "full", token: "secret", now: Date.now, latency: 0, cors: true };
  const databases = new Map();
  let totals;

  function set(changes) {
    Object.assign(state, changes);
    if (!MODES.includes(state.mode)) throw new RangeError(`no such mode: ${state.mode}`);
  }

  function resetCounts() {
    totals = { requests: 0, preflights: 0, commands: 0, bytesIn: 0, bytesOut: 0, perCommand: {}, syncTokens: 0 };
  }

  function database(name = "") {
    if (!databases.has(name)) databases.set(name, new Database(() => state.now()));
    return databases.get(name);
  }

  const limit = () => state.requestLimit ?? (state.mode === "small-limits" ? 64 * 1024 : 10 * 1024 * 1024);

  /** The database a request may use, and how; undefined if its token is none. */
  function access({ headers }, query) {
    const inQuery = query.find(({ name }) => name.toString() === "_token")?.value.toString();
    const given = inQuery ?? (headers.authorization ?? "").replace(/^Bearer /i, "");
    if (state.unauthorized) return undefined;
    for (const [token, readOnly] of [
      [state.token, false],
      [state.readOnlyToken, true],
    ]) {
      if (token === undefined) continue;
      if (given === token) return { database: database(""), readOnly };
      if (given.startsWith(`${token}:`)) return { database: database(given.slice(token.length + 1)), readOnly };
    }
    return undefined;
  }

  /** How the answer is to be written; what this mode does not know of, it does not look at. */
  function wayOf({ headers }, form) {
    const format = state.mode === "plain" || state.mode === "no-resp2" ? "json" : headers["upstash-response-format"];
    const base64 = state.mode !== "plain" && headers["upstash-encoding"] === "base64";
    if (!["json", "resp2", undefined].includes(format)) {
      throw new RedisError("ERR unsupported response format, use json or resp2");
    }
    if (format === "resp2") {
      if (base64) throw new RedisError("ERR base64 encoding cannot be used with the resp2 response format");
      if (form === "/multi-exec") throw new RedisError("ERR resp2 response format is not supported for multi-exec");
      return ways.resp2;
    }
    return base64 && form !== "path" ? ways.base64 : ways.plain;
  }

  /** All that can be said against a command before it runs. */
  function admitted({ args, size }, readOnly) {
    if (state.quota) throw new RedisError("ERR max requests limit exceeded. Limit: 500000, Usage: 500000.");
    if (size > limit()) throw tooLarge(limit(), size, 413);
    const command = Database.check(args, { lacks: state.mode === "no-msetex" ? ["msetex"] : [] });
    if (readOnly && (command.write || command.scans)) {
      throw new RedisError(`NOPERM this user has no permissions to run the '${command.name}' command`);
    }
    if (command.write && take(state, "readOnlyWindow")) {
      throw new RedisError("READONLY Writes are temporarily rejected due to server upgrade");
    }
    return command;
  }

  /** Runs one command, looked at already or not; gives its reply as written, and the error if it is one. */
  function run(item, { database, readOnly }, way, command = undefined) {
    let reply;
    try {
      reply = database.run(command ?? admitted(item, readOnly), item.args);
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      return { written: way.encode(error), error };
    }
    const written = way.encode(reply);
    const size = way.size(written);
    if (size <= limit()) return { written };
    const error = tooLarge(limit(), size, 200);
    return { written: way.encode(error), error };
  }

  /** A transaction's commands: one that cannot run discards them all. */
  function allAdmitted(items, { readOnly }) {
    try {
      return items.map((item) => admitted(item, readOnly));
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      throw new RedisError(`EXECABORT Transaction discarded because of: ${error.message}`, error.status);
    }
  }

  function count(items) {
    totals.commands += items.length;
    for (const { args } of items) {
      const name = args[0].toString().toUpperCase();
      totals.perCommand[name] = (totals.perCommand[name] ?? 0) + 1;
    }
  }

  /** The answer to a request that may use a database: status, type, body. */
  function answer(request, path, query, body, permit) {
    const posted = request.method === "POST" || request.method === "PUT";
    const form = posted && ["/", "/pipeline", "/multi-exec"].includes(path) ? path : "path";
    const way = wayOf(request, form);
    if (form === "/" || form === "path") {
      const [item] = form === "/" ? single(body) : inPath(path, query, posted ? body : Buffer.alloc(0));
      count([item]);
      // Refused before it came to Redis: told in JSON, whatever was asked for.
      if (state.quota || item.size > limit()) admitted(item, permit.readOnly);
      const { written, error } = run(item, permit, way);
      return { status: error?.status ?? 200, type: way.type, body: way.whole(written) };
    }
    const items = several(body, limit());
    count(items);
    if (state.quota === "whole") admitted(items[0], permit.readOnly);
    const commands = form === "/multi-exec" ? allAdmitted(items, permit) : [];
    const written = items.map((item, at) => run(item, permit, way, commands[at]).written);
    return { status: 200, type: way.type, body: way.join(written) };
  }

  function refusal(error) {
    if (!(error instanceof RedisError)) throw error;
    return { status: error.status, type: ways.plain.type, body: Buffer.from(ways.plain.encode(error)) };
  }

  function corsHeaders({ headers }) {
    if (!state.cors || headers.origin === undefined) return {};
    return {
      "access-control-allow-origin": headers.origin,
      "access-control-allow-credentials": "true",
      vary: "Origin",
    };
  }

  function preflight(request, response) {
    totals.preflights += 1;
    const asked = request.headers["access-control-request-headers"] ?? "";
    response
      .writeHead(200, {
        ...corsHeaders(request),
        "access-control-allow-methods": "GET, HEAD, POST, PUT",
        "access-control-allow-headers": state.cors === "no-resp2" ? KNOWN_HEADERS.join(", ") : asked,
        "content-length": 0,
      })
      .end();
  }

  function send(request, response, { status, type, body }, headers = {}) {
    totals.bytesOut += body.length;
    response.writeHead(status, {
      ...corsHeaders(request),
      ...headers,
      ...(type === undefined ? {} : { "content-type": type }),
      "content-length": body.length,
    });
    response.end(body);
  }

  /** What is said before commands are looked at, if anything is. */
  function atTheDoor(permit) {
    if (permit === undefined) return { answer: refusal(new RedisError(UNAUTHORIZED, 401)) };
    const { retryAfter, times } = state.tooMany ?? {};
    if (!state.tooMany || times === 0) return undefined;
    if (times !== undefined) state.tooMany = { ...state.tooMany, times: times - 1 };
    return {
      answer: refusal(new RedisError("ERR max commands per second exceeded", 429)),
      headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) },
    };
  }

  async function handler(request, response, url = request.url) {
    if (request.method === "OPTIONS" && state.cors) return preflight(request, response);
    let body;
    try {
      body = await read(request);
    } catch {
      return; // the client left
    }
    totals.requests += 1;
    totals.bytesIn += body.length;
    if (request.headers["upstash-sync-token"] !== undefined) totals.syncTokens += 1;
    if (state.latency > 0) await sleep(state.latency);
    if (!["HEAD", "GET", "POST", "PUT"].includes(request.method)) {
      return send(request, response, { status: 405, body: Buffer.alloc(0) });
    }
    const [path, ...rest] = url.split("?");
    const query = queryOf(rest.join("?"));
    const permit = access(request, query);
    const early = atTheDoor(permit);
    if (early !== undefined) return send(request, response, early.answer, early.headers);
    let given;
    try {
      given = answer(request, path === "" ? "/" : path, query, body, permit);
    } catch (error) {
      given = refusal(error);
    }
    send(request, response, given, { "upstash-sync-token": permit.database.syncToken });
  }

  set(options);
  resetCounts();
  return Object.assign(handler, { counts: () => structuredClone(totals), resetCounts, set, database });
}
