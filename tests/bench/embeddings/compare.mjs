/**
 * The same texts through both caches, by turns: first into an empty store, then out of it. In Node and in the page.
 *
 * @import { Samples } from "../measure.mjs"
 * @import { Load } from "./provider.mjs"
 *
 * @typedef {object} Opened
 * @property {{ embedDocuments: (texts: string[]) => Promise<number[][]> }} cache
 * @property {() => Promise<void>} close Ends it; what it holds is gone.
 *
 * @typedef {Record<string, (provider: Provider) => Promise<Opened>>} Sides What opens a cache over an empty store that is
 * ready, for each side, ours first.
 */

import { settle, turns } from "../measure.mjs";
import { label, OURS, STEPS } from "./names.mjs";
import { Provider } from "./provider.mjs";

/**
 * Throws unless these are the vectors of the load: as they were given, or rounded to f32 as ours keeps them.
 *
 * @param {string} what For the message.
 * @param {ArrayLike<number>[]} got
 * @param {Load} load
 * @param {(x: number) => number} kept
 */
function check(what, got, { vectors }, kept) {
  if (got.length !== vectors.length) throw new Error(`${what}: ${got.length} vectors of ${vectors.length}`);
  vectors.forEach((vector, i) => {
    if (got[i].length !== vector.length) throw new Error(`${what}: vector ${i} has ${got[i].length} numbers`);
    for (let at = 0; at < vector.length; at++) {
      if (got[i][at] !== kept(vector[at])) throw new Error(`${what}: vector ${i} differs at ${at}: ${got[i][at]}`);
    }
  });
}

/** A side's cache with its provider, and calls on it that are checked. */
export class Contender {
  /**
   * @param {string} name
   * @param {Sides[string]} open
   * @param {Load} load
   */
  static async open(name, open, load) {
    const provider = new Provider(load);
    return new Contender(name, await open(provider), provider, load);
  }

  constructor(name, { cache, close }, provider, load) {
    Object.assign(this, { name, cache, close, provider, load });
  }

  /**
   * @param {keyof STEPS} step
   * @returns {Promise<number>} Its time in ms, without the provider's.
   */
  async time(step) {
    const { name, cache, provider, load } = this;
    const method = step === "typed" && name === OURS ? "embedDocumentsTyped" : "embedDocuments";
    const start = performance.now();
    const got = await cache[method](load.texts);
    const total = performance.now() - start;
    const provided = provider.taken();
    if (step === "cold" ? provided === 0 : provided !== 0) throw new Error(`${name}, ${step}: the provider was asked`);
    check(`${name}, ${step}`, got, load, name === OURS ? Math.fround : (x) => x);
    return total - provided;
  }
}

/**
 * @param {object} given
 * @param {string} given.group
 * @param {number} given.dimensions
 * @param {string} given.form
 * @param {Load} given.load
 * @param {Sides} given.sides
 * @param {number} given.rounds
 * @param {number} given.warmUps
 * @param {Samples} given.samples Where the times go.
 * @param {(contenders: Contender[], round: number) => Promise<void>} [given.after] Sees them while they are filled, at
 * the end of each round that counts.
 */
export async function compare({ group, dimensions, form, load, sides, rounds, warmUps, samples, after }) {
  const names = Object.keys(sides);
  for (let round = 0; round < warmUps + rounds; round++) {
    const contenders = [];
    for (const name of names) contenders.push(await Contender.open(name, sides[name], load));
    for (const step of Object.keys(STEPS)) {
      for (const who of turns(names.length, round)) {
        await settle();
        const time = await contenders[who].time(step);
        if (round >= warmUps) samples.add(group, label(dimensions, form, STEPS[step]), "ms", names[who], time);
      }
    }
    if (round >= warmUps) await after?.(contenders, round - warmUps);
    for (const { close } of contenders) await close();
  }
}
