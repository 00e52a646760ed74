/**
 * What the parts of our calls take in plain IndexedDB, without an engine: what bounds those that fall short.
 *
 * @import { Row } from "../../measure.mjs"
 */

import { Samples } from "../../measure.mjs";
import { Source } from "../../values.mjs";
import { BOUNDS, COUNT, groups } from "../names.mjs";
import { compare, timed } from "./compare.mjs";
import { done, ended, opened, packed } from "./plain.mjs";

const SINGLES = 50;
const TURNS = 5;
const BYTES = 1536;
const SEGMENT = 56 << 10;
/** In the row of a call, for a key of 64 bytes and its value's place: more than 64 KiB in all for 1,000. */
const ROW_BYTES = 85;

/**
 * @param {IDBDatabase} database
 * @returns {Record<string, (at: number) => Promise<unknown>>} Reads of a small row, and what comes with it.
 */
function reads(database) {
  const rows = () => database.transaction(["seg", "idx"], "readonly").objectStore("idx");
  const news = IDBKeyRange.bound(SINGLES + 1, "meta");
  return {
    [BOUNDS.get]: (at) => done(rows().get(at)),
    [BOUNDS.news]: () => done(rows().get(news)),
    async [BOUNDS.newsAndGet](at) {
      const store = rows();
      store.get(news);
      await done(store.get(at));
    },
    async [BOUNDS.newsAndSegment]() {
      const store = rows();
      store.get(news);
      await done(store.transaction.objectStore("seg").get(1));
    },
  };
}

/**
 * @param {IDBDatabase} database
 * @param {Uint8Array[]} values
 * @param {Uint8Array[]} rows
 */
async function write(database, values, rows) {
  const transaction = database.transaction(["seg", "idx"], "readwrite", { durability: "relaxed" });
  const segments = transaction.objectStore("seg");
  const each = Math.floor(SEGMENT / BYTES);
  for (let at = 0; at < values.length; at += each) segments.add(packed(values.slice(at, at + each)));
  for (const row of rows) transaction.objectStore("idx").add(row);
  transaction.commit();
  await ended(transaction);
}

/**
 * @param {{ browser: string, rounds: number, warmUps: number }} options
 * @returns {Promise<Row[]>}
 */
export async function indexedDbBounds({ browser, rounds, warmUps }) {
  const samples = new Samples();
  const source = new Source(41);
  const open = (name) => opened(name, { seg: { autoIncrement: true }, idx: { autoIncrement: true } });
  const [reading, writing] = [await open("bench, bounds: reads"), await open("bench, bounds: writes")];
  const transaction = reading.transaction(["seg", "idx"], "readwrite");
  transaction.objectStore("seg").add(new Uint8Array(SEGMENT));
  for (const value of source.batch(SINGLES, BYTES).values) transaction.objectStore("idx").add(value);
  transaction.objectStore("idx").put(new Uint8Array(64), "meta");
  await ended(transaction);

  const single = (read) => async (turn) => {
    const each = SINGLES / TURNS;
    const [time] = await timed(async () => {
      for (let at = 1; at <= each; at++) await read(turn * each + at);
    });
    return time / each;
  };
  const stores = Object.fromEntries(Object.entries(reads(reading)).map(([name, read]) => [name, single(read)]));
  const cases = () => [{ label: "a call", turns: TURNS, run: (_, read, turn) => read(turn) }];
  await compare({ group: groups.boundsOfReads(browser), stores, cases, samples, rounds, warmUps });

  // Digests, in the words of the keys: nothing that could be compressed to fit.
  const parts = { [BOUNDS.noRow]: 0, [BOUNDS.oneRow]: 1, [BOUNDS.twoRows]: 2 };
  const batches = () => [
    {
      label: "28 segments, and of 1,000 keys",
      async run(_, count) {
        const { values } = source.batch(COUNT, BYTES);
        const rows = count === 0 ? [] : source.batch(count, (COUNT * ROW_BYTES) / count).values;
        return (await timed(() => write(writing, values, rows)))[0];
      },
    },
  ];
  await compare({ group: groups.boundsOfWrites(browser), stores: parts, cases: batches, samples, rounds, warmUps });
  reading.close();
  writing.close();
  return samples.all(rounds);
}
