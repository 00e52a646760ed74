/** What programs about traps look at things with, in any runtime. */

export const bytes = (...numbers) => new Uint8Array(numbers);

/** `count` pairs. */
export const pairs = (count, value = bytes(1)) =>
  Array.from({ length: count }, (_, at) => [String(at).padStart(5, "0"), value]);

export const tick = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms));

export function assert(held, message) {
  if (!held) throw new Error(message ?? "it does not hold");
}

/** Compares what JSON can tell, and bytes. */
export function same(found, expected, message = "") {
  const [is, should] = [told(found), told(expected)];
  assert(is === should, `${message} ${is} instead of ${should}`);
}

function told(value) {
  return JSON.stringify(value, (_, each) => {
    if (each instanceof Uint8Array) return `bytes ${each}`;
    return each === undefined ? "undefined" : each;
  });
}

/** What `promise` rejects with, if it does. */
export const error = (promise) =>
  promise.then(
    () => undefined,
    (reason) => reason ?? new Error("rejected with nothing"),
  );

/** Waits for `condition`. */
export async function until(condition) {
  const end = Date.now() + 10_000;
  while (!condition()) {
    assert(Date.now() < end, `it never came: ${condition}`);
    await tick(1);
  }
}

/** Checks that `reason` is what a call is rejected with whose instance was lost. */
export function isInternal(reason) {
  same(reason?.name, "BytestowError", String(reason?.stack ?? reason));
  same([reason.code, reason.retryable], ["internal", true]);
  assert(reason.cause !== undefined, "it has no cause");
  assert(reason.message.length < 600 && !/unreachable|wasm-function/u.test(reason.message), reason.message);
}

/** A store whose mget and listing wait for `release()` at the key `held`. */
export function holding() {
  const entries = new Map();
  const waiting = [];
  const wait = () => new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  return {
    entries,
    release: () => {
      for (const { resolve } of waiting.splice(0)) resolve();
    },
    fail: () => {
      for (const { reject } of waiting.splice(0)) reject(new Error("late"));
    },
    get waiting() {
      return waiting.length;
    },
    async mget(keys) {
      if (keys[0] === "held") await wait();
      return keys.map((key) => entries.get(key));
    },
    async mset(pairs) {
      for (const [key, value] of pairs) entries.set(key, value);
    },
    async mdelete(keys) {
      for (const key of keys) entries.delete(key);
    },
    async *yieldKeys(prefix = "") {
      for (const key of [...entries.keys()]) {
        if (key === "held") await wait();
        if (key.startsWith(prefix)) yield key;
      }
    },
  };
}
