/** What a user would write to have something to wrap: a `Map` behind LangChain's four methods, and no more. */
export class MapStore {
  #map = new Map();

  /** What is there at this moment: no store has this. */
  has(key) {
    return this.#map.has(key);
  }

  async mget(keys) {
    return keys.map((key) => this.#map.get(key));
  }

  async mset(pairs) {
    for (const [key, value] of pairs) this.#map.set(key, value);
  }

  async mdelete(keys) {
    for (const key of keys) this.#map.delete(key);
  }

  async *yieldKeys(prefix = "") {
    for (const key of this.#map.keys()) if (key.startsWith(prefix)) yield key;
  }
}
