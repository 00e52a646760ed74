/** What tests of errors look at. */

import assert from "node:assert/strict";

/** Bytes of the numbers given. */
export const bytes = (...numbers) => new Uint8Array(numbers);

/** All that an async iteration gives. */
export async function all(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

/**
 * Checks that `error` is a BytestowError of `code` whose message matches; gives it back.
 * @param {unknown} error
 * @param {string} code
 * @param {RegExp} [message]
 */
export function isBytestowError(error, code, message) {
  const said = `${error?.name}: ${error?.message}`;
  assert.equal(error?.name, "BytestowError", said);
  assert.ok(error instanceof Error, said);
  assert.equal(error.code, code, said);
  assert.equal(typeof error.retryable, "boolean", said);
  assert.ok(error.message.length > 0 && error.message.length < 600, said);
  if (message !== undefined) assert.match(error.message, message);
  return error;
}

/**
 * Checks that `call` does not throw, but gives a promise that rejects with `code`; gives the error.
 * @param {() => Promise<unknown>} call
 * @param {string} code
 * @param {RegExp} [message]
 */
export async function rejects(call, code, message) {
  let promise;
  try {
    promise = call();
  } catch (error) {
    assert.fail(`it threw instead of rejecting: ${error}`);
  }
  let value;
  try {
    value = await promise;
  } catch (error) {
    return isBytestowError(error, code, message);
  }
  assert.fail(`it resolved with ${JSON.stringify(value)} instead of rejecting as ${code}`);
}

/** Checks that `make` throws at once with `code`; gives the error. */
export function throws(make, code, message) {
  try {
    make();
  } catch (error) {
    return isBytestowError(error, code, message);
  }
  assert.fail(`it did not throw ${code}`);
}
