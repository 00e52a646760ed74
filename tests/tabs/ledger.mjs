/** What a browser that was killed may have left: by what it told of, call by call. */

import { savedGroups, stateAfter } from "./groups.mjs";

export class Ledger {
  #groups = new Map(savedGroups().map((group) => [group.name, group]));
  /** Of each group, the last write that is known to be done, and the last one of all. */
  #done = new Map();
  #last = new Map();
  /** Calls of which it is not known whether they were done. */
  #open = [];

  /** A call on these groups is about to be made: `[name, number]` of each. */
  begun(writes) {
    this.#open.push(writes);
    for (const [name, number] of writes) this.#last.set(name, number);
  }

  /** It was acknowledged. */
  done(writes) {
    this.#open = this.#open.filter((each) => `${each}` !== `${writes}`);
    for (const [name, number] of writes) this.#done.set(name, Math.max(number, this.#done.get(name) ?? 0));
  }

  /** Of each group the last number that a call may have had. */
  numbers() {
    return Object.fromEntries([...this.#groups.keys()].map((name) => [name, { last: this.#last.get(name) ?? 0 }]));
  }

  /** How many calls were under way. */
  get open() {
    return this.#open.length;
  }

  /** Whether `states`, `[name, state]` each, may be what is there; says what is wrong. From now on it is what is known. */
  check(states) {
    const wrong = [];
    const possible = new Map();
    for (const [name, state] of states) {
      const done = this.#done.get(name) ?? 0;
      const open = this.#open.flat().filter((each) => each[0] === name && each[1] > done);
      const mayBe = [done, ...open.map(([, number]) => number)];
      const numbers = mayBe.filter((number) => stateAfter(this.#groups.get(name), number) === state);
      if (numbers.length === 0) {
        wrong.push(`${name}: ${state} is there; write ${done} was acknowledged, of others it may be ${mayBe.slice(1)}`);
      } else {
        possible.set(name, numbers);
        this.#done.set(name, numbers[0]);
      }
    }
    for (const writes of this.#open) {
      const isThere = ([name, number]) => possible.get(name)?.[0] >= number;
      const isNot = ([name, number]) => possible.get(name)?.at(-1) < number;
      if (writes.some(isThere) && writes.some(isNot)) wrong.push(`a torn batch: ${writes.join("; ")}`);
    }
    this.#open = [];
    return wrong;
  }
}
