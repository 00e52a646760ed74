/** Stores that break one promise each, now and then: the checker has to find every one of them. */

/** How each breaks; `store` is a sound one, `rarely` says whether it is time. */
const BREAKS = {
  /** Reads give, now and then, the first value of a key that was read or written here. */
  stale: (store, rarely) => {
    const first = new Map();
    const remember = (key, value) => {
      if (value && !first.has(key)) first.set(key, value);
    };
    return {
      async mget(keys) {
        const values = await store.mget(keys);
        keys.forEach((key, at) => {
          remember(key, values[at]);
        });
        return rarely() ? keys.map((key, at) => values[at] && first.get(key)) : values;
      },
      async mset(pairs, options) {
        for (const [key, value] of pairs) remember(key, value);
        await store.mset(pairs, options);
      },
    };
  },
  /** A batch is stored in two halves. */
  torn: (store) => ({
    async mset(pairs, options) {
      const middle = pairs.length >> 1;
      if (middle > 0) await store.mset(pairs.slice(0, middle), options);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await store.mset(pairs.slice(middle), options);
    },
  }),
  /** A read gives another key's bytes. */
  exchanged: (store, rarely) => ({
    async mget(keys) {
      const values = await store.mget(keys);
      if (values.length > 1 && rarely()) values[1] = values[0] ?? values[1];
      return values;
    },
  }),
  /** A write is acknowledged and not made. */
  lost: (store, rarely) => ({
    mset: async (pairs, options) => (rarely() ? undefined : store.mset(pairs, options)),
  }),
  /** What was deleted stays. */
  resurrected: (store, rarely) => ({
    mdelete: async (keys) => (rarely() ? undefined : store.mdelete(keys)),
  }),
  /** Each tab takes itself for the first. */
  unconditional: (store) => ({
    async setIf(pairs, condition) {
      if (condition === "present") return store.setIf(pairs, condition);
      await store.mset(pairs);
      return pairs.map(() => true);
    },
  }),
};

export const breaks = Object.keys(BREAKS);

/** `store`, broken in the way `how`. */
export function broken(store, how) {
  let calls = 0;
  const methods = BREAKS[how](store, () => ++calls % 3 === 0);
  return new Proxy(store, {
    get(target, name) {
      const found = methods[name] ?? target[name];
      return typeof found === "function" ? found.bind(methods[name] ? undefined : target) : found;
    },
  });
}
