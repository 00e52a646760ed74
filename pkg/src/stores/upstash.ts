import { checkText } from "../core/arguments.js";
import { BytestowError, invalid, kindOf, shown } from "../core/error.js";
import { emitter } from "../core/events.js";
import { callback, checkOptions, namespace, oneOf, ttl, wholeNumber } from "../core/options.js";
import { isIsolated } from "../core/source.js";
import type { StoreOptions } from "../types.js";
import { upstashStore } from "../wasm/bytestow_wasm.js";
import { ByteStore } from "./base.js";

/** What proves to the server that we may: the token, a function that gives it, or `null` where a proxy adds it. */
export type UpstashToken = string | null | (() => string | Promise<string>);

/** Variables of an environment: `process.env`, or the `env` of a Worker. */
export type Environment = Record<string, unknown>;

/** Options of `UpstashRedisByteStore`. */
export interface UpstashRedisByteStoreOptions extends StoreOptions {
  /**
   * The REST API's URL, `https://…`. In a page it may be relative to the page, for a proxy on the same origin that adds
   * the token: a full token does not belong in a page.
   */
  url: string;
  /**
   * The token; a function is asked before each request, and once more when a token was refused; `null` sends none, and
   * leaves it to a proxy.
   */
  token: UpstashToken;
  /** Further headers, for proxies. They are never shown. */
  headers?: Record<string, string> | undefined;
  /** How long entries live unless a call says otherwise, in seconds (fractions allowed, above 0). */
  ttl?: number | undefined;
  /**
   * How values are written. `"auto"` (default): text as it is, anything else as base64 behind a marker: safe everywhere.
   * `"raw"`: every byte as it is, for programs that read Redis natively; values that are no text go one to a request.
   */
  encoding?: "auto" | "raw" | undefined;
  /** How long one attempt may take, from the connection to the last byte of the reply, in ms; 10,000 unless given. */
  timeout?: number | undefined;
  /** How often a request is tried again that failed for a reason that may pass; 5 unless given. */
  retries?: number | undefined;
  /** How long a request may take with all its attempts and the waits between them, in ms; 25,000 unless given. */
  deadline?: number | undefined;
}

const LONGEST_MS = 0x7fff_ffff;

/**
 * A store in Upstash Redis, or any server of its protocol, over HTTP: for all runtimes. Batches are single commands, cut
 * by encoded bytes; what may be repeated is repeated; any bytes come back as they were.
 */
export class UpstashRedisByteStore extends ByteStore {
  /** The class's name in LangChain's serialisation. */
  static override lc_name(): string {
    return "UpstashRedisByteStore";
  }

  /**
   * A store on what the environment names: `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN`, or `KV_REST_API_URL`
   * and `KV_REST_API_TOKEN`. `env` is `process.env` unless given; in a Worker pass its `env`.
   *
   * @throws `invalid_argument` where one of them is missing.
   */
  static fromEnv(
    env?: Environment,
    options: Omit<UpstashRedisByteStoreOptions, "url" | "token"> = {},
  ): UpstashRedisByteStore {
    const { process } = globalThis as { process?: { env?: Environment } };
    const given: unknown = env ?? process?.env ?? {};
    if (typeof given !== "object" || given === null) throw invalid(`env must be an object, not ${kindOf(given)}`);
    const variable = (...names: string[]): string => {
      for (const name of names) {
        const value = (given as Environment)[name];
        if (typeof value === "string" && value !== "") return value;
      }
      throw invalid(`env has neither ${names.join(" nor ")}`);
    };
    const url = variable("UPSTASH_REDIS_REST_URL", "KV_REST_API_URL");
    const token = variable("UPSTASH_REDIS_REST_TOKEN", "KV_REST_API_TOKEN");
    return new UpstashRedisByteStore({ ...options, url, token });
  }

