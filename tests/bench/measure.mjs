/**
 * How a comparison is measured, in Node and in the browser alike: contenders take turns within each round, so that what
 * the machine does meanwhile falls on all of them, and every figure is kept.
 *
 * @typedef {object} Row
 * @property {string} group What the rows of one table have in common.
 * @property {string} label The measured call.
 * @property {"ms" | "µs"} unit Unit of the samples.
 * @property {Record<string, number[]>} samples One figure per round for each contender, ours first.
 */

/** Name of our side in every row. */
export const OURS = "bytestow";

/**
 * Who goes when in a round: a balanced Latin square, so that over n rounds (2n if n is odd) everyone has stood in every
 * place and has followed everyone else equally often. Turning one order round and round would put the same contender
 * behind the slowest each time, to pay for its leftovers.
 *
 * @param {number} n Number of contenders.
 * @param {number} round Number of the round.
 * @returns {number[]} Indices in order.
 */
export function turns(n, round) {
  const order = [];
  for (let place = 0; place < n; place++) {
    const step = place % 2 === 0 ? place / 2 : n - (place + 1) / 2;
    order.push((step + round) % n);
  }
  return n % 2 === 1 && Math.floor(round / n) % 2 === 1 ? order.reverse() : order;
}

/**
 * @param {number[]} samples
 * @param {number} q From 0 to 1.
 * @returns {number} The quantile, interpolated.
 */
export function quantile(samples, q) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low);
}

/**
 * @param {number[]} samples
 * @returns {{ median: number, q1: number, q3: number, min: number, max: number }}
 */
export function summary(samples) {
  const [min, q1, median, q3, max] = [0, 0.25, 0.5, 0.75, 1].map((q) => quantile(samples, q));
  return { median, q1, q3, min, max };
}

/**
 * Collects garbage, then lets timers and finished I/O of the one before run off, so that nobody's sample pays for
 * another's leftovers. What a contender allocates within its sample it still pays for.
 *
 * @param {boolean} [collect] Whether garbage is collected.
 */
export async function settle(collect = true) {
  if (collect) globalThis.gc?.();
  await new Promise((done) => setTimeout(done, 5));
}

/** Collects the samples of rows, and sees to it that none is missing. */
export class Samples {
  /** @type {Map<string, Row>} */
  #rows = new Map();

  /**
   * @param {string} group
   * @param {string} label
   * @param {Row["unit"]} unit
   * @param {string} contender
   * @param {number} time In that unit.
   */
  add(group, label, unit, contender, time) {
    if (!(time > 0 && Number.isFinite(time))) throw new Error(`${contender}, ${label}: no measurement: ${time}`);
    const id = `${group}\n${label}`;
    const row = this.#rows.get(id) ?? { group, label, unit, samples: {} };
    row.samples[contender] ??= [];
    row.samples[contender].push(time);
    this.#rows.set(id, row);
  }

  /**
   * @param {string[]} contenders In the order of the columns.
   * @param {number} rounds How many samples each of them must have.
   * @returns {Row[]}
   */
  rows(contenders, rounds) {
    return [...this.#rows.values()].map((row) => {
      for (const name of contenders) {
        const count = row.samples[name]?.length ?? 0;
        if (count !== rounds) throw new Error(`${name}, ${row.label}: ${count} samples of ${rounds}`);
      }
      return { ...row, samples: Object.fromEntries(contenders.map((name) => [name, row.samples[name]])) };
    });
  }

  /**
   * @param {number} rounds How many samples each contender of a row must have.
   * @returns {Row[]} Rows in which not everyone takes part.
   */
  all(rounds) {
    return [...this.#rows.values()].map((row) => {
      for (const [name, { length }] of Object.entries(row.samples)) {
        if (length !== rounds) throw new Error(`${name}, ${row.label}: ${length} samples of ${rounds}`);
      }
      return row;
    });
  }
}
