/**
 * All keys with a prefix: ours asks for them, idb-keyval has but all keys of the store.
 *
 * @import { Row } from "../../measure.mjs"
 */

import { IndexedDBByteStore } from "bytestow";
import * as idbKeyval from "idb-keyval";

import { Samples } from "../../measure.mjs";
import { Source } from "../../values.mjs";
import { COUNT, groups, KEYVAL, LISTED, OURS } from "../names.mjs";
import { compare, timed } from "./compare.mjs";

const PREFIX = "documents/";
const OTHERS = "others/";
const VALUE = new Uint8Array(16);

/**
 * @param {{ browser: string, rounds: number, warmUps: number }} options
 * @returns {Promise<Row[]>}
 */
export async function indexedDbListing({ browser, rounds, warmUps }) {
  const group = groups.listing(browser);
  const store = new IndexedDBByteStore({ name: "bench, listing", memoryBytes: 0 });
  const use = idbKeyval.createStore("bench, listing: idb-keyval", "values");
  const source = new Source(23);
  let of = "";
  for (let at = 0; at < LISTED.all; at += COUNT) {
    if (at % 10_000 === 0) console.info(`${group}: ${at} keys`);
    const prefix = at < LISTED.wanted ? PREFIX : OTHERS;
    const pairs = source.keys(COUNT).map((key) => [prefix + key, VALUE]);
    of = pairs[0][0];
    await store.mset(pairs);
    await idbKeyval.setMany(pairs, use);
  }
  if (of.startsWith(PREFIX)) throw new Error("no key is without the prefix");

  const stores = {
    [OURS]: async () => {
      const keys = [];
      for await (const key of store.yieldKeys(PREFIX)) keys.push(key);
      return keys;
    },
    [KEYVAL]: async () => (await idbKeyval.keys(use)).filter((key) => key.startsWith(PREFIX)),
  };
  const cases = () => [
    {
      label: "all keys with the prefix",
      async run(name, list) {
        const [time, keys] = await timed(list);
        const different = new Set(keys);
        if (
          keys.length !== LISTED.wanted ||
          different.size !== keys.length ||
          keys.some((key) => !key.startsWith(PREFIX))
        ) {
          throw new Error(`${name}: ${keys.length} keys, ${different.size} different ones`);
        }
        return time;
      },
    },
  ];
  const samples = new Samples();
  await compare({ group, stores, cases, samples, rounds, warmUps });
  await store.close();
  return samples.all(rounds);
}
