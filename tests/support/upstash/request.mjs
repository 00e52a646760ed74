/** What a request asks for: reads its JSON, or its path, query and body, into commands of byte arguments. */

import { RedisError } from "./replies.mjs";

/** Refused before any command runs. */
const refused = (message) => new RedisError(message);

/** One argument as it came in JSON. */
function argument(value) {
  if (value === null) throw refused("ERR null args are not supported");
  if (typeof value === "object") {
    throw refused(`ERR unsupported arg type: "${Array.isArray(value) ? "[" : "{"}": json.Delim`);
  }
  return Buffer.from(String(value));
}

function command(value) {
  if (!Array.isArray(value)) throw refused("expected JSON array");
  if (value.length === 0) throw refused("ERR empty command");
  return value.map(argument);
}

function parse(body) {
  if (body.length === 0) throw refused("EOF");
  let value;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw refused("ERR failed to parse JSON request");
  }
  if (!Array.isArray(value)) throw refused("expected JSON array");
  return value;
}

/** The command in the body of `POST /`, with its size as limits count it. */
export function single(body) {
  return [{ args: command(parse(body)), size: body.length }];
}

/**
 * The commands in the body of `POST /pipeline` or `/multi-exec`. One command's size is that of its JSON; while the whole
 * body is within the limit, no command can be over it, and none is measured.
 */
export function several(body, limit) {
  const items = parse(body);
  if (items.length === 0) throw refused("ERR empty pipeline request");
  const measure = body.length > limit;
  return items.map((item) => ({
    args: command(item),
    size: measure ? Buffer.byteLength(JSON.stringify(item)) : 0,
  }));
}

/** Bytes of a percent-encoded part of a URL; in a query, a plus is a space. */
function decoded(text, inQuery) {
  const spaced = inQuery ? text.replaceAll("+", " ") : text;
  return Buffer.concat(
    spaced
      .split(/(%[0-9a-f]{2})/i)
      .map((piece, at) => (at % 2 === 1 ? Buffer.from(piece.slice(1), "hex") : Buffer.from(piece))),
  );
}

/** The parts of a query by name and value; a part without a value has none. */
export function queryOf(query) {
  return query
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const [name, ...value] = part.split("=");
      return { name: decoded(name, true), value: decoded(value.join("="), true) };
    });
}

/** The command in a path: its segments, then the body if there is one, then the query but for the token. */
export function inPath(path, query, body) {
  const args = path
    .slice(1)
    .split("/")
    .map((segment) => decoded(segment, false));
  if (args[0].length === 0) throw refused("ERR empty command");
  if (body.length > 0) args.push(body);
  for (const { name, value } of query) {
    if (name.equals(Buffer.from("_token"))) continue;
    args.push(name);
    if (value.length > 0) args.push(value);
  }
  return [{ args, size: args.reduce((sum, arg) => sum + arg.length, 0) }];
}
