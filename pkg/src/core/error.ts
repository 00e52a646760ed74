/** What went wrong, in one of a few stable words. */
export type ErrorCode =
  /** An argument or option is wrong; the same one cannot work. */
  | "invalid_argument"
  /** The backend has no room left; nothing of the call was stored. */
  | "quota_exceeded"
  /** The backend does not accept the credentials. */
  | "unauthorized"
  /** The backend is absent or cannot be reached. */
  | "unavailable"
  /** The backend did not answer in time. */
  | "timeout"
  /** A key, a value or a whole call is larger than what the backend takes. */
  | "too_large"
  /** What is stored cannot be read. */
  | "corrupt"
  /** The store was closed. */
  | "closed"
  /** The store does not have this operation. */
  | "unsupported"
  /** A defect of bytestow itself; the store goes on with a fresh wasm instance. */
  | "internal";

/** What is known of an error beside its code and message. */
export interface BytestowErrorOptions {
  /** Whether the same call may succeed later. */
  retryable?: boolean | undefined;
  /** What lies behind it. */
  cause?: unknown;
  /** How often the call was tried, where it was retried. */
  attempts?: number | undefined;
  /** For how long it was tried, in ms, where it was retried. */
  elapsed?: number | undefined;
  /** The HTTP status, where a server answered. */
  status?: number | undefined;
  /** The first word of Redis' error: `WRONGTYPE`, `NOPERM`, `ERR`, ... */
  redisError?: string | undefined;
  /** The limit that was met, in bytes. */
  limit?: number | undefined;
  /** How much there was, in bytes. */
  actual?: number | undefined;
}

/** Messages are shorter than this, in characters. */
const MESSAGE_LIMIT = 600;

/**
 * The error that every store rejects with. Tell it by `name` and `code`: with two copies of the package on a page,
 * `instanceof` knows only one. Messages name the argument and what would be right, and hold no value and no secret.
 */
export class BytestowError extends Error {
  /** Tells these errors from others, whichever copy of the package made them. */
  override readonly name = "BytestowError";
  /** What went wrong, in one of a few stable words. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** How often the call was tried, where it was retried. */
  declare readonly attempts?: number;
  /** For how long it was tried, in ms, where it was retried. */
  declare readonly elapsed?: number;
  /** The HTTP status, where a server answered. */
  declare readonly status?: number;
  /** The first word of Redis' error (`WRONGTYPE`, `NOPERM`, `ERR`, ...), where a server gave one. */
  declare readonly redisError?: string;
  /** The limit that was met, in bytes. */
  declare readonly limit?: number;
  /** How much there was, in bytes. */
  declare readonly actual?: number;

  /** For stores of your own. A `message` of 600 characters or more is cut short. */
  constructor(code: ErrorCode, message: string, options: BytestowErrorOptions = {}) {
    const short = message.length < MESSAGE_LIMIT ? message : `${message.slice(0, MESSAGE_LIMIT - 4)}...`;
    super(short, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryable = options.retryable ?? false;
    // Only what is known becomes a property.
    const { attempts, elapsed, status, redisError, limit, actual } = options;
    for (const [name, value] of Object.entries({ attempts, elapsed, status, redisError, limit, actual })) {
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true });
    }
  }
}

/** An argument is wrong: the message names it and says what would be right. */
export function invalid(message: string): BytestowError {
  return new BytestowError("invalid_argument", message);
}

/** The error of every call on a store that was closed. */
export function closed(): BytestowError {
  return new BytestowError("closed", "the store is closed: make a new one");
}

/** A key or option value as messages show it: quoted and cut to 40 characters. */
export function shown(text: string): string {
  return text.length > 40 ? `${JSON.stringify(text.slice(0, 40))}...` : JSON.stringify(text);
}

/** What kind of thing `value` is, for a message: never the value itself. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return `an object (${value.constructor?.name ?? "no class"})`.slice(0, 60);
  return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
}
