/** What wasm throws, and what fails before there is any, as the errors that users see. */

import { BytestowError, type BytestowErrorOptions, type ErrorCode } from "./error.js";

interface Failure extends BytestowErrorOptions {
  code: ErrorCode;
  message: string;
}

/** The error that wasm means by a plain object that it throws or gives. Nothing of anything else, which is a trap. */
export function meant(thrown: unknown): BytestowError | undefined {
  if (thrown instanceof BytestowError) return thrown;
  if (!isFailure(thrown)) return undefined;
  const { code, message, ...options } = thrown;
  return new BytestowError(code, message, options);
}

function isFailure(value: unknown): value is Failure {
  return typeof value === "object" && value !== null && !(value instanceof Error) && "code" in value;
}

/** The error of a call that a trap ended. */
export function internalError(cause: unknown): BytestowError {
  const message = "bytestow failed inside: the call may or may not have been done; the next call starts afresh";
  return new BytestowError("internal", message, { cause, retryable: true });
}

/** The error of a call that found no wasm to be had. */
export function refused(error: unknown): BytestowError {
  const forbidden = /unsafe-eval|Content.Security.Policy|\bCSP\b/i.test(String(error));
  const message = forbidden
    ? "this page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src"
    : "the wasm module could not be loaded: see cause";
  // A page's policy stays as it is, where a network may be back.
  return new BytestowError("unavailable", message, { cause: error, retryable: !forbidden });
}
