/**
 * The choice of the segments' length, by a model: the same layout in plain IndexedDB, without an engine. Values of a call
 * stand behind each other in segments, and a row says where; a read asks for what is new of the rows and for each segment
 * that it needs, all at once.
 *
 * @import { Row } from "../../measure.mjs"
 */

import { Samples } from "../../measure.mjs";
import { check, Source } from "../../values.mjs";
import { COUNT, groups, LAYOUT, SEGMENTS, SIZES } from "../names.mjs";
import { compare, timed } from "./compare.mjs";
import { ended, opened, packed } from "./plain.mjs";

const READS = 50;
const TURNS = 5;
/** About what the row of a call takes for each of its keys. */
const ROW_BYTES = 80;

/** Values of one length in segments of at most so many bytes. */
class Model {
  #database;
  #perSegment;
  #bytes;
  #first = 0;
  #rows = 0;

  constructor(database, bytes, most) {
    this.#database = database;
    this.#bytes = bytes;
    this.#perSegment = Math.max(1, Math.floor(most / bytes));
  }

  /** @param {Uint8Array[]} values */
  async write(values) {
    const transaction = this.#database.transaction(["seg", "idx"], "readwrite", { durability: "relaxed" });
    const segments = transaction.objectStore("seg");
    let first;
    for (let at = 0; at < values.length; at += this.#perSegment) {
      const request = segments.add(packed(values.slice(at, at + this.#perSegment)));
      first ??= request;
    }
    const row = transaction.objectStore("idx").add(new Uint8Array(values.length * ROW_BYTES));
    transaction.commit();
    await ended(transaction);
    [this.#first, this.#rows] = [first.result, row.result];
  }

  /**
   * @param {number[]} places Of values, ascending.
   * @returns {Promise<Uint8Array[]>}
   */
  read(places) {
    const transaction = this.#database.transaction(["seg", "idx"], "readonly");
    transaction.objectStore("idx").getAll(IDBKeyRange.lowerBound(this.#rows, true));
    const requests = new Map();
    let last;
    for (const place of places) {
      const segment = Math.floor(place / this.#perSegment);
      if (requests.has(segment)) continue;
      last = transaction.objectStore("seg").get(this.#first + segment);
      requests.set(segment, last);
    }
    return new Promise((resolve, reject) => {
      transaction.onabort = () => reject(transaction.error);
      // Answers come in the order of the requests.
      last.onsuccess = () =>
        resolve(
          places.map((place) => {
            const segment = Math.floor(place / this.#perSegment);
            const from = (place - segment * this.#perSegment) * this.#bytes;
            return requests.get(segment).result.slice(from, from + this.#bytes);
          }),
        );
    });
  }

  close() {
    this.#database.close();
  }
}

/**
 * @param {{ browser: string, rounds: number, warmUps: number }} options
 * @returns {Promise<Row[]>} Contenders are lengths of segments.
 */
export async function indexedDbLayout({ browser, rounds, warmUps }) {
  const samples = new Samples();
  const source = new Source(13);
  const all = Array.from({ length: COUNT }, (_, i) => i);
  for (const { bytes, size } of SIZES) {
    const stores = {};
    for (const kib of SEGMENTS) {
      const stored = { seg: { autoIncrement: true }, idx: { autoIncrement: true } };
      stores[`${kib}`] = new Model(await opened(`bench, layout ${size} ${kib}`, stored), bytes, kib << 10);
    }
    const cases = () => {
      const { values } = source.batch(COUNT, bytes);
      const picks = source.picks(READS, COUNT);
      const reading = (perCall) => async (name, store, turn) => {
        const each = READS / TURNS;
        const chosen = picks.slice(turn * each, (turn + 1) * each);
        const calls = [];
        for (let at = 0; at < each; at += perCall) calls.push(chosen.slice(at, at + perCall).sort((a, b) => a - b));
        const got = [];
        const [time] = await timed(async () => {
          for (const places of calls) got.push(...(await store.read(places)));
        });
        check(
          name,
          got,
          calls.flat().map((place) => values[place]),
        );
        return time / calls.length;
      };
      return [
        { label: LAYOUT.mset, run: async (_, store) => (await timed(() => store.write(values)))[0] },
        {
          label: LAYOUT.mget,
          async run(name, store) {
            const [time, got] = await timed(() => store.read(all));
            check(name, got, values);
            return time;
          },
        },
        { label: LAYOUT.one, turns: TURNS, run: reading(1) },
        { label: LAYOUT.ten, turns: TURNS, run: reading(10) },
      ];
    };
    await compare({ group: groups.layout(browser, size), stores, cases, samples, rounds, warmUps });
    for (const store of Object.values(stores)) store.close();
  }
  return samples.all(rounds);
}
