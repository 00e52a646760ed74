/** What a store does behind the calls: it holds the browser's lock meanwhile. */

/** @returns {Promise<boolean>} Whether a store on `database` is at it. */
async function atWork(database) {
  const { held, pending } = await navigator.locks.query();
  return [...held, ...pending].some(({ name }) => name === `bytestow ${database}`);
}

/**
 * Waits until nothing goes on behind the calls.
 *
 * @param {string} database
 */
export async function idle(database) {
  // It begins some 20 ms behind the last call, with a transaction that needs no lock.
  for (let quiet = 0; quiet < 8; quiet++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (await atWork(database)) quiet = 0;
  }
}

/**
 * @returns {{ from: number, to: number }[]} When this page's stores held the lock from now on, in ms since 1970: it fills.
 */
export function watchMaintenance() {
  const times = [];
  const now = () => performance.timeOrigin + performance.now();
  const request = LockManager.prototype.request;
  LockManager.prototype.request = function (name, options, callback) {
    return request.call(this, name, options, async (lock) => {
      const from = now();
      try {
        return await callback(lock);
      } finally {
        if (lock !== null) times.push({ from, to: now() });
      }
    });
  };
  return times;
}
