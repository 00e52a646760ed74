/**
 * What commands answer: a Buffer (a bulk string), a number, null, an array of these, a {@link Status}; errors are
 * {@link RedisError}s.
 */

/** A status reply, which the wire may write otherwise than a bulk string of the same text. */
export class Status {
  constructor(text) {
    this.text = text;
  }
}

export const OK = new Status("OK");

/** An error with Redis' text; `status` is the HTTP status it has as the answer to a single command. */
export class RedisError extends Error {
  constructor(message, status = 400) {
    super(message);
    this.name = "RedisError";
    this.status = status;
  }
}

export const syntaxError = () => new RedisError("ERR syntax error");
export const notAnInteger = () => new RedisError("ERR value is not an integer or out of range");
export const wrongType = () => new RedisError("WRONGTYPE Operation against a key holding the wrong kind of value");
export const wrongArity = (name) => new RedisError(`ERR wrong number of arguments for '${name}' command`);