  /** @throws `invalid_argument` for a bad or unknown option, or without a `url` and a `token`. */
  constructor(options: UpstashRedisByteStoreOptions) {
    const checked = checkOptions<UpstashRedisByteStoreOptions>("UpstashRedisByteStore", options, {
      url: absoluteUrl,
      token: checkToken,
      headers: headerMap,
      namespace,
      ttl,
      encoding: oneOf("auto", "raw"),
      timeout: milliseconds,
      retries: wholeNumber(0),
      deadline: milliseconds,
      onEvent: callback,
    });
    const { onEvent } = checked;
    const url = absoluteUrl(checked.url, "url");
    const token = checkToken(checked.token, "token");
    // Neither names nor values can hold an end of line.
    const headers = Object.entries(checked.headers ?? {})
      .flat()
      .join("\n");
    if (token !== null && checked.headers?.authorization !== undefined) {
      throw invalid("headers must not have authorization beside a token: pass token: null to send one of your own");
    }
    const make = () =>
      upstashStore(
        url,
        typeof token === "string" ? token : undefined,
        typeof token === "function" ? () => askedFor(token) : undefined,
        headers,
        checked.namespace,
        checked.ttl,
        checked.encoding === "raw",
        isOwnServer(url),
        checked.timeout ?? 10_000,
        Math.min(checked.retries ?? 5, 1_000),
        checked.deadline ?? 25_000,
        isIsolated(),
        emitter(onEvent),
      );
    super(make, { onEvent });
  }
}

/** What the function gave, if it is a token. */
async function askedFor(give: () => string | Promise<string>): Promise<string> {
  const given: unknown = await give();
  if (typeof given !== "string") throw invalid(`token: the function gave ${kindOf(given)}, not a string`);
  return sendable(given, "token");
}

/** The URL, in a page taken relative to it. What is wrong with it is said without showing it: it may hold a secret. */
function absoluteUrl(value: unknown, name: string): string {
  const text = checkText(value, name).trim();
  if (/^rediss?:/iu.test(text)) {
    throw invalid(`${name} is that of the Redis protocol: the REST API's begins with https://`);
  }
  const { document, location } = globalThis as { document?: { baseURI?: string }; location?: { href?: string } };
  let url: URL;
  try {
    url = new URL(text, document?.baseURI ?? location?.href);
  } catch {
    throw invalid(`${name} must begin with https:// or http://; only in a page may it be relative`);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw invalid(`${name} must begin with https:// or http://`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw invalid(`${name} must have no user, password, query or fragment: the token is an option of its own`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/u, "")}`;
}

/** Whether any header may be sent: everywhere but in a page of another origin, whose server may not let it through. */
function isOwnServer(url: string): boolean {
  const { location } = globalThis as { location?: { origin?: string } };
  const origin = location?.origin;
  return origin === undefined || origin === "null" || new URL(url).origin === origin;
}

function checkToken(value: unknown, name: string): UpstashToken {
  if (value === null || typeof value === "function") return value as UpstashToken;
  if (typeof value !== "string") {
    throw invalid(`${name} must be a string, a function that gives one, or null for none, not ${kindOf(value)}`);
  }
  return sendable(value, name);
}

/** A token that a header can hold. It is not shown. */
function sendable(token: string, name: string): string {
  if (token === "" || !/^[\x21-\x7e]+$/u.test(token)) {
    throw new BytestowError("invalid_argument", `${name} must be visible ASCII characters, and at least one`);
  }
  return token;
}

function headerMap(value: unknown, name: string): Record<string, string> {
  if (typeof value !== "object" || value === null) throw invalid(`${name} must be an object, not ${kindOf(value)}`);
  const headers: Record<string, string> = {};
  for (const [header, text] of Object.entries(value)) {
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/u.test(header)) throw invalid(`${name} has no such name: ${shown(header)}`);
    if (typeof text !== "string" || !/^[\t\x20-\x7e]*$/u.test(text)) {
      throw invalid(`${name}[${shown(header)}] must be a string of ASCII characters`);
    }
    const lower = header.toLowerCase();
    if (["content-type", "content-length"].includes(lower) || lower.startsWith("upstash-")) {
      throw invalid(`${name} must not have ${lower}: the store sends its own`);
    }
    headers[lower] = text;
  }
  return headers;
}

function milliseconds(value: unknown, name: string): number {
  const ms = wholeNumber(1)(value, name);
  if (ms > LONGEST_MS) throw invalid(`${name} is ${ms}: it must be at most ${LONGEST_MS} ms`);
  return ms;
}
