/** How replies are written: JSON, JSON of base64 texts, or RESP2. */

import { RedisError, Status } from "./replies.mjs";

/** Null or a number; a number that is not exact in every reader's JSON is a string. */
function scalar(reply) {
  return reply === null || Number.isSafeInteger(reply) ? String(reply) : `"${BigInt(reply)}"`;
}

/** A reply as JSON: text, in which bytes that are not UTF-8 become U+FFFD. */
function plain(reply) {
  if (Array.isArray(reply)) return `[${reply.map(plain).join(",")}]`;
  if (Buffer.isBuffer(reply)) return JSON.stringify(reply.toString());
  if (reply instanceof Status) return JSON.stringify(reply.text);
  return scalar(reply);
}

/** A reply as JSON whose strings are base64, at any depth, but for the status OK. */
function base64(reply) {
  if (Array.isArray(reply)) return `[${reply.map(base64).join(",")}]`;
  if (Buffer.isBuffer(reply)) return `"${reply.toString("base64")}"`;
  if (reply instanceof Status) return reply.text === "OK" ? '"OK"' : `"${Buffer.from(reply.text).toString("base64")}"`;
  return scalar(reply);
}

/** Puts the pieces of a reply's RESP2 frame into `pieces`. */
function frame(reply, pieces) {
  if (Array.isArray(reply)) {
    pieces.push(Buffer.from(`*${reply.length}\r\n`));
    for (const item of reply) frame(item, pieces);
  } else if (Buffer.isBuffer(reply)) {
    pieces.push(Buffer.from(`$${reply.length}\r\n`), reply, Buffer.from("\r\n"));
  } else if (reply instanceof Status) {
    pieces.push(Buffer.from(`+${reply.text}\r\n`));
  } else if (reply instanceof RedisError) {
    pieces.push(Buffer.from(`-${reply.message.replaceAll(/[\r\n]/g, " ")}\r\n`));
  } else {
    pieces.push(Buffer.from(reply === null ? "$-1\r\n" : `:${reply}\r\n`));
  }
  return pieces;
}

const json = (encode) => ({
  type: "application/json",
  encode: (reply) =>
    reply instanceof RedisError ? `{"error":${JSON.stringify(reply.message)}}` : `{"result":${encode(reply)}}`,
  /** Bytes of a reply alone, as limits count it. */
  size: (written) => Buffer.byteLength(written) - '{"result":}'.length,
  whole: (written) => Buffer.from(written),
  join: (written) => Buffer.from(`[${written.join(",")}]`),
});

/** Each way has `encode` (one reply), `size` (of what it gave), `whole` and `join` (the body of one, or of several). */
export const ways = {
  plain: json(plain),
  base64: json(base64),
  resp2: {
    type: "application/octet-stream",
    encode: (reply) => Buffer.concat(frame(reply, [])),
    size: (written) => written.length,
    whole: (written) => written,
    join: (written) => Buffer.concat(written),
  },
};
