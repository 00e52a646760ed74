/** IndexedDB as it is. */

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
export const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/**
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
export const ended = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });

/**
 * @param {string} name
 * @param {Record<string, IDBObjectStoreParameters>} stores
 * @returns {Promise<IDBDatabase>}
 */
export function opened(name, stores) {
  const opening = indexedDB.open(name);
  opening.onupgradeneeded = () => {
    for (const [store, parameters] of Object.entries(stores)) opening.result.createObjectStore(store, parameters);
  };
  return done(opening);
}

/**
 * @param {Uint8Array[]} values
 * @returns {Uint8Array} All of them behind each other.
 */
export function packed(values) {
  const record = new Uint8Array(values.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const value of values) {
    record.set(value, at);
    at += value.length;
  }
  return record;
}
