/** The same call again and again, for a profile. */

import { IndexedDBByteStore } from "bytestow";

import { Source } from "../../values.mjs";
import { COUNT, KEYVAL, LOOPS, OURS } from "../names.mjs";
import { openAll } from "./peers.mjs";

const LISTED = 20_000;

/** @returns {Promise<Record<string, (at: number) => Promise<unknown>>>} */
async function prepared() {
  const source = new Source(43);
  const { [OURS]: store, [KEYVAL]: peer } = openAll([OURS, KEYVAL], "profile");
  const [small, large] = [source.batch(COUNT, 1536), source.batch(COUNT, 6144)];
  const singles = source.batch(50, 6144);
  for (const each of [store, peer]) {
    await each.mset(small);
    await each.mset(large);
    for (const [key, value] of singles.pairs) await each.set(key, value);
  }
  const listing = new IndexedDBByteStore({ name: "bench, profile: listing", memoryBytes: 0 });
  for (let at = 0; at < LISTED; at += COUNT) {
    await listing.mset(source.keys(COUNT).map((key) => [`documents/${key}`, new Uint8Array(16)]));
  }
  const missing = source.keys(COUNT);
  const single = (at) => singles.keys[at % singles.keys.length];
  // Keys of their own each time, made of those that are there: making them costs little beside the call.
  const renewed = ({ keys, values }, at) => {
    const renewed = keys.map((key) => `${at} ${key}`);
    return { keys: renewed, values, pairs: renewed.map((key, i) => [key, values[i]]) };
  };
  return {
    [LOOPS.setSmall]: (at) => store.mset(renewed(small, at)),
    [LOOPS.setLarge]: (at) => store.mset(renewed(large, at)),
    [LOOPS.getSmall]: () => store.mget(small.keys),
    [LOOPS.getLarge]: () => store.mget(large.keys),
    [LOOPS.missing]: () => store.mget(missing),
    [LOOPS.get]: (at) => store.get(single(at)),
    [LOOPS.theirGet]: (at) => peer.get(single(at)),
    async [LOOPS.list]() {
      let count = 0;
      for await (const key of listing.yieldKeys("documents/")) count += key.length > 0 ? 1 : 0;
      return count;
    },
  };
}

let calls;

/**
 * @param {{ call: string, ms: number }} options
 * @returns {Promise<number>} How often it was done in that time.
 */
export async function loop({ call, ms }) {
  calls ??= await prepared();
  const end = performance.now() + ms;
  let count = 0;
  do await calls[call](count++);
  while (performance.now() < end);
  return count;
}
